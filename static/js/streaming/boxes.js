/** Boxes that the browser draws over the video from the detections. */

/** @typedef {{label: string, color: string, confidence: number, geometry: {x: number, y: number, w: number, h: number}}} Detection */

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
    for (const found of message.detections) this.#draw(found, scale);
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
  #draw(found, scale) {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.pen);
    const { x, y, w, h } = found.geometry;
    const size = Math.round(13 * devicePixelRatio);
    const text = `${found.label} ${Math.round(found.confidence * 100)} %`;
    pen.lineWidth = 2 * devicePixelRatio;
    pen.strokeStyle = pen.fillStyle = found.color;
    pen.strokeRect(x * scale, y * scale, w * scale, h * scale);
    pen.font = `600 ${size}px system-ui, sans-serif`;
    const wide = pen.measureText(text).width + size * 0.7;
    const top = Math.max(0, y * scale - size * 1.5);
    pen.fillRect(x * scale, top, wide, size * 1.5);
    pen.fillStyle = inkOn(found.color);
    pen.fillText(text, x * scale + size * 0.35, top + size * 1.1);
  }
}

/** Black or white, whichever reads better on the colour. @param {string} color #rrggbb */
export function inkOn(color) {
  const value = parseInt(color.slice(1), 16);
  const light = 0.2126 * (value >> 16) + 0.7152 * ((value >> 8) & 255) + 0.0722 * (value & 255);
  return light > 125 ? "#000" : "#fff";
}
