/** A WebSocket that comes back: exponential back-off with jitter, and it stays away when told to. */

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 15000;
// Signed out, no longer a member, a protocol this page is too old for, no such room: trying again cannot help.
const FINAL = new Set([4401, 4403, 4404, 4409]);

/** @typedef {"connecting" | "open" | "waiting" | "closed"} SocketState */

/** How long to wait before attempt n (from 0): between half and all of the doubled delay. @param {number} attempt */
export function retryDelay(attempt, random = Math.random) {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return full / 2 + (random() * full) / 2;
}

/**
 * @typedef {object} Handlers
 * @property {(message: any) => void} onMessage
 * @property {(state: SocketState, reason: {code: number, reason: string} | null) => void} [onState] `open` comes after every reconnect: say hello there
 * @property {(data: ArrayBuffer) => void} [onBinary]
 */

/** @type {Map<string, Line>} the page's connections by path */
const lines = new Map();

/** One connection, however many parts of the page listen to it. */
class Line {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    /** @type {Set<Handlers>} */
    this.listeners = new Set();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.attempt = 0;
    this.over = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.connect = () => this._connect();
    addEventListener("online", this.connect);
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  _connect() {
    clearTimeout(this.timer);
    if (this.over || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    this.tell("connecting");
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const mine = new WebSocket(url);
    mine.binaryType = "arraybuffer";
    this.socket = mine;
    mine.onopen = () => this.tell("open");
    mine.onmessage = (event) => this._heard(event.data);
    mine.onclose = (event) => mine === this.socket && this._lost(event.code, event.reason);
  }

  /** @param {string | ArrayBuffer} data */
  _heard(data) {
    this.attempt = 0;
    const message = typeof data === "string" ? JSON.parse(data) : null;
    for (const listener of [...this.listeners]) {
      if (typeof data === "string") listener.onMessage(message);
      else listener.onBinary?.(data);
    }
  }

  /** @param {number} code @param {string} reason */
  _lost(code, reason) {
    this.socket = null;
    if (FINAL.has(code)) this.end();
    this.tell(this.over ? "closed" : "waiting", { code, reason });
    if (!this.over) this.timer = setTimeout(this.connect, retryDelay(this.attempt++));
  }

  /** @param {SocketState} state @param {{code: number, reason: string} | null} [reason] */
  tell(state, reason = null) {
    for (const listener of [...this.listeners]) listener.onState?.(state, reason);
  }

  end() {
    this.over = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.connect);
    if (lines.get(this.path) === this) lines.delete(this.path);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }
}

/**
 * Listen to a socket of this server. Parts of a page that ask for one path share its connection.
 * @param {string} path for instance `/ws/projects/<id>/`
 * @param {Handlers} handlers
 * @returns {{send: (message: object) => boolean, close: () => void}} `send` is false when nothing is connected
 */
export function openSocket(path, handlers) {
  const known = lines.get(path);
  const line = known ?? new Line(path);
  lines.set(path, line);
  line.listeners.add(handlers);
  if (!known) line.connect();
  // Later, as for the first: whoever listens keeps what this returns before it is called.
  else if (line.open) queueMicrotask(() => line.open && line.listeners.has(handlers) && handlers.onState?.("open", null));
  return {
    send(message) {
      if (!line.open) return false;
      line.socket?.send(JSON.stringify(message));
      return true;
    },
    close() {
      if (!line.listeners.delete(handlers)) return;
      if (!line.listeners.size) line.end();
      handlers.onState?.("closed", { code: 1000, reason: "" });
    },
  };
}
