/** Boxes that the browser draws over the video from the detections. */

/** @typedef {{label: string, color: string, confidence: number, geometry: {x: number, y: number, w: number, h: number}}} Detection */

/** @typedef {{w: number, h: number}} Size */
/** @typedef {{x: number, y: number, w: number, h: number}} Rect */

const STALE_MS = 1500;

export class Boxes {
  /** @param {HTMLCanvasElement} canvas it lies over the video */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.on = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {boolean} on */
  toggle(on) {
    this.on = on;
    this.clear();
  }

  clear() {
    this.pen?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {{width: number, height: number, detections: Detection[]}} message */
  show(message) {
    if (!this.on || !this.pen) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.clear(), STALE_MS);
    const scale = this.#fit(message.width, message.height);
    this.clear();
    const surestFirst = [...message.detections].sort((one, other) => other.confidence - one.confidence);
    for (const found of surestFirst) this.#outline(found, scale);
    /** @type {Rect[]} */
    const taken = [];
    for (const found of surestFirst) taken.push(this.#label(found, scale, taken));
  }

  /** The canvas gets the picture's shape in device pixels, so that lines stay sharp. @param {number} width @param {number} height */
  #fit(width, height) {
    const shown = this.canvas.getBoundingClientRect();
    const dense = shown.width * devicePixelRatio;
    const [w, h] = [Math.round(dense), Math.round((dense * height) / width)];
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    return w / width;
  }

  /** @param {Detection} found @param {number} scale */
  #outline(found, scale) {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.pen);
    const { x, y, w, h } = found.geometry;
    pen.lineWidth = 2 * devicePixelRatio;
    pen.strokeStyle = found.color;
    pen.strokeRect(x * scale, y * scale, w * scale, h * scale);
  }

  /** @param {Detection} found @param {number} scale @param {Rect[]} taken @returns {Rect} where it was put */
  #label(found, scale, taken) {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.pen);
    const size = Math.round(13 * devicePixelRatio);
    const edge = devicePixelRatio; // half of the outline
    const text = `${found.label} ${Math.round(found.confidence * 100)} %`;
    pen.font = `600 ${size}px system-ui, sans-serif`;
    const plate = { w: pen.measureText(text).width + size * 0.7, h: size * 1.5 };
    const { x, y, w, h } = found.geometry;
    const box = { x: x * scale - edge, y: y * scale, w: w * scale + 2 * edge, h: h * scale };
    const spot = place(box, plate, { w: this.canvas.width, h: this.canvas.height }, taken);
    pen.fillStyle = found.color;
    pen.fillRect(spot.x, spot.y, spot.w, spot.h);
    pen.fillStyle = inkOn(found.color);
    pen.fillText(text, spot.x + size * 0.35, spot.y + size * 1.1);
    return spot;
  }
}

/**
 * Where a box's label goes: the first place at its edges that is in the picture and covers no other label.
 * @param {Rect} box
 * @param {Size} plate
 * @param {Size} picture
 * @param {Rect[]} taken
 * @returns {Rect}
 */
export function place(box, plate, picture, taken) {
  const [left, right] = [box.x, box.x + box.w - plate.w];
  const [over, top, bottom, under] = [box.y - plate.h, box.y, box.y + box.h - plate.h, box.y + box.h];
  const spots = [[left, over], [left, top], [left, under], [right, over], [left, bottom], [right, top], [right, under], [right, bottom]];
  const places = spots.map(([x, y]) => ({ ...plate, x: clamp(x, picture.w - plate.w), y: clamp(y, picture.h - plate.h) }));
  return places.find((one, n) => one.y === spots[n][1] && !taken.some((other) => overlap(one, other))) ?? places[0];
}

/** @param {number} value @param {number} most */
const clamp = (value, most) => Math.max(0, Math.min(value, most));

/** @param {Rect} one @param {Rect} other */
const overlap = (one, other) => one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

/** Black or white, whichever reads better on the colour. @param {string} color #rrggbb */
export function inkOn(color) {
  const value = parseInt(color.slice(1), 16);
  const light = 0.2126 * (value >> 16) + 0.7152 * ((value >> 8) & 255) + 0.0722 * (value & 255);
  return light > 125 ? "#000" : "#fff";
}
