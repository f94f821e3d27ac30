/** A WHEP player: one receiving connection that comes back by itself. */

import { csrfToken } from "../lib/api.js";

const GATHER_MS = 150;
const FIRST_FRAME_MS = 3000;
const STALL_MS = 6000;
const LONGEST_WAIT_MS = 15000;

/**
 * @typedef {"idle" | "connecting" | "playing" | "waiting" | "unsupported"} PlayerState
 * @typedef {{onState?: (state: PlayerState, detail: string) => void, onNoVideo?: () => void, firstFrameMs?: number}} Handlers
 */

/** The offer's candidates as an SDP fragment (RFC 8840). @param {RTCIceCandidate[]} candidates */
export function fragmentOf(candidates) {
  const lines = candidates.map((one) => `a=${one.candidate}`);
  return [`a=mid:${candidates[0]?.sdpMid ?? "0"}`, ...lines, "a=end-of-candidates", ""].join("\r\n");
}

/** How long to wait before attempt n: doubled, with jitter. @param {number} attempt */
export function waitBefore(attempt, random = Math.random) {
  return Math.min(LONGEST_WAIT_MS, 500 * 2 ** attempt) * (0.75 + random() / 2);
}

/** @typedef {{url: string, username: string, credential: string}} Server one ICE server; without a login both are empty */

/** The ICE servers of a Link header. @param {string | null} header @returns {Server[]} */
export function iceServersOf(header) {
  const links = [...(header ?? "").matchAll(/<([^>]+)>((?:\s*;\s*[\w-]+=(?:"[^"]*"|[^\s;,"]+))*)/g)];
  return links.flatMap(([, url, rest]) => {
    const said = Object.fromEntries([...rest.matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s;,"]+))/g)].map((found) => [found[1], found[2] ?? found[3]]));
    return said.rel === "ice-server" ? [{ url, username: said.username ?? "", credential: said.credential ?? "" }] : [];
  });
}

/** They as RTCPeerConnection takes them. @param {Server[]} servers @returns {RTCIceServer[]} */
export function forConnection(servers) {
  return servers.map(({ url, username, credential }) => (username ? { urls: url, username, credential } : { urls: url }));
}

/** Whether a login has run out: its user name begins with the second of its end. @param {Server[]} servers @param {number} now in ms */
export function expired(servers, now) {
  return servers.some(({ username }) => /^\d+:/.test(username) && parseInt(username, 10) * 1000 <= now);
}

export class WhepPlayer {
  /**
   * @param {HTMLVideoElement} video
   * @param {string} url the pipeline's WHEP endpoint
   * @param {Handlers} [handlers] `onNoVideo` when no first frame came in time, so that the page can fall back
   * @param {Server[]} [servers] known already, so that the first offer needs no question before it
   */
  constructor(video, url, handlers = {}, servers = []) {
    this.video = video;
    this.url = url;
    this.handlers = handlers;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    this.session = "";
    this.attempt = 0;
    this.wanted = false;
    this.frames = 0;
    this.movedAt = 0;
    this.servers = servers;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    addEventListener("pagehide", () => this.stop());
    setInterval(() => this.#watch(), 1000);
  }

  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.#connect();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.#hangUp();
    this.#say("idle");
  }

  /** Figures of the reception, or null while nothing is received. @returns {Promise<Record<string, any> | null>} */
  async stats() {
    const report = await this.connection?.getStats();
    for (const entry of report?.values() ?? []) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") return entry;
    }
    return null;
  }

  async #connect() {
    if (typeof RTCPeerConnection === "undefined") {
      this.#say("unsupported", "This browser has no WebRTC.");
      this.handlers.onNoVideo?.();
      return;
    }
    this.#say("connecting");
    await this.#renewLogin();
    if (!this.wanted || this.connection) return;
    const connection = new RTCPeerConnection({ iceServers: forConnection(this.servers) });
    this.connection = connection;
    try {
      await this.#negotiate(connection);
    } catch (error) {
      if (connection === this.connection) this.#retry(error instanceof Error ? error.message : String(error));
    }
  }

  /** A page that stood open for long asks for a new login before it connects again. */
  async #renewLogin() {
    if (!expired(this.servers, Date.now())) return;
    const answer = await fetch(this.url, { method: "OPTIONS", headers: { "X-CSRFToken": csrfToken() }, credentials: "same-origin" }).catch(() => null);
    if (answer?.ok) this.servers = iceServersOf(answer.headers.get("Link"));
  }

  /** @param {RTCPeerConnection} connection */
  async #negotiate(connection) {
    /** @type {RTCIceCandidate[]} */
    const late = [];
    connection.addTransceiver("video", { direction: "recvonly" });
    connection.ontrack = (event) => this.#show(event.streams[0] ?? new MediaStream([event.track]));
    connection.onconnectionstatechange = () => this.#changed(connection);
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    connection.onicecandidate = (event) => event.candidate && late.push(event.candidate);
    const answer = await this.#post(connection.localDescription?.sdp ?? "");
    if (connection !== this.connection) return;
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
    if (late.length) await this.#trickle(late);
    const limit = this.handlers.firstFrameMs ?? FIRST_FRAME_MS;
    setTimeout(() => connection === this.connection && !this.frames && this.handlers.onNoVideo?.(), limit);
  }

  /** @param {string} sdp @returns {Promise<string>} */
  async #post(sdp) {
    const headers = { "Content-Type": "application/sdp", "X-CSRFToken": csrfToken() };
    const response = await fetch(this.url, { method: "POST", headers, body: sdp, credentials: "same-origin" }).catch(() => null);
    if (!response) throw new Error("The server cannot be reached.");
    const text = await response.text();
    if (response.status !== 201) throw new Error(sentence(text) || `The server answered ${response.status}.`);
    this.session = response.headers.get("Location") ?? "";
    this.servers = iceServersOf(response.headers.get("Link"));
    return text;
  }

  /** @param {RTCIceCandidate[]} candidates */
  async #trickle(candidates) {
    const headers = { "Content-Type": "application/trickle-ice-sdpfrag", "X-CSRFToken": csrfToken() };
    await fetch(this.session, { method: "PATCH", headers, body: fragmentOf(candidates), credentials: "same-origin" });
  }

  /** @param {MediaStream} stream */
  #show(stream) {
    this.frames = 0;
    this.movedAt = performance.now();
    this.video.srcObject = stream;
    this.video.play().catch(() => {}); // autoplay may be refused; the controls start it then
  }

  /** @param {RTCPeerConnection} connection */
  #changed(connection) {
    if (connection !== this.connection) return;
    if (connection.connectionState === "failed" || connection.connectionState === "closed") {
      this.#retry("The connection was lost.");
    }
  }

  async #watch() {
    const connection = this.connection;
    const stats = await this.stats();
    if (!stats || connection !== this.connection) return;
    const now = performance.now();
    if (stats.framesDecoded !== this.frames) {
      this.frames = stats.framesDecoded;
      this.movedAt = now;
      this.attempt = 0;
      this.#say("playing");
    } else if (this.frames && now - this.movedAt > STALL_MS && !document.hidden) {
      this.#retry("No picture came for a while.");
    }
  }

  /** @param {string} reason */
  #retry(reason) {
    this.#hangUp();
    if (!this.wanted) return;
    this.#say("waiting", reason);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#connect(), waitBefore(this.attempt++));
  }

  #hangUp() {
    const { connection, session } = this;
    this.connection = null;
    this.session = "";
    this.frames = 0;
    if (!session) {
      connection?.close();
      return;
    }
    // keepalive: it has to leave even while the page goes away. A connection closed before would end the session first.
    const request = { method: "DELETE", headers: { "X-CSRFToken": csrfToken() }, credentials: /** @type {const} */ ("same-origin"), keepalive: true };
    fetch(session, request).catch(() => {}).finally(() => connection?.close());
  }

  /** @param {PlayerState} state @param {string} [detail] */
  #say(state, detail = "") {
    this.handlers.onState?.(state, detail);
  }
}

/** Wait for the first candidates, but never long: the server finds the browser's address from its checks too. @param {RTCPeerConnection} connection */
function gathered(connection) {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER_MS, undefined);
    connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve(undefined));
  });
}

/** The detail of a problem+json body. @param {string} text */
function sentence(text) {
  try {
    return JSON.parse(text).detail ?? "";
  } catch {
    return "";
  }
}
