/** The ops that make a shape what a hand has made of it. Pure. */
import { geometryOn, ringsOf } from "./geometry.js";
import { keyframeOp } from "./tracks.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Op} Op
 * @typedef {import("../types.js").Vertex} Vertex
 */

/** One op each for more vertices than this says less than the whole outline does. */
const MOST_OPS = 40;

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

/**
 * The ops of single vertices that make one outline of another.
 * @param {Geometry} before @param {Geometry} after
 * @returns {Omit<Op, "id">[] | null} none when they are alike; null when the outline is better replaced as a whole
 */
export function vertexOps(before, after) {
  if (before.type !== after.type) return null;
  const [old, rings] = [ringsOf(before), ringsOf(after)];
  if (!rings.length || old.length !== rings.length) return null;
  /** @type {Omit<Op, "id">[]} */
  const ops = [];
  for (let n = 0; n < rings.length; n++) {
    const some = old[n] === rings[n] ? [] : ringOps(old[n], rings[n], n);
    if (!some) return null;
    ops.push(...some);
  }
  const all = rings.reduce((sum, ring) => sum + ring.length, 0);
  return ops.length < all && ops.length <= MOST_OPS ? ops : null;
}

/** @param {Vertex[]} before @param {Vertex[]} after @param {number} ring @returns {Omit<Op, "id">[] | null} null when the order changed */
function ringOps(before, after, ring) {
  const old = new Map(before.map((vertex) => [vertex[0], vertex]));
  const kept = new Set(after.map(([id]) => id));
  const stays = before.filter(([id]) => kept.has(id));
  const same = after.filter(([id]) => old.has(id));
  if (stays.some(([id], i) => same[i][0] !== id)) return null;
  /** @type {Omit<Op, "id">[]} */
  const ops = [];
  after.forEach(([id, x, y], i) => {
    const was = old.get(id);
    if (!was) ops.push({ op: "vertex", ring, do: "insert", vertex: id, after: after[i - 1]?.[0] ?? null, x, y });
    else if (was[1] !== x || was[2] !== y) ops.push({ op: "vertex", ring, do: "move", vertex: id, x, y });
  });
  for (const [id] of before) if (!kept.has(id)) ops.push({ op: "vertex", ring, do: "remove", vertex: id });
  return ops;
}
