/**
 * What a person is doing: selection, tool, frame, label, drafts, and the other people. Tools, panels and commands act
 * through this; it knows no page. What is chosen lies in `choice.js`, what is changed in `changes.js`.
 */
import { Changes } from "./changes.js";
import { isTrack } from "./model/interpolation.js";
import { LANDING_MS, Peers } from "./model/peers.js";
import { clamp } from "./util.js";

/** @typedef {import("./model/peers.js").SeenPeer} SeenPeer */

export { isSuggestion, likeness } from "./changes.js";

/** Emits selection, hover, tool, label, labels, frame, wanted, drafts, guides, peers, landed, hidden, rights, settings, say (a sentence). */
export class Editor extends Changes {
  /**
   * @param {import("./types.js").EditorConfig} config
   * @param {import("./model/store.js").Store} store
   * @param {import("./model/op_client.js").OpClient} client
   * @param {import("./model/history.js").History} history
   */
  constructor(config, store, client, history) {
    super(config, store, client, history);
    this.wanted = 0;
    /** @type {import("./render/video.js").VideoSource | null} a video's pictures: which frames are `ready(n)`, and when each is shown, `timeOf(n)` */
    this.frames = null;
    this.playing = false;
    /** The other people in the room, by their connection. */
    this.peers = new Peers();
    /** @type {string | null} the person whose view this one follows */
    this.following = null;
    this.guides = {
      /** @type {[number, number] | null} */ cross: null,
      /** @type {import("./types.js").Bounds | null} */ marquee: null,
      /** @type {{text: string, at: [number, number]} | null} */ sizeAt: null,
      /** @type {Set<string | number>} vertices (by id) or keypoints (by place) of the selected shape */ chosen: new Set(),
      /** @type {import("./types.js").Sketch | null} what a tool shows of a drawing that is begun */ sketch: null,
    };
    this.crosshair = false;
    /** Whether drawing and dragging keep to the outlines of neighbours. */
    this.snapping = false;
    store.on("change", ({ ids, reset }) => this._afterChange(ids, reset));
    store.on("commit", (tx) => this.peers.took(tx) && this._landed());
  }

  /** @param {Partial<Editor["guides"]>} guides */
  setGuides(guides) {
    Object.assign(this.guides, guides);
    this.emit("guides");
  }

  /** @param {boolean} on */
  setCrosshair(on) {
    this.crosshair = on;
    if (!on) this.setGuides({ cross: null });
    this.emit("settings");
  }

  // -- frames ----------------------------------------------------------------------------------------------------

  /** Ask for a frame: it comes on screen, with its shapes and its number, when its picture is here. @param {number} n */
  goTo(n) {
    if (!this.isVideo) return;
    this.wanted = clamp(Math.round(n), 0, this.item.frames - 1);
    this.emit("wanted");
  }

  /** @param {number} n the frame whose picture is on screen now */
  arrived(n) {
    if (!this.isVideo) return;
    if (n !== this.frame) this.select(this.selected().filter(isTrack).map(({ id }) => id));
    if (n !== this.frame) this.redrawing = null;
    this.frame = n;
    this.emit("frame");
  }

  // -- what others do --------------------------------------------------------------------------------------------

  /** @param {any[]} batch */
  peersMoved(batch) {
    for (const landing of this.peers.hear(batch, now())) {
      setTimeout(() => this.peers.letGo(landing) && this._landed(), LANDING_MS);
    }
    this.emit("peers");
  }

  /** What somebody dragged is where they put it. */
  _landed() {
    this.emit("landed");
    this.emit("peers");
  }

  /** Whoever is there says so every few seconds; of the others nobody may ever say that they are gone. @param {number} [at] milliseconds since 1970 */
  dropSilentPeers(at = now()) {
    if (this.peers.dropSilent(at)) this.emit("peers");
  }

  peersLeft() {
    if (!this.peers.size) return;
    this.peers.clear();
    this.emit("peers");
  }

  /** @param {Set<string>} ids @param {boolean} reset */
  _afterChange(ids, reset) {
    if (reset && this.peers.letAllGo()) this._landed();
    let lost = false;
    for (const id of ids) {
      if (this.store.get(id)) continue;
      lost = this.selection.delete(id) || lost;
      if (this.hover === id) this.setHover(null);
      if (!this.drafts.delete(id)) continue;
      this.emit("drafts", new Set([id]));
      this.emit("say", "The shape that you were moving was deleted by somebody else. 'Deleted shapes' under History brings it back.");
    }
    if (lost) this.emit("selection");
  }
}

/** Milliseconds since 1970 that only go on, whatever is done to the clock on the wall. */
function now() {
  return performance.timeOrigin + performance.now();
}
