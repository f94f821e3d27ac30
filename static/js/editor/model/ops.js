/**
 * What one op does to one annotation: a pure reducer, the twin of `annotations/ops.py`.
 * The vectors in `tests/vectors/ops` are run by both, so that they can never drift apart.
 */
import { OpError } from "../util.js";
import { expand } from "./tracks.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Vertex} Vertex
 * @typedef {import("../types.js").Keyframe} Keyframe
 * @typedef {import("../types.js").Op} Op
 * @typedef {import("../types.js").CommittedTx} CommittedTx
 * @typedef {{rev: number, actor: string | null, at: string}} Stamp who and when
 */

const MIN_RING = 3;
const MIN_LINE = 2;

export { OpError };

/**
 * The document after some txs; the given one is left as it is.
 * @param {Map<string, Annotation>} document
 * @param {Pick<CommittedTx, "rev" | "actor" | "at" | "ops">[]} txs
 * @returns {Map<string, Annotation>}
 * @throws {OpError}
 */
export function fold(document, txs) {
  const result = new Map(document);
  for (const tx of txs) {
    const stamp = { rev: tx.rev, actor: tx.actor?.id ?? null, at: tx.at };
    for (const op of tx.ops) for (const plain of expand(op, (id) => result.get(id))) result.set(plain.id, applyOp(result.get(plain.id), plain, stamp));
  }
  return result;
}

/**
 * @param {Annotation | undefined} shape
 * @param {Op} op
 * @param {Stamp} stamp
 * @returns {Annotation} the shape after the op; `shape` itself when nothing changes
 * @throws {OpError}
 */
export function applyOp(shape, op, stamp) {
  if (op.op === "create") return created(shape, op, stamp);
  if (op.op === "restore") return restored(shape, op, stamp);
  if (!shape) throw new OpError("MISSING", `There is no shape ${op.id} in this item.`);
  if (op.op === "delete") return shape.deleted ? shape : marked(shape, stamp, { deleted: true });
  if (shape.deleted) throw new OpError("GONE", "The shape was deleted: restore it together with this change.");
  switch (op.op) {
    case "update":
      return updated(shape, op, stamp);
    case "vertex":
      return vertexChanged(shape, op, stamp);
    case "keyframe":
      return keyframeSet(shape, op, stamp);
    default:
      throw new OpError("UNSUPPORTED", `The op ${op.op} is about several shapes: apply what it amounts to.`);
  }
}

/** @param {Annotation} shape @param {Stamp} stamp @param {Partial<Annotation>} changes @returns {Annotation} */
function marked(shape, stamp, changes) {
  return { ...shape, ...changes, updated_rev: stamp.rev, updated_by: stamp.actor, updated_at: stamp.at };
}

/** @param {Annotation | undefined} shape @param {Op} op @param {Stamp} stamp @returns {Annotation} */
function created(shape, op, stamp) {
  if (shape) throw new OpError("EXISTS", `The id ${op.id} is taken: make a new one.`);
  return {
    id: op.id,
    label: op.label,
    frame: op.frame ?? null,
    geometry: op.geometry,
    attributes: op.attributes ?? {},
    keyframes: op.keyframes ?? null,
    source: op.source ?? "human",
    confidence: op.confidence ?? null,
    detection_id: op.detection_id ?? null,
    group: op.group ?? null,
    z: op.z ?? 0,
    geom_rev: stamp.rev,
    track_rev: op.keyframes ? stamp.rev : 0,
    created_rev: stamp.rev,
    updated_rev: stamp.rev,
    author: stamp.actor,
    updated_by: stamp.actor,
    updated_at: stamp.at,
    deleted: false,
  };
}

/** A committed restore carries the whole shape, for those who came after it was deleted. @param {Annotation | undefined} shape @param {Op} op @param {Stamp} stamp @returns {Annotation} */
function restored(shape, op, stamp) {
  const whole = shape ?? op.shape;
  if (!whole) throw new OpError("MISSING", `There is no shape ${op.id} in this item.`);
  if (shape && !shape.deleted) return shape;
  return marked(whole, stamp, { deleted: false });
}

/** @param {Annotation} shape @param {Op} op @param {Stamp} stamp @returns {Annotation} */
function updated(shape, op, stamp) {
  const changes = { ...op.set };
  if ("geometry" in changes) {
    if ((op.geom_rev ?? shape.geom_rev) !== shape.geom_rev) {
      throw new OpError("CONFLICT", "The geometry has changed since: look at it and try again.");
    }
    changes.geom_rev = stamp.rev;
  }
  if ("keyframes" in changes) changes.track_rev = stamp.rev;
  if ("attributes" in changes) changes.attributes = merged(shape.attributes, changes.attributes);
  return marked(shape, stamp, changes);
}

/** Null takes a value out. @template T @param {Record<string, T>} old @param {Record<string, T>} changes @returns {Record<string, T>} */
function merged(old, changes) {
  return Object.fromEntries(Object.entries({ ...old, ...changes }).filter(([, value]) => value !== null));
}

/** @param {Geometry} geometry @param {number} n @returns {{ring: Vertex[], fewest: number}} */
function ringOf(geometry, n) {
  if (geometry.type === "polygon" && geometry.rings[n]) return { ring: geometry.rings[n], fewest: MIN_RING };
  if (geometry.type === "polyline" && n === 0) return { ring: geometry.points, fewest: MIN_LINE };
  throw new OpError("INVALID", `A ${geometry.type} has no ring ${n} with vertices.`);
}

/** @param {Geometry} geometry @param {number} n @param {Vertex[]} ring @returns {Geometry} */
export function withRing(geometry, n, ring) {
  if (geometry.type === "polyline") return { ...geometry, points: ring };
  if (geometry.type !== "polygon") return geometry;
  return { ...geometry, rings: geometry.rings.map((old, i) => (i === n ? ring : old)) };
}

/** Where a vertex stands; 1 and "1" are two vertices. @param {Vertex[]} ring @param {string | number} vertex */
function anchor(ring, vertex) {
  const place = ring.findIndex(([name]) => name === vertex);
  if (place < 0) throw new OpError("ANCHOR_GONE", `The vertex ${vertex} is no longer there.`);
  return place;
}

/** @param {Annotation} shape @param {Op} op @param {Stamp} stamp @returns {Annotation} */
function vertexChanged(shape, op, stamp) {
  const { ring, fewest } = ringOf(shape.geometry, op.ring);
  let after;
  if (op.do === "insert") after = inserted(shape.geometry, ring, op);
  else {
    const place = anchor(ring, op.vertex);
    if (op.do === "remove" && ring.length <= fewest) {
      throw new OpError("TOO_FEW", `A ${shape.geometry.type} needs ${fewest} vertices: delete the shape instead.`);
    }
    const middle = op.do === "move" ? [/** @type {Vertex} */ ([op.vertex, op.x, op.y])] : [];
    after = [...ring.slice(0, place), ...middle, ...ring.slice(place + 1)];
  }
  return marked(shape, stamp, { geometry: withRing(shape.geometry, op.ring, after), geom_rev: stamp.rev });
}

/** @param {Geometry} geometry @param {Vertex[]} ring @param {Op} op @returns {Vertex[]} */
function inserted(geometry, ring, op) {
  const rings = geometry.type === "polygon" ? geometry.rings : [ring];
  if (rings.some((each) => each.some(([name]) => name === op.vertex))) {
    throw new OpError("EXISTS", `The vertex id ${op.vertex} is taken: make a new one.`);
  }
  const place = op.after === undefined || op.after === null ? 0 : anchor(ring, op.after) + 1;
  return [...ring.slice(0, place), [op.vertex, op.x, op.y], ...ring.slice(place)];
}

/** @param {Annotation} shape @param {Op} op @param {Stamp} stamp @returns {Annotation} */
function keyframeSet(shape, op, stamp) {
  /** @type {Record<string, Keyframe>} */
  const frames = { ...shape.keyframes };
  if (!Object.keys(frames).length && typeof shape.frame === "number") {
    frames[String(shape.frame)] = { geometry: shape.geometry };
  }
  const key = String(op.frame);
  if (op.set === null) {
    if (!(key in frames)) return shape;
    if (Object.keys(frames).length === 1) {
      throw new OpError("LAST_KEYFRAME", "A track needs one keyframe: delete the track instead.");
    }
    delete frames[key];
  } else frames[key] = mergedKeyframe(frames[key] ?? {}, op.set);
  return marked(shape, stamp, { keyframes: frames, track_rev: stamp.rev });
}

/** @param {Keyframe} old @param {Keyframe} changes @returns {Keyframe} */
function mergedKeyframe(old, changes) {
  const attributes = changes.attributes ? { attributes: merged(old.attributes ?? {}, changes.attributes) } : {};
  return merged(/** @type {any} */ (old), { ...changes, ...attributes });
}

/**
 * What takes an op back, about; shown at once on undo, until the server says what it really did.
 * @param {Annotation | undefined} before @param {Op} op
 * @returns {Op[]}
 */
export function inverseOf(before, op) {
  if (op.op === "create" || op.op === "restore") return [{ op: "delete", id: op.id }];
  if (op.op === "delete") return [{ op: "restore", id: op.id }];
  if (!before) return [];
  if (op.op === "vertex") return [{ op: "update", id: op.id, set: { geometry: before.geometry } }];
  if (op.op === "keyframe") return [{ op: "update", id: op.id, set: { keyframes: before.keyframes ?? null } }];
  if (op.op !== "update") return [];
  const set = Object.fromEntries(Object.keys(op.set).map((name) => [name, /** @type {any} */ (before)[name]]));
  if (op.set.attributes) set.attributes = Object.fromEntries(Object.keys(op.set.attributes).map((name) => [name, before.attributes?.[name] ?? null]));
  return [{ op: "update", id: op.id, set }];
}

const MOST_OPS_A_TX = 200;
const MOST_CHARACTERS_A_TX = 100_000;

/** A long list in parts that fit into one message. @param {Op[]} ops @returns {Op[][]} */
export function parts(ops) {
  /** @type {Op[][]} */
  const result = [];
  let size = Infinity;
  for (const op of ops) {
    const length = JSON.stringify(op).length;
    if (size + length > MOST_CHARACTERS_A_TX || (result.at(-1)?.length ?? 0) >= MOST_OPS_A_TX) {
      result.push([]);
      size = 0;
    }
    result.at(-1)?.push(op);
    size += length;
  }
  return result;
}

/** What doing an op again looks like once it was taken back: what was created comes back under its old id. @param {Op} op @returns {Op} */
export function redone(op) {
  return op.op === "create" ? { op: "restore", id: op.id } : op;
}
