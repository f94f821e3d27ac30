/** The document as a person sees it: what the server confirmed, with their own unconfirmed work on top. */
import { Emitter } from "../util.js";
import { isTrack, stateOn, trackOf } from "./interpolation.js";
import { applyOp, OpError } from "./ops.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").PendingTx} PendingTx
 * @typedef {import("../types.js").CommittedTx} CommittedTx
 * @typedef {import("../types.js").Op} Op
 */

/**
 * Annotations are immutable; only the maps here change. A change costs as much as the shapes that it touches, not
 * as the document, so a hundred remote edits a second do not matter at 10,000 shapes.
 *
 * Emits `change` with `{ids: Set<string>, reset: boolean}` after the shown document changed.
 */
export class Store extends Emitter {
  constructor() {
    super();
    this.rev = 0;
    /** @type {Map<string, Annotation>} with the deleted ones, so that they can come back */
    this.confirmed = new Map();
    /** @type {PendingTx[]} in the order they were made */
    this.pending = [];
    /** @type {Map<string, Annotation>} */
    this.shown = new Map();
    /** @type {Map<string, Annotation> | null} an earlier document that is looked at instead of the present one */
    this.past = null;
    /** @type {Map<number | null, Map<string, Annotation>>} single shapes by their frame and id: panels read whole frames often */
    this._byFrame = new Map();
    /** @type {Map<string, Annotation>} shapes with keyframes */
    this._tracks = new Map();
    /** @type {Map<number, number> | null} */
    this._labelled = null;
    /** @type {number[] | null} */
    this._singles = null;
  }

  /** Replace what is confirmed by the server's state at `rev`. @param {number} rev @param {Annotation[]} annotations */
  load(rev, annotations) {
    this.rev = rev;
    this.confirmed = new Map(annotations.map((annotation) => [annotation.id, annotation]));
    this.shown = new Map();
    this._byFrame = new Map();
    this._tracks = new Map();
    const ids = new Set(this.confirmed.keys());
    for (const tx of this.pending) for (const id of idsOf(tx)) ids.add(id);
    for (const id of ids) this._show(id);
    this.emit("change", { ids, reset: true });
  }

  /**
   * Take in the next committed tx. One of our own stops being pending in the same step, so nothing flickers.
   * @param {CommittedTx} tx
   * @returns {boolean} false when it needs a shape that this document has never seen: load a snapshot
   */
  commit(tx) {
    const mine = this.pending.find((each) => each.tx_id === tx.tx_id && each.client_id === tx.client_id);
    if (mine) this.pending = this.pending.filter((each) => each !== mine);
    const ids = new Set(mine ? idsOf(mine) : []);
    let complete = true;
    const stamp = { rev: tx.rev, actor: tx.actor?.id ?? null, at: tx.at };
    for (const op of tx.ops) {
      ids.add(op.id);
      try {
        this.confirmed.set(op.id, applyOp(this.confirmed.get(op.id), op, stamp));
      } catch (error) {
        if (!(error instanceof OpError)) throw error;
        complete = false;
      }
    }
    this.rev = tx.rev;
    this.emit("commit", tx);
    this._refresh(ids);
    return complete;
  }

  /** Look at an earlier document; null comes back to the present one, which went on meanwhile. @param {Map<string, Annotation> | null} past */
  showPast(past) {
    const ids = new Set([...this.shown.keys(), ...(past ?? this.confirmed).keys()]);
    for (const tx of this.pending) for (const id of idsOf(tx)) ids.add(id);
    this.past = past;
    for (const id of ids) this._show(id);
    this.emit("change", { ids, reset: true });
  }

  /** @param {PendingTx} tx */
  addPending(tx) {
    this.pending = [...this.pending, tx];
    this._refresh(new Set(idsOf(tx)));
  }

  /** Take an unconfirmed tx back. @param {string} txId @returns {PendingTx | undefined} */
  dropPending(txId) {
    const tx = this.pending.find((each) => each.tx_id === txId);
    if (!tx) return undefined;
    this.pending = this.pending.filter((each) => each !== tx);
    this._refresh(new Set(idsOf(tx)));
    return tx;
  }

  /** @param {string} id @returns {Annotation | undefined} */
  get(id) {
    return this.shown.get(id);
  }

  /** Whether unconfirmed work touches a shape. @param {string} id */
  isPending(id) {
    return this.pending.some((tx) => idsOf(tx).includes(id));
  }

  /** The shapes that may be seen on a frame (null: an image). @param {number | null} frame @returns {Annotation[]} */
  onFrame(frame) {
    const found = [...(this._byFrame.get(frame)?.values() ?? [])];
    for (const track of this._tracks.values()) if (stateOn(track, frame)) found.push(track);
    return found;
  }

  /** Those with keyframes, oldest first. @returns {Annotation[]} */
  tracks() {
    return [...this._tracks.values()];
  }

  /** The frames that have shapes of their own, in order. @returns {number[]} */
  framesOfSingles() {
    if (this._singles) return this._singles;
    /** @type {number[]} */
    const frames = [];
    for (const [frame, those] of this._byFrame) if (frame !== null && those.size) frames.push(frame);
    this._singles = frames.sort((a, b) => a - b);
    return frames;
  }

  /** The frames that have shapes of their own or keyframes of tracks, with how many. @returns {Map<number, number>} */
  labelledFrames() {
    if (this._labelled) return this._labelled;
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const [frame, those] of this._byFrame) if (frame !== null && those.size) counts.set(frame, those.size);
    for (const track of this._tracks.values()) for (const n of trackOf(track).numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
    this._labelled = counts;
    return counts;
  }

  /** @param {Set<string>} ids */
  _refresh(ids) {
    for (const id of ids) this._show(id);
    this.emit("change", { ids, reset: false });
  }

  /** @param {string} id */
  _show(id) {
    this._labelled = this._singles = null;
    const before = this.shown.get(id);
    const current = this._current(id);
    const now = current?.deleted ? undefined : current;
    // A shape keeps its place in the order of its frame unless it moves to another one.
    if (before && !(now && placeOf(now) === placeOf(before))) this._indexOf(before).delete(id);
    if (now) this._indexOf(now).set(id, now);
    if (now) this.shown.set(id, now);
    else this.shown.delete(id);
  }

  /** @param {Annotation} annotation @returns {Map<string, Annotation>} */
  _indexOf(annotation) {
    const place = placeOf(annotation);
    if (place === TRACK) return this._tracks;
    const those = this._byFrame.get(place) ?? new Map();
    this._byFrame.set(place, those);
    return those;
  }

  /** @param {string} id @returns {Annotation | undefined} */
  _current(id) {
    if (this.past) return this.past.get(id);
    let annotation = this.confirmed.get(id);
    for (const tx of this.pending) {
      for (const op of tx.preview ?? tx.ops) if (op.id === id) annotation = attempted(annotation, op, tx);
    }
    return annotation;
  }
}

const TRACK = "track";

/** Where a shape is looked for: among the tracks, or on its frame. @param {Annotation} annotation */
function placeOf(annotation) {
  return isTrack(annotation) ? TRACK : (annotation.frame ?? null);
}

/** @param {PendingTx} tx */
function idsOf(tx) {
  return (tx.preview ?? tx.ops).map((op) => op.id);
}

/**
 * The server decides whether an unconfirmed op still fits; until then one that does not is not shown.
 * @param {Annotation | undefined} annotation @param {Op} op @param {PendingTx} tx
 */
function attempted(annotation, op, tx) {
  try {
    return applyOp(annotation, op, { rev: annotation?.geom_rev ?? 0, actor: tx.user, at: "" });
  } catch (error) {
    if (error instanceof OpError) return annotation;
    throw error;
  }
}
