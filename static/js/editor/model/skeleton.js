/** Skeletons of keypoints: where their points lie in a box around them, before anybody has moved them. Pure. */
import { round2 } from "../util.js";
import { boundsOf } from "./geometry.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Box} Box
 * @typedef {import("../types.js").Keypoints} Keypoints
 */

/** A person who stands and looks at us, by the names of COCO's keypoints; their left is on our right. */
const PERSON = /** @type {Record<string, Point>} */ ({
  nose: [0.5, 0.09], left_eye: [0.55, 0.06], right_eye: [0.45, 0.06], left_ear: [0.61, 0.08], right_ear: [0.39, 0.08],
  left_shoulder: [0.72, 0.21], right_shoulder: [0.28, 0.21], left_elbow: [0.86, 0.36], right_elbow: [0.14, 0.36],
  left_wrist: [0.92, 0.5], right_wrist: [0.08, 0.5], left_hip: [0.64, 0.53], right_hip: [0.36, 0.53],
  left_knee: [0.66, 0.75], right_knee: [0.34, 0.75], left_ankle: [0.67, 0.96], right_ankle: [0.33, 0.96],
});

/**
 * Where the points lie in a box of width and height 1: as in the shape drawn last, as people stand, or on an oval.
 * @param {string[]} names @param {Keypoints | null} like a shape of the same label
 * @returns {Point[]}
 */
export function templateOf(names, like) {
  const bounds = like?.points.length === names.length ? boundsOf(like) : null;
  if (like && bounds) {
    const [w, h] = [bounds.maxX - bounds.minX || 1, bounds.maxY - bounds.minY || 1];
    return like.points.map(([x, y, visible]) => (visible ? [(x - bounds.minX) / w, (y - bounds.minY) / h] : [0.5, 0.5]));
  }
  const known = names.map((name) => PERSON[name.trim().toLowerCase().replace(/[\s-]+/g, "_")]);
  return known.every(Boolean) ? known : names.map((_, i) => onOval(i, names.length));
}

/** Clockwise from the top. @param {number} i @param {number} count @returns {Point} */
function onOval(i, count) {
  const turn = (2 * Math.PI * i) / count - Math.PI / 2;
  return [0.5 + Math.cos(turn) / 2, 0.5 + Math.sin(turn) / 2];
}

/** All points, visible, as the template lies in a box. @param {Point[]} template @param {Box} box @returns {Keypoints} */
export function placedIn(template, { x, y, w, h }) {
  return { type: "keypoints", points: template.map(([u, v]) => [round2(x + u * w), round2(y + v * h), 2]) };
}
