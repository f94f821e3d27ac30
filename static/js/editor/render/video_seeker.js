/**
 * Frames by seeking a `<video>` that is fed packets, where the browser has no decoder to call (WebCodecs exist on secure
 * origins only). A seek goes to the middle of a frame; what the browser then says it presents (`mediaTime`) is the frame
 * that was asked for, or it is sought again, or there is none: never a neighbour.
 */
import { FrameMaker, unlessAborted } from "./frame_maker.js";
import { RATE, opening, segment } from "./video_segments.js";

/**
 * @typedef {import("./packets.js").Packets} Packets
 * @typedef {import("./packets.js").Group} Group
 * @typedef {import("./decoder.js").Format} Format
 */

const REACH = { ahead: 4, behind: 3, soon: [1, 2, 3, -1], warm: 20 };
/** Where in the frame a seek goes: one attempt after the other. */
const WITHIN = [0.5, 0.25, 0.75];
/** Decoders give a frame out only when they have so many more: one for each thread. */
const FED_AHEAD = 24;
/** Frames that the `<video>` holds before those far away are taken out of it. */
const MOST_FED = 1500;
const KEPT_FED = 300;
const PATIENCE_MS = 4000;
const LATE_MS = 250;

/** Whether this browser can do it. @param {Format} format */
export function canSeek({ codec }) {
  return typeof MediaSource !== "undefined" && "requestVideoFrameCallback" in HTMLVideoElement.prototype && MediaSource.isTypeSupported(typeOf(codec));
}

/** @param {string} codec */
function typeOf(codec) {
  return `video/mp4; codecs="${codec}"`;
}

/** @extends {FrameMaker<ImageBitmap>} */
export class FrameSeeker extends FrameMaker {
  /** @param {Packets} packets @param {Format} format */
  constructor(packets, format) {
    super(packets, REACH);
    this.format = format;
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.preload = "auto";
    this._media = new MediaSource();
    this.video.src = URL.createObjectURL(this._media);
    /** @type {Promise<SourceBuffer> | null} */
    this._opened = null;
    /** Counts the seeks: what is heard of an earlier one is no news. */
    this._turn = 0;
  }

  close() {
    URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
    this.video.load();
    super.close();
  }

  /** @param {number} n @param {import("./frame_maker.js").Job} job */
  async _make(n, job) {
    const { signal } = job.abort;
    job.group = { start: n, stop: n + 1 };
    await this._feed(n, signal);
    for (const within of WITHIN) {
      if (!(await unlessAborted(this._seek(n, within), signal, PATIENCE_MS))) continue;
      return this._arrived(n, await createImageBitmap(this.video));
    }
    throw new Error(`The browser shows another frame in place of frame ${n}.`);
  }

  /** Whether frame `n` is presented after a seek into it. @param {number} n @param {number} within share of the frame @returns {Promise<boolean>} */
  _seek(n, within) {
    const { video } = this;
    const turn = ++this._turn;
    return new Promise((resolve, reject) => {
      let seen = -1;
      const look = () => {
        if (video.seeking || turn !== this._turn) return;
        if (seen === n) resolve(true);
        // What was presented is of the seek before, whose picture came late, or really another frame.
        else if (seen >= 0) setTimeout(() => resolve(seen === n), LATE_MS);
      };
      const presented = (/** @type {number} */ _, /** @type {VideoFrameCallbackMetadata} */ { mediaTime }) => {
        if (turn !== this._turn) return;
        seen = frameAt(mediaTime);
        video.requestVideoFrameCallback(presented);
        look();
      };
      video.onerror = () => reject(new Error(`The browser cannot play the video: ${video.error?.message}`));
      video.onseeked = look;
      video.requestVideoFrameCallback(presented);
      video.currentTime = (n + within) / RATE;
    });
  }

  /** Have the packets of frame `n` and of those after it in the `<video>`. @param {number} n @param {AbortSignal} signal */
  async _feed(n, signal) {
    this._opened ??= this._open().catch((error) => {
      this._opened = null;
      throw error;
    });
    const buffer = await unlessAborted(this._opened, signal, PATIENCE_MS);
    for (let at = n; at < Math.min(this.packets.count, n + FED_AHEAD); ) {
      const group = await unlessAborted(this.packets.groupOf(at), signal);
      if (!holds(buffer, group)) {
        const packets = await unlessAborted(this.packets.read(group), signal);
        await done(buffer, () => buffer.appendBuffer(/** @type {BufferSource} */ (segment(packets, !this.format.description))));
      }
      at = group.stop;
    }
    if (n + FED_AHEAD >= this.packets.count && this._media.readyState === "open") this._media.endOfStream();
    await this._thin(buffer, n);
  }

  /** @returns {Promise<SourceBuffer>} */
  async _open() {
    if (this._media.readyState !== "open") await new Promise((resolve) => this._media.addEventListener("sourceopen", resolve, { once: true }));
    const [first] = await this.packets.read(await this.packets.groupOf(0));
    const buffer = this._media.addSourceBuffer(typeOf(this.format.codec));
    this._media.duration = this.packets.count / RATE;
    await done(buffer, () => buffer.appendBuffer(/** @type {BufferSource} */ (opening(this.format, first))));
    return buffer;
  }

  /** Take out what is far from frame `n`, once there is much. @param {SourceBuffer} buffer @param {number} n */
  async _thin(buffer, n) {
    const fed = spans(buffer).reduce((sum, [from, to]) => sum + to - from, 0);
    if (fed <= MOST_FED) return;
    const [from, to] = [n - KEPT_FED, n + KEPT_FED];
    if (from > 0) await done(buffer, () => buffer.remove(0, from / RATE));
    await done(buffer, () => buffer.remove(to / RATE, Infinity));
  }
}

/** The frame that begins at a time; -1 where none does. @param {number} seconds */
function frameAt(seconds) {
  const n = Math.round(seconds * RATE);
  return Math.abs(seconds * RATE - n) < 0.25 ? n : -1;
}

/** The frames that are in the buffer, from and up to. @param {SourceBuffer} buffer @returns {[number, number][]} */
function spans({ buffered }) {
  return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i) * RATE, buffered.end(i) * RATE]);
}

/** @param {SourceBuffer} buffer @param {Group} group */
function holds(buffer, { start, stop }) {
  return spans(buffer).some(([from, to]) => from < start + 0.5 && to > stop - 0.5);
}

/** Resolves when the buffer has taken what `act` gives it. @param {SourceBuffer} buffer @param {() => void} act @returns {Promise<void>} */
function done(buffer, act) {
  return new Promise((resolve, reject) => {
    const end = (/** @type {Event} */ { type }) => {
      buffer.removeEventListener("updateend", end);
      buffer.removeEventListener("error", end);
      if (type === "error") reject(new Error("The browser refused the video's packets."));
      else resolve();
    };
    buffer.addEventListener("updateend", end);
    buffer.addEventListener("error", end);
    try {
      act();
    } catch (error) {
      buffer.removeEventListener("updateend", end);
      buffer.removeEventListener("error", end);
      reject(error);
    }
  });
}
