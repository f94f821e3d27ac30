/** Who moves or paints which shape, said at the shape: an advisory lock that stops nobody. */
import { make } from "../../lib/dom.js";
import { boundsOf } from "../model/geometry.js";
import { HOLD_MS, Holds } from "../model/crowd.js";
import { inkOn, personColor } from "./style.js";

/** @typedef {import("../editor.js").SeenPeer} SeenPeer */

/** @param {import("../extensions.js").Context} context */
export function install({ editor, stage }) {
  new HoldLayer(editor, stage.host);
}

class HoldLayer {
  /** @param {import("../editor.js").Editor} editor @param {HTMLElement} host the layer comes right after it */
  constructor(editor, host) {
    this.editor = editor;
    this.holds = new Holds();
    this.layer = make("div", { class: "ed-holds" });
    host.after(this.layer);
    /** @type {Map<string, HTMLElement>} a plate for each connection that holds something */
    this.plates = new Map();
    /** @type {Set<string>} whom this person was told of while they hold the same shape */
    this._told = new Set();
    this._asked = false;
    for (const name of ["peers", "frame"]) editor.on(name, () => this.ask());
    editor.view.on("change", () => this.plates.size && this.ask());
    for (const name of ["drafts", "selection"]) editor.on(name, () => this._warn());
  }

  /** @returns {SeenPeer[]} */
  held() {
    return this.holds.of(this.editor.peers.values(), Date.now());
  }

  ask() {
    if (this._asked || (!this.plates.size && ![...this.editor.peers.values()].some(({ drag }) => drag))) return;
    this._asked = true;
    requestAnimationFrame(() => {
      this._asked = false;
      this._draw();
    });
  }

  _draw() {
    const held = this.held().filter((peer) => (peer.frame ?? null) === this.editor.frame);
    const gone = new Set(this.plates.keys());
    for (const peer of held) {
      gone.delete(peer.conn);
      this._put(peer);
    }
    for (const conn of gone) {
      this.plates.get(conn)?.remove();
      this.plates.delete(conn);
      this._told.delete(conn);
    }
    this._warn();
    clearTimeout(this._timer);
    if (held.length) this._timer = setTimeout(() => this.ask(), HOLD_MS);
  }

  /** @param {SeenPeer} peer */
  _put(peer) {
    const plate = this.plates.get(peer.conn) ?? this._plate(peer);
    const bounds = peer.drag && boundsOf(peer.drag.geometry);
    plate.hidden = !bounds;
    const words = wordsFor(peer, this.editor);
    if (plate.textContent !== words) plate.textContent = words;
    if (!bounds) return;
    const [x, y] = this.editor.view.toScreen([bounds.minX, bounds.minY]);
    plate.style.transform = `translate(${x.toFixed(1)}px, ${(y - 24).toFixed(1)}px)`;
  }

  /** @param {SeenPeer} peer */
  _plate(peer) {
    const plate = make("span", { class: "ed-hold", "data-person": peer.user.id });
    const color = personColor(peer.user.id);
    plate.style.background = color;
    plate.style.color = inkOn(color);
    this.layer.append(plate);
    this.plates.set(peer.conn, plate);
    return plate;
  }

  /** Once for each time that somebody else's hand is on what one takes, too. */
  _warn() {
    const { editor } = this;
    const mine = new Set([...editor.selection, ...editor.drafts.keys()]);
    for (const peer of mine.size ? this.held() : []) {
      const id = peer.drag?.id ?? "";
      if (!mine.has(id) || this._told.has(peer.conn)) continue;
      this._told.add(peer.conn);
      editor.emit("say", `${wordsFor(peer, editor)}. You can still change it: what is saved last stays.`);
    }
  }
}

/** @param {SeenPeer} peer @param {import("../editor.js").Editor} editor */
function wordsFor({ user, drag, tool }, editor) {
  if (tool === "brush" || tool === "eraser") return `${user.name} is painting this`;
  return editor.store.get(drag?.id ?? "") ? `${user.name} is moving this` : `${user.name} is drawing`;
}
