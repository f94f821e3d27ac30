/** Snapping to the outlines of neighbours, as far as the hand's reach on the screen. */
import { isCorner, nearestPlace } from "../model/borders.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("./select.js").Press} Press
 * @typedef {import("../model/borders.js").Place & {id: string, geometry: import("../types.js").Geometry}} Touch
 * @typedef {Touch & {all: Touch[]}} Snap with the same point on each neighbour that has it
 */

const REACH = 12;
/** Nearer, in pixels of the picture, two neighbours' points are one. */
const SAME = 0.05;

/**
 * The place of a neighbour's outline that is nearest, vertices before edges; null when none is in reach.
 * @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer
 * @param {Press} press @param {string} [skip] a shape that is no neighbour
 * @returns {Snap | null}
 */
export function snapAt(editor, renderer, press, skip) {
  if (!editor.snapping) return null;
  const reach = (press.touch ? 2 * REACH : REACH) / editor.view.scale;
  /** @type {Touch[]} */
  const found = [];
  for (const { id, geometry } of renderer.near(press.picture, reach)) {
    const place = id === skip ? null : nearestPlace(geometry, press.picture, reach);
    if (place) found.push({ ...place, id, geometry });
  }
  if (!found.length) return null;
  const rank = (/** @type {Touch} */ place) => place.distance + (isCorner(place) ? 0 : reach);
  const best = found.reduce((a, b) => (rank(b) < rank(a) ? b : a));
  return { ...best, all: found.filter(({ at }) => Math.hypot(at[0] - best.at[0], at[1] - best.at[1]) < SAME) };
}
