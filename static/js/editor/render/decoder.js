/**
 * Decodes a video's frames in the browser, group by group: each begins with a key frame and nothing in it refers beyond
 * it, so a flush at its end costs nothing and brings out every frame. A frame's number travels through the decoder as
 * its timestamp, so a frame cannot be taken for another.
 */

import { clamp } from "../util.js";

/**
 * @typedef {import("./packets.js").Packets} Packets
 * @typedef {{codec: string, description: string, width: number, height: number}} Format
 * @typedef {{resolve: () => void, reject: (error: unknown) => void, promise: Promise<void>}} Waiter
 */

/** Decoded frames that are kept on either side, in the direction of travel and against it. */
const AHEAD = 26;
const BEHIND = 16;
/** The next group is begun when so few frames of this one are left. */
const EARLY = 10;
const LATE = 4;
const PATIENCE_MS = 10_000;

/** Whether this browser can decode it; WebCodecs exist on secure origins only. @param {Format} format @returns {Promise<VideoDecoderConfig | null>} */
export async function configFor(format) {
  if (typeof VideoDecoder === "undefined") return null;
  const { codec, description, width, height } = format;
  /** @type {VideoDecoderConfig} */
  const plain = { codec, codedWidth: width, codedHeight: height };
  if (description) plain.description = Uint8Array.from(atob(description), (letter) => letter.charCodeAt(0));
  // A decoder in software has no small pool of frames that those kept here would drain.
  for (const config of [{ ...plain, hardwareAcceleration: /** @type {const} */ ("prefer-software") }, plain]) {
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (supported) return config;
  }
  return null;
}

export class FrameDecoder {
  /** @param {Packets} packets @param {VideoDecoderConfig} config */
  constructor(packets, config) {
    this.packets = packets;
    this.config = config;
    /** @type {Map<number, VideoFrame>} */
    this.frames = new Map();
    /** @type {Map<number, Waiter>} asked for last comes last */
    this._waiting = new Map();
    /** @type {number[]} frames whose groups should be here soon, the most urgent first */
    this._soon = [];
    /** @type {{group: import("./packets.js").Group | null, abort: AbortController} | null} */
    this._job = null;
    /** @type {VideoDecoder | null} */
    this._decoder = null;
    this._at = 0;
    this._step = 1;
    this.closed = false;
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

  /** Frame `n` is on screen: decode what is likely to come next, and let go what is far away. @param {number} n @param {number} step 1 or -1 */
  focus(n, step) {
    this._at = n;
    this._step = step;
    this._trim();
    this._soon = [1, EARLY, -LATE].map((by) => clamp(n + step * by, 0, this.packets.count - 1));
    void this.packets.warm(n + 2 * step * EARLY);
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
    if (this._decoder && this._decoder.state !== "closed") this._decoder.close();
    for (const frame of this.frames.values()) frame.close();
    this.frames.clear();
    this._fail(new Error("The decoder was closed."));
  }

  /** One group after the other, as long as any is wanted. */
  async _work() {
    if (this._job) return;
    for (let n = this._next(); n !== undefined && !this.closed; n = this._next()) {
      const job = { group: null, abort: new AbortController() };
      this._job = job;
      try {
        await this._decode(n, job);
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

  /** @param {number} n @param {{group: import("./packets.js").Group | null, abort: AbortController}} job */
  async _decode(n, job) {
    const { signal } = job.abort;
    job.group = await unlessAborted(this.packets.groupOf(n), signal);
    const packets = await unlessAborted(this.packets.read(job.group), signal);
    const decoder = this._ready();
    try {
      for (const { number, key, data } of packets) {
        decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: number, data }));
      }
      await unlessAborted(decoder.flush(), signal, PATIENCE_MS);
    } catch (error) {
      if (decoder.state === "configured") decoder.reset();
      throw error;
    }
    const waiter = this._waiting.get(n);
    if (waiter) {
      this._waiting.delete(n);
      waiter.reject(new Error(`The decoder gave no frame ${n}.`));
    }
  }

  _ready() {
    let decoder = this._decoder;
    if (!decoder || decoder.state === "closed") {
      decoder = new VideoDecoder({ output: (frame) => this._arrived(frame), error: () => undefined }); // flush() rejects too
      this._decoder = decoder;
    }
    if (decoder.state === "unconfigured") decoder.configure(this.config);
    return decoder;
  }

  /** @param {VideoFrame} frame */
  _arrived(frame) {
    const n = frame.timestamp;
    if (this.closed || this.frames.has(n) || !this._keeps(n)) return frame.close();
    this.frames.set(n, frame);
    const waiter = this._waiting.get(n);
    this._waiting.delete(n);
    waiter?.resolve();
  }

  /** @param {number} n */
  _keeps(n) {
    const by = (n - this._at) * this._step;
    return (by <= AHEAD && by >= -BEHIND) || this._waiting.has(n);
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
function unlessAborted(promise, signal, patience) {
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
