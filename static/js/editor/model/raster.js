/** Part of a picture as bits, column by column as COCO's masks are: painting, filling, and the way to run lengths and back. Pure. */
import { decodeMask, eachStripe, encodeRuns } from "./mask.js";

/**
 * @typedef {import("../types.js").Bounds} Bounds whole pixels here; the maxima lie beyond the last one
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Mask} Mask
 */

/** Room is made in steps, so that a long stroke seldom has to copy what it has painted. */
const SPARE = 256;
/** Centres of pixels that lie on an edge, but for a rounding. */
const TINY = 1e-9;

/** Grows with what is painted; pixels outside of it are not set. */
export class Bitmap {
  /** @param {number} width @param {number} height of the picture */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.x = this.y = this.w = this.h = 0;
    /** The bit of (x, y) is at `(x - this.x) * this.h + y - this.y`. */
    this.data = new Uint8Array(0);
  }

  /** @param {Mask} mask */
  static of(mask) {
    const [height, width] = mask.size;
    const bitmap = new Bitmap(width, height);
    const { runs, bounds } = decodeMask(mask);
    if (!bounds) return bitmap;
    bitmap._lay(bounds);
    eachStripe(runs, height, (x, top, bottom) => bitmap.span(x, top, bottom, 1));
    return bitmap;
  }

  /** @param {number} x @param {number} y */
  get(x, y) {
    const [column, row] = [x - this.x, y - this.y];
    return column >= 0 && row >= 0 && column < this.w && row < this.h ? this.data[column * this.h + row] : 0;
  }

  /** Pixels of one column, from `top` to before `bottom`; there must be room for them. @param {number} x @param {number} top @param {number} bottom @param {number} value */
  span(x, top, bottom, value) {
    const column = (x - this.x) * this.h - this.y;
    this.data.fill(value, column + top, column + bottom);
  }

  /** Make room. @param {Bounds} bounds */
  cover({ minX, minY, maxX, maxY }) {
    if (minX >= this.x && minY >= this.y && maxX <= this.x + this.w && maxY <= this.y + this.h) return;
    const [right, down] = [this.w ? this.x + this.w : maxX, this.h ? this.y + this.h : maxY];
    const [left, up] = [this.w ? this.x : minX, this.h ? this.y : minY];
    const [across, along] = [Math.max(SPARE, this.w >> 1), Math.max(SPARE, this.h >> 1)];
    this._lay({
      minX: minX < left ? Math.max(0, minX - across) : left,
      minY: minY < up ? Math.max(0, minY - along) : up,
      maxX: maxX > right || !this.w ? Math.min(this.width, maxX + across) : right,
      maxY: maxY > down || !this.h ? Math.min(this.height, maxY + along) : down,
    });
  }

  /** @param {Bounds} bounds that hold the present ones */
  _lay({ minX, minY, maxX, maxY }) {
    const { x, y, w, h, data } = this;
    this.x = minX;
    this.y = minY;
    this.w = maxX - minX;
    this.h = maxY - minY;
    this.data = new Uint8Array(this.w * this.h);
    for (let column = 0; column < w; column++) {
      this.data.set(data.subarray(column * h, (column + 1) * h), (x + column - minX) * this.h + y - minY);
    }
  }

  /** What lies in the picture of some bounds; null when nothing does. @param {Bounds} bounds @returns {Bounds | null} */
  clipped({ minX, minY, maxX, maxY }) {
    const inside = { minX: Math.max(0, minX), minY: Math.max(0, minY), maxX: Math.min(this.width, maxX), maxY: Math.min(this.height, maxY) };
    return inside.minX < inside.maxX && inside.minY < inside.maxY ? inside : null;
  }

  /** @returns {Mask | null} null when no pixel is set */
  toMask() {
    const { data, h, height } = this;
    /** @type {number[]} */
    const runs = [];
    let end = 0;
    for (let at = data.indexOf(1); at >= 0; ) {
      const column = Math.floor(at / h);
      const limit = (column + 1) * h;
      let stop = at + 1;
      while (stop < limit && data[stop]) stop++;
      const from = (this.x + column) * height + this.y + at - column * h;
      if (from === end && runs.length) runs[runs.length - 1] += stop - at;
      else runs.push(from - end, stop - at);
      end = from + stop - at;
      at = data.indexOf(1, stop);
    }
    if (!runs.length) return null;
    if (end < this.width * height) runs.push(this.width * height - end);
    return { type: "mask", size: [height, this.width], counts: encodeRuns(runs) };
  }
}

/**
 * Where the middle of a tip lies so that it covers whole pixels: on a pixel's middle for odd sizes, on a corner for even ones.
 * @param {Point} point @param {number} size pixels across @returns {Point}
 */
export function snapped([x, y], size) {
  return size % 2 ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [Math.round(x), Math.round(y)];
}

/**
 * Pull a round or square tip along a line: set (1) or clear (0) the pixels whose middle it passes over.
 * @param {Bitmap} bitmap @param {Point} from @param {Point} to @param {{size: number, square: boolean}} tip @param {number} value
 * @returns {Bounds | null} what may have changed
 */
export function stroke(bitmap, from, to, { size, square }, value) {
  const r = size / 2;
  const [a, b] = [snapped(from, size), snapped(to, size)];
  const bounds = bitmap.clipped({
    minX: Math.floor(Math.min(a[0], b[0]) - r), minY: Math.floor(Math.min(a[1], b[1]) - r),
    maxX: Math.ceil(Math.max(a[0], b[0]) + r), maxY: Math.ceil(Math.max(a[1], b[1]) + r),
  });
  const reached = bounds && value ? (bitmap.cover(bounds), bounds) : bounds && within(bitmap, bounds);
  if (!reached) return null;
  const spanOf = square ? squareSpan : roundSpan;
  for (let x = reached.minX; x < reached.maxX; x++) {
    const [low, high] = spanOf(x + 0.5, a, b, r);
    const top = Math.max(reached.minY, Math.ceil(low - 0.5 - TINY));
    const bottom = Math.min(reached.maxY, Math.floor(high - 0.5 + TINY) + 1);
    if (top < bottom) bitmap.span(x, top, bottom, value);
  }
  return reached;
}

/** The part of some bounds for which the bitmap has room. @param {Bitmap} bitmap @param {Bounds} bounds @returns {Bounds | null} */
function within({ x, y, w, h }, bounds) {
  const part = { minX: Math.max(x, bounds.minX), minY: Math.max(y, bounds.minY), maxX: Math.min(x + w, bounds.maxX), maxY: Math.min(y + h, bounds.maxY) };
  return part.minX < part.maxX && part.minY < part.maxY ? part : null;
}

/** What a disc pulled from a to b covers of the line x = cx: it is convex, so one span. @param {number} cx @param {Point} a @param {Point} b @param {number} r @returns {[number, number]} */
function roundSpan(cx, a, b, r) {
  let [low, high] = [Infinity, -Infinity];
  for (const [x, y] of [a, b]) {
    const half = Math.sqrt(r * r - (cx - x) ** 2);
    if (!(half >= 0)) continue;
    [low, high] = [Math.min(low, y - half), Math.max(high, y + half)];
  }
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  if (!length) return [low, high];
  const [nx, ny] = [((a[1] - b[1]) / length) * r, ((b[0] - a[0]) / length) * r];
  const quad = [[a[0] + nx, a[1] + ny], [b[0] + nx, b[1] + ny], [b[0] - nx, b[1] - ny], [a[0] - nx, a[1] - ny]];
  quad.forEach(([px, py], i) => {
    const [qx, qy] = quad[(i + 1) % 4];
    if (px <= cx === qx <= cx) return;
    const y = py + ((cx - px) / (qx - px)) * (qy - py);
    [low, high] = [Math.min(low, y), Math.max(high, y)];
  });
  return [low, high];
}

/** The same for an upright square. @param {number} cx @param {Point} a @param {Point} b @param {number} r @returns {[number, number]} */
function squareSpan(cx, [ax, ay], [bx, by], r) {
  if (cx < Math.min(ax, bx) - r || cx > Math.max(ax, bx) + r) return [Infinity, -Infinity];
  const at = (/** @type {number} */ x) => (bx === ax ? ay : ay + Math.min(1, Math.max(0, (x - ax) / (bx - ax))) * (by - ay));
  const ends = bx === ax ? [ay, by] : [at(cx - r), at(cx + r)];
  return [Math.min(...ends) - r, Math.max(...ends) + r];
}

/**
 * Fill rings by the even-odd rule: the pixels whose middle lies inside.
 * @param {Bitmap} bitmap @param {Point[][]} rings @param {number} value
 * @returns {Bounds | null} what may have changed
 */
export function fillRings(bitmap, rings, value) {
  const points = rings.flat();
  const bounds = points.length ? bitmap.clipped(wholeBounds(points)) : null;
  if (!bounds) return null;
  bitmap.cover(bounds);
  const columns = crossings(rings, bounds);
  columns.forEach((ys, i) => {
    ys.sort((a, b) => a - b);
    for (let n = 0; n + 1 < ys.length; n += 2) {
      const top = Math.max(bounds.minY, Math.ceil(ys[n] - 0.5));
      const bottom = Math.min(bounds.maxY, Math.ceil(ys[n + 1] - 0.5));
      if (top < bottom) bitmap.span(bounds.minX + i, top, bottom, value);
    }
  });
  return bounds;
}

/** @param {Point[]} points @returns {Bounds} */
function wholeBounds(points) {
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (const [x, y] of points) {
    bounds.minX = Math.min(bounds.minX, Math.floor(x));
    bounds.minY = Math.min(bounds.minY, Math.floor(y));
    bounds.maxX = Math.max(bounds.maxX, Math.ceil(x));
    bounds.maxY = Math.max(bounds.maxY, Math.ceil(y));
  }
  return bounds;
}

/** Where the rings cross the middle line of each column. @param {Point[][]} rings @param {Bounds} bounds @returns {number[][]} */
function crossings(rings, { minX, maxX }) {
  /** @type {number[][]} */
  const columns = Array.from({ length: maxX - minX }, () => []);
  for (const ring of rings) {
    ring.forEach(([px, py], i) => {
      const [qx, qy] = ring[(i + 1) % ring.length];
      const first = Math.max(minX, Math.ceil(Math.min(px, qx) - 0.5));
      const end = Math.min(maxX, Math.ceil(Math.max(px, qx) - 0.5));
      for (let x = first; x < end; x++) columns[x - minX].push(py + ((x + 0.5 - px) / (qx - px)) * (qy - py));
    });
  }
  return columns;
}

/**
 * Fill the empty region around a pixel.
 * @param {Bitmap} bitmap @param {number} x @param {number} y whole pixels
 * @returns {Bounds | null} what was filled; null where the region is not closed, or the pixel is set already
 */
export function bucket(bitmap, x, y) {
  const { w, h, data } = bitmap;
  const [column, row] = [x - bitmap.x, y - bitmap.y];
  if (column < 0 || row < 0 || column >= w || row >= h || data[column * h + row]) return null;
  const filled = data.slice();
  const bounds = { minX: column, minY: row, maxX: column + 1, maxY: row + 1 };
  const stack = [column * h + row];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (filled[at]) continue;
    const c = Math.floor(at / h);
    let [top, bottom] = [at, at + 1];
    while (top > c * h && !filled[top - 1]) top--;
    while (bottom < (c + 1) * h && !filled[bottom]) bottom++;
    if (c === 0 || c === w - 1 || top === c * h || bottom === (c + 1) * h) return null;
    filled.fill(1, top, bottom);
    for (const beside of [-h, h]) {
      for (let n = top + beside; n < bottom + beside; n++) if (!filled[n] && (n === top + beside || filled[n - 1])) stack.push(n);
    }
    bounds.minX = Math.min(bounds.minX, c);
    bounds.maxX = Math.max(bounds.maxX, c + 1);
    bounds.minY = Math.min(bounds.minY, top - c * h);
    bounds.maxY = Math.max(bounds.maxY, bottom - c * h);
  }
  bitmap.data = filled;
  return { minX: bounds.minX + bitmap.x, minY: bounds.minY + bitmap.y, maxX: bounds.maxX + bitmap.x, maxY: bounds.maxY + bitmap.y };
}

/**
 * Take another bitmap into one: what either has, what only the first has, or what both have.
 * @param {Bitmap} bitmap changed @param {Bitmap} other of the same picture @param {"union" | "subtract" | "intersect"} how
 */
export function combineBits(bitmap, other, how) {
  if (how === "union" && other.w && other.h) bitmap.cover({ minX: other.x, minY: other.y, maxX: other.x + other.w, maxY: other.y + other.h });
  const { x, y, w, h, data } = bitmap;
  for (let column = 0, at = 0; column < w; column++) {
    for (let row = 0; row < h; row++, at++) {
      const bit = other.get(x + column, y + row);
      if (how === "union") data[at] |= bit;
      else if (bit === (how === "subtract" ? 1 : 0)) data[at] = 0;
    }
  }
}
