/** A mask while it is painted, pixel by pixel over the static shapes, and the tip of the brush at its real size. */
import { make } from "../../lib/dom.js";
import { pixelOf } from "./style.js";

/** @typedef {import("../types.js").Bounds} Bounds */

const OPACITY = 0.5;
const PIXELATED_FROM = 2;

export class PaintLayer {
  /** @param {HTMLElement} stage @param {import("./viewport.js").Viewport} view */
  constructor(stage, view) {
    this.stage = stage;
    this.view = view;
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "ed-paint", "aria-hidden": "true", hidden: true }));
    this.ring = make("div", { class: "ed-tip", hidden: true });
    stage.querySelector(".ed-overlay")?.before(this.canvas, this.ring);
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** @type {import("../model/raster.js").Bitmap | null} */
    this.bitmap = null;
    this.color = 0;
    this.x = this.y = 0;
    view.on("change", () => this.place());
  }

  /** Show a bitmap in a colour. @param {import("../model/raster.js").Bitmap} bitmap @param {string} color #rrggbb */
  show(bitmap, color) {
    this.bitmap = bitmap;
    this.color = pixelOf(color, OPACITY);
    this.canvas.hidden = false;
    this._lay();
  }

  hide() {
    this.bitmap = null;
    this.canvas.hidden = true;
    this.canvas.width = this.canvas.height = 0;
  }

  /** @param {Bounds | null} bounds what has changed */
  update(bounds) {
    const { bitmap, canvas } = this;
    if (!bitmap || !bounds) return;
    if (canvas.width !== bitmap.w || canvas.height !== bitmap.h || this.x !== bitmap.x || this.y !== bitmap.y) this._lay();
    else this._paint(bounds);
  }

  _lay() {
    if (!this.bitmap) return;
    const { x, y, w, h } = this.bitmap;
    Object.assign(this.canvas, { width: w, height: h });
    Object.assign(this, { x, y });
    this._paint({ minX: x, minY: y, maxX: x + w, maxY: y + h });
    this.place();
  }

  /** @param {Bounds} bounds */
  _paint({ minX, minY, maxX, maxY }) {
    const [width, height] = [maxX - minX, maxY - minY];
    if (!this.bitmap || width <= 0 || height <= 0) return;
    const { x, y, h, data } = this.bitmap;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let column = 0; column < width; column++) {
      const from = (minX + column - x) * h + minY - y;
      for (let row = 0; row < height; row++) if (data[from + row]) pixels[row * width + column] = this.color;
    }
    this.context.putImageData(image, minX - x, minY - y);
  }

  place() {
    const { x, y, scale } = this.view;
    if (!this.bitmap) return;
    this.canvas.style.transform = `translate(${x + this.x * scale}px, ${y + this.y * scale}px) scale(${scale})`;
    this.canvas.classList.toggle("pixelated", scale >= PIXELATED_FROM);
  }

  /**
   * @param {[number, number] | null} at of the stage; null takes the tip away
   * @param {{size: number, square: boolean}} [tip] @param {boolean} [erases]
   */
  showTip(at, tip = { size: 1, square: false }, erases = false) {
    this.ring.hidden = !at;
    if (!at) return;
    const across = Math.max(3, tip.size * this.view.scale);
    Object.assign(this.ring.style, { width: `${across}px`, height: `${across}px`, transform: `translate(${at[0] - across / 2}px, ${at[1] - across / 2}px)` });
    this.ring.classList.toggle("square", tip.square);
    this.ring.classList.toggle("erases", erases);
  }
}
