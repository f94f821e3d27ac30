/**
 * The static shapes, on one Canvas2D with a quarter of the stage's size to spare on each side, as far as there is
 * picture. While the view moves, the bitmap is moved by a CSS transform (`sheet.js`); it is drawn again when the view
 * rests, has gone too far or lies at quite another scale.
 * Single rect calls: batching them into one path measured four times slower. Where there are thousands, their
 * outlines are written as pixels (`raster.js`).
 */
import { boundsOf, pointsOf, union } from "../model/geometry.js";
import { crowds, masks } from "./style.js";
import { Sheet } from "./sheet.js";

/**
 * @typedef {import("../types.js").Bounds} Bounds
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {Bounds & {id: string, z: number, weight: number, annotation: Annotation, geometry: Geometry}} Entry
 * @typedef {{color: string, dash: number[], name: string, ink: string}} Style
 * @typedef {{left: number, top: number, width: number, height: number}} Part of the bitmap, CSS pixels
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
const MOST_DIRTY = 48;
const FAINT = 0.28;

export class ShapeLayer {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} source
   * @param {(bounds: Bounds) => Entry[]} source.search
   * @param {(annotation: Annotation) => Style} source.styleOf
   * @param {() => ((id: string) => boolean) | null} source.lifted tells which shapes are drawn elsewhere now; null when none is
   * @param {() => Set<string>} source.dimmed those that the filter leaves out
   * @param {() => boolean} source.raised whether any shape has a z
   * @param {(labelId: string) => [number, number][]} source.bones edges of a label's skeleton
   */
  constructor(canvas, source) {
    this.source = source;
    this.sheet = new Sheet(canvas);
    /** Of the canvas that is drawn on. */
    this.context = this.sheet.face.context;
    this.drawn = { x: 0, y: 0, scale: 1 };
    /** Where the bitmap lies on the stage, and its size, in CSS pixels. */
    this.left = this.top = 0;
    this.width = this.height = 1;
    this.ratio = 1;
    this.dense = false;
    /** Whether names are drawn, and how opaque shapes are filled, 0 to 1. */
    this.names = true;
    this.fill = 0.12;
    /** @type {Bounds | null} the part of the picture that the bitmap holds */
    this.covered = null;
    this.redraws = 0;
    /** How many shapes the bitmap shows, those with many corners counting for several. */
    this.total = 0;
    /** @type {import("./raster.js").Raster | null} the pixels of the boxes, while there are thousands */
    this._raster = null;
    /** @type {Style | null} what the context is set to */
    this._pen = null;
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
    this.drawn = { x: view.x, y: view.y, scale: view.scale };
    this.sheet.lay({ left: this.left, top: this.top, width: this.width, height: this.height, ...this.drawn }, this.ratio);
    this.context = this.sheet.face.context;
  }

  /** Move the bitmap to where the view is now. @param {{x: number, y: number, scale: number}} view */
  place(view) {
    this.sheet.place(view);
  }

  /** Draw everything for a view. @param {import("./viewport.js").Viewport} view @param {boolean} atOnce whether it has to be seen with the frame that is being made, or may be with the next */
  draw(view, atOnce) {
    this._lay(view);
    this.covered = this._toPicture(0, 0, this.width, this.height);
    const entries = this.source.search(grown(this.covered, NAME_WIDTH / view.scale));
    this.total = entries.reduce((sum, { weight }) => sum + weight, 0);
    this.dense = entries.length > MOST_WITH_NAMES;
    this._begin();
    const crowd = this._isCrowded ? crowds.get() : null;
    if (!crowd) {
      this._raster = null;
      this.context.clearRect(0, 0, this.width, this.height);
    } else {
      const { width, height } = this.context.canvas;
      if (this._raster?.width !== width || this._raster.height !== height) this._raster = new crowd.Raster(width, height);
    }
    this._paint(entries, { left: 0, top: 0, width: this.width, height: this.height });
    this.redraws += 1;
    this.sheet.changed(atOnce);
    this.place(view);
  }

  /** Draw again where something changed. @param {Bounds[]} dirty in pixels of the picture @param {boolean} atOnce as in `draw` */
  repaint(dirty, atOnce) {
    const { scale } = this.drawn;
    const missed = this.sheet.mend(dirty);
    this.context = this.sheet.face.context;
    const parts = missed.length > MOST_DIRTY ? [missed.reduce(union)] : missed;
    for (const part of parts) {
      const { left, top, width, height } = this._dirtyRect(part);
      if (width <= 0 || height <= 0) continue;
      this._begin();
      this.context.save();
      this.context.beginPath();
      this.context.rect(left, top, width, height);
      this.context.clip();
      if (!this._raster) this.context.clearRect(left, top, width, height);
      const reach = this._toPicture(left, top, left + width, top + height);
      this._paint(this.source.search(grown(reach, (this.dense ? 4 : NAME_WIDTH) / scale)), { left, top, width, height });
      this.context.restore();
    }
    this.sheet.changed(atOnce);
  }

  get _isCrowded() {
    return this.total > MOST_WITH_HALO;
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
    this._pen = null;
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

  /** @param {Entry[]} entries @param {Part} part */
  _paint(entries, part) {
    const lifted = this.source.lifted();
    const dimmed = this.source.dimmed();
    const shown = lifted || dimmed.size ? entries.filter(({ id }) => !lifted?.(id) && !dimmed.has(id)) : entries;
    // Of age alone nothing could be seen in a crowd of outlines.
    if (!this._isCrowded || this.source.raised()) shown.sort(inOrder);
    const faint = dimmed.size ? entries.filter(({ id }) => dimmed.has(id) && !lifted?.(id)) : [];
    if (this._raster) return this._paintCrowd(this._raster, shown, faint, part);
    if (faint.length) this._faint(faint);
    if (!this._isCrowded) this._halo(shown);
    const filled = this.total <= MOST_WITH_FILL && this.fill > 0;
    for (const entry of shown) this._outline(entry, filled);
    this.context.setLineDash([]);
    if (this.names && !this.dense) for (const entry of shown) this._name(entry);
  }

  /** What the filter leaves out, below the others. @param {Entry[]} entries */
  _faint(entries) {
    this._pen = null;
    this.context.globalAlpha = FAINT;
    for (const entry of entries) this._outline(entry, false);
    this.context.globalAlpha = 1;
  }

  /** A dark edge keeps every colour apart from every picture. @param {Entry[]} entries */
  _halo(entries) {
    this._pen = null;
    this.context.strokeStyle = "rgba(0, 0, 0, 0.55)";
    this.context.lineWidth = 3.5;
    this.context.setLineDash([]);
    for (const entry of entries) this._traceOne(entry, false);
  }

  /** @param {Entry} entry @param {boolean} filled */
  _outline(entry, filled) {
    const { context } = this;
    const style = this.source.styleOf(entry.annotation);
    if (style !== this._pen) {
      this._pen = style;
      context.strokeStyle = style.color;
      context.fillStyle = `${style.color}${Math.round(this.fill * 255).toString(16).padStart(2, "0")}`;
      context.lineWidth = filled ? 1.6 : 1;
      context.setLineDash(style.dash);
    }
    this._traceOne(entry, filled);
  }

  /** Boxes, nearly all shapes there are, without a call and an array for each corner. @param {Entry} entry @param {boolean} filled */
  _traceOne({ geometry, annotation }, filled) {
    if (geometry.type !== "box") return this._trace(geometry, annotation, filled);
    const { context, left, top } = this;
    const { x: dx, y: dy, scale } = this.drawn;
    const [x, y, w, h] = [geometry.x * scale + dx - left, geometry.y * scale + dy - top, geometry.w * scale, geometry.h * scale];
    if (filled) context.fillRect(x, y, w, h);
    context.strokeRect(x, y, w, h);
  }

  /** Outlines as pixels, and what has none above them. @param {import("./raster.js").Raster} raster @param {Entry[]} entries @param {Entry[]} faint @param {Part} part */
  _paintCrowd(raster, entries, faint, part) {
    const { ratio, context } = this;
    const clip = {
      left: Math.max(0, Math.floor(part.left * ratio)), right: Math.min(raster.width, Math.ceil((part.left + part.width) * ratio)),
      top: Math.max(0, Math.floor(part.top * ratio)), bottom: Math.min(raster.height, Math.ceil((part.top + part.height) * ratio)),
    };
    raster.clear(clip);
    const place = { scale: this.drawn.scale * ratio, dx: (this.drawn.x - this.left) * ratio, dy: (this.drawn.y - this.top) * ratio };
    const { rasterise } = /** @type {typeof import("./crowd.js")} */ (crowds.get());
    rasterise(raster, faint, this.source.styleOf, place, clip, FAINT);
    const others = rasterise(raster, entries, this.source.styleOf, place, clip);
    context.putImageData(raster.image, 0, 0, clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
    this._pen = null;
    for (const entry of others) this._outline(entry, false);
    context.setLineDash([]);
  }

  /** @param {Geometry} geometry @param {Annotation} annotation @param {boolean} filled */
  _trace(geometry, annotation, filled) {
    const { context } = this;
    if (geometry.type === "mask") {
      // The halo comes first, in its own dark colour: masks have none.
      if (filled || this.context.lineWidth < 3) this._mask(geometry);
      return;
    }
    context.beginPath();
    if (geometry.type === "polygon") for (const ring of geometry.rings) this._line(ring, 1, true);
    else if (geometry.type === "polyline") this._line(geometry.points, 1, false);
    else if (geometry.type === "keypoints") this._bones(geometry, annotation);
    else this._line(pointsOf(geometry), 0, true);
    if (filled && geometry.type !== "polyline") context.fill("evenodd");
    context.stroke();
    if (geometry.type === "keypoints") this._seen(geometry);
  }

  /** Keypoints that are seen are full, hidden ones hollow. @param {import("../types.js").Keypoints} geometry */
  _seen({ points }) {
    const { context } = this;
    const { fillStyle } = context;
    context.fillStyle = context.strokeStyle;
    for (const [px, py, visible] of points) {
      if (visible < 2) continue;
      const [x, y] = this._toBitmap(px, py);
      context.fillRect(x - 2, y - 2, 4, 4);
    }
    context.fillStyle = fillStyle;
  }

  /** @param {import("../types.js").Mask} mask */
  _mask(mask) {
    const { scale } = this.drawn;
    const picture = masks.get()?.maskPicture(mask, String(this.context.strokeStyle));
    if (!picture) return;
    const { minX, minY } = /** @type {Bounds} */ (boundsOf(mask));
    const [x, y] = this._toBitmap(minX, minY);
    this.context.imageSmoothingEnabled = scale < 1;
    this.context.drawImage(picture, x, y, picture.width * scale, picture.height * scale);
  }

  /**
   * Points that fall together on screen are left out: of a polygon's cost nearly all is its stroke.
   * @param {any[][]} points @param {number} at where a point's x stands, its y follows @param {boolean} closed
   */
  _line(points, at, closed) {
    const { context } = this;
    const { scale } = this.drawn;
    const [dx, dy] = [this.drawn.x - this.left, this.drawn.y - this.top];
    const last = points.length - 1;
    let [lastX, lastY] = [Infinity, Infinity];
    for (let i = 0; i <= last; i++) {
      const [x, y] = [points[i][at] * scale + dx, points[i][at + 1] * scale + dy];
      if (i === 0) context.moveTo(x, y);
      else if (Math.abs(x - lastX) + Math.abs(y - lastY) >= 1.5 || i === last) context.lineTo(x, y);
      else continue;
      [lastX, lastY] = [x, y];
    }
    if (closed) context.closePath();
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

  /** @param {Entry} entry */
  _name({ minX, minY, maxX, annotation }) {
    if ((maxX - minX) * this.drawn.scale < 14) return;
    const { context } = this;
    const style = this.source.styleOf(annotation);
    context.font = "600 10.5px ui-sans-serif, system-ui, sans-serif";
    context.textBaseline = "middle";
    const [x, y] = this._toBitmap(minX, minY);
    const sure = annotation.source === "model" && annotation.confidence ? ` ${Math.round(annotation.confidence * 100)}%` : "";
    const number = annotation.keyframes && annotation.detection_id ? ` ${annotation.detection_id}` : "";
    const text = style.name.slice(0, 18) + number + sure;
    const width = Math.min(context.measureText(text).width + 8, NAME_WIDTH - 4);
    context.fillStyle = style.color;
    context.fillRect(x - 0.8, y - NAME_HEIGHT, width, NAME_HEIGHT);
    context.fillStyle = style.ink;
    context.fillText(text, x + 3, y - NAME_HEIGHT / 2 + 0.5, width - 6);
  }
}

/** @param {Bounds} bounds @param {number} by @returns {Bounds} */
function grown(bounds, by) {
  return { minX: bounds.minX - by, minY: bounds.minY - by, maxX: bounds.maxX + by, maxY: bounds.maxY + by };
}

/** By z, and by age where that is the same. @param {Entry} a @param {Entry} b */
function inOrder(a, b) {
  return a.z - b.z || age(a.annotation) - age(b.annotation);
}

/** What is not confirmed yet is the youngest. @param {Annotation} annotation */
function age({ created_rev: rev }) {
  return rev ?? Number.MAX_SAFE_INTEGER;
}
