/** The vertices of a shape, and the ops that make one outline of another. Pure. */

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Vertex} Vertex
 * @typedef {import("../types.js").Op} Op
 */

/** One op each for more vertices than this says less than the whole outline does. */
const MOST_OPS = 40;

/** The rings of vertices of a shape; none for shapes without. @param {Geometry} geometry @returns {Vertex[][]} */
export function ringsOf(geometry) {
  if (geometry.type === "polygon") return geometry.rings;
  return geometry.type === "polyline" ? [geometry.points] : [];
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
