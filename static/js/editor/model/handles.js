/** What of a selected shape can be taken hold of, and what dragging it makes of the shape. Pure. */
import { round2 } from "../util.js";
import { HANDLES, resized } from "./geometry.js";
import { ringsOf } from "./vertices.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").RotatedBox} RotatedBox
 *
 * @typedef {object} Handle
 * @property {"side" | "corner" | "knob" | "vertex" | "point"} kind
 * @property {string} name a direction ("nw"), or "turn"; empty for vertices and points
 * @property {string | number} key a vertex's id, or a keypoint's place in the skeleton
 * @property {Point} at
 * @property {number} ring of a vertex
 * @property {number} index of a vertex in its ring; of a keypoint, its visibility
 * @property {Point} [foot] where the knob's stem begins
 */

/** How far the knob stands off the upper side, in pixels of the screen. */
const KNOB = 26;
const THINNEST = 1;
const DIRECTIONS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];

/** @param {Geometry} geometry @param {number} scale screen pixels a picture pixel @returns {Handle[]} */
export function handlesOf(geometry, scale) {
  switch (geometry.type) {
    case "box":
      return HANDLES.map(([name, dx, dy]) => sideHandle(name, [geometry.x + ((1 + dx) * geometry.w) / 2, geometry.y + ((1 + dy) * geometry.h) / 2]));
    case "rbox":
      return rotatedHandles(geometry, scale);
    case "polygon":
    case "polyline":
      return ringsOf(geometry).flatMap((ring, n) =>
        ring.map(([key, x, y], index) => ({ kind: /** @type {const} */ ("vertex"), name: "", key, at: /** @type {Point} */ ([x, y]), ring: n, index })));
    case "keypoints":
      return geometry.points.map(([x, y, visible], key) => ({ kind: "point", name: "", key, at: [x, y], ring: 0, index: visible }));
    default:
      return [];
  }
}

/** @param {string} name @param {Point} at @returns {Handle} */
function sideHandle(name, at) {
  return { kind: name.length > 1 ? "corner" : "side", name, key: name, at, ring: 0, index: 0 };
}

/** @param {RotatedBox} box @param {number} scale @returns {Handle[]} */
function rotatedHandles(box, scale) {
  const sides = HANDLES.map(([name, dx, dy]) => sideHandle(name, outOf(box, (dx * box.w) / 2, (dy * box.h) / 2)));
  return [...sides, { ...sideHandle("turn", outOf(box, 0, -box.h / 2 - KNOB / scale)), kind: "knob", foot: outOf(box, 0, -box.h / 2) }];
}

/** A point in the box's own axes, from its middle, as a point of the picture. @param {RotatedBox} box @param {number} u @param {number} v @returns {Point} */
function outOf({ cx, cy, angle }, u, v) {
  const turn = (angle * Math.PI) / 180;
  return [cx + u * Math.cos(turn) - v * Math.sin(turn), cy + u * Math.sin(turn) + v * Math.cos(turn)];
}

/**
 * A rotated box with a side or corner dragged by (dx, dy): in its own axes, the opposite side stays.
 * @param {RotatedBox} box @param {string} handle @param {number} dx @param {number} dy
 * @returns {RotatedBox}
 */
export function resizedRotated(box, handle, dx, dy) {
  const turn = (box.angle * Math.PI) / 180;
  const u = dx * Math.cos(turn) + dy * Math.sin(turn);
  const v = dy * Math.cos(turn) - dx * Math.sin(turn);
  const [left, right] = pulled(box.w, handle.includes("w") ? u : 0, handle.includes("e") ? u : 0, handle.includes("w"));
  const [top, bottom] = pulled(box.h, handle.includes("n") ? v : 0, handle.includes("s") ? v : 0, handle.includes("n"));
  const [cx, cy] = outOf(box, (left + right) / 2, (top + bottom) / 2);
  return { ...box, cx: round2(cx), cy: round2(cy), w: round2(right - left), h: round2(bottom - top) };
}

/** @param {number} size @param {number} low @param {number} high how far each end is pulled @param {boolean} lowMoves @returns {[number, number]} from the middle */
function pulled(size, low, high, lowMoves) {
  const [a, b] = [-size / 2 + low, size / 2 + high];
  const [from, to] = a < b ? [a, b] : [b, a];
  if (to - from >= THINNEST) return [from, to];
  return lowMoves ? [size / 2 - THINNEST, size / 2] : [-size / 2, THINNEST - size / 2];
}

/** The box turned so that its knob points at `to`. @param {RotatedBox} box @param {Point} to @param {number} [step] degrees to snap to; 0 for none @returns {RotatedBox} */
export function turned(box, [x, y], step = 0) {
  const degrees = (Math.atan2(y - box.cy, x - box.cx) * 180) / Math.PI + 90;
  return { ...box, angle: upright(step ? Math.round(degrees / step) * step : degrees) };
}

/** In [0, 360), to a hundredth. @param {number} degrees */
function upright(degrees) {
  return round2((((degrees % 360) + 360) % 360)) % 360;
}

/**
 * The rotated box with one side from `a` to `b`, as wide as `c` lies off that side. Its angle is the side's direction.
 * @param {Point} a @param {Point} b @param {Point} c
 * @returns {RotatedBox | null} null for a side without length
 */
export function rotatedFrom([ax, ay], [bx, by], [px, py]) {
  const w = Math.hypot(bx - ax, by - ay);
  if (w < THINNEST) return null;
  const [ux, uy] = [(bx - ax) / w, (by - ay) / w];
  const off = (px - ax) * -uy + (py - ay) * ux;
  const h = Math.sign(off || 1) * Math.max(THINNEST, Math.abs(off));
  const [cx, cy] = [(ax + bx) / 2 - (uy * h) / 2, (ay + by) / 2 + (ux * h) / 2];
  const angle = upright((Math.atan2(uy, ux) * 180) / Math.PI);
  return { type: "rbox", cx: round2(cx), cy: round2(cy), w: round2(w), h: round2(Math.abs(h)), angle };
}

/**
 * A shape made larger by its right and lower side, as the arrow keys do it.
 * @param {Geometry} geometry @param {number} dx @param {number} dy @param {number} width @param {number} height
 * @returns {Geometry | null} null for shapes without sides
 */
export function stretched(geometry, dx, dy, width, height) {
  if (geometry.type === "box") return resized(geometry, "se", dx, dy, width, height);
  if (geometry.type !== "rbox") return null;
  const turn = (geometry.angle * Math.PI) / 180;
  const [right, down] = [dx * Math.cos(turn) - dy * Math.sin(turn), dx * Math.sin(turn) + dy * Math.cos(turn)];
  return resizedRotated(geometry, "se", right, down);
}

/**
 * The shapes that have sides, made larger together by whole pixels.
 * @param {Map<string, Geometry>} shapes by id @param {number} dx @param {number} dy @param {{width: number, height: number}} picture
 * @returns {Map<string, Geometry>}
 */
export function stretchedAll(shapes, dx, dy, { width, height }) {
  const next = new Map();
  for (const [id, geometry] of shapes) {
    const larger = stretched(geometry, dx, dy, width, height);
    if (larger) next.set(id, larger);
  }
  return next;
}

/** The CSS cursor over a handle. @param {Handle} handle @param {Geometry} geometry */
export function cursorOf({ kind, name }, geometry) {
  if (kind === "knob") return "grab";
  if (kind === "vertex" || kind === "point") return "move";
  if (geometry.type !== "rbox") return `${name}-resize`;
  const at = DIRECTIONS.indexOf(name) + Math.round(geometry.angle / 45);
  return `${DIRECTIONS[at % 8]}-resize`;
}

/** Whether a keypoint was never placed: it lies nowhere, so it is neither drawn nor held. @param {Handle} handle */
export function isNowhere({ kind, index, at }) {
  return kind === "point" && index === 0 && at[0] === 0 && at[1] === 0;
}

const VISIBILITY = ["not labelled", "hidden", "visible"];

/** @param {number} visible 0, 1 or 2 */
export function visibilityText(visible) {
  return VISIBILITY[visible];
}

/** A keypoint's next visibility: visible, hidden, not labelled. @param {number} visible */
export function nextVisibility(visible) {
  return visible === 0 ? 2 : visible - 1;
}
