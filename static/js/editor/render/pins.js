/** Pins of comments over the picture: buttons in a layer of their own, so that they can be reached by keyboard. */
import { make } from "../../lib/dom.js";
import { boundsOf, geometryOn } from "../model/geometry.js";
import { pinOf, said } from "../model/threads.js";
import { inkOn, personColor } from "./style.js";

const EDGE = 14;

export class Pins {
  /**
   * @param {import("../editor.js").Editor} editor @param {import("../model/threads.js").Threads} threads
   * @param {HTMLElement} host the layer goes behind the stage in it
   * @param {(id: string) => void} open
   */
  constructor(editor, threads, host, open) {
    this.editor = editor;
    this.threads = threads;
    this.open = open;
    this.layer = make("div", { class: "ed-pins", role: "group", "aria-label": "Comments on the picture" });
    host.after(this.layer);
    /** @type {Map<string, {pin: HTMLElement, thread: import("../model/threads.js").Thread}>} */
    this.pins = new Map();
    /** @type {string | null} */
    this.current = null;
    this.shown = true;
    this._asked = false;
    const ask = () => this.ask();
    for (const emitter of [editor.view, editor.store, threads]) emitter.on("change", ask);
    for (const name of ["frame", "hidden"]) editor.on(name, ask);
    editor.on("peek", (on) => (this.layer.hidden = on || !this.shown));
    ask();
  }

  /** @param {string | null} id the thread that is open */
  mark(id) {
    this.current = id;
    this.ask();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.shown = shown;
    this.layer.hidden = !shown;
  }

  ask() {
    if (this._asked || (!this.threads.all.size && !this.pins.size)) return;
    this._asked = true;
    requestAnimationFrame(() => {
      this._asked = false;
      this._draw();
    });
  }

  _draw() {
    const { editor } = this;
    const gone = new Set(this.pins.keys());
    for (const thread of this.threads.list("all")) {
      if (thread.resolved_at && thread.id !== this.current) continue;
      const place = pinOf(thread, editor.frame, (id) => this._bounds(id));
      if (!place) continue;
      gone.delete(thread.id);
      this._put(this._pin(thread), editor.view.toScreen(place));
    }
    for (const id of gone) {
      this.pins.get(id)?.pin.remove();
      this.pins.delete(id);
    }
  }

  /** @param {string} id */
  _bounds(id) {
    const shape = this.editor.store.get(id);
    if (!shape) return undefined;
    const geometry = geometryOn(shape, this.editor.frame);
    return geometry && boundsOf(geometry);
  }

  /** What is not in sight cannot be tabbed to. @param {HTMLElement} pin @param {[number, number]} at */
  _put(pin, [x, y]) {
    const { width, height } = this.editor.view;
    pin.hidden = x < -EDGE || y < -EDGE || x > width + EDGE || y > height + EDGE;
    pin.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }

  /** @param {import("../model/threads.js").Thread} thread */
  _pin(thread) {
    const known = this.pins.get(thread.id);
    const pin = known?.pin ?? make("button", { type: "button", class: "ed-pin", onclick: () => this.open(thread.id) });
    if (known?.thread !== thread) this._fill(pin, thread);
    pin.classList.toggle("current", thread.id === this.current);
    if (!known) this.layer.append(pin);
    this.pins.set(thread.id, { pin, thread });
    return pin;
  }

  /** @param {HTMLElement} pin @param {import("../model/threads.js").Thread} thread */
  _fill(pin, thread) {
    const comments = said(thread);
    const [first] = comments;
    const name = first.author?.name ?? "Somebody";
    const answers = comments.length - 1;
    const color = personColor(first.author?.id ?? "");
    pin.style.background = color;
    pin.style.color = inkOn(color);
    pin.textContent = answers ? String(comments.length) : (name[0] ?? "?").toUpperCase();
    pin.classList.toggle("resolved", Boolean(thread.resolved_at));
    pin.setAttribute("aria-label", `Comment by ${name}: ${first.text.slice(0, 80)}${answers ? `, ${answers} ${answers > 1 ? "answers" : "answer"}` : ""}`);
    pin.title = `${name}: ${first.text.slice(0, 160)}`;
  }
}
