/**
 * Decodes a video's frames in the browser, group by group: each begins with a key frame and nothing in it refers beyond
 * it, so a flush at its end costs nothing and brings out every frame. A frame's number travels through the decoder as
 * its timestamp, so a frame cannot be taken for another.
 */
import { FrameMaker, unlessAborted } from "./frame_maker.js";

/**
 * @typedef {import("./packets.js").Packets} Packets
 * @typedef {{codec: string, description: string, width: number, height: number}} Format
 */

/** The next group is begun when so few frames of this one are left. */
const EARLY = 10;
const LATE = 4;
const REACH = { ahead: 26, behind: 16, soon: [1, EARLY, -LATE], warm: 2 * EARLY };
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

/** @extends {FrameMaker<VideoFrame>} */
export class FrameDecoder extends FrameMaker {
  /** @param {Packets} packets @param {VideoDecoderConfig} config */
  constructor(packets, config) {
    super(packets, REACH);
    this.config = config;
    /** @type {VideoDecoder | null} */
    this._decoder = null;
  }

  close() {
    if (this._decoder && this._decoder.state !== "closed") this._decoder.close();
    super.close();
  }

  /** @param {number} n @param {import("./frame_maker.js").Job} job */
  async _make(n, job) {
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
  }

  _ready() {
    let decoder = this._decoder;
    if (!decoder || decoder.state === "closed") {
      // An error is no news: flush() rejects too.
      decoder = new VideoDecoder({ output: (frame) => this._arrived(frame.timestamp, frame), error: () => undefined });
      this._decoder = decoder;
    }
    if (decoder.state === "unconfigured") decoder.configure(this.config);
    return decoder;
  }
}
