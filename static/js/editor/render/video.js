/**
 * The frames of a video: decoded by the browser where it can and the server has the packets ready (by WebCodecs, or by
 * seeking a `<video>` where those are not), else pictures from the server. Whoever asks for frame n gets exactly frame n.
 */
import { api } from "../../lib/api.js";
import { lastNotAbove } from "../model/interpolation.js";
import { FrameSource } from "./frames.js";

/**
 * @typedef {import("./frames.js").Picture} Picture
 * @typedef {import("./packets.js").Playback & import("./decoder.js").Format & {ready: boolean, state: string, progress: number}} Answer
 */

const FIRST_ASK_MS = 2000;
const SLOWEST_ASK_MS = 30_000;
/** So many failures in a row, and the server's pictures are used from then on. */
const MOST_FAILURES = 3;
/** A frame that is looked at for so long is shown with all its pixels, where the packets have fewer. */
const LOOKED_AT_MS = 400;
/** A picture that was handed out keeps its pixels until so many others were. */
const CANVASES = 4;

export class VideoSource {
  /** @param {{count: number, width: number, fps: number, urlOf: (n: number) => string, playbackUrl: string}} options */
  constructor({ count, width, fps, urlOf, playbackUrl }) {
    this.count = count;
    this.width = width;
    this.fps = fps;
    this.playbackUrl = playbackUrl;
    this.pictures = new FrameSource({ count, urlOf });
    /** @type {import("./decoder.js").FrameDecoder | import("./video_seeker.js").FrameSeeker | null} */
    this.decoder = null;
    this._failures = 0;
    /** Whether the packets have fewer pixels than the video. */
    this._coarse = false;
    /** @type {typeof import("./packets.js").Unreachable | null} */
    this._unreachable = null;
    this._last = 0;
    /** @type {OffscreenCanvas | null} */
    this._easel = null;
    /** @type {Picture[]} least recently drawn first */
    this._drawn = [];
    /** @type {{starts: number[], ticks: number[], steps: number[], base: number} | null} */
    this._times = null;
    void this._prepare();
    void this._loadTimes();
  }

  // -- what the player asks --------------------------------------------------------------------------------------

  /** Whether frame `n` can be shown at once. @param {number} n */
  ready(n) {
    return Boolean(this.decoder?.frames.has(n)) || this._drawn.some(({ number }) => number === n) || this.pictures.has(n);
  }

  /** When frame `n` is shown, in seconds: exact once the times are here, by the average rate before that. @param {number} n */
  timeOf(n) {
    if (!this._times) return n / this.fps;
    const { starts, ticks, steps, base } = this._times;
    const run = Math.max(0, lastNotAbove(starts, n));
    return (ticks[run] + (n - starts[run]) * steps[run]) * base;
  }

  // -- what the stage asks ---------------------------------------------------------------------------------------

  /** The picture if it is here already. @param {number} n @returns {Picture | undefined} */
  peek(n) {
    return this._draw(n) ?? this.pictures.peek(n);
  }

  /**
   * @param {number} n
   * @returns {Promise<Picture>}
   * @throws {Error} with a sentence for the page
   */
  async get(n) {
    const here = this.peek(n);
    if (here) return here;
    if (!this.decoder) return this.pictures.get(n);
    try {
      await this.decoder.get(n);
      this._failures = 0;
      return /** @type {Picture} */ (this.peek(n));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      this._failed(error);
      return this.pictures.get(n);
    }
  }

  /** Frame `n` is on screen: have its neighbours ready in the direction of travel. @param {number} n */
  prefetch(n) {
    const stride = n - this._last;
    const step = stride >= 0 ? 1 : -1;
    this._last = n;
    if (!this.decoder) return this.pictures.prefetch(n);
    this.decoder.focus(n, step);
    // Once this frame is on screen, draw the next one: then a step costs no conversion of colours.
    requestAnimationFrame(() => setTimeout(() => {
      if (this._last === n) this._draw(this.decoder?.frames.has(n + stride) ? n + stride : n + step);
    }));
    clearTimeout(this._resting);
    if (this._coarse) this._resting = setTimeout(() => void this._sharpen(n), LOOKED_AT_MS);
  }

  /** The same frame from the server, in place of the one on screen. @param {number} n */
  async _sharpen(n) {
    const sharp = await this.pictures.get(n).catch(() => null);
    const shown = this._drawn.find(({ number, element }) => number === n && element.isConnected);
    if (!sharp || !shown || this._last !== n) return;
    sharp.element.style.cssText = shown.element.style.cssText;
    shown.element.replaceWith(sharp.element);
  }

  /** Stop loading all but these. @param {Set<number>} wanted */
  abandon(wanted) {
    this.pictures.abandon(wanted);
    this.decoder?.abandon(wanted);
  }

  // -- getting ready ---------------------------------------------------------------------------------------------

  async _prepare() {
    for (let pause = FIRST_ASK_MS; ; pause = Math.min(2 * pause, SLOWEST_ASK_MS)) {
      const answer = await this._ask().catch(() => null);
      if (answer?.ready) return this._open(answer);
      if (answer?.state === "failed") return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** @returns {Promise<Answer>} */
  _ask() {
    return api("GET", this.playbackUrl);
  }

  /** @param {Answer} answer */
  async _open(answer) {
    if (answer.frames !== this.count) return;
    const { Packets, Unreachable } = await import("./packets.js");
    this._unreachable = Unreachable;
    this._coarse = answer.width < this.width;
    this.decoder = await this._maker(answer, new Packets(answer, () => this._ask()));
    this.decoder?.focus(this._last, 1);
  }

  /** @param {Answer} answer @param {import("./packets.js").Packets} packets */
  async _maker(answer, packets) {
    const { FrameDecoder, configFor } = await import("./decoder.js");
    const config = await configFor(answer);
    if (config) return new FrameDecoder(packets, config);
    const { FrameSeeker, canSeek } = await import("./video_seeker.js");
    return canSeek(answer) ? new FrameSeeker(packets, answer) : null;
  }

  async _loadTimes() {
    const { base, start, steps } = await api("GET", `${this.playbackUrl}/times`).catch(() => ({ steps: null }));
    if (!steps) return;
    const times = { starts: [0], ticks: [start], steps: [0], base: base[0] / base[1] };
    let [frame, tick] = [0, start];
    for (const [step, frames] of steps) {
      times.starts.push(frame);
      times.ticks.push(tick);
      times.steps.push(step);
      frame += frames;
      tick += step * frames;
    }
    this._times = times;
  }

  /** @param {unknown} error */
  _failed(error) {
    if (this._unreachable && error instanceof this._unreachable) return;
    if (document.hidden) return; // a page that nobody sees presents no frames
    this._failures += 1;
    console.warn("A frame was not decoded here; the server gives it.", error);
    if (this._failures < MOST_FAILURES) return;
    this.decoder?.close();
    this.decoder = null;
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  /**
   * A canvas with the frame as a still bitmap: one that is drawn on is copied in each frame of the page. Closing the
   * decoded frame does not touch it.
   * @param {number} n @returns {Picture | undefined}
   */
  _draw(n) {
    const at = this._drawn.findIndex(({ number }) => number === n);
    const frame = this.decoder?.frames.get(n);
    const picture = at >= 0 ? this._drawn.splice(at, 1)[0] : frame && this._painted(n, frame);
    if (picture) this._drawn.push(picture);
    return picture;
  }

  /** @param {number} n @param {VideoFrame | ImageBitmap} frame @returns {Picture} */
  _painted(n, frame) {
    const [width, height] = "displayWidth" in frame ? [frame.displayWidth, frame.displayHeight] : [frame.width, frame.height];
    this._easel ??= new OffscreenCanvas(width, height);
    if (this._easel.width !== width || this._easel.height !== height) Object.assign(this._easel, { width, height });
    /** @type {OffscreenCanvasRenderingContext2D} */ (this._easel.getContext("2d", { alpha: false })).drawImage(frame, 0, 0);
    const element = this._canvas();
    Object.assign(element, { width, height });
    /** @type {ImageBitmapRenderingContext} */ (element.getContext("bitmaprenderer")).transferFromImageBitmap(this._easel.transferToImageBitmap());
    element.dataset.frame = String(n);
    return { number: n, element };
  }

  /** @returns {HTMLCanvasElement} */
  _canvas() {
    const free = this._drawn.length < CANVASES ? -1 : this._drawn.findIndex(({ element }) => !element.isConnected);
    const old = free < 0 ? null : this._drawn.splice(free, 1)[0];
    return /** @type {HTMLCanvasElement} */ (old?.element ?? document.createElement("canvas"));
  }
}
