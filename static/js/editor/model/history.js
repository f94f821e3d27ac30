/** Undo and redo: a person's own txs in this tab, taken back by the server where they are still the last writer. */
import { Emitter } from "../util.js";

/**
 * @typedef {import("../types.js").Op} Op
 * @typedef {{tx_id: string, title: string, inverse: Op[], forward: Op[]}} Step
 */

const LONGEST = 200;

/** Emits `change`. */
export class History extends Emitter {
  /** @param {{get: (key: string) => string | null, set: (key: string, value: string) => void}} storage @param {string} key */
  constructor(storage, key) {
    super();
    this._storage = storage;
    this._key = key;
    /** @type {{done: Step[], undone: Step[]}} */
    this._steps = { done: [], undone: [] };
    try {
      const stored = JSON.parse(storage.get(key) ?? "null");
      if (Array.isArray(stored?.done) && Array.isArray(stored?.undone)) this._steps = stored;
    } catch {
      // Unreadable history is an empty one.
    }
  }

  /** @returns {Step | undefined} what undo would take back */
  get last() {
    return this._steps.done.at(-1);
  }

  /** @returns {Step | undefined} what redo would bring again */
  get next() {
    return this._steps.undone.at(-1);
  }

  /** A new piece of work; what was undone before it can no longer be redone. @param {Step} step */
  push(step) {
    this._steps.done = [...this._steps.done.slice(1 - LONGEST), step];
    this._steps.undone = [];
    this._changed();
  }

  /**
   * Undo the last step by the tx `txId`: redo will be the undo of that one.
   * @param {string} txId @returns {Step | undefined} the step that is being undone
   */
  undo(txId) {
    return this._move(this._steps.done, this._steps.undone, txId);
  }

  /** @param {string} txId @returns {Step | undefined} the step that comes back */
  redo(txId) {
    return this._move(this._steps.undone, this._steps.done, txId);
  }

  /** A tx that the server refused is no step. @param {string} txId */
  forget(txId) {
    const kept = (/** @type {Step} */ step) => step.tx_id !== txId;
    this._steps = { done: this._steps.done.filter(kept), undone: this._steps.undone.filter(kept) };
    this._changed();
  }

  clear() {
    this._steps = { done: [], undone: [] };
    this._changed();
  }

  /** @param {Step[]} from @param {Step[]} to @param {string} txId */
  _move(from, to, txId) {
    const step = from.pop();
    if (!step) return undefined;
    to.push({ tx_id: txId, title: step.title, inverse: step.forward, forward: step.inverse });
    this._changed();
    return step;
  }

  _changed() {
    this._storage.set(this._key, JSON.stringify(this._steps));
    this.emit("change");
  }
}
