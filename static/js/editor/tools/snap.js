/** Snapping to the outlines of neighbours, as far as the hand's reach on the screen. */
import { isCorner, nearestPlace } from "../model/borders.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("./select.js").Press} Press
 * @typedef {import("../model/borders.js").Place & {id: string, geometry: import("../types.js").Geometry}} Snap
 */

const REACH = 12;

/**
 * The place of a neighbour's outline that is nearest, vertices before edges; null when none is in reach.
 * @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer
 * @param {Press} press @param {string} [skip] a shape that is no neighbour
 * @returns {Snap | null}
 */
export function snapAt(editor, renderer, press, skip) {
  if (!editor.snapping) return null;
  const reach = (press.touch ? 2 * REACH : REACH) / editor.view.scale;
  /** @type {Snap | null} */
  let best = null;
  for (const { id, geometry } of renderer.near(press.picture, reach)) {
    const place = id === skip ? null : nearestPlace(geometry, press.picture, reach);
    if (place && (!best || rank(place) < rank(best))) best = { ...place, id, geometry };
  }
  return best;

  /** @param {import("../model/borders.js").Place} place */
  function rank(place) {
    return place.distance + (isCorner(place) ? 0 : reach);
  }
}
