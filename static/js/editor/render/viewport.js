/** Where the picture lies on the stage: screen = picture * scale + offset. */
import { Emitter, clamp } from "../util.js";

/** @typedef {import("../types.js").Point} Point */

const SMALLEST = 0.02;
const LARGEST = 64;
const MARGIN = 24;

/** Emits `change`. */
export class Viewport extends Emitter {
  /** @param {number} pictureWidth @param {number} pictureHeight */
  constructor(pictureWidth, pictureHeight) {
    super();
    this.pictureWidth = pictureWidth;
    this.pictureHeight = pictureHeight;
    this.width = 1;
    this.height = 1;
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
  }

  /** The stage got another size: a fitted picture stays fitted, another keeps its middle. @param {number} width @param {number} height */
  resize(width, height) {
    const [dx, dy] = [(width - this.width) / 2, (height - this.height) / 2];
    this.width = width;
    this.height = height;
    if (this.fitted) this.fit();
    else this._set(this.scale, this.x + dx, this.y + dy);
  }

  /** @param {Point} point of the picture @returns {Point} */
  toScreen([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  /** @param {Point} point of the stage @returns {Point} */
  toPicture([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.fitted = false;
    this._set(this.scale, this.x + dx, this.y + dy);
  }

  /** Zoom so that the point under `at` stays there. @param {number} factor @param {Point} [at] */
  zoom(factor, at = [this.width / 2, this.height / 2]) {
    const scale = clamp(this.scale * factor, SMALLEST, LARGEST);
    const grown = scale / this.scale;
    this.fitted = false;
    this._set(scale, at[0] - (at[0] - this.x) * grown, at[1] - (at[1] - this.y) * grown);
  }

  fit() {
    this.show({ minX: 0, minY: 0, maxX: this.pictureWidth, maxY: this.pictureHeight }, LARGEST);
    this.fitted = true;
  }

  /** One picture pixel on one screen pixel, about the middle. */
  actualSize() {
    this.zoom(1 / this.scale);
  }

  /** @param {import("../types.js").Bounds} bounds @param {number} [most] the largest scale */
  show(bounds, most = 8) {
    const [w, h] = [Math.max(bounds.maxX - bounds.minX, 1), Math.max(bounds.maxY - bounds.minY, 1)];
    const room = Math.min((this.width - 2 * MARGIN) / w, (this.height - 2 * MARGIN) / h);
    const scale = clamp(Math.min(room, most), SMALLEST, LARGEST);
    this.fitted = false;
    this._set(
      scale,
      this.width / 2 - ((bounds.minX + bounds.maxX) / 2) * scale,
      this.height / 2 - ((bounds.minY + bounds.maxY) / 2) * scale,
    );
  }

  /** Put a point in the middle, with `width` picture pixels from edge to edge. @param {Point} middle @param {number} width */
  look([x, y], width) {
    const scale = clamp(this.width / width, SMALLEST, LARGEST);
    this.fitted = false;
    this._set(scale, this.width / 2 - x * scale, this.height / 2 - y * scale);
  }

  /** The part of the picture that is on the stage, with `margin` screen pixels around. @param {number} [margin] */
  visible(margin = 0) {
    const [minX, minY] = this.toPicture([-margin, -margin]);
    const [maxX, maxY] = this.toPicture([this.width + margin, this.height + margin]);
    return { minX, minY, maxX, maxY };
  }

  /** @param {number} scale @param {number} x @param {number} y */
  _set(scale, x, y) {
    // The picture can never be lost beyond the edge of the stage.
    const edge = Math.min(80, this.width / 2);
    this.scale = scale;
    this.x = clamp(x, edge - this.pictureWidth * scale, this.width - edge);
    this.y = clamp(y, edge - this.pictureHeight * scale, this.height - edge);
    this.emit("change");
  }
}
