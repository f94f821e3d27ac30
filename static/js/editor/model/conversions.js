/** One kind of shape made another: polygon, mask, box, rotated box. Pure. */
import { boundsOf, pointsOf } from "./geometry.js";
import { bitsOf, isRegion, polygonsOf, regionsOf } from "./regions.js";
import { round2, uuid7 } from "../util.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("./regions.js").Shape} Shape
 * @typedef {import("./regions.js").Plan} Plan
 * @typedef {import("./regions.js").Size} Size
 * @typedef {"polygon" | "mask" | "box" | "rbox"} Kind
 */

/** Parts of a mask below this many pixels are specks; the largest part is always taken. */
const SPECK = 4;

/**
 * The shapes as another kind, under the same ids. A mask of several parts becomes one polygon for each: the largest
 * keeps the id, all of them are one group.
 * @param {Shape[]} shapes @param {Kind} kind @param {Size} size @returns {Plan}
 */
export function convert(shapes, kind, size) {
  /** @type {Required<Omit<Plan, "refusal">>} */
  const plan = { update: [], create: [], remove: [] };
  for (const { annotation, geometry } of shapes) {
    if (geometry.type === kind || (annotation.keyframes && annotation.geometry.type !== kind)) continue;
    const [first, ...more] = made(geometry, kind, size);
    if (!first) continue;
    const group = more.length && !annotation.group ? { group: uuid7() } : {};
    plan.update.push([annotation, first, group]);
    plan.create.push(...more.map((each) => /** @type {[typeof annotation, Geometry]} */ ([{ ...annotation, ...group }, each])));
  }
  if (plan.update.length) return plan;
  const tracks = shapes.some(({ annotation }) => annotation.keyframes);
  return { refusal: tracks ? "A track keeps its kind: split it first." : "Nothing of the selection can be made one." };
}

/** @param {Geometry} geometry @param {Kind} kind @param {Size} size @returns {Geometry[]} */
function made(geometry, kind, size) {
  if (kind === "box") return boxOf(geometry, size);
  if (kind === "rbox") return smallestBox(outlineOf(geometry));
  if (kind === "mask") {
    const mask = isRegion(geometry) ? bitsOf(geometry, size).toMask() : null;
    return mask ? [mask] : [];
  }
  if (geometry.type === "polyline") return geometry.points.length > 2 ? [{ type: "polygon", rings: [geometry.points] }] : [];
  if (!isRegion(geometry)) return [];
  const [largest, ...more] = polygonsOf(regionsOf(geometry));
  return largest ? [largest, ...more.filter((each) => Number(boundsArea(each)) >= SPECK)] : [];
}

/** @param {Geometry} geometry */
function boundsArea(geometry) {
  const around = boundsOf(geometry);
  return around && (around.maxX - around.minX) * (around.maxY - around.minY);
}

/** @param {Geometry} geometry @param {Size} size @returns {Geometry[]} */
function boxOf(geometry, { width, height }) {
  const around = boundsOf(geometry);
  if (!around) return [];
  const [x, y] = [Math.max(0, around.minX), Math.max(0, around.minY)];
  const [w, h] = [Math.min(width, around.maxX) - x, Math.min(height, around.maxY) - y];
  return w > 0 && h > 0 ? [{ type: "box", x: round2(x), y: round2(y), w: round2(w), h: round2(h) }] : [];
}

/** @param {Geometry} geometry @returns {Point[]} */
function outlineOf(geometry) {
  return geometry.type === "mask" ? regionsOf(geometry).flatMap(([outer]) => outer) : pointsOf(geometry);
}

/**
 * The rectangle of least area around some points: one of its sides lies along a side of their hull (Freeman and
 * Shapira, 1975). Its longer side is its width, and its angle lies in [0, 180).
 * @param {Point[]} points @returns {Geometry[]} nothing for points on one line
 */
export function smallestBox(points) {
  const hull = hullOf(points);
  /** @type {{area: number, box: import("../types.js").RotatedBox} | null} */
  let best = null;
  for (let i = 0; i < hull.length; i++) {
    const [[ax, ay], [bx, by]] = [hull[i], hull[(i + 1) % hull.length]];
    const box = boxAlong(hull, Math.atan2(by - ay, bx - ax));
    const area = box.w * box.h;
    if (area > 0 && (!best || area < best.area - 1e-9)) best = { area, box };
  }
  return best ? [best.box] : [];
}

/** @param {Point[]} hull @param {number} turn radians @returns {import("../types.js").RotatedBox} */
function boxAlong(hull, turn) {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [along, across] = [hull.map(([x, y]) => x * cos + y * sin), hull.map(([x, y]) => y * cos - x * sin)];
  const [left, right, top, bottom] = [Math.min(...along), Math.max(...along), Math.min(...across), Math.max(...across)];
  const [middle, level] = [(left + right) / 2, (top + bottom) / 2];
  const [w, h] = [right - left, bottom - top];
  const angle = (turn * 180) / Math.PI + (w < h ? 90 : 0);
  const turned = round2(((angle % 180) + 180) % 180) % 180;
  return { type: "rbox", cx: round2(middle * cos - level * sin), cy: round2(middle * sin + level * cos), w: round2(Math.max(w, h)), h: round2(Math.min(w, h)), angle: turned };
}

/** The convex hull (Andrew's monotone chain, 1979). @param {Point[]} points @returns {Point[]} */
function hullOf(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (/** @type {Point[]} */ line) => {
    /** @type {Point[]} */
    const chain = [];
    for (const point of line) {
      while (chain.length > 1 && !turnsLeft(chain[chain.length - 2], chain[chain.length - 1], point)) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

/** @param {Point} a @param {Point} b @param {Point} c */
function turnsLeft([ax, ay], [bx, by], [cx, cy]) {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0;
}
