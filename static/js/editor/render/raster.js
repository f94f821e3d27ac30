import { pixelOf } from "./style.js";

/**
 * Outlines of one pixel, written into a buffer of pixels. Where thousands of boxes are on the stage this costs a quarter
 * of the canvas's own `strokeRect`, which in software strokes a path for each of them on the page's own thread; of long
 * polygons it costs less still.
 */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Clip whole pixels, without right and bottom */
/** @typedef {{pixel: number, dash: Uint8Array | null}} Pen */

export class Raster {
  /** @param {number} width @param {number} height device pixels */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** @param {Clip} clip */
  clear({ left, top, right, bottom }) {
    if (left === 0 && right === this.width) {
      this.pixels.fill(0, top * this.width, bottom * this.width);
      return;
    }
    for (let y = top; y < bottom; y++) this.pixels.fill(0, y * this.width + left, y * this.width + right);
  }

  /** The outline of a box; its right and bottom lines lie on `x1` and `y1`. @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 whole pixels @param {Pen} pen @param {Clip} clip */
  box(x0, y0, x1, y1, pen, clip) {
    if (x0 >= clip.right || y0 >= clip.bottom || x1 < clip.left || y1 < clip.top) return;
    this._row(y0, x0, x1, pen, clip);
    if (y1 > y0) this._row(y1, x0, x1, pen, clip);
    this._column(x0, y0 + 1, y1 - 1, pen, clip);
    if (x1 > x0) this._column(x1, y0 + 1, y1 - 1, pen, clip);
  }

  /**
   * A line from point to point, by Bresenham's algorithm.
   * @param {ArrayLike<number>} places x and y in turn, whole pixels @param {number} count of points @param {Pen} pen @param {Clip} clip
   */
  path(places, count, pen, clip) {
    let step = 0;
    for (let i = 1; i < count; i++) {
      step = this._line(places[2 * i - 2], places[2 * i - 1], places[2 * i], places[2 * i + 1], pen, clip, step);
    }
  }

  /** @param {number} x @param {number} y @param {number} x1 @param {number} y1 @param {Pen} pen @param {Clip} clip @param {number} step how far along the path it begins @returns {number} how far it ends */
  _line(x, y, x1, y1, { pixel, dash }, { left, top, right, bottom }, step) {
    const [dx, dy] = [Math.abs(x1 - x), -Math.abs(y1 - y)];
    const end = step + Math.max(dx, -dy);
    if (Math.max(x, x1) < left || Math.min(x, x1) >= right || Math.max(y, y1) < top || Math.min(y, y1) >= bottom) return end;
    const [sx, sy] = [x < x1 ? 1 : -1, y < y1 ? 1 : -1];
    const { pixels, width } = this;
    let error = dx + dy;
    for (; step <= end; step++) {
      const inside = x >= left && x < right && y >= top && y < bottom;
      if (inside && (!dash || dash[step % dash.length])) pixels[y * width + x] = pixel;
      const twice = 2 * error;
      if (twice >= dy) {
        error += dy;
        x += sx;
      }
      if (twice <= dx) {
        error += dx;
        y += sy;
      }
    }
    return end;
  }

  /** @param {number} y @param {number} x0 @param {number} x1 @param {Pen} pen @param {Clip} clip */
  _row(y, x0, x1, { pixel, dash }, clip) {
    if (y < clip.top || y >= clip.bottom) return;
    const { pixels } = this;
    const start = y * this.width;
    const stop = start + Math.min(x1, clip.right - 1);
    let at = start + Math.max(x0, clip.left);
    if (!dash) for (; at <= stop; at++) pixels[at] = pixel;
    else for (; at <= stop; at++) if (dash[(at - start - x0) % dash.length]) pixels[at] = pixel;
  }

  /** @param {number} x @param {number} y0 @param {number} y1 @param {Pen} pen @param {Clip} clip */
  _column(x, y0, y1, { pixel, dash }, clip) {
    if (x < clip.left || x >= clip.right) return;
    const { pixels, width } = this;
    const last = Math.min(y1, clip.bottom - 1);
    let y = Math.max(y0, clip.top);
    if (!dash) for (let at = y * width + x; y <= last; y++, at += width) pixels[at] = pixel;
    else for (; y <= last; y++) if (dash[(y - y0) % dash.length]) pixels[y * width + x] = pixel;
  }
}

/** @type {WeakMap<object, Pen>} the opaque ones */
const pens = new WeakMap();

/** @param {{color: string, dash: number[]}} style #rrggbb, and lengths of line and gap in turn; it does not change @param {number} [alpha] 0 to 1 @returns {Pen} */
export function penOf(style, alpha = 1) {
  if (alpha < 1) {
    const { pixel, dash } = penOf(style);
    return { pixel: ((pixel & 0xff_ffff) | (Math.round(alpha * 255) << 24)) >>> 0, dash };
  }
  let pen = pens.get(style);
  if (!pen) pens.set(style, (pen = { pixel: pixelOf(style.color), dash: style.dash.length ? pattern(style.dash) : null }));
  return pen;
}

/** @param {number[]} dash @returns {Uint8Array} 1 where there is line */
function pattern(dash) {
  return Uint8Array.from(dash.flatMap((length, i) => new Array(length).fill(i % 2 ? 0 : 1)));
}
