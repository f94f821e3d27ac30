/** The item's past, folded from its journal: the document at any revision, and what differs between two. */
import { fold } from "./ops.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").CommittedTx} CommittedTx
 * @typedef {{id: string, properties: string[], before: Annotation, after: Annotation}} Change
 * @typedef {{added: Annotation[], removed: Annotation[], changed: Change[]}} Difference
 */

/** Going back costs at most this many transactions' folding. */
const EVERY = 100;
const PAGE = 1000;
/** What a person can see of a shape; the rest says who wrote it and when. */
const PROPERTIES = /** @type {const} */ (["label", "geometry", "attributes", "keyframes", "frame", "group", "z", "source"]);

export class Past {
  /** @param {(after: number, limit: number) => Promise<{results: CommittedTx[], next: string | null}>} fetchPage */
  constructor(fetchPage) {
    this._fetch = fetchPage;
    /** @type {CommittedTx[]} the one with rev n at n - 1 */
    this.txs = [];
    /** @type {Map<string, Annotation>[]} the document at rev 0, 100, 200, ... */
    this._marks = [new Map()];
    /** @type {Promise<void>} */
    this._loading = Promise.resolve();
  }

  /** The server's data is another now: begin anew. */
  forget() {
    this.txs = [];
    this._marks = [new Map()];
  }

  get head() {
    return this.txs.length;
  }

  /** Read what is not known yet; one reading at a time. */
  load() {
    this._loading = this._loading.catch(() => {}).then(() => this._read());
    return this._loading;
  }

  async _read() {
    for (;;) {
      const { results, next } = await this._fetch(this.head, PAGE);
      for (const tx of results) this.add(tx);
      if (!next || !results.length) return;
    }
  }

  /** Take in a transaction as it is committed. @param {CommittedTx} tx @returns {boolean} false when some before it are missing */
  add(tx) {
    if (tx.rev > this.head + 1) return false;
    if (tx.rev === this.head + 1) this.txs.push(tx);
    return true;
  }

  /** @param {number} rev @returns {Map<string, Annotation>} deleted shapes included */
  at(rev) {
    const to = Math.max(0, Math.min(rev, this.head));
    const mark = Math.floor(to / EVERY);
    for (let n = this._marks.length; n <= mark; n++) {
      this._marks.push(fold(this._marks[n - 1], this.txs.slice((n - 1) * EVERY, n * EVERY)));
    }
    return fold(this._marks[mark], this.txs.slice(mark * EVERY, to));
  }
}

/**
 * @param {Map<string, Annotation>} before @param {Map<string, Annotation>} after
 * @returns {Difference} what is to be seen in one document and not in the other
 */
export function difference(before, after) {
  /** @type {Difference} */
  const found = { added: [], removed: [], changed: [] };
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [seen(before.get(id)), seen(after.get(id))];
    if (now && !old) found.added.push(now);
    else if (old && !now) found.removed.push(old);
    else if (old && now && old !== now) {
      const properties = PROPERTIES.filter((name) => !same(old[name], now[name]));
      if (properties.length) found.changed.push({ id, properties, before: old, after: now });
    }
  }
  return found;
}

/** @param {Annotation | undefined} shape */
function seen(shape) {
  return shape?.deleted ? undefined : shape;
}

/** Whether two JSON values are equal, whatever the order of their keys. @param {unknown} a @param {unknown} b @returns {boolean} */
function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [/** @type {Record<string, unknown>} */ (a), /** @type {Record<string, unknown>} */ (b)];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && same(left[key], right[key]));
}

/** Ops by what they do to a shape, in the order in which they are told. */
const DEEDS = /** @type {[string, (op: import("../types.js").Op) => boolean][]} */ ([
  ["drew", (op) => op.op === "create"],
  ["restored", (op) => op.op === "restore"],
  ["deleted", (op) => op.op === "delete"],
  ["reshaped", (op) => op.op === "vertex" || (op.op === "update" && "geometry" in op.set)],
  ["moved in time", (op) => op.op === "keyframe" || op.op === "track"],
  ["classed", (op) => op.op === "update" && "label" in op.set],
  ["accepted", (op) => op.op === "update" && op.set.source === "human" && Object.keys(op.set).length === 1],
  ["changed", () => true],
]);

/** A transaction in words: "drew 2, deleted 1". @param {CommittedTx} tx */
export function deedOf(tx) {
  /** @type {Map<string, Set<string>>} */
  const counts = new Map();
  for (const op of tx.ops) {
    const [deed] = /** @type {[string, any]} */ (DEEDS.find(([, is]) => is(op)));
    counts.set(deed, (counts.get(deed) ?? new Set()).add(op.id));
  }
  return [...counts].map(([deed, ids]) => `${deed} ${ids.size}`).join(", ") || "nothing";
}
