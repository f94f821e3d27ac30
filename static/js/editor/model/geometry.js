/** Pure geometry of shapes, in pixels of the upright picture. */
import { clamp, round2 } from "../util.js";
import { stateOn } from "./interpolation.js";
import { decodeMask, maskHolds, movedMask } from "./mask.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Bounds} Bounds
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Box} Box
 */

/**
 * The smallest upright rectangle around a shape; null for shapes without a place (tags, empty masks).
 * @param {Geometry} geometry
 * @returns {Bounds | null}
 */
export function boundsOf(geometry) {
  if (geometry.type === "box") {
    return { minX: geometry.x, minY: geometry.y, maxX: geometry.x + geometry.w, maxY: geometry.y + geometry.h };
  }
  if (geometry.type === "mask") return decodeMask(geometry).bounds;
  const points = pointsOf(geometry);
  if (!points.length) return null;
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (const [x, y] of points) {
    bounds.minX = Math.min(bounds.minX, x);
    bounds.minY = Math.min(bounds.minY, y);
    bounds.maxX = Math.max(bounds.maxX, x);
    bounds.maxY = Math.max(bounds.maxY, y);
  }
  return bounds;
}

/**
 * The points that a shape is drawn through; of a polygon, those of its first ring.
 * @param {Geometry} geometry
 * @returns {Point[]}
 */
export function pointsOf(geometry) {
  switch (geometry.type) {
    case "box":
      return corners(geometry.x + geometry.w / 2, geometry.y + geometry.h / 2, geometry.w, geometry.h, 0);
    case "rbox":
      return corners(geometry.cx, geometry.cy, geometry.w, geometry.h, geometry.angle);
    case "polygon":
      return (geometry.rings[0] ?? []).map(([, x, y]) => [x, y]);
    case "polyline":
      return geometry.points.map(([, x, y]) => [x, y]);
    case "keypoints":
      return geometry.points.filter(([, , visible]) => visible > 0).map(([x, y]) => [x, y]);
    default:
      return [];
  }
}

/**
 * @param {number} cx @param {number} cy @param {number} w @param {number} h @param {number} angle degrees, clockwise
 * @returns {Point[]}
 */
function corners(cx, cy, w, h, angle) {
  const turn = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [[-w, -h], [w, -h], [w, h], [-w, h]].map(([dx, dy]) => [
    cx + (dx * cos - dy * sin) / 2,
    cy + (dx * sin + dy * cos) / 2,
  ]);
}

/** The rings of vertices of a shape; none for shapes without. @param {Geometry} geometry @returns {import("../types.js").Vertex[][]} */
export function ringsOf(geometry) {
  if (geometry.type === "polygon") return geometry.rings;
  return geometry.type === "polyline" ? [geometry.points] : [];
}

/** @param {Geometry} geometry @returns {number} square pixels; 0 for lines and points */
export function areaOf(geometry) {
  if (geometry.type === "box" || geometry.type === "rbox") return geometry.w * geometry.h;
  if (geometry.type === "mask") return decodeMask(geometry).area;
  if (geometry.type !== "polygon") return 0;
  const points = pointsOf(geometry);
  let twice = 0;
  points.forEach(([x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/** @param {Extract<Geometry, {type: "keypoints"}>} geometry @param {Point} at @param {number} slack @param {[number, number][]} edges */
function onBone({ points }, at, slack, edges) {
  const drawn = (/** @type {number} */ n) => points[n]?.[2] > 0;
  return edges.some(([from, to]) => drawn(from) && drawn(to) && distanceToSegment(at, [points[from][0], points[from][1]], [points[to][0], points[to][1]]) <= slack);
}

/**
 * Whether a point lies on or in a shape.
 * @param {Geometry} geometry @param {Point} point @param {number} slack pixels around lines and points
 * @param {[number, number][]} [edges] of a skeleton: which keypoints are joined by a bone
 */
export function contains(geometry, [x, y], slack, edges = []) {
  if (geometry.type === "tag") return false;
  if (geometry.type === "mask") return maskHolds(geometry, x, y);
  const points = pointsOf(geometry);
  if (geometry.type === "keypoints") return points.some(([px, py]) => Math.hypot(px - x, py - y) <= slack * 2) || onBone(geometry, [x, y], slack, edges);
  if (geometry.type !== "polyline" && inRing(points, x, y)) return true;
  const last = geometry.type === "polyline" ? points.length - 1 : points.length;
  for (let i = 0; i < last; i++) {
    if (distanceToSegment([x, y], points[i], points[(i + 1) % points.length]) <= slack) return true;
  }
  return false;
}

/** @param {Point[]} ring @param {number} x @param {number} y */
export function inRing(ring, x, y) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** @param {Point} point @param {Point} from @param {Point} to */
export function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * The shape moved by (dx, dy), kept inside the picture as a whole.
 * @param {Geometry} geometry @param {number} dx @param {number} dy @param {number} width @param {number} height
 * @returns {Geometry}
 */
export function moved(geometry, dx, dy, width, height) {
  const bounds = boundsOf(geometry);
  if (!bounds) return geometry;
  const right = round2(clamp(dx, Math.min(0, -bounds.minX), Math.max(0, width - bounds.maxX)));
  const down = round2(clamp(dy, Math.min(0, -bounds.minY), Math.max(0, height - bounds.maxY)));
  switch (geometry.type) {
    case "box":
      return { ...geometry, x: round2(geometry.x + right), y: round2(geometry.y + down) };
    case "rbox":
      return { ...geometry, cx: round2(geometry.cx + right), cy: round2(geometry.cy + down) };
    case "polygon":
      return { ...geometry, rings: geometry.rings.map((ring) => ring.map((v) => shifted(v, right, down))) };
    case "polyline":
      return { ...geometry, points: geometry.points.map((v) => shifted(v, right, down)) };
    case "keypoints":
      // A point that was never placed stays nowhere.
      return { ...geometry, points: geometry.points.map(([x, y, v]) => (x || y || v ? [round2(x + right), round2(y + down), v] : [x, y, v])) };
    case "mask":
      return movedMask(geometry, right, down);
    default:
      return geometry;
  }
}

/**
 * Some shapes moved by the same way, kept inside the picture as one, so that they stay as they lie to each other.
 * @param {Map<string, Geometry>} shapes by id @param {number} dx @param {number} dy @param {number} width @param {number} height
 * @returns {Map<string, Geometry>}
 */
export function movedTogether(shapes, dx, dy, width, height) {
  const all = [...shapes.values()].flatMap((geometry) => boundsOf(geometry) ?? []);
  if (!all.length) return new Map();
  const { minX, minY, maxX, maxY } = all.reduce(union);
  const right = clamp(dx, Math.min(0, -minX), Math.max(0, width - maxX));
  const down = clamp(dy, Math.min(0, -minY), Math.max(0, height - maxY));
  return new Map([...shapes].map(([id, geometry]) => [id, moved(geometry, right, down, width, height)]));
}

/** @param {import("../types.js").Vertex} vertex @param {number} dx @param {number} dy @returns {import("../types.js").Vertex} */
function shifted([id, x, y], dx, dy) {
  return [id, round2(x + dx), round2(y + dy)];
}

/** The eight handles of a box, as directions from its middle: -1, 0 or 1 on each axis. */
export const HANDLES = /** @type {const} */ ([
  ["nw", -1, -1], ["n", 0, -1], ["ne", 1, -1], ["e", 1, 0], ["se", 1, 1], ["s", 0, 1], ["sw", -1, 1], ["w", -1, 0],
]);

/**
 * The box with one handle dragged by (dx, dy): pulled through its opposite side it turns over, it stays in the
 * picture, and it is never thinner than a pixel.
 * @param {Box} box @param {string} handle @param {number} dx @param {number} dy @param {number} width @param {number} height
 * @returns {Box}
 */
export function resized(box, handle, dx, dy, width, height) {
  const left = box.x + (handle.includes("w") ? dx : 0);
  const right = box.x + box.w + (handle.includes("e") ? dx : 0);
  const top = box.y + (handle.includes("n") ? dy : 0);
  const bottom = box.y + box.h + (handle.includes("s") ? dy : 0);
  return boxBetween([left, top], [right, bottom], width, height);
}

/**
 * The box that two opposite corners span, inside the picture and at least a pixel wide and high.
 * @param {Point} a @param {Point} b @param {number} width @param {number} height
 * @returns {Box}
 */
export function boxBetween([ax, ay], [bx, by], width, height) {
  const [x0, x1] = span(clamp(ax, 0, width), clamp(bx, 0, width), width);
  const [y0, y1] = span(clamp(ay, 0, height), clamp(by, 0, height), height);
  return { type: "box", x: round2(x0), y: round2(y0), w: round2(x1 - x0), h: round2(y1 - y0) };
}

/** The box around some points, within the picture. @param {Point[]} points @param {number} width @param {number} height */
export function boxAround(points, width, height) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return boxBetween([Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)], width, height);
}

/** @param {number} a @param {number} b @param {number} limit @returns {[number, number]} */
function span(a, b, limit) {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  if (high - low >= 1) return [low, high];
  return low + 1 <= limit ? [low, low + 1] : [Math.max(0, limit - 1), limit];
}

/** @param {Bounds} a @param {Bounds} b */
export function overlap(a, b) {
  return a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY;
}

/** @param {Bounds} a @param {Bounds} b @returns {Bounds} */
export function union(a, b) {
  return {
    minX: Math.min(a.minX, b.minX),
    minY: Math.min(a.minY, b.minY),
    maxX: Math.max(a.maxX, b.maxX),
    maxY: Math.max(a.maxY, b.maxY),
  };
}

/**
 * What a shape looks like on a frame: a track between its keyframes, a single shape only on its own frame.
 * @param {import("../types.js").Annotation} annotation @param {number | null} frame
 * @returns {Geometry | null}
 */
export function geometryOn(annotation, frame) {
  return stateOn(annotation, frame)?.geometry ?? null;
}
