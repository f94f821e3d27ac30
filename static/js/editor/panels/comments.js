/** Comments: the tab with its threads, the key C that pins one, and the way from a notice to its thread. */
import { api } from "../../lib/api.js";
import { boundsOf, geometryOn } from "../model/geometry.js";
import { Threads } from "../model/threads.js";
import { Pins } from "../render/pins.js";
import { ThreadPanel } from "./threads.js";

/**
 * @typedef {import("../model/threads.js").Thread} Thread
 * @typedef {{annotation?: string, frame?: number, x?: number, y?: number}} Place
 */

/** What is said, and what can be done about it. */
export class Comments {
  /** @param {import("../extensions.js").Context} context */
  constructor({ editor, renderer, stage, side }) {
    this.editor = editor;
    this.renderer = renderer;
    this.host = stage.host;
    this.side = side;
    this.threads = new Threads();
    /** Whether the next click on the picture says where a comment goes. */
    this.placing = false;
    this.pins = new Pins(editor, this.threads, stage.host, (id) => this.open(id));
    this.panel = new ThreadPanel(side.addTab("comments", "Comments"), this);
    this.threads.on("change", () => side.badge("comments", this.threads.open));
    this._listen();
  }

  get me() {
    return this.editor.config.user.id;
  }

  get role() {
    return this.editor.client.role || this.editor.config.role;
  }

  /** Why nothing can be said; empty when it can. */
  get refusal() {
    return this.role === "viewer" ? "Your role here is viewer: you can read comments, not write them." : "";
  }

  _listen() {
    const { editor, host } = this;
    editor.client.on("message", (message) => {
      if (message.type === "thread") this.threads.put(message.thread);
      if (message.type === "notice" && this.panel.current && message.url.endsWith(`thread=${this.panel.current}`)) this._seen(this.panel.current);
    });
    let live = editor.client.state === "live";
    editor.client.on("state", (state) => {
      if (state === "live" && !live) void this.load(); // a ring may have been dropped meanwhile
      live = state === "live";
    });
    addEventListener("hashchange", () => this.openNamed());
    for (const name of ["pointerdown", "pointerup", "dblclick"]) host.addEventListener(name, (event) => this.placing && event.stopImmediatePropagation(), { capture: true });
    host.addEventListener("click", (event) => this.placing && this._placed(event), { capture: true });
    document.addEventListener("keydown", (event) => this.placing && this._key(event), { capture: true });
  }

  async load() {
    try {
      this.threads.load(await api("GET", `items/${this.editor.item.id}/threads`));
    } catch (error) {
      this.editor.emit("say", `The comments could not be read: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** The thread that the address names. */
  openNamed() {
    const id = new URLSearchParams(location.hash.slice(1)).get("thread");
    if (!id) return;
    if (this.threads.get(id)) this.open(id);
    else this.editor.emit("say", "The comment that the address names is not on this item: look through the list of comments.");
  }

  // -- where -----------------------------------------------------------------------------------------------------

  /** The key C: about the selected shape at once, else about what is clicked next. */
  begin() {
    const [shape] = this.editor.selected();
    if (shape) return this.compose(this._onShape(shape.id));
    this._place(!this.placing);
    if (this.placing) this.editor.emit("say", "Click a point or a shape to comment on it. Enter: on the item as a whole. Escape: not at all.");
  }

  /** @param {boolean} on */
  _place(on) {
    this.placing = on;
    this.host.classList.toggle("placing", on);
  }

  /** @param {MouseEvent} event */
  _placed(event) {
    event.stopImmediatePropagation();
    this._place(false);
    const { left, top } = this.host.getBoundingClientRect();
    const point = this.editor.view.toPicture([event.clientX - left, event.clientY - top]);
    const hit = this.renderer.hit(point);
    const [x, y] = point.map((each) => Math.round(each * 10) / 10);
    this.compose(hit ? this._onShape(hit) : { ...this._onFrame(), x, y });
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    this._place(false);
    if (event.key === "Enter") this.compose({});
  }

  /** @returns {Place} */
  _onFrame() {
    return this.editor.frame === null ? {} : { frame: this.editor.frame };
  }

  /** The point is kept too: where the shape was, should it be deleted. @param {string} id @returns {Place} */
  _onShape(id) {
    const shape = this.editor.store.get(id);
    const geometry = shape && geometryOn(shape, this.editor.frame);
    const bounds = geometry && boundsOf(geometry);
    return { annotation: id, ...this._onFrame(), ...(bounds ? { x: bounds.maxX, y: bounds.minY } : {}) };
  }

  /** What a thread is about, in words. @param {{annotation?: string | null, frame?: number | null, x?: number | null}} place */
  placeText({ annotation, frame, x }) {
    const shape = annotation ? this.editor.store.get(annotation) : undefined;
    const on = typeof frame === "number" ? `, frame ${frame}` : "";
    if (shape) return `${this.editor.nameOf(shape)}${on}`;
    if (annotation) return `A deleted shape${on}`;
    return typeof x === "number" ? `A point${on}` : "The item";
  }

  // -- doing -----------------------------------------------------------------------------------------------------

  /** @param {Place} place */
  compose(place) {
    this.side.open("comments");
    this.panel.compose(place);
  }

  /** Show a thread, and the place that it is about. @param {string} id */
  open(id) {
    const thread = this.threads.get(id);
    if (!thread) return;
    this.side.open("comments");
    this.panel.open(id);
    this.address(id);
    this._seen(id);
    this._goThere(thread);
  }

  /** What leads to an open thread needs no bell. @param {string} id */
  _seen(id) {
    if (!document.hidden) api("POST", "notices/read", { thread: id }).catch(() => undefined);
  }

  /** Which thread is open; the address says it too. @param {string | null} id */
  address(id) {
    this.pins.mark(id);
    const hash = new URLSearchParams(location.hash.slice(1));
    if (id) hash.set("thread", id);
    else hash.delete("thread");
    history.replaceState(null, "", hash.size ? `#${hash}` : location.pathname + location.search);
  }

  /** @param {Thread} thread */
  _goThere(thread) {
    const { editor } = this;
    if (thread.frame !== null && thread.frame !== editor.frame) {
      const off = editor.on("frame", () => {
        off();
        if (editor.frame === thread.frame) this._look(thread);
      });
      return editor.goTo(thread.frame);
    }
    this._look(thread);
  }

  /** @param {Thread} thread */
  _look(thread) {
    const { editor } = this;
    const shape = thread.annotation ? editor.store.get(thread.annotation) : undefined;
    if (shape) editor.select([shape.id]);
    const geometry = shape && geometryOn(shape, editor.frame);
    const bounds = geometry && boundsOf(geometry);
    const point = bounds ? [(bounds.minX + bounds.maxX) / 2, (bounds.minY + bounds.maxY) / 2] : [thread.x, thread.y];
    const [x, y] = point;
    if (typeof x !== "number" || typeof y !== "number") return;
    const seen = editor.view.visible(-40);
    if (x >= seen.minX && x <= seen.maxX && y >= seen.minY && y <= seen.maxY) return;
    const [sx, sy] = editor.view.toScreen([x, y]);
    editor.view.pan(editor.view.width / 2 - sx, editor.view.height / 2 - sy);
  }

  /** Send something and take the thread as it is then. @param {string} method @param {string} path @param {any} [body] @returns {Promise<Thread>} */
  async send(method, path, body) {
    const thread = await api(method, path, body);
    this.threads.put(thread);
    return thread;
  }
}

/** @param {import("../extensions.js").Context} context */
export function install(context) {
  const comments = new Comments(context);
  context.commands.add("People", "comment", "Comment on the selection, or on what is clicked next", ["KeyC"], () => comments.begin(), () => comments.refusal);
  context.commands.add("People", "pins", "Show or hide the pins of comments", ["Shift+KeyC"], () => comments.pins.show(!comments.pins.shown));
  void comments.load().then(() => comments.openNamed());
  Object.assign(/** @type {any} */ (globalThis).frameloop ?? {}, { comments });
}
