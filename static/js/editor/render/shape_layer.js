/**
 * The static shapes, on one Canvas2D with a quarter of the stage's size to spare on each side, as far as there is
 * picture. While the view moves, the bitmap is moved by a CSS transform; it is drawn again every tenth of a second and
 * when the view rests. Without a GPU each frame of the page copies a visible Canvas2D and composes all of it anew,
 * changed or not, so soon after the last change a still copy, which costs nothing, is shown in its place.
 * Single rect calls, sorted by style: batching them into one path measured four times slower.
 */
import { boundsOf, pointsOf, union } from "../model/geometry.js";
import { decodeMask, eachStripe } from "../model/mask.js";

/**
 * @typedef {import("../types.js").Bounds} Bounds
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {Bounds & {id: string, annotation: Annotation, geometry: Geometry}} Entry
 * @typedef {{color: string, dash: number[], name: string, ink: string}} Style
 */

const OVERSCAN = 0.25;
const LARGEST_RATIO = 2;
/** Strokes and points at the picture's edge stick out by less than this. */
const EDGE = 8;
/** Above these numbers of shapes on screen the halo, the fill and the names only blur the picture. */
const MOST_WITH_HALO = 3000;
const MOST_WITH_FILL = 1500;
const MOST_WITH_NAMES = 250;
const NAME_HEIGHT = 15;
const NAME_WIDTH = 140;
const MOST_DIRTY = 24;
const STILL_MS = 300;

export class ShapeLayer {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} source
   * @param {(bounds: Bounds) => Entry[]} source.search
   * @param {(annotation: Annotation) => Style} source.styleOf
   * @param {() => ((id: string) => boolean) | null} source.lifted tells which shapes are drawn elsewhere now; null when none is
   * @param {(labelId: string) => [number, number][]} source.bones edges of a label's skeleton
   */
  constructor(canvas, source) {
    this.canvas = canvas;
    this.source = source;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.drawn = { x: 0, y: 0, scale: 1 };
    /** Where the bitmap lies on the stage, and its size, in CSS pixels. */
    this.left = this.top = 0;
    this.width = this.height = 1;
    this.ratio = 1;
    this.dense = false;
    this.names = true;
    /** @type {Bounds | null} the part of the picture that the bitmap holds */
    this.covered = null;
    this.redraws = 0;
    /** Counts every change of the bitmap, so that a still copy that comes too late is not shown. */
    this._version = 0;
    this.still = /** @type {HTMLCanvasElement} */ (canvas.cloneNode());
    this.still.classList.add("ed-still");
    this._stillContext = this.still.getContext("bitmaprenderer");
    this.still.hidden = true;
    canvas.after(this.still);
  }

  /** The bitmap is about to change: show itself, and a still copy once it rests. */
  _changes() {
    this._version += 1;
    if (!this.still.hidden) this._show(false);
    clearTimeout(this._resting);
    this._resting = setTimeout(() => this._rest(), STILL_MS);
  }

  async _rest() {
    const version = this._version;
    if (!this._stillContext || !globalThis.createImageBitmap) return;
    const copy = await createImageBitmap(this.canvas).catch(() => null);
    if (!copy || version !== this._version) return copy?.close();
    this._stillContext.transferFromImageBitmap(copy);
    this.still.style.cssText = this.canvas.style.cssText;
    this._show(true);
  }

  /** @param {boolean} still */
  _show(still) {
    this.still.hidden = !still;
    this.canvas.style.visibility = still ? "hidden" : "";
    this.still.style.visibility = "";
  }

  /**
   * Lay the bitmap over the stage and its margins, but not beyond the picture and what may stick out of it.
   * @param {import("./viewport.js").Viewport} view
   */
  _lay(view) {
    const [marginX, marginY] = [Math.round(view.width * OVERSCAN), Math.round(view.height * OVERSCAN)];
    this.left = Math.max(-marginX, Math.floor(view.x) - EDGE);
    this.top = Math.max(-marginY, Math.floor(view.y) - EDGE - NAME_HEIGHT);
    const right = Math.min(view.width + marginX, Math.ceil(view.x + view.pictureWidth * view.scale) + EDGE + NAME_WIDTH);
    const bottom = Math.min(view.height + marginY, Math.ceil(view.y + view.pictureHeight * view.scale) + EDGE);
    this.width = Math.max(1, right - this.left);
    this.height = Math.max(1, bottom - this.top);
    this.ratio = Math.min(globalThis.devicePixelRatio || 1, LARGEST_RATIO);
    const { canvas } = this;
    const [width, height] = [Math.round(this.width * this.ratio), Math.round(this.height * this.ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    Object.assign(canvas.style, { width: `${this.width}px`, height: `${this.height}px`, left: `${this.left}px`, top: `${this.top}px` });
  }

  /** Move the bitmap to where the view is now. @param {{x: number, y: number, scale: number}} view */
  place(view) {
    const grown = view.scale / this.drawn.scale;
    const x = view.x - this.drawn.x * grown - this.left * (1 - grown);
    const y = view.y - this.drawn.y * grown - this.top * (1 - grown);
    const still = Math.abs(grown - 1) < 1e-9 && Math.abs(x) < 0.01 && Math.abs(y) < 0.01;
    const transform = still ? "" : `translate(${x}px, ${y}px) scale(${grown})`;
    this.canvas.style.transform = transform;
    if (!this.still.hidden) this.still.style.transform = transform;
  }

  /** Draw everything for a view. @param {import("./viewport.js").Viewport} view */
  draw(view) {
    this._changes();
    this._lay(view);
    this.drawn = { x: view.x, y: view.y, scale: view.scale };
    this.covered = this._toPicture(0, 0, this.width, this.height);
    const entries = this.source.search(grown(this.covered, NAME_WIDTH / view.scale));
    this.dense = entries.length > MOST_WITH_NAMES;
    this._begin();
    this.context.clearRect(0, 0, this.width, this.height);
    this._paint(entries, entries.length);
    this.total = entries.length;
    this.redraws += 1;
    this.place(view);
  }

  /** Draw again where something changed. @param {Bounds[]} dirty in pixels of the picture */
  repaint(dirty) {
    const { scale } = this.drawn;
    const parts = dirty.length > MOST_DIRTY ? [dirty.reduce(union)] : dirty;
    this._changes();
    for (const part of parts) {
      const { left, top, width, height } = this._dirtyRect(part);
      if (width <= 0 || height <= 0) continue;
      this._begin();
      this.context.save();
      this.context.beginPath();
      this.context.rect(left, top, width, height);
      this.context.clip();
      this.context.clearRect(left, top, width, height);
      const reach = this._toPicture(left, top, left + width, top + height);
      const entries = this.source.search(grown(reach, (this.dense ? 4 : NAME_WIDTH) / scale));
      this._paint(entries, this.total ?? entries.length);
      this.context.restore();
    }
  }

  /** @param {Bounds} bounds */
  _dirtyRect(bounds) {
    const [left, top] = this._toBitmap(bounds.minX, bounds.minY);
    const [right, bottom] = this._toBitmap(bounds.maxX, bounds.maxY);
    const above = this.dense ? 5 : NAME_HEIGHT + 5;
    const beside = this.dense ? 5 : NAME_WIDTH;
    const [x0, y0] = [Math.max(0, Math.floor(left - 5)), Math.max(0, Math.floor(top - above))];
    const x1 = Math.min(this.width, Math.ceil(Math.max(right + 5, left + beside)));
    const y1 = Math.min(this.height, Math.ceil(bottom + 5));
    return { left: x0, top: y0, width: x1 - x0, height: y1 - y0 };
  }

  _begin() {
    const { ratio } = this;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.lineJoin = "round";
  }

  /** @param {number} x @param {number} y of the picture @returns {[number, number]} */
  _toBitmap(x, y) {
    const { scale } = this.drawn;
    return [x * scale + this.drawn.x - this.left, y * scale + this.drawn.y - this.top];
  }

  /** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 of the bitmap @returns {Bounds} */
  _toPicture(x0, y0, x1, y1) {
    const { x, y, scale } = this.drawn;
    const [dx, dy] = [x - this.left, y - this.top];
    return { minX: (x0 - dx) / scale, minY: (y0 - dy) / scale, maxX: (x1 - dx) / scale, maxY: (y1 - dy) / scale };
  }

  /** @param {Entry[]} entries @param {number} total how many are on the whole bitmap */
  _paint(entries, total) {
    /** @type {Map<Style, Entry[]>} */
    const byStyle = new Map();
    const lifted = this.source.lifted();
    for (const entry of entries) {
      if (lifted?.(entry.id)) continue;
      const style = this.source.styleOf(entry.annotation);
      const same = byStyle.get(style);
      if (same) same.push(entry);
      else byStyle.set(style, [entry]);
    }
    if (total <= MOST_WITH_HALO) this._halo(byStyle);
    for (const [style, same] of byStyle) this._outline(style, same, total <= MOST_WITH_FILL);
    if (this.names && total <= MOST_WITH_NAMES) for (const [style, same] of byStyle) this._names(style, same);
  }

  /** A dark edge keeps every colour apart from every picture. @param {Map<Style, Entry[]>} byStyle */
  _halo(byStyle) {
    this.context.strokeStyle = "rgba(0, 0, 0, 0.55)";
    this.context.lineWidth = 3.5;
    this.context.setLineDash([]);
    for (const same of byStyle.values()) this._traceAll(same, false, false);
  }

  /** @param {Style} style @param {Entry[]} entries @param {boolean} filled */
  _outline(style, entries, filled) {
    this.context.strokeStyle = style.color;
    this.context.fillStyle = `${style.color}1f`;
    this.context.lineWidth = filled ? 1.6 : 1;
    this.context.setLineDash(style.dash);
    this._traceAll(entries, filled, !filled);
    this.context.setLineDash([]);
  }

  /**
   * Boxes, nearly all shapes there are, without a call and an array for each corner.
   * @param {Entry[]} entries @param {boolean} filled @param {boolean} snapped to whole pixels: lines of one pixel are drawn faster, and sharper
   */
  _traceAll(entries, filled, snapped) {
    const { context, left, top } = this;
    const { x: dx, y: dy, scale } = this.drawn;
    for (const { geometry, annotation } of entries) {
      if (geometry.type !== "box") {
        this._trace(geometry, annotation, filled);
        continue;
      }
      const [x, y, w, h] = [geometry.x * scale + dx - left, geometry.y * scale + dy - top, geometry.w * scale, geometry.h * scale];
      if (filled) context.fillRect(x, y, w, h);
      if (snapped) context.strokeRect(Math.round(x) + 0.5, Math.round(y) + 0.5, Math.round(w), Math.round(h));
      else context.strokeRect(x, y, w, h);
    }
  }

  /** @param {Geometry} geometry @param {Annotation} annotation @param {boolean} filled */
  _trace(geometry, annotation, filled) {
    const { context } = this;
    if (geometry.type === "mask") {
      if (filled || this.dense) this._mask(geometry);
      return;
    }
    context.beginPath();
    if (geometry.type === "polygon") for (const ring of geometry.rings) this._line(ring.map(([, x, y]) => [x, y]), true);
    else if (geometry.type === "keypoints") this._bones(geometry, annotation);
    else this._line(pointsOf(geometry), geometry.type === "rbox");
    if (filled && geometry.type !== "polyline") context.fill("evenodd");
    context.stroke();
  }

  /** @param {import("../types.js").Mask} mask */
  _mask(mask) {
    const { scale } = this.drawn;
    const picture = maskPicture(mask, String(this.context.strokeStyle));
    if (!picture) return;
    const { minX, minY } = /** @type {Bounds} */ (boundsOf(mask));
    const [x, y] = this._toBitmap(minX, minY);
    this.context.imageSmoothingEnabled = scale < 1;
    this.context.drawImage(picture, x, y, picture.width * scale, picture.height * scale);
  }

  /** Points that fall together on screen are left out: of a polygon's cost nearly all is its stroke. @param {[number, number][]} points @param {boolean} closed */
  _line(points, closed) {
    let [lastX, lastY] = [Infinity, Infinity];
    points.forEach(([px, py], i) => {
      const [x, y] = this._toBitmap(px, py);
      if (i === 0) this.context.moveTo(x, y);
      else if (Math.abs(x - lastX) + Math.abs(y - lastY) >= 1.5 || i === points.length - 1) this.context.lineTo(x, y);
      else return;
      [lastX, lastY] = [x, y];
    });
    if (closed) this.context.closePath();
  }

  /** @param {import("../types.js").Keypoints} geometry @param {Annotation} annotation */
  _bones(geometry, annotation) {
    for (const [from, to] of this.source.bones(annotation.label)) {
      const [a, b] = [geometry.points[from], geometry.points[to]];
      if (!a?.[2] || !b?.[2]) continue;
      this.context.moveTo(...this._toBitmap(a[0], a[1]));
      this.context.lineTo(...this._toBitmap(b[0], b[1]));
    }
    for (const [px, py, visible] of geometry.points) {
      if (!visible) continue;
      const [x, y] = this._toBitmap(px, py);
      this.context.moveTo(x + 3.5, y);
      this.context.arc(x, y, 3.5, 0, 7);
    }
  }

  /** @param {Style} style @param {Entry[]} entries */
  _names(style, entries) {
    const { context } = this;
    context.font = "600 10.5px ui-sans-serif, system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const { geometry, annotation } of entries) {
      const bounds = boundsOf(geometry);
      if (!bounds || (bounds.maxX - bounds.minX) * this.drawn.scale < 14) continue;
      const [x, y] = this._toBitmap(bounds.minX, bounds.minY);
      const sure = annotation.source === "model" && annotation.confidence ? ` ${Math.round(annotation.confidence * 100)}%` : "";
      const text = style.name.slice(0, 18) + sure;
      const width = Math.min(context.measureText(text).width + 8, NAME_WIDTH - 4);
      context.fillStyle = style.color;
      context.fillRect(x - 0.8, y - NAME_HEIGHT, width, NAME_HEIGHT);
      context.fillStyle = style.ink;
      context.fillText(text, x + 3, y - NAME_HEIGHT / 2 + 0.5, width - 6);
    }
  }
}

/** @type {WeakMap<import("../types.js").Mask, {color: string, canvas: HTMLCanvasElement}>} */
const pictures = new WeakMap();

/** A mask as a small canvas in a colour, kept for as long as the mask. @param {import("../types.js").Mask} mask @param {string} color */
function maskPicture(mask, color) {
  const known = pictures.get(mask);
  if (known?.color === color) return known.canvas;
  const { runs, bounds } = decodeMask(mask);
  if (!bounds) return null;
  const canvas = document.createElement("canvas");
  canvas.width = bounds.maxX - bounds.minX;
  canvas.height = bounds.maxY - bounds.minY;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.globalAlpha = 0.5;
  context.fillStyle = color;
  eachStripe(runs, mask.size[0], (x, top, bottom) => context.fillRect(x - bounds.minX, top - bounds.minY, 1, bottom - top));
  pictures.set(mask, { color, canvas });
  return canvas;
}

/** @param {Bounds} bounds @param {number} by @returns {Bounds} */
function grown(bounds, by) {
  return { minX: bounds.minX - by, minY: bounds.minY - by, maxX: bounds.maxX + by, maxY: bounds.maxY + by };
}
