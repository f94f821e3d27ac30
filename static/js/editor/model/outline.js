/** From bits to outlines: the edges between set and empty pixels, as few vertices as a tolerance allows. Pure. */
import { distanceToSegment, inRing } from "./geometry.js";
import { simplified as simplifiedLine } from "./vertices.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("./raster.js").Bitmap} Bitmap
 * @typedef {Point[][]} Part the outer ring first, then its holes
 */

/** East, south, west, north: steps on the lattice of pixel corners, each with the pixels ahead of it on its left and right. */
const STEPS = [[1, 0], [0, 1], [-1, 0], [0, -1]];
const LEFT_AHEAD = [[0, -1], [0, 0], [-1, 0], [-1, -1]];
const RIGHT_AHEAD = [[0, 0], [-1, 0], [-1, -1], [0, -1]];

/**
 * Every outline of a bitmap along the pixels' edges: clockwise around what is set, the other way around holes.
 * Pixels that touch at a corner belong together.
 * @param {Bitmap} bitmap @returns {Point[][]} closed rings in pixels of the picture; the last vertex is not the first again
 */
export function outlines(bitmap) {
  const { x, y, w, h, data } = bitmap;
  const seen = new Uint8Array(data.length);
  const rings = [];
  for (let at = data.indexOf(1); at >= 0; at = data.indexOf(1, at + 1)) {
    // Each ring runs along the upper edge of some pixel from left to right.
    if (seen[at] || (at % h && data[at - 1])) continue;
    rings.push(ringFrom(bitmap, at, seen).map((/** @type {Point} */ [px, py]) => /** @type {Point} */ ([px + x, py + y])));
  }
  return w ? rings : [];
}

/** @param {Bitmap} bitmap @param {number} start a set pixel with none above @param {Uint8Array} seen gets the upper edges that were walked @returns {Point[]} */
function ringFrom({ w, h, data }, start, seen) {
  const set = (/** @type {number} */ px, /** @type {number} */ py) => px >= 0 && py >= 0 && px < w && py < h && data[px * h + py] === 1;
  const [startX, startY] = [Math.floor(start / h), start % h];
  /** @type {Point[]} */
  const ring = [];
  let [x, y, way] = [startX, startY, 0];
  do {
    if (way === 0) seen[x * h + y] = 1;
    x += STEPS[way][0];
    y += STEPS[way][1];
    const turn = set(x + LEFT_AHEAD[way][0], y + LEFT_AHEAD[way][1]) ? 3 : set(x + RIGHT_AHEAD[way][0], y + RIGHT_AHEAD[way][1]) ? 0 : 1;
    if (turn) ring.push([x, y]);
    way = (way + turn) % 4;
  } while (x !== startX || y !== startY || way !== 0);
  return ring;
}

/** Twice the area that a ring encloses; above 0 where it runs clockwise on the screen. @param {Point[]} ring */
export function doubleArea(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) sum += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
  return sum;
}

/**
 * A closed ring without the vertices that lie within `tolerance` of what remains (Douglas and Peucker, 1973).
 * @param {Point[]} ring @param {number} tolerance pixels @returns {Point[]} at least three vertices where the ring has them
 */
export function simplified(ring, tolerance) {
  if (ring.length <= 4 || tolerance <= 0) return ring;
  // A closed line needs two ends that stay: the first vertex and the one farthest from it.
  const far = farthest(ring, 0, ([x, y]) => Math.hypot(x - ring[0][0], y - ring[0][1]));
  const back = simplifiedLine([...ring.slice(far), ring[0]], tolerance);
  const kept = [...simplifiedLine(ring.slice(0, far + 1), tolerance), ...back.slice(1, -1)];
  return kept.length >= 3 ? kept : [...kept, ring[farthest(ring, 0, (p) => (kept.includes(p) ? -1 : distanceToSegment(p, ring[0], ring[far])))]];
}

/** @param {Point[]} points @param {number} first @param {(point: Point) => number} measure */
function farthest(points, first, measure) {
  let [best, at] = [-Infinity, first];
  points.forEach((point, i) => {
    const value = measure(point);
    if (value > best) [best, at] = [value, i];
  });
  return at;
}

/** Steps of fewer pixels are the stairs of a slanted or round outline, not corners. */
const STAIR = 3;
const STRAIGHT = 24;
const FEW_CORNERS = 8;

/**
 * An outline through the middles of its straight pieces, with the corners where two long ones meet: it lies within
 * half a pixel of a slanted edge, so that few vertices are enough.
 * @param {Point[]} ring along pixels' edges @returns {Point[]}
 */
function unstepped(ring) {
  if (ring.length <= FEW_CORNERS) return ring;
  /** @type {Point[]} */
  const points = [];
  const lengthTo = (/** @type {number} */ i) => {
    const [[ax, ay], [bx, by]] = [ring[(i + ring.length - 1) % ring.length], ring[i % ring.length]];
    return Math.abs(bx - ax) + Math.abs(by - ay);
  };
  ring.forEach(([x, y], i) => {
    const [beforeX, beforeY] = ring[(i + ring.length - 1) % ring.length];
    const length = lengthTo(i);
    // A long straight side is one up to its ends, whatever follows.
    for (const along of length >= STRAIGHT ? [1 / length, 1 - 1 / length] : [0.5]) points.push([beforeX + (x - beforeX) * along, beforeY + (y - beforeY) * along]);
    if (length >= STAIR && lengthTo(i + 1) >= STAIR) points.push([x, y]);
  });
  return points;
}

/**
 * A bitmap as parts with holes, the largest part first.
 * @param {Bitmap} bitmap @param {number} [tolerance] pixels that an outline may lie beside the pixels' edges
 * @returns {Part[]}
 */
export function partsOf(bitmap, tolerance = 0.75) {
  const rings = outlines(bitmap).map((ring) => ({ ring, area: doubleArea(ring), around: boundsOfRing(ring) }));
  const outer = rings.filter(({ area }) => area > 0).sort((a, b) => b.area - a.area);
  const smooth = (/** @type {Point[]} */ ring) => (tolerance ? simplified(unstepped(ring), tolerance) : ring);
  const parts = outer.map(({ ring }) => [smooth(ring)]);
  for (const hole of rings.filter(({ area }) => area < 0)) {
    const owner = ownerOf(outer, hole);
    if (owner >= 0) parts[owner].push(smooth(hole.ring));
  }
  return parts;
}

/** The smallest outer ring around a hole. @param {{ring: Point[], around: number[]}[]} outer the largest first @param {{ring: Point[], around: number[]}} hole */
function ownerOf(outer, { ring, around: [left, top, right, bottom] }) {
  // A hole's highest vertex on the left has its pixel below and to the right; the middle of that one lies on no edge.
  const [x, y] = ring.reduce((best, p) => (p[1] < best[1] || (p[1] === best[1] && p[0] < best[0]) ? p : best));
  for (let i = outer.length - 1; i >= 0; i--) {
    const [x0, y0, x1, y1] = outer[i].around;
    if (x0 <= left && y0 <= top && x1 >= right && y1 >= bottom && inRing(outer[i].ring, x + 0.5, y + 0.5)) return i;
  }
  return -1;
}

/** @param {Point[]} ring @returns {[number, number, number, number]} */
function boundsOfRing(ring) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of ring) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return [left, top, right, bottom];
}

const SKETCH_CELLS = 64;

/**
 * A rough outline of the largest part, for the others while somebody paints.
 * @param {Bitmap} bitmap @returns {import("../types.js").Polygon | null}
 */
export function sketch(bitmap) {
  const step = Math.max(1, Math.ceil(Math.max(bitmap.w, bitmap.h) / SKETCH_CELLS));
  const [w, h] = [Math.ceil(bitmap.w / step), Math.ceil(bitmap.h / step)];
  const data = new Uint8Array(w * h);
  for (let x = 0; x < w; x++) for (let y = 0; y < h; y++) data[x * h + y] = bitmap.data[x * step * bitmap.h + y * step];
  const parts = partsOf(/** @type {any} */ ({ x: 0, y: 0, w, h, data }), 0.8);
  if (!parts.length) return null;
  const rings = [parts[0][0]];
  let id = 0;
  return { type: "polygon", rings: rings.map((ring) => ring.map(([x, y]) => [id++, x * step + bitmap.x, y * step + bitmap.y])) };
}
