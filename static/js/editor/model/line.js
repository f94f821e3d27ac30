/** A socket that comes back: connecting, noticing that the far end is dead, and waiting with jitter before the next try. */
import { Emitter } from "../util.js";

/**
 * @typedef {{send: (text: string) => void, close: (code?: number) => void, onopen: any, onmessage: any, onclose: any, readyState?: number}} Socket
 * @typedef {{setTimeout: (act: () => void, ms: number) => any, clearTimeout: (id: any) => void, now: () => number, random: () => number}} Clock
 */

const DEAD_MS = 11_000;
const BEAT_MS = 1000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Close codes after which connecting again would only fail again. */
export const FINAL = new Map([
  [4401, "Your session has ended. Sign in again in another tab; your unsent work is kept here."],
  [4403, "You no longer have access to this item. Your unsent work is kept on this machine."],
  [4404, "This item no longer exists. Your unsent work is kept on this machine."],
  [4409, "Frameloop was updated. Reload the page to go on; your unsent work is kept."],
]);
/** Close codes by which the server says that what was just sent cannot be read. */
export const UNREADABLE = new Set([4400, 4413]);

/** Its time only goes on: the clock on the wall may be put right while somebody works. @type {Clock} */
export const BROWSER_CLOCK = {
  setTimeout: (act, ms) => globalThis.setTimeout(act, ms),
  clearTimeout: (id) => globalThis.clearTimeout(id),
  now: () => performance.now(),
  random: () => Math.random(),
};

/** Timers with names: setting one again puts it off. */
export class Timers {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<string, any>} */
    this._running = new Map();
  }

  /** @param {string} name @param {number} ms @param {() => void} act */
  set(name, ms, act) {
    this.clock.clearTimeout(this._running.get(name));
    const fire = () => {
      this._running.delete(name);
      act();
    };
    this._running.set(name, this.clock.setTimeout(fire, ms));
  }

  /** @param {string} name */
  has(name) {
    return this._running.has(name);
  }

  clear() {
    for (const id of this._running.values()) this.clock.clearTimeout(id);
    this._running.clear();
  }
}

/** `WebSocket.OPEN`; what is above is closing or closed. */
const OPEN = 1;

/** So many a second and no more. */
export class Pace {
  /** @param {Clock} clock @param {number} most a second */
  constructor(clock, most) {
    this.clock = clock;
    this.most = most;
    /** @type {number[]} when the last ones went */
    this._went = [];
  }

  /** Take a turn. @returns {number} 0 when it may go now, else for how many ms to wait before asking again */
  wait() {
    const now = this.clock.now();
    this._went = this._went.filter((at) => now - at < 1000);
    if (this._went.length >= this.most) return 1000 - (now - this._went[0]);
    this._went.push(now);
    return 0;
  }
}

/** Emits `connecting`, `open`, `message` (parsed), `closed` ({code, reason}), `beat` (about once a second). */
export class Line extends Emitter {
  /** @param {() => Socket} connect @param {Clock} clock */
  constructor(connect, clock) {
    super();
    this._connect = connect;
    this._clock = clock;
    this._timers = new Timers(clock);
    /** @type {Socket | null} */
    this._socket = null;
    this._failures = 0;
    this._heardAt = 0;
  }

  get up() {
    return this._socket !== null;
  }

  open() {
    if (this._socket) return;
    this.emit("connecting");
    const socket = this._connect();
    this._socket = socket;
    this._heardAt = this._clock.now();
    socket.onopen = () => socket === this._socket && this.emit("open");
    socket.onmessage = (/** @type {{data: string}} */ event) => socket === this._socket && this._heard(event.data);
    socket.onclose = (/** @type {{code: number, reason: string}} */ event) => socket === this._socket && this._closed(event.code, event.reason);
    if (!this._timers.has("beat")) this._beat();
  }

  /** @param {Record<string, unknown>} message */
  send(message) {
    if ((this._socket?.readyState ?? 0) > OPEN) return; // it is closing, which will be told: browsers complain of this
    try {
      this._socket?.send(JSON.stringify(message));
    } catch {
      this.hangUp();
    }
  }

  /** Break the line and let the owner decide what then. */
  hangUp() {
    const socket = this._socket;
    socket?.close();
    if (socket) this._closed(1006, "");
  }

  /** For good. */
  end() {
    const socket = this._socket;
    this._socket = null;
    this._timers.clear();
    socket?.close();
  }

  /** The far end answered as it should: the next failure is a first one again. */
  works() {
    this._failures = 0;
  }

  /** Open again after a while that grows with each failure, or after `ms`. @param {number} [ms] */
  openLater(ms) {
    this._failures += 1;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this._failures, 6));
    const wait = ms ?? FIRST_WAIT_MS + this._clock.random() * (longest - FIRST_WAIT_MS);
    this._timers.set("open", wait, () => this.open());
  }

  /** @param {number} code @param {string} reason */
  _closed(code, reason) {
    this._socket = null;
    this.emit("closed", { code, reason });
  }

  /** @param {string} text */
  _heard(text) {
    this._heardAt = this._clock.now();
    this.emit("message", JSON.parse(text));
  }

  _beat() {
    if (this._socket && this._clock.now() - this._heardAt > DEAD_MS) this.hangUp();
    else if (this._socket) this.emit("beat");
    this._timers.set("beat", BEAT_MS, () => this._beat());
  }
}
