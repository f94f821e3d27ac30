/** Small things that several modules need and that touch no page. */

/** Tells listeners about named events. */
export class Emitter {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this._listeners = new Map();
  }

  /**
   * @param {string} name
   * @param {(detail: any) => void} listener
   * @returns {() => void} takes the listener away
   */
  on(name, listener) {
    const set = this._listeners.get(name) ?? new Set();
    this._listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  /** @param {string} name @param {any} [detail] */
  emit(name, detail) {
    for (const listener of this._listeners.get(name) ?? []) listener(detail);
  }
}

let lastTime = 0;
let sequence = 0;

/**
 * A UUID of version 7: it sorts by time, and within a millisecond by a counter in its next 12 bits (RFC 9562, 6.2), so
 * that shapes of one paste come back from the server in the order in which they lie. `crypto.randomUUID` exists on secure origins only, `getRandomValues` everywhere.
 * @param {number} [now] milliseconds since 1970
 */
export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  [lastTime, sequence] = now > lastTime ? [now, bytes[7]] : sequence < 0xfff ? [lastTime, sequence + 1] : [lastTime + 1, 0];
  for (let i = 5, rest = lastTime; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (sequence >> 8);
  bytes[7] = sequence & 0xff;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** A hundredth of a pixel is finer than anybody draws, and keeps the messages short. @param {number} value */
export function round2(value) {
  return Math.round(value * 100) / 100;
}

/** Set an attribute that is not so already: the browser would lay out and paint again for the same value. @param {Element} element @param {string} name @param {string} value */
export function put(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Storage that may be missing or forbidden: reading then gives null, and writing does nothing.
 * @param {"localStorage" | "sessionStorage"} kind
 */
export function safeStorage(kind) {
  return {
    /** @param {string} key @returns {string | null} */
    get(key) {
      try {
        return globalThis[kind].getItem(key);
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {string} value */
    set(key, value) {
      try {
        globalThis[kind].setItem(key, value);
      } catch {
        // A full or forbidden store costs only the memory of a setting.
      }
    },
  };
}

/** An op that cannot be applied to the annotation as it is. */
export class OpError extends Error {
  /** @param {string} code @param {string} detail */
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/** A module that few pages need, fetched when it is first missed. Emits `here` when it has come. @template T */
export class Part extends Emitter {
  /** @param {() => Promise<T>} load */
  constructor(load) {
    super();
    this._load = load;
    /** @type {T | null} */
    this._module = null;
    this._asked = false;
  }

  /** @returns {T | null} null until it has come */
  get() {
    if (!this._asked) void this._fetch();
    return this._module;
  }

  async _fetch() {
    this._asked = true;
    try {
      this._module = await this._load();
      this.emit("here");
    } catch {
      this._asked = false; // drawn without it meanwhile; the next drawing asks again
    }
  }
}
