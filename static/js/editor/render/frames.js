/**
 * The pictures of an item, by frame number. A picture and its number are one thing from the request to the screen, so
 * the wrong frame cannot be shown: what arrives for a frame that is no longer wanted is kept, not shown.
 */

const AHEAD = 4;
const BEHIND = 2;
const KEPT = 24;
const ATTEMPTS = 3;

/** @typedef {{number: number, element: HTMLImageElement | HTMLCanvasElement}} Picture */
/** @typedef {Picture & {element: HTMLImageElement}} Loaded */

export class FrameSource {
  /** @param {{count: number, urlOf: (n: number) => string}} options */
  constructor({ count, urlOf }) {
    this.count = count;
    this.urlOf = urlOf;
    /** @type {Map<number, Loaded>} least recently used first */
    this._pictures = new Map();
    /** @type {Map<number, {promise: Promise<Loaded>, abort: AbortController}>} */
    this._loading = new Map();
    this._last = 0;
  }

  /** Whether it is here already, which does not count as a use. @param {number} n */
  has(n) {
    return this._pictures.has(n);
  }

  /** The picture if it is here already. @param {number} n @returns {Loaded | undefined} */
  peek(n) {
    const picture = this._pictures.get(n);
    if (picture) {
      this._pictures.delete(n);
      this._pictures.set(n, picture);
    }
    return picture;
  }

  /**
   * @param {number} n
   * @returns {Promise<Loaded>}
   * @throws {Error} with a sentence for the page
   */
  get(n) {
    const here = this.peek(n);
    return here ? Promise.resolve(here) : this._load(n);
  }

  /** Frame `n` is on screen: fetch its neighbours in the direction of travel, and let go what is far away. @param {number} n */
  prefetch(n) {
    const step = n >= this._last ? 1 : -1;
    this._last = n;
    const wanted = [];
    for (let i = 1; i <= AHEAD; i++) wanted.push(n + step * i);
    for (let i = 1; i <= BEHIND; i++) wanted.push(n - step * i);
    this.abandon(new Set([n, ...wanted]));
    for (const each of wanted) {
      if (each >= 0 && each < this.count && !this._pictures.has(each)) this._load(each).catch(() => undefined);
    }
  }

  /** Stop loading all but these. @param {Set<number>} wanted */
  abandon(wanted) {
    for (const [n, { abort }] of this._loading) {
      if (wanted.has(n)) continue;
      abort.abort();
      this._loading.delete(n);
    }
  }

  /** @param {number} n @returns {Promise<Loaded>} */
  _load(n) {
    const running = this._loading.get(n);
    if (running) return running.promise;
    const abort = new AbortController();
    const promise = this._fetch(n, abort.signal).finally(() => {
      if (this._loading.get(n)?.abort === abort) this._loading.delete(n);
    });
    this._loading.set(n, { promise, abort });
    return promise;
  }

  /** @param {number} n @param {AbortSignal} signal @returns {Promise<Loaded>} */
  async _fetch(n, signal) {
    const response = await this._answer(n, signal);
    const url = URL.createObjectURL(await response.blob());
    const element = new Image();
    element.src = url;
    element.alt = "";
    element.draggable = false;
    element.dataset.frame = String(n);
    await element.decode().catch(() => {
      URL.revokeObjectURL(url);
      throw new Error(`Frame ${n} arrived, but this browser cannot decode it.`);
    });
    const picture = { number: n, element };
    this._keep(picture);
    return picture;
  }

  /** @param {number} n @param {AbortSignal} signal @returns {Promise<Response>} */
  async _answer(n, signal) {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.urlOf(n), { signal, headers: { Accept: "image/jpeg, image/*" }, credentials: "same-origin" }).catch((error) => {
        if (signal.aborted) throw error;
        return null;
      });
      if (response?.ok) return response;
      if (attempt >= ATTEMPTS || (response && response.status < 500 && response.status !== 429)) {
        throw new Error(await refusal(n, response));
      }
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }

  /** @param {Loaded} picture */
  _keep(picture) {
    this._pictures.set(picture.number, picture);
    for (const [n, old] of this._pictures) {
      if (this._pictures.size <= KEPT) break;
      if (old.element.isConnected) continue;
      this._pictures.delete(n);
      URL.revokeObjectURL(old.element.src);
    }
  }
}

/** @param {number} n @param {Response | null} response */
async function refusal(n, response) {
  if (!response) return `Frame ${n} could not be fetched: the server cannot be reached.`;
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `Frame ${n} could not be fetched: the server answered ${response.status}.`;
}
