/**
 * Tells the others where this person is: latest wins, at most twenty times a second, and at least about every five
 * seconds, because nobody says goodbye for a person whose server process died. The server's own beat is the clock:
 * timers of a tab in the background would sleep.
 */
import { DRAWING } from "./model/peers.js";
import { thinned } from "./model/vertices.js";

const EVERY_MS = 50;
/** A little less than the server's beat. */
const AGAIN_MS = 4000;
const MOST_SELECTED = 200;
const LARGEST_DRAG = 6000;
/** Of an outline that is dragged the others see as many, and all of them when it lies. */
const MOST_VERTICES = 100;
/** Who does nothing for so long is away. */
const AWAY_MS = 60_000;

/** @param {import("./extensions.js").Context} context */
export function install({ editor }) {
  new Presence(editor);
}

export class Presence {
  /** @param {import("./editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {[number, number] | null} */
    this.cursor = null;
    this._last = "";
    this._sentAt = 0;
    /** @type {any} */
    this._timer = null;
    this._held = false;
    /** Whether anything was changed since a hand last took hold; if not, what it held was given up. */
    this._changed = true;
    editor.on("submit", () => (this._changed = true));
    editor.on("cursor", (point) => {
      this.cursor = point;
      this._soon();
    });
    for (const name of ["selection", "frame", "tool", "drafts", "following"]) editor.on(name, () => this._soon());
    editor.view.on("change", () => this._soon());
    this._usedAt = performance.now();
    this._watchHands();
    editor.client.on("head", () => {
      editor.dropSilentPeers();
      if (performance.now() - this._sentAt < AGAIN_MS) return;
      this._last = "";
      this._soon();
    });
    this._wasLive = editor.client.state === "live";
    editor.client.on("state", (state) => {
      const back = state === "live" && !this._wasLive;
      this._wasLive = state === "live";
      if (!back) return;
      this._last = "";
      this._soon();
    });
    this._soon();
  }

  /** Whether somebody is there: the page is in sight, and a hand did something in the last minute. */
  get away() {
    return Boolean(globalThis.document?.hidden) || performance.now() - this._usedAt > AWAY_MS;
  }

  _watchHands() {
    if (!globalThis.document) return;
    const used = () => {
      const wasAway = this.away;
      this._usedAt = performance.now();
      if (wasAway) this._soon();
    };
    for (const name of ["pointermove", "pointerdown", "keydown", "wheel"]) document.addEventListener(name, used, { capture: true, passive: true });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this._usedAt = performance.now();
      this._soon();
    });
  }

  _soon() {
    if (this._timer) return;
    const wait = Math.max(0, EVERY_MS - (performance.now() - this._sentAt));
    this._timer = setTimeout(() => {
      this._timer = null;
      this._send();
    }, wait);
  }

  _send() {
    const { editor } = this;
    if (editor.client.state !== "live") return;
    const cursor = this.cursor && this.cursor.map((each) => Math.round(each * 10) / 10);
    const selection = [...editor.selection].slice(0, MOST_SELECTED);
    const drag = this._drag();
    const message = { cursor, frame: editor.frame, selection, tool: editor.tool, drag, view: this._view(), ...(this.away ? { away: true } : {}), ...this._end(drag) };
    const text = JSON.stringify(message);
    if (text === this._last) return;
    this._last = text;
    this._sentAt = performance.now();
    editor.client.sendPresence(message);
  }

  /** How the last drag ended, until the next one: many a message is passed over. @param {object | null} drag */
  _end(drag) {
    if (drag && !this._held) this._changed = false;
    this._held = Boolean(drag);
    return !drag && !this._changed ? { given_up: true } : {};
  }

  /** What is on screen, for those who follow. Who follows somebody has no view of their own: two would chase each other. */
  _view() {
    const { view, following } = this.editor;
    if (following || view.width <= 1) return null;
    const [x, y] = view.toPicture([view.width / 2, view.height / 2]);
    return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10, w: Math.round((view.width / view.scale) * 10) / 10 };
  }

  /** One shape that is being moved or drawn; large outlines are too heavy for a preview. */
  _drag() {
    const { painting, drafts } = this.editor;
    const [first] = painting?.outline ? [/** @type {const} */ ([painting.id ?? "new", painting.outline])] : drafts;
    if (!first) return null;
    const [id, whole] = first;
    const geometry = thinned(whole, MOST_VERTICES);
    if (JSON.stringify(geometry).length > LARGEST_DRAG) return null;
    return { id: id === "new" ? DRAWING : id, geometry };
  }
}
