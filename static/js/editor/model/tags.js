/** What is said of a picture, a frame or a video as a whole. Pure. */
import { uuid7 } from "../util.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Op} Op
 */

/** The tags that count here: those of the frame, and on a video those of all of it. @param {import("./store.js").Store} store @param {number | null} frame @returns {Annotation[]} */
export function tagsOn(store, frame) {
  const here = store.onFrame(frame).filter(isTag);
  return frame === null ? here : [...store.onFrame(null).filter(isTag), ...here];
}

/** A tag with keyframes is a track's. @param {Annotation} annotation */
function isTag({ geometry, keyframes }) {
  return geometry.type === "tag" && !keyframes;
}

/**
 * What sets or takes away a tag. A model's is accepted first.
 * @param {Annotation[]} tags those at `place` @param {string} label its id
 * @param {{place: number | null, single: boolean, attributes?: Record<string, unknown>}} how `place`: the frame, or null for all of it; `single`: one tag takes the place of another
 * @returns {{ops: Op[], on: boolean}}
 */
export function toggled(tags, label, { place, single, attributes }) {
  const mine = tags.filter((tag) => tag.label === label);
  const others = single ? tags.filter((tag) => tag.label !== label) : [];
  if (mine.some(({ source }) => source === "model")) {
    return { ops: [...mine.map(({ id }) => ({ op: "update", id, set: { source: "human" } })), ...gone(others)], on: true };
  }
  if (mine.length) return { ops: gone(mine), on: false };
  const [first, ...more] = others;
  if (first) return { ops: [{ op: "update", id: first.id, set: { label } }, ...gone(more)], on: true };
  const where = place === null ? {} : { frame: place };
  const said = attributes && Object.keys(attributes).length ? { attributes } : {};
  return { ops: [{ op: "create", id: uuid7(), label, geometry: { type: "tag" }, ...where, ...said }], on: true };
}

/** @param {Annotation[]} tags @returns {Op[]} */
function gone(tags) {
  return tags.map(({ id }) => ({ op: "delete", id }));
}
