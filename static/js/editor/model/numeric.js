/** The geometry of a shape as numbers that people read and type. Pure; pixels of the upright picture, degrees clockwise. */
import { clamp, round2 } from "../util.js";
import { boundsOf, boxBetween, moved } from "./geometry.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Bounds} Bounds
 */

/**
 * A box and whatever has no simpler numbers: its bounds. A rotated box: middle, size and angle. A tag has none.
 * @param {Geometry} geometry @returns {Record<string, number>}
 */
export function numbersOf(geometry) {
  if (geometry.type === "rbox") {
    const { cx, cy, w, h, angle } = geometry;
    return { cx, cy, w, h, angle };
  }
  const bounds = boundsOf(geometry);
  if (!bounds) return {};
  const { minX, minY, maxX, maxY } = bounds;
  return { x: round2(minX), y: round2(minY), w: round2(maxX - minX), h: round2(maxY - minY) };
}

/** Why a number of a shape cannot be typed; empty when it can. @param {Geometry} geometry @param {string} name */
export function fixed(geometry, name) {
  if (geometry.type === "mask") return "A mask is painted, not typed.";
  const size = { w: "width", h: "height" }[name];
  if (!size || geometry.type === "box" || geometry.type === "rbox") return "";
  return numbersOf(geometry)[name] > 0 ? "" : `It has no ${size} that could be stretched.`;
}

/**
 * The shape with one number changed, within the picture and at least a pixel wide and high.
 * @param {Geometry} geometry @param {string} name @param {number} value @param {number} width of the picture @param {number} height
 * @returns {Geometry}
 */
export function withNumber(geometry, name, value, width, height) {
  if (!Number.isFinite(value) || fixed(geometry, name)) return geometry;
  if (geometry.type === "rbox") return rotated(geometry, name, value, width, height);
  const numbers = numbersOf(geometry);
  if (!(name in numbers)) return geometry;
  if (name === "x") return moved(geometry, value - numbers.x, 0, width, height);
  if (name === "y") return moved(geometry, 0, value - numbers.y, width, height);
  const { x, y } = numbers;
  const [w, h] = [name === "w" ? Math.max(1, value) : numbers.w, name === "h" ? Math.max(1, value) : numbers.h];
  if (geometry.type === "box") return boxBetween([x, y], [x + w, y + h], width, height);
  return stretched(geometry, Math.min(w, width - x) / (numbers.w || 1), Math.min(h, height - y) / (numbers.h || 1), [x, y]);
}

/** @param {import("../types.js").RotatedBox} box @param {string} name @param {number} value @param {number} width @param {number} height */
function rotated(box, name, value, width, height) {
  if (name === "angle") return { ...box, angle: round2(((value % 360) + 360) % 360) };
  if (name === "w" || name === "h") return { ...box, [name]: round2(clamp(value, 1, Math.hypot(width, height))) };
  if (name === "cx") return { ...box, cx: round2(clamp(value, 0, width)) };
  return name === "cy" ? { ...box, cy: round2(clamp(value, 0, height)) } : box;
}

/** @param {Geometry} geometry @param {number} byX @param {number} byY @param {[number, number]} from what stays where it is @returns {Geometry} */
function stretched(geometry, byX, byY, [x0, y0]) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => [round2(x0 + (x - x0) * byX), round2(y0 + (y - y0) * byY)];
  /** @type {(v: import("../types.js").Vertex) => import("../types.js").Vertex} */
  const vertex = ([id, x, y]) => /** @type {any} */ ([id, ...at(x, y)]);
  if (geometry.type === "polygon") return { ...geometry, rings: geometry.rings.map((ring) => ring.map(vertex)) };
  if (geometry.type === "polyline") return { ...geometry, points: geometry.points.map(vertex) };
  if (geometry.type === "keypoints") return { ...geometry, points: geometry.points.map(([x, y, v]) => /** @type {any} */ ([...at(x, y), v])) };
  return geometry;
}
