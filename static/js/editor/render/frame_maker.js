/**
 * Makes frames one job after the other: what is waited for comes first, then what is likely to be wanted soon. Which
 * frames are kept follows the frame on screen and the direction of travel. How a frame is made, a subclass knows.
 */
import { clamp } from "../util.js";

/**
 * @typedef {import("./packets.js").Packets} Packets
 * @typedef {{resolve: () => void, reject: (error: unknown) => void, promise: Promise<void>}} Waiter
 * @typedef {{group: import("./packets.js").Group | null, abort: AbortController}} Job `group`: the frames that it will bring
 * @typedef {object} Reach
 * @property {number} ahead frames that are kept in the direction of travel
 * @property {number} behind and against it
 * @property {number[]} soon what is made before it is asked for, in steps of travel, the most urgent first
 * @property {number} warm the frame so many steps on has its packets fetched
 */

/** @template {{close: () => void}} T */
export class FrameMaker {
  /** @param {Packets} packets @param {Reach} reach */
  constructor(packets, reach) {
    this.packets = packets;
    this.reach = reach;
    /** @type {Map<number, T>} */
    this.frames = new Map();
    /** @type {Map<number, Waiter>} asked for last comes last */
    this._waiting = new Map();
    /** @type {number[]} frames that should be here soon, the most urgent first */
    this._soon = [];
    /** @type {Job | null} */
    this._job = null;
    this._at = 0;
    this._step = 1;
    this.closed = false;
  }

  /** Brings frame `n`, and whatever else comes with it, by `_arrived`. @param {number} n @param {Job} job @returns {Promise<void>} */
  async _make(n, job) {
    throw new Error(`Nothing makes frame ${n} of job ${job}.`);
  }

  /** Resolves once frame `n` is in `frames`. @param {number} n @returns {Promise<void>} */
  get(n) {
    if (this.frames.has(n)) return Promise.resolve();
    const known = this._waiting.get(n);
    if (known) return known.promise;
    const waiter = /** @type {Waiter} */ ({});
    waiter.promise = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    this._waiting.set(n, waiter);
    this._at = n;
    this._soon = [];
    this._trim();
    if (this._job && !(this._job.group && inside(this._job.group, n))) this._job.abort.abort();
    void this._work();
    return waiter.promise;
  }

  /** Frame `n` is on screen: make what is likely to come next, and let go what is far away. @param {number} n @param {number} step 1 or -1 */
  focus(n, step) {
    this._at = n;
    this._step = step;
    this._trim();
    this._soon = this.reach.soon.map((by) => clamp(n + step * by, 0, this.packets.count - 1));
    void this.packets.warm(n + step * this.reach.warm);
    void this._work();
  }

  /** Nobody waits for the others any more. @param {Set<number>} wanted */
  abandon(wanted) {
    for (const [n, waiter] of this._waiting) {
      if (wanted.has(n)) continue;
      this._waiting.delete(n);
      waiter.promise.catch(() => undefined);
      waiter.reject(new DOMException(`Frame ${n} is not wanted any more.`, "AbortError"));
    }
  }

  close() {
    this.closed = true;
    this._job?.abort.abort();
    for (const frame of this.frames.values()) frame.close();
    this.frames.clear();
    this._fail(new Error("The decoder was closed."));
  }

  /** One job after the other, as long as any frame is wanted. */
  async _work() {
    if (this._job) return;
    for (let n = this._next(); n !== undefined && !this.closed; n = this._next()) {
      const job = { group: null, abort: new AbortController() };
      this._job = job;
      try {
        await this._make(n, job);
        this._missed(n);
      } catch (error) {
        if (!job.abort.signal.aborted) this._fail(error);
      } finally {
        this._job = null;
      }
    }
  }

  /** @returns {number | undefined} */
  _next() {
    const newest = [...this._waiting.keys()].pop();
    if (newest !== undefined) return newest;
    while (this._soon.length) {
      const n = /** @type {number} */ (this._soon.shift());
      if (!this.frames.has(n)) return n;
    }
    return undefined;
  }

  /** @param {number} n @param {T} frame */
  _arrived(n, frame) {
    if (this.closed || this.frames.has(n) || !this._keeps(n)) return frame.close();
    this.frames.set(n, frame);
    const waiter = this._waiting.get(n);
    this._waiting.delete(n);
    waiter?.resolve();
  }

  /** The job for frame `n` is done: whoever still waits for it waits in vain. @param {number} n */
  _missed(n) {
    const waiter = this._waiting.get(n);
    this._waiting.delete(n);
    waiter?.reject(new Error(`The decoder gave no frame ${n}.`));
  }

  /** @param {number} n */
  _keeps(n) {
    const by = (n - this._at) * this._step;
    return (by <= this.reach.ahead && by >= -this.reach.behind) || this._waiting.has(n);
  }

  _trim() {
    for (const [n, frame] of this.frames) {
      if (this._keeps(n)) continue;
      this.frames.delete(n);
      frame.close();
    }
  }

  /** @param {unknown} error */
  _fail(error) {
    this._soon = [];
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    for (const waiter of waiting) waiter.reject(error);
  }
}

/** @param {import("./packets.js").Group} group @param {number} n */
function inside({ start, stop }, n) {
  return n >= start && n < stop;
}

/**
 * @template T
 * @param {Promise<T>} promise @param {AbortSignal} signal @param {number} [patience] ms
 * @returns {Promise<T>}
 */
export function unlessAborted(promise, signal, patience) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException("Something else is wanted now.", "AbortError"));
    const timer = patience && setTimeout(() => reject(new Error("The decoder does not answer.")), patience);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    });
  });
}
