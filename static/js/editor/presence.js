/**
 * Tells the others where this person is: latest wins, at most twenty times a second, and at least about every five
 * seconds, because nobody says goodbye for a person whose server process died. The server's own beat is the clock:
 * timers of a tab in the background would sleep.
 */

const EVERY_MS = 50;
/** A little less than the server's beat. */
const AGAIN_MS = 4000;
const MOST_SELECTED = 200;
const LARGEST_DRAG = 6000;

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
    /** The id under which the others see a shape that is being drawn. */
    this._drawing = "00000000-0000-7000-8000-000000000000";
    editor.on("cursor", (point) => {
      this.cursor = point;
      this._soon();
    });
    for (const name of ["selection", "frame", "tool", "drafts"]) editor.on(name, () => this._soon());
    editor.client.on("head", () => {
      editor.dropSilentPeers();
      if (performance.now() - this._sentAt < AGAIN_MS) return;
      this._last = "";
      this._soon();
    });
    editor.client.on("state", (state) => {
      if (state !== "live") return;
      if (this._wasLive) return;
      this._wasLive = true;
      this._last = "";
      this._soon();
    });
    editor.client.on("state", (state) => {
      if (state !== "live") this._wasLive = false;
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
    const message = { cursor, frame: editor.frame, selection: [...editor.selection].slice(0, MOST_SELECTED), tool: editor.tool, drag: this._drag() };
    const text = JSON.stringify(message);
    if (text === this._last) return;
    this._last = text;
    this._sentAt = performance.now();
    editor.client.sendPresence(message);
  }

  /** One shape that is being moved or drawn; large outlines are too heavy for a preview. */
  _drag() {
    const { painting, drafts } = this.editor;
    const [first] = painting?.outline ? [/** @type {const} */ ([painting.id ?? "new", painting.outline])] : drafts;
    if (!first) return null;
    const [id, geometry] = first;
    if (JSON.stringify(geometry).length > LARGEST_DRAG) return null;
    return { id: id === "new" ? this._drawing : id, geometry };
  }
}
