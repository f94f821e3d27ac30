/**
 * Splitting, merging and trimming tracks: a `track` op as the plain ops that it amounts to. Pure, and the twin of
 * `annotations/tracks.py`, where the rules are told. Here it shows what the server will do.
 */
import { OpError } from "../util.js";
import { Track, isTrack, trackOf } from "./interpolation.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Keyframe} Keyframe
 * @typedef {import("../types.js").Op} Op
 * @typedef {Record<string, Keyframe>} Frames
 * @typedef {[number, number]} Run
 * @typedef {{begin: number, end: number, track: Track}} Piece
 */

/**
 * The plain ops of an op, in order; none when it changes nothing.
 * @param {Op} op @param {(id: string) => Annotation | undefined} get
 * @returns {Op[]}
 * @throws {OpError}
 */
export function expand(op, get) {
  if (op.op !== "track") return [op];
  const shape = seen(get(op.id), op.id, op.track_rev);
  if (op.do === "split") return split(shape, op);
  if (op.do === "trim") return rewritten(shape, trimmed(shape, op));
  const other = seen(get(op.other), op.other, op.other_rev);
  return [...rewritten(shape, mergedFrames(shape, other)), { op: "delete", id: other.id }];
}

/**
 * The plain ops of a tx, each as of the ops before it; the given list itself where all are plain.
 * @param {Op[]} ops @param {(id: string) => Annotation | undefined} get
 * @returns {Op[]}
 * @throws {OpError}
 */
export function expandAll(ops, get) {
  return ops.some(({ op }) => op === "track") ? ops.flatMap((op) => expand(op, get)) : ops;
}

/** What makes a new shape a track from the first on; a tag lies on its frame. @param {number} frame @param {import("../types.js").Geometry} geometry @returns {{keyframes?: Frames}} */
export function beginning(frame, geometry) {
  return geometry.type === "tag" ? {} : { keyframes: { [String(frame)]: { geometry } } };
}

/**
 * The whole of what is to be seen of a track on a frame, as a keyframe there: with changes, and never more than it takes.
 * @param {Annotation} track @param {number} frame @param {Keyframe} changes
 * @returns {Op}
 */
export function keyframeOp(track, frame, changes) {
  const known = trackOf(track);
  const here = track.keyframes?.[String(frame)];
  const seenThere = here?.geometry || changes.outside || !known.state(frame) ? {} : known.keyframe(frame);
  return { op: "keyframe", id: track.id, frame, set: { ...seenThere, ...changes } };
}

/** @param {Annotation | undefined} shape @param {string} id @param {number | undefined} trackRev @returns {Annotation} */
function seen(shape, id, trackRev) {
  if (!shape) throw new OpError("MISSING", `There is no shape ${id} in this item.`);
  if (shape.deleted) throw new OpError("GONE", "The track was deleted: restore it first.");
  if (trackRev !== undefined && trackRev !== shape.track_rev) {
    throw new OpError("CONFLICT", "The track's keyframes have changed since: look at it and try again.");
  }
  if ((shape.frame ?? null) === null && !isTrack(shape)) throw new OpError("INVALID", "A shape that is on no frame is no track.");
  return shape;
}

/** @param {Annotation} shape @param {Frames} frames @returns {Op[]} */
function rewritten(shape, frames) {
  return [{ op: "update", id: shape.id, set: { keyframes: frames } }];
}

/** @param {Annotation} shape @param {Op} op @returns {Op[]} */
function split(shape, op) {
  const track = trackOf(shape);
  const [before, after] = [cut(track, null, op.frame - 1), cut(track, op.frame, null)];
  if (!isTrack(shape) || !before || !after) throw new OpError("INVALID", `The track has nothing on one side of frame ${op.frame}: choose another.`);
  const first = Math.min(...Object.keys(after).map(Number));
  const { label, attributes, source, confidence, group, z } = shape;
  const made = { label, geometry: after[String(first)].geometry, frame: first, keyframes: after };
  return [...rewritten(shape, before), { op: "create", id: op.new, ...made, attributes, source, confidence, group, z }];
}

/** @param {Annotation} shape @param {Op} op @returns {Frames} */
function trimmed(shape, op) {
  const frames = cut(trackOf(shape), op.first ?? null, op.last ?? null);
  if (!isTrack(shape) || !frames) throw new OpError("INVALID", "The track is on none of these frames: delete it instead.");
  return frames;
}

/** The keyframes that show what the track shows from `first` to `last`; null when that is nothing. @param {Track} track @param {number | null} first @param {number | null} last @returns {Frames | null} */
function cut(track, first, last) {
  const runs = within(track, first, last);
  if (!runs.length) return null;
  const begin = runs[0][0];
  /** @type {Frames} */
  const frames = {};
  track.numbers.forEach((n, at) => {
    if (n >= begin && (last === null || n <= last)) frames[n] = track.keyframes[at];
  });
  if (begin !== track.numbers[0]) frames[begin] = track.keyframe(begin);
  if (last !== null && runs[runs.length - 1][1] === last) {
    Object.assign(frames, lastSight(track, last));
    frames[last + 1] = { outside: true };
  }
  return frames;
}

/** @param {Track} track @param {number | null} first @param {number | null} last @returns {Run[]} */
function within(track, first, last) {
  const runs = track.visible();
  const end = runs[runs.length - 1];
  if (track.holds()) end[1] = Math.max(end[1], first ?? 0, last ?? 0);
  const [low, high] = [first ?? -1, last ?? end?.[1] ?? 0];
  return runs.map((run) => /** @type {Run} */ ([Math.max(run[0], low), Math.min(run[1], high)])).filter((run) => run[0] <= run[1]);
}

/** One track of two: where both are to be seen the first wins, and where neither is there is a gap. @param {Annotation} shape @param {Annotation} other @returns {Frames} */
function mergedFrames(shape, other) {
  if (shape.id === other.id || shape.geometry.type !== other.geometry.type) throw new OpError("INVALID", "Two tracks of the same kind of shape can be merged.");
  const [ours, theirs] = [trackOf(shape), trackOf(other)];
  const piece = (/** @type {Track} */ track) => (/** @type {Run} */ [begin, end]) => ({ begin, end, track });
  const pieces = [...ours.visible().map(piece(ours)), ...left(theirs.visible(), ours.visible()).map(piece(theirs))].sort((a, b) => a.begin - b.begin);
  /** @type {Frames} */
  const frames = {};
  pieces.forEach(({ begin, end, track }, n) => {
    track.numbers.forEach((at, i) => {
      if (begin <= at && at <= end) frames[at] = track.keyframes[i];
    });
    if (n > 0 || begin !== track.numbers[0]) frames[begin] = track.keyframe(begin);
    Object.assign(frames, ending(pieces[n], pieces[n + 1]?.begin ?? null));
  });
  return frames;
}

/** The runs without what is taken. @param {Run[]} runs @param {Run[]} taken @returns {Run[]} */
function left(runs, taken) {
  for (const [begin, end] of taken) {
    runs = runs
      .flatMap(([low, high]) => /** @type {Run[]} */ ([[low, Math.min(high, begin - 1)], [Math.max(low, end + 1), high]]))
      .filter(([low, high]) => low <= high);
  }
  return runs;
}

/** A keyframe with a geometry on the last frame before a cut; nothing where there is one. @param {Track} track @param {number} end @returns {Frames} */
function lastSight(track, end) {
  const there = track.keyframes[track.numbers.indexOf(end)];
  return there?.geometry ? {} : { [end]: track.keyframe(end) };
}

/** The keyframes that end a piece as it ended: its last sight, and `outside` unless another follows at once. @param {Piece} piece @param {number | null} following @returns {Frames} */
function ending({ end, track }, following) {
  const { numbers, keyframes } = track;
  if (following === null && track.holds() && end === numbers[numbers.length - 1]) return {};
  const sight = lastSight(track, end);
  if (following === end + 1) return sight;
  const own = keyframes[numbers.indexOf(end + 1)];
  return own?.outside ? { [end + 1]: own } : { ...sight, [end + 1]: { outside: true } };
}
