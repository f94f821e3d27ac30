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
 * Open a socket of this server.
 * @param {string} path for instance `/ws/projects/<id>/`
 * @param {{onMessage: (message: any) => void, onState?: (state: SocketState, reason: {code: number, reason: string} | null) => void,
 *     onBinary?: (data: ArrayBuffer) => void}} handlers `onState("open")` comes after every reconnect: say hello there
 * @returns {{send: (message: object) => boolean, close: () => void}} `send` is false when nothing is connected
 */
export function openSocket(path, { onMessage, onState = () => {}, onBinary = () => {} }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let attempt = 0;
  let over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function connect() {
    clearTimeout(timer);
    if (over || (socket && socket.readyState <= WebSocket.OPEN)) return;
    onState("connecting", null);
    const url = new URL(path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const mine = new WebSocket(url);
    mine.binaryType = "arraybuffer";
    socket = mine;
    mine.onopen = () => onState("open", null);
    mine.onmessage = (event) => {
      attempt = 0;
      if (typeof event.data === "string") onMessage(JSON.parse(event.data));
      else onBinary(event.data);
    };
    mine.onclose = (event) => mine === socket && lost(event.code, event.reason);
  }

  /** @param {number} code @param {string} reason */
  function lost(code, reason) {
    socket = null;
    if (over) return;
    over = FINAL.has(code);
    onState(over ? "closed" : "waiting", { code, reason });
    if (!over) timer = setTimeout(connect, retryDelay(attempt++));
  }

  addEventListener("online", connect);
  connect();
  return {
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close() {
      over = true;
      clearTimeout(timer);
      removeEventListener("online", connect);
      socket?.close(1000);
      onState("closed", { code: 1000, reason: "" });
    },
  };
}
