/**
 * Parts a mask along a drawn line. No pixel is lost: the line blocks the way between two neighbours when it passes between
 * their middles, and what is still connected is one part. Parts on one side of the line are one half. Pure.
 */
import { Bitmap } from "./raster.js";

/** @typedef {import("../types.js").Point} Point */

/** Ways from a pixel to a neighbour, column and row; the other four are these, walked from the other end. */
const WAYS = [[0, 1], [1, 0], [1, 1], [1, -1]];
/** So that the line passes through no pixel's middle: those lie at halves. */
const ASIDE = [0.00371, 0.00293];

/**
 * @param {Bitmap} bitmap @param {Point[]} line
 * @returns {[Bitmap, Bitmap] | null} the larger half first; null where the line does not part anything
 */
export function halves(bitmap, line) {
  const path = line.map(([x, y]) => /** @type {Point} */ ([x + ASIDE[0], y + ASIDE[1]]));
  const { blocked, sides } = crossed(bitmap, path);
  const { labels, sizes } = components(bitmap, blocked);
  const balance = new Int32Array(sizes.length);
  for (const [left, right] of sides) {
    balance[labels[left]] += 1;
    balance[labels[right]] -= 1;
  }
  const [left, right] = [1, -1].map((sign) => sizes.reduce((sum, size, n) => sum + (Math.sign(balance[n]) === sign ? size : 0), 0));
  if (!left || !right) return null;
  const less = left >= right ? -1 : 1;
  // What the line does not touch stays with the larger half.
  const keeps = (/** @type {boolean} */ small) => bitmap.data.map((bit, at) => (bit && (Math.sign(balance[labels[at]]) === less) === small ? 1 : 0));
  return [like(bitmap, keeps(false)), like(bitmap, keeps(true))];
}

/** @param {Bitmap} bitmap @param {Uint8Array} data @returns {Bitmap} */
function like({ width, height, x, y, w, h }, data) {
  return Object.assign(new Bitmap(width, height), { x, y, w, h, data });
}

/**
 * The ways that the line blocks: a bit for each of WAYS, by the pixel that they begin at; and the pixels on either side.
 * @param {Bitmap} bitmap @param {Point[]} path
 */
function crossed({ x: left, y: top, w, h, data }, path) {
  const blocked = new Uint8Array(data.length);
  /** @type {[number, number][]} */
  const sides = [];
  for (let n = 0; n + 1 < path.length; n++) {
    const [a, b] = [path[n], path[n + 1]];
    for (const [column, row] of beside(a, b, { left, top, w, h })) {
      const at = column * h + row;
      if (!data[at]) continue;
      WAYS.forEach(([across, along], way) => {
        const [toColumn, toRow] = [column + across, row + along];
        if (toColumn >= w || toRow < 0 || toRow >= h || !data[toColumn * h + toRow]) return;
        /** @type {Point} */
        const from = [left + column + 0.5, top + row + 0.5];
        if (!meets(from, [from[0] + across, from[1] + along], a, b)) return;
        blocked[at] |= 1 << way;
        sides.push(turn(a, b, from) > 0 ? [at, toColumn * h + toRow] : [toColumn * h + toRow, at]);
      });
    }
  }
  return { blocked, sides };
}

/**
 * The pixels near a segment, column by column.
 * @param {Point} a @param {Point} b @param {{left: number, top: number, w: number, h: number}} room
 * @returns {Generator<[number, number]>}
 */
function* beside([ax, ay], [bx, by], { left, top, w, h }) {
  const [from, to] = [Math.floor(Math.min(ax, bx)) - 1 - left, Math.floor(Math.max(ax, bx)) + 1 - left];
  const slope = bx === ax ? 0 : (by - ay) / (bx - ax);
  const yAt = (/** @type {number} */ x) => ay + (Math.min(Math.max(x, Math.min(ax, bx)), Math.max(ax, bx)) - ax) * slope;
  for (let column = Math.max(0, from); column <= Math.min(w - 1, to); column++) {
    const ends = bx === ax ? [ay, by] : [yAt(left + column - 1), yAt(left + column + 2)];
    const [first, last] = [Math.floor(Math.min(...ends)) - 2 - top, Math.floor(Math.max(...ends)) + 2 - top];
    for (let row = Math.max(0, first); row <= Math.min(h - 1, last); row++) yield [column, row];
  }
}

/** Above 0 where `point` is on one side of the line from a to b, below on the other. @param {Point} a @param {Point} b @param {Point} point */
function turn([ax, ay], [bx, by], [x, y]) {
  return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
}

/** Whether the segments pq and ab cross. @param {Point} p @param {Point} q @param {Point} a @param {Point} b */
function meets(p, q, a, b) {
  return turn(a, b, p) * turn(a, b, q) <= 0 && turn(p, q, a) * turn(p, q, b) <= 0;
}

/** Which part each pixel belongs to, and how many pixels each part has. @param {Bitmap} bitmap @param {Uint8Array} blocked */
function components({ w, h, data }, blocked) {
  const labels = new Int32Array(data.length).fill(-1);
  /** @type {number[]} */
  const sizes = [];
  /** @type {number[]} */
  const stack = [];
  const reach = (/** @type {number} */ at) => {
    labels[at] = sizes.length - 1;
    sizes[sizes.length - 1] += 1;
    stack.push(at);
  };
  for (let seed = data.indexOf(1); seed >= 0; seed = data.indexOf(1, seed + 1)) {
    if (labels[seed] >= 0) continue;
    sizes.push(0);
    reach(seed);
    while (stack.length) {
      const at = /** @type {number} */ (stack.pop());
      for (const next of around(at, w, h, blocked)) if (data[next] && labels[next] < 0) reach(next);
    }
  }
  return { labels, sizes };
}

/** The neighbours that a pixel still has a way to. @param {number} at @param {number} w @param {number} h @param {Uint8Array} blocked @returns {number[]} */
function around(at, w, h, blocked) {
  const [column, row] = [Math.floor(at / h), at % h];
  /** @type {number[]} */
  const found = [];
  WAYS.forEach(([across, along], way) => {
    const [ahead, back] = [at + across * h + along, at - across * h - along];
    if (column + across < w && row + along >= 0 && row + along < h && !(blocked[at] & (1 << way))) found.push(ahead);
    if (column - across >= 0 && row - along >= 0 && row - along < h && !(blocked[back] & (1 << way))) found.push(back);
  });
  return found;
}
