/** Borders that neighbours share: the place of a shape's outline that is nearest, and the way along it. Pure. */
import { round2 } from "../util.js";
import { pointsOf } from "./geometry.js";
import { nearestOn, ringsOf } from "./vertices.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {{points: Point[], closed: boolean}} Ring
 *
 * @typedef {object} Place a place on an outline
 * @property {number} ring
 * @property {number} along the vertex before it, and in the fraction how far it lies on the edge after that
 * @property {Point} at
 * @property {number} distance from the point that was asked for
 */

/** The lines that a shape is drawn with. @param {Geometry} geometry @returns {Ring[]} */
export function outlinesOf(geometry) {
  if (geometry.type === "polygon" || geometry.type === "polyline") {
    const closed = geometry.type === "polygon";
    return ringsOf(geometry).map((ring) => ({ closed, points: ring.map(([, x, y]) => [x, y]) }));
  }
  return geometry.type === "box" || geometry.type === "rbox" ? [{ points: pointsOf(geometry), closed: true }] : [];
}

/**
 * The nearest place of an outline: a vertex within reach wins over any edge.
 * @param {Geometry} geometry @param {Point} point @param {number} reach pixels of the picture
 * @returns {Place | null}
 */
export function nearestPlace(geometry, point, reach) {
  /** @type {Place | null} */
  let corner = null;
  /** @type {Place | null} */
  let edge = null;
  outlinesOf(geometry).forEach(({ points, closed }, ring) => {
    points.forEach((vertex, i) => {
      const distance = Math.hypot(vertex[0] - point[0], vertex[1] - point[1]);
      if (distance <= (corner?.distance ?? reach)) corner = { ring, along: i, at: vertex, distance };
      if (!closed && i === points.length - 1) return;
      const near = nearestOn(point, vertex, points[(i + 1) % points.length]);
      if (near.distance > (edge?.distance ?? reach)) return;
      edge = { ring, along: i + near.along, at: [round2(near.at[0]), round2(near.at[1])], distance: near.distance };
    });
  });
  return corner ?? edge;
}

/** Whether a place is a vertex of its outline. @param {Place} place */
export function isCorner({ along }) {
  return Number.isInteger(along);
}

/**
 * The vertices between two places of one ring, in the order of the way from the first to the second.
 * @param {Ring} ring @param {number} from @param {number} to places as `along` says them
 * @param {boolean} [longer] the other way round; an open line has one way only
 * @returns {Point[]} without the two places themselves
 */
export function borderBetween({ points, closed }, from, to, longer = false) {
  const forth = verticesFrom(from, to, points.length);
  if (!closed) return (from <= to ? forth : verticesFrom(to, from, points.length).reverse()).map((i) => points[i]);
  const back = verticesFrom(to, from, points.length).reverse();
  const [start, end] = [placed(points, from), placed(points, to)];
  const ways = [forth, back].map((way) => way.map((i) => points[i]));
  const [a, b] = ways.map((way) => lengthOf([start, ...way, end]));
  return ways[a <= b === !longer ? 0 : 1];
}

/** The indexes of the vertices strictly between two places, going forward. @param {number} from @param {number} to @param {number} count */
function verticesFrom(from, to, count) {
  const end = to > from ? to : to + count;
  const found = [];
  for (let i = Math.floor(from) + 1; i < end; i++) found.push(i % count);
  return found;
}

/** @param {Point[]} points @param {number} along @returns {Point} */
function placed(points, along) {
  const [i, part] = [Math.floor(along), along % 1];
  const [[ax, ay], [bx, by]] = [points[i % points.length], points[(i + 1) % points.length]];
  return [ax + part * (bx - ax), ay + part * (by - ay)];
}

/** Whether two closed rings cross each other; touching is no crossing. @param {Point[]} a @param {Point[]} b */
export function ringsCross(a, b) {
  return a.some((from, i) => {
    const to = a[(i + 1) % a.length];
    return b.some((start, j) => segmentsCross(from, to, start, b[(j + 1) % b.length]));
  });
}

/** @param {Point} a @param {Point} b @param {Point} c @param {Point} d */
function segmentsCross(a, b, c, d) {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** On which side of the line from a to b a point lies. @param {Point} a @param {Point} b @param {Point} point */
function side([ax, ay], [bx, by], [x, y]) {
  return Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
}

/** @param {Point[]} line */
function lengthOf(line) {
  let sum = 0;
  for (let i = 1; i < line.length; i++) sum += Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]);
  return sum;
}
