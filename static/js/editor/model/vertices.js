/** Pure edits of outlines, vertex by vertex: vertices carry ids, so that two people's edits of one outline merge. */
import { clamp, round2 } from "../util.js";
import { ringsOf } from "./geometry.js";
import { withRing } from "./ops.js";

export { ringsOf };

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Vertex} Vertex
 * @typedef {string | number} VertexId
 */

export const FEWEST = { polygon: 3, polyline: 2 };
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 8;

/** An id for a new vertex: 36^8 of them, so that two people never make the same for one outline. @returns {string} */
export function freshVertex() {
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_LENGTH)), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

/** @param {Point[]} points @returns {Vertex[]} */
export function named(points) {
  return points.map(([x, y]) => [freshVertex(), round2(x), round2(y)]);
}

/** The vertices of a new shape: nobody has worked on them yet, so that short ids will do. @param {Point[]} points @returns {Vertex[]} */
export function numbered(points) {
  return points.map(([x, y], id) => [id, round2(x), round2(y)]);
}

/**
 * Some vertices put to new places; those that are gone meanwhile are left out.
 * @param {Geometry} geometry @param {Map<VertexId, Point>} places
 * @returns {Geometry}
 */
export function withMoved(geometry, places) {
  let result = geometry;
  ringsOf(geometry).forEach((ring, n) => {
    if (!ring.some(([id]) => places.has(id))) return;
    const moved = ring.map((vertex) => {
      const [x, y] = places.get(vertex[0]) ?? [vertex[1], vertex[2]];
      return /** @type {Vertex} */ ([vertex[0], round2(x), round2(y)]);
    });
    result = withRing(result, n, moved);
  });
  return result;
}

/** @param {Geometry} geometry @param {number} n the ring @param {VertexId} after @param {Vertex} vertex @returns {Geometry | null} null when `after` is gone */
export function withInserted(geometry, n, after, vertex) {
  const ring = ringsOf(geometry)[n] ?? [];
  const place = ring.findIndex(([id]) => id === after);
  if (place < 0) return null;
  return withRing(geometry, n, [...ring.slice(0, place + 1), vertex, ...ring.slice(place + 1)]);
}

/**
 * Without some vertices. A hole that would have too few goes as a whole.
 * @param {Geometry} geometry @param {Set<VertexId>} gone
 * @returns {Geometry | null} null when too few would be left of the outline itself
 */
export function withoutVertices(geometry, gone) {
  if (geometry.type !== "polygon" && geometry.type !== "polyline") return null;
  const rings = ringsOf(geometry).map((ring) => ring.filter(([id]) => !gone.has(id)));
  if (rings[0].length < FEWEST[geometry.type]) return null;
  if (geometry.type === "polyline") return { ...geometry, points: rings[0] };
  return { ...geometry, rings: rings.filter((ring) => ring.length >= FEWEST.polygon) };
}

/** Where a vertex is. @param {Geometry} geometry @param {VertexId} id @returns {{ring: number, index: number, at: Point} | null} */
export function findVertex(geometry, id) {
  const rings = ringsOf(geometry);
  for (let ring = 0; ring < rings.length; ring++) {
    const index = rings[ring].findIndex(([name]) => name === id);
    if (index >= 0) return { ring, index, at: [rings[ring][index][1], rings[ring][index][2]] };
  }
  return null;
}

/** The nearest point of a segment, and how far along it lies (0 to 1). @param {Point} point @param {Point} from @param {Point} to @returns {{at: Point, along: number, distance: number}} */
export function nearestOn([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  const at = /** @type {Point} */ ([ax + along * dx, ay + along * dy]);
  return { at, along, distance: Math.hypot(x - at[0], y - at[1]) };
}

/**
 * The edge of an outline that is nearest to a point.
 * @param {Geometry} geometry @param {Point} point
 * @returns {{ring: number, index: number, at: Point, distance: number} | null} the edge begins at the vertex `index`
 */
export function nearestEdge(geometry, point) {
  let best = /** @type {{ring: number, index: number, at: Point, distance: number} | null} */ (null);
  ringsOf(geometry).forEach((vertices, ring) => {
    const edges = geometry.type === "polygon" ? vertices.length : vertices.length - 1;
    for (let index = 0; index < edges; index++) {
      const [, ax, ay] = vertices[index];
      const [, bx, by] = vertices[(index + 1) % vertices.length];
      const { at, distance } = nearestOn(point, [ax, ay], [bx, by]);
      if (!best || distance < best.distance) best = { ring, index, at, distance };
    }
  });
  return best;
}

/**
 * A drawn line with fewer points, nowhere farther from it than `tolerance` (Ramer 1972, Douglas and Peucker 1973).
 * @param {Point[]} points @param {number} tolerance pixels
 * @returns {Point[]}
 */
export function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const keep = new Set([0, points.length - 1]);
  const parts = [[0, points.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [first, last] = part;
    let [far, most] = [0, tolerance];
    for (let i = first + 1; i < last; i++) {
      const { distance } = nearestOn(points[i], points[first], points[last]);
      if (distance > most) [far, most] = [i, distance];
    }
    if (!far) continue;
    keep.add(far);
    parts.push([first, far], [far, last]);
  }
  return points.filter((_, i) => keep.has(i));
}

/** An outline with fewer vertices, as others see it while it is dragged. @param {Geometry} geometry @param {number} most @returns {Geometry} */
export function thinned(geometry, most) {
  let result = geometry;
  ringsOf(geometry).forEach((ring, n) => {
    const step = Math.ceil(ring.length / most);
    if (step > 1) result = withRing(result, n, ring.filter((_, i) => i % step === 0));
  });
  return result;
}

/** A drawn line with at most so many points, as little rougher as that takes. @param {Point[]} points @param {number} most @param {number} tolerance pixels, to begin with @returns {Point[]} */
export function atMost(points, most, tolerance) {
  let result = points;
  for (let rough = tolerance; result.length > most; rough *= 1.5) result = simplified(points, rough);
  return result;
}

/** The point in the nearest direction of a whole number of steps from another. @param {Point} from @param {Point} to @param {number} [step] degrees @returns {Point} */
export function straightened([ax, ay], [bx, by], step = 45) {
  const turn = (step * Math.PI) / 180;
  const angle = Math.round(Math.atan2(by - ay, bx - ax) / turn) * turn;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const along = (bx - ax) * cos + (by - ay) * sin;
  return [ax + along * cos, ay + along * sin];
}
