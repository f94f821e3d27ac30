/**
 * The packets of a video, fetched by byte ranges: first the few records of the index that are needed, then the packets
 * of one group, from its key frame up to the next. Of an hour of video only what is looked at comes over the wire.
 */

/**
 * @typedef {{number: number, key: boolean, data: Uint8Array}} Packet
 * @typedef {{start: number, stop: number}} Group display numbers of frames, without `stop`
 * @typedef {{url: string, index_url: string, group: number, record_bytes: number, frames: number}} Playback
 */

/** The server was not reached: that says nothing of the video, nor of the decoder. */
export class Unreachable extends Error {}

const KEY_BIT = 0x8000_0000;
const CHUNK = 1024;
/** Groups whose bytes are kept: some seconds of video. */
const KEPT = 12;

export class Packets {
  /**
   * @param {Playback} playback what `items/{id}/playback` said
   * @param {() => Promise<Playback>} renew asks it again: the signed addresses expire
   */
  constructor(playback, renew) {
    this.playback = playback;
    this.renew = renew;
    this.count = playback.frames;
    /** @type {Map<number, Promise<DataView>>} */
    this._chunks = new Map();
    /** @type {Map<number, Promise<Packet[]>>} by the first frame of the group, least recently used first */
    this._groups = new Map();
    /** @type {Map<number, DataView>} */
    this._here = new Map();
  }

  /** The group that frame `n` is in. @param {number} n @returns {Promise<Group>} */
  async groupOf(n) {
    const reach = this.playback.group;
    await this._load(n - reach + 1, n + reach);
    let start = n;
    while (start > 0 && !this._record(start).key) start--;
    let stop = n + 1;
    while (stop < this.count && !this._record(stop).key) stop++;
    return { start, stop };
  }

  /** @param {Group} group @returns {Promise<Packet[]>} */
  read(group) {
    const known = this._groups.get(group.start);
    this._groups.delete(group.start);
    const packets = known ?? this._read(group);
    this._groups.set(group.start, packets);
    packets.catch(() => this._groups.delete(group.start));
    for (const start of this._groups.keys()) {
      if (this._groups.size <= KEPT) break;
      this._groups.delete(start);
    }
    return packets;
  }

  /** Have the bytes of the group of frame `n` ready. @param {number} n */
  async warm(n) {
    if (n >= 0 && n < this.count) await this.groupOf(n).then((group) => this.read(group)).catch(() => undefined);
  }

  /** @param {Group} group @returns {Promise<Packet[]>} */
  async _read({ start, stop }) {
    const records = Array.from({ length: stop - start }, (_, i) => this._record(start + i));
    const from = Math.min(...records.map(({ offset }) => offset));
    const to = Math.max(...records.map(({ offset, size }) => offset + size));
    const bytes = await this._fetch("url", from, to);
    return records.map(({ offset, size, key }, i) => ({ number: start + i, key, data: new Uint8Array(bytes, offset - from, size) }));
  }

  /** @param {number} n @returns {{offset: number, size: number, key: boolean}} */
  _record(n) {
    const view = this._here.get(Math.floor(n / CHUNK));
    if (!view) throw new Error(`The index of frame ${n} is not here.`);
    const at = (n % CHUNK) * this.playback.record_bytes;
    const size = view.getUint32(at + 8, true);
    return { offset: Number(view.getBigUint64(at, true)), size: size & ~KEY_BIT, key: (size & KEY_BIT) !== 0 };
  }

  /** @param {number} first @param {number} last */
  async _load(first, last) {
    const [from, to] = [Math.max(0, first), Math.min(this.count - 1, last)].map((n) => Math.floor(n / CHUNK));
    const wanted = [];
    for (let chunk = from; chunk <= to; chunk++) if (!this._here.has(chunk)) wanted.push(this._chunk(chunk));
    if (wanted.length) await Promise.all(wanted);
  }

  /** @param {number} chunk @returns {Promise<DataView>} */
  _chunk(chunk) {
    const running = this._chunks.get(chunk);
    if (running) return running;
    const bytes = this.playback.record_bytes;
    const stop = Math.min(this.count, (chunk + 1) * CHUNK);
    const loading = this._fetch("index_url", chunk * CHUNK * bytes, stop * bytes).then((buffer) => {
      const view = new DataView(buffer);
      this._here.set(chunk, view);
      return view;
    });
    this._chunks.set(chunk, loading);
    loading.catch(() => undefined).finally(() => this._chunks.delete(chunk));
    return loading;
  }

  /** @param {"url" | "index_url"} what @param {number} from @param {number} to @returns {Promise<ArrayBuffer>} */
  async _fetch(what, from, to) {
    const ask = () => fetch(this.playback[what], { headers: { Range: `bytes=${from}-${to - 1}` }, credentials: "same-origin" }).catch(() => {
      throw new Unreachable("The video's packets could not be fetched: the server cannot be reached.");
    });
    let response = await ask();
    if (response.status === 403 || response.status === 404) {
      this.playback = await this.renew();
      response = await ask();
    }
    if (!response.ok) throw new Error(`The video's packets could not be fetched: the server answered ${response.status}.`);
    const buffer = await response.arrayBuffer();
    // An intermediary that does not know ranges sends the whole file.
    return response.status === 206 || buffer.byteLength === to - from ? buffer : buffer.slice(from, to);
  }
}
