/** One file on its way by tus: it can rest and go on, also after the page or the server came back. */

import { ApiError, api, apiUrl, csrfToken, readBody } from "../lib/api.js";

// A proxy or a server that reads whole bodies first keeps at most so much in vain when the line breaks.
const CHUNK_BYTES = 16 * 2 ** 20;
// Smaller files are one request; for larger ones the address comes first, so that a reload can go on with them.
const ONE_REQUEST_BYTES = 4 * 2 ** 20;
const MOST_WAIT_MS = 10_000;
const TRIES = 60;

/** @typedef {import("../vendor/tus.js").DetailedError} DetailedError */
/** @typedef {import("../vendor/tus.js").Upload} Tus */

/** How long to wait before each further try: soon at first, then every ten seconds for some minutes. */
export function retryDelays() {
  return Array.from({ length: TRIES }, (_, n) => Math.min(500 * 2 ** Math.min(n, 5), MOST_WAIT_MS));
}

/**
 * Whether trying again may help: the line broke, the server is away or busy, or another request still holds the file.
 * @param {number} status 0 when no answer came
 */
export function mayPass(status) {
  return status === 0 || status >= 500 ? status !== 507 : [408, 409, 423, 429, 460].includes(status);
}

/**
 * What a file is known by when it is chosen again, after a reload for instance.
 * @param {string} project @param {string} path @param {{size: number, lastModified: number}} file
 */
export function fingerprintOf(project, path, file) {
  return ["frameloop", project, path, file.size, file.lastModified].join("|");
}

/** The sentence of a refusal. @param {any} error @returns {string} */
export function sentence(error) {
  const response = /** @type {DetailedError} */ (error).originalResponse;
  if (!response) return "The server cannot be reached. It goes on from where it was.";
  const problem = readBody(response.getStatus(), response.getBody());
  return new ApiError(response.getStatus(), problem ?? {}).message;
}

/**
 * @typedef {object} Wishes
 * @property {string} project
 * @property {string} path
 * @property {boolean} atOnce becomes an item without a review
 * @property {number} position
 */

export class Transfer {
  /**
   * @param {File} file
   * @param {Wishes} wishes
   * @param {{progress: (sent: number) => void, done: (id: string) => void, failed: (error: any) => void}} hears
   */
  constructor(file, wishes, hears) {
    this.file = file;
    this.wishes = wishes;
    this.hears = hears;
    /** @type {Tus | null} */
    this.tus = null;
    this.stopped = false;
  }

  /** The upload's id, once the server has given it one. */
  get id() {
    return this.tus?.url?.split("/").pop() ?? "";
  }

  /** Begin, or go on where it was. */
  async start() {
    this.stopped = false;
    if (!this.tus) {
      const { Upload } = await import("../vendor/tus.js");
      this.tus = new Upload(this.file, this.options());
      const earlier = await this.tus.findPreviousUploads();
      if (earlier.length) this.tus.resumeFromPreviousUpload(earlier[earlier.length - 1]);
    }
    if (!this.stopped) this.tus.start();
  }

  /** @returns {import("../vendor/tus.js").Options} */
  options() {
    const { project, path, atOnce, position } = this.wishes;
    return {
      endpoint: new URL(apiUrl(`projects/${project}/uploads`), location.href).href,
      chunkSize: CHUNK_BYTES,
      metadata: { filename: this.file.name, path, at_once: String(atOnce), position: String(position) },
      retryDelays: retryDelays(),
      uploadDataDuringCreation: this.file.size <= ONE_REQUEST_BYTES,
      removeFingerprintOnSuccess: true,
      fingerprint: async () => fingerprintOf(project, path, this.file),
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
      onShouldRetry: (error) => mayPass(error.originalResponse?.getStatus() ?? 0),
      onProgress: (sent) => this.hears.progress(sent),
      onSuccess: () => this.hears.done(this.id),
      onError: (error) => this.stopped || this.hears.failed(error),
    };
  }

  /** Rest: what was sent stays there. */
  pause() {
    this.stopped = true;
    return this.tus?.abort();
  }

  /** Give it up; the server forgets what it has. */
  async cancel() {
    this.stopped = true;
    await this.tus?.abort(true).catch(() => {}); // what the server still has expires
  }

  /** What became of it. @returns {Promise<any>} */
  look() {
    return api("GET", `uploads/${this.id}`);
  }
}
