/** See what somebody else sees: their frame, and the middle and width of their view, until one moves by oneself. */
import { icon, make } from "../lib/dom.js";
import { crowd, nextToFollow, tabOf } from "./model/crowd.js";
import { overPicture } from "./panels/context_bar.js";
import { personColor } from "./render/style.js";

export class Follow {
  /** @param {import("./editor.js").Editor} editor @param {HTMLElement} stage the banner stands over it */
  constructor(editor, stage) {
    this.editor = editor;
    this.name = "";
    this._leading = false;
    this._size = "";
    this.words = make("span", {});
    this.banner = make("div", { class: "ed-follow", role: "status" }, icon("eye"), this.words, make("button", { type: "button", class: "ed-small quiet", onclick: () => this.stop() }, "Stop"));
    this.banner.hidden = true;
    this.frame = make("div", { class: "ed-follow-frame", "aria-hidden": "true" });
    this.frame.hidden = true;
    stage.after(this.frame);
    overPicture(stage).append(this.banner);
    editor.on("peers", () => this._lead());
    editor.view.on("change", () => this._ownMove());
    editor.on("wanted", () => this._leading || this.stop());
    document.addEventListener("keydown", (event) => this._key(event), { capture: true });
  }

  get people() {
    return crowd(this.editor.config.user, this.editor.peers.values());
  }

  /** @param {string} userId */
  start(userId) {
    const tab = tabOf(this.editor.peers.values(), userId);
    if (!tab) return;
    const { editor } = this;
    editor.following = userId;
    this.name = tab.user.name;
    this.words.textContent = `Following ${this.name} — Esc to stop`;
    this.banner.hidden = this.frame.hidden = false;
    this.banner.style.setProperty("--person", personColor(userId));
    this.frame.style.setProperty("--person", personColor(userId));
    this._size = `${editor.view.width}x${editor.view.height}`;
    editor.emit("following");
    this._lead();
  }

  /** @param {string} [why] */
  stop(why) {
    if (!this.editor.following) return;
    this.editor.following = null;
    this.banner.hidden = this.frame.hidden = true;
    this.editor.emit("following");
    if (why) this.editor.emit("say", why);
  }

  /** Follow the next person, and after the last nobody. */
  turn() {
    const next = nextToFollow(this.people, this.editor.following);
    if (next) this.start(next);
    else this.stop("You follow nobody.");
  }

  /** Look where somebody is, once. @param {string} userId */
  visit(userId) {
    this.stop();
    const tab = tabOf(this.editor.peers.values(), userId);
    if (tab) this._show(tab);
  }

  _lead() {
    const { editor } = this;
    if (!editor.following) return;
    const tab = tabOf(editor.peers.values(), editor.following);
    if (tab) this._show(tab);
    else if (editor.client.state === "live") this.stop(`${this.name} has left.`);
  }

  /** @param {import("./editor.js").SeenPeer} tab */
  _show({ frame, view, cursor }) {
    const { editor } = this;
    this._leading = true;
    try {
      if (typeof frame === "number" && frame !== editor.wanted) editor.goTo(frame);
      if (view && !this._isAt(view)) editor.view.look([view.x, view.y], view.w);
      else if (!view && cursor && !editor.following) editor.view.look(cursor, editor.view.width / editor.view.scale);
    } finally {
      this._leading = false;
    }
  }

  /** @param {{x: number, y: number, w: number}} there */
  _isAt({ x, y, w }) {
    const { view } = this.editor;
    const [mx, my] = view.toPicture([view.width / 2, view.height / 2]);
    return Math.abs(mx - x) * view.scale < 0.5 && Math.abs(my - y) * view.scale < 0.5 && Math.abs(view.width / view.scale - w) < 0.2;
  }

  /** A window of another size is no wish to look elsewhere. */
  _ownMove() {
    const { view } = this.editor;
    const size = `${view.width}x${view.height}`;
    if (!this._leading && size === this._size) this.stop();
    this._size = size;
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.key !== "Escape" || !this.editor.following || document.querySelector("dialog[open]")) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    event.stopPropagation();
    this.stop();
  }
}
