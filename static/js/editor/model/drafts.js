/** The ops that make a shape what a hand has made of it. Pure. */
import { geometryOn } from "./geometry.js";
import { keyframeOp } from "./tracks.js";
import { vertexOps } from "./vertex_ops.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Op} Op
 */

/**
 * A track gets a keyframe. Of an outline only the vertices that were moved are sent, so that others' vertices stay as
 * they put them; a whole outline names the revision that it replaces, and must not replace a later one.
 * @param {Annotation} now the shape as it is
 * @param {Geometry} geometry what it was made
 * @param {object} facts
 * @param {number | null} facts.frame
 * @param {boolean} facts.pending whether unconfirmed work touches it: that has no revision yet
 * @param {Annotation} [facts.base] the shape that the hand began with
 * @returns {Op[]}
 */
export function geometryOps(now, geometry, { frame, pending, base = now }) {
  const { id } = now;
  if (now.keyframes && frame !== null) return [keyframeOp(now, frame, { geometry })];
  const untouched = JSON.stringify(base.geometry) === JSON.stringify(now.geometry);
  const rev = pending || (geometry.type !== "polygon" && geometry.type !== "polyline") ? {} : { geom_rev: (untouched ? now : base).geom_rev };
  const single = vertexOps(base.geometry, geometry);
  if (single) return single.map((op) => ({ ...op, op: "vertex", id, ...rev }));
  return [{ op: "update", id, set: { geometry }, ...rev }];
}

/**
 * What some shapes look like on a frame, by id; those without a place there are left out.
 * @param {Annotation[]} annotations @param {number | null} frame @param {Map<string, Geometry>} drafts
 * @returns {Map<string, Geometry>}
 */
export function geometriesOf(annotations, frame, drafts = new Map()) {
  const found = new Map();
  for (const annotation of annotations) {
    const geometry = drafts.get(annotation.id) ?? geometryOn(annotation, frame);
    if (geometry && geometry.type !== "tag") found.set(annotation.id, geometry);
  }
  return found;
}
