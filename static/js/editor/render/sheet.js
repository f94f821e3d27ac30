/**
 * The bitmap of the static shapes as it lies on the stage: canvases that are drawn on, and a still copy of the last one.
 * Without a GPU each frame of the page copies a visible Canvas2D, changed or not, while a still copy costs nothing. So
 * people see the copy, also while the shapes change: each change is copied once and seen with the next frame. A canvas
 * itself is seen where a change must not be late, as when a shape and the preview of its drag change over, until it rests.
 *
 * A copy shares its pixels with its canvas until that is drawn on, and then all of them are copied after all (5 ms for
 * 1400 x 1000). So there are two canvases: one is behind what people see, and the other one is drawn on.
 */

/**
 * @typedef {import("../types.js").Bounds} Bounds
 * @typedef {{left: number, top: number, width: number, height: number, x: number, y: number, scale: number}} Lie where a bitmap lies, in CSS pixels of the stage, when the view is as it was drawn for
 *
 * @typedef {object} Face one of the two canvases
 * @property {HTMLCanvasElement} canvas
 * @property {CanvasRenderingContext2D} context
 * @property {Bounds[] | null} behind what of the picture is as it was one change ago; null for all of it
 * @property {boolean} copied whether somebody has a copy that shares its pixels
 */

const REST_MS = 200;

export class Sheet {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.face = faceOf(canvas);
    /** @type {Face | null} made when it is first needed */
    this._other = null;
    this.still = /** @type {HTMLCanvasElement} */ (canvas.cloneNode());
    this.still.classList.add("ed-still");
    this.still.style.visibility = "hidden";
    this._copies = "createImageBitmap" in globalThis ? this.still.getContext("bitmaprenderer") : null;
    canvas.after(this.still);
    /** What people see. */
    this.seen = canvas;
    /** @type {Lie} of the canvas that was drawn on last */
    this.lie = { left: 0, top: 0, width: 1, height: 1, x: 0, y: 0, scale: 1 };
    /** @type {Lie} of what people see, which may be a frame behind */
    this._seenLie = this.lie;
    this._view = { x: 0, y: 0, scale: 1 };
    /** Counts the changes. */
    this._version = 0;
    /** Whether nothing but a canvas may be seen now. */
    this._urgent = false;
    this._copying = false;
  }

  /** Everything is drawn anew, on a canvas that nobody has a copy of. @param {Lie} lie @param {number} ratio device pixels in a CSS pixel */
  lay(lie, ratio) {
    this._turn();
    this.lie = lie;
    resize(this.face.canvas, Math.round(lie.width * ratio), Math.round(lie.height * ratio));
    this.face.behind = [];
    if (this._other) this._other.behind = null;
  }

  /** Parts are drawn anew. @param {Bounds[]} dirty in pixels of the picture @returns {Bounds[]} those, and others that the canvas in hand has missed */
  mend(dirty) {
    const before = this.face;
    this._turn();
    const { face } = this;
    if (face === before) {
      this._other?.behind?.push(...dirty);
      return dirty;
    }
    const missed = face.behind ?? [];
    if (!face.behind) copyAll(before.canvas, face);
    face.behind = [];
    before.behind = [...dirty];
    return [...missed, ...dirty];
  }

  /** What is shared with a copy is left alone, and the other canvas taken. */
  _turn() {
    if (!this.face.copied) return;
    const next = this._other ?? this._second();
    this._other = this.face;
    this.face = next;
    next.copied = false;
  }

  /** @returns {Face} */
  _second() {
    const canvas = /** @type {HTMLCanvasElement} */ (this.face.canvas.cloneNode());
    canvas.style.visibility = "hidden";
    this.still.before(canvas);
    return faceOf(canvas);
  }

  /** The canvas was drawn on. @param {boolean} atOnce whether it has to be seen with the frame that is being made */
  changed(atOnce) {
    this._version += 1;
    if (atOnce || !this._copies) {
      this._urgent = true;
      clearTimeout(this._resting);
      if (this._copies) this._resting = setTimeout(() => this._rest(), REST_MS);
    }
    if (this._urgent || this.seen !== this.still) this._see(this.face.canvas, this.lie);
    if (!this._urgent) void this._copy();
  }

  /** Move what people see to where the view is now. @param {{x: number, y: number, scale: number}} view */
  place(view) {
    this._view = view;
    const { left, top, x, y, scale } = this._seenLie;
    const grown = view.scale / scale;
    const [dx, dy] = [view.x - x * grown + left * grown, view.y - y * grown + top * grown];
    const same = Math.abs(grown - 1) < 1e-9;
    this.seen.style.transform = same ? `translate(${tidy(dx)}px, ${tidy(dy)}px)` : `translate(${dx}px, ${dy}px) scale(${grown})`;
  }

  _rest() {
    this._urgent = false;
    void this._copy();
  }

  async _copy() {
    if (this._copying) return;
    this._copying = true;
    let version = -1;
    while (version !== this._version && !this._urgent) {
      version = this._version;
      const { lie, face } = this;
      face.copied = true;
      const copy = await createImageBitmap(face.canvas).catch(() => null);
      if (!copy) this._giveUp();
      // People who see a canvas already see more than a copy that is late: it is not for them.
      else if (this._urgent || (this.seen !== this.still && version !== this._version)) copy.close();
      else this._show(copy, lie);
    }
    this._copying = false;
  }

  /** This browser, or its memory, allows no copies. */
  _giveUp() {
    this._copies = null;
    this.changed(true);
  }

  /** @param {ImageBitmap} copy @param {Lie} lie */
  _show(copy, lie) {
    this._copies?.transferFromImageBitmap(copy);
    this._see(this.still, lie);
  }

  /** @param {HTMLCanvasElement} element @param {Lie} lie */
  _see(element, lie) {
    const { style } = element;
    const [width, height] = [`${lie.width}px`, `${lie.height}px`];
    if (style.width !== width) style.width = width;
    if (style.height !== height) style.height = height;
    this._seenLie = lie;
    if (this.seen !== element) {
      this.seen.style.visibility = "hidden";
      style.visibility = "";
      this.seen = element;
    }
    this.place(this._view);
  }
}

/** @param {HTMLCanvasElement} canvas @returns {Face} */
function faceOf(canvas) {
  return { canvas, context: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), behind: null, copied: false };
}

/** Setting the size, also to what it is, empties a canvas. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** @param {HTMLCanvasElement} from @param {Face} to */
function copyAll(from, { canvas, context }) {
  resize(canvas, from.width, from.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = "copy";
  context.drawImage(from, 0, 0);
  context.globalCompositeOperation = "source-over";
}

/** A bitmap that lies between the pixels of the screen would be blurred. @param {number} value */
function tidy(value) {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 0.01 ? whole : value;
}
