/**
 * What a person is doing: selection, tool, frame, label, drafts, and the other people. Tools, panels and commands act
 * through this; it knows no page. Every change of the document goes out as ops through `submit`.
 */
import { defaultsOf } from "./model/attributes.js";
import { geometriesOf, geometryOps, nudged } from "./model/drafts.js";
import { boundsOf } from "./model/geometry.js";
import { isTrack, stateOn } from "./model/interpolation.js";
import { inverseOf, parts, redone } from "./model/ops.js";
import { beginning, expandAll } from "./model/tracks.js";
import { Styles } from "./render/style.js";
import { Viewport } from "./render/viewport.js";
import { Emitter, clamp, uuid7 } from "./util.js";

/**
 * @typedef {import("./types.js").Annotation} Annotation
 * @typedef {import("./types.js").Geometry} Geometry
 * @typedef {import("./types.js").Op} Op
 * @typedef {import("./types.js").Peer & {seenAt: number}} SeenPeer
 */

const SILENT_MS = 15_000;
/** Arrow keys pressed in one burst make one tx. */
const NUDGE_MS = 350;

/** Emits selection, hover, tool, label, labels, frame, wanted, drafts, guides, peers, hidden, rights, settings, say (a sentence). */
export class Editor extends Emitter {
  /**
   * @param {import("./types.js").EditorConfig} config
   * @param {import("./model/store.js").Store} store
   * @param {import("./model/op_client.js").OpClient} client
   * @param {import("./model/history.js").History} history
   */
  constructor(config, store, client, history) {
    super();
    this.config = config;
    this.item = config.item;
    this.labels = config.labels;
    this.store = store;
    this.client = client;
    this.history = history;
    this.styles = new Styles(config.labels);
    this.view = new Viewport(config.item.width, config.item.height);
    this.isVideo = config.item.kind === "video";
    /** @type {number | null} the frame on screen; null on an image */
    this.frame = this.isVideo ? 0 : null;
    this.wanted = 0;
    /** @type {import("./render/video.js").VideoSource | null} a video's pictures: which frames are `ready(n)`, and when each is shown, `timeOf(n)` */
    this.frames = null;
    /** Whether what is drawn on a video goes on through its frames. */
    this.tracking = false;
    this.playing = false;
    this.tool = "select";
    this.labelId = config.labels[0]?.id ?? "";
    /** @type {string | null} the shape whose outline the next drawing replaces */
    this.redrawing = null;
    /** @type {Set<string>} */
    this.selection = new Set();
    /** @type {string | null} the shape just drawn: selected so that it can be mended, but the next class is for the next one */
    this.fresh = null;
    /** @type {string | null} */
    this.hover = null;
    /** @type {Map<string, Geometry>} shapes as they are being dragged; the new shape of a tool has the id "new" */
    this.drafts = new Map();
    /** @type {Map<string, Annotation>} what the dragged shapes were when their drafts were made */
    this._bases = new Map();
    /** @type {{id: string | null, outline: Geometry | null} | null} the mask that the brush is on: it is drawn by the brush, and the others see its outline */
    this.painting = null;
    /** @type {Set<string>} not shown: by hand, or because the filter leaves them out */
    this.hidden = new Set();
    this.hiddenByHand = this.hidden;
    /** @type {Set<string>} what the filter leaves out; dimmed, unless it is hidden too */
    this.filtered = new Set();
    this.dimmed = this.filtered;
    /** @type {Set<string>} shapes that the pointer passes over, for this person and until the page is left */
    this.locked = new Set();
    /** @type {Map<string, SeenPeer>} */
    this.peers = new Map();
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
    /** @type {any} */
    this._nudge = null;
    store.on("change", ({ ids }) => this._afterChange(ids));
  }

  // -- rights ----------------------------------------------------------------------------------------------------

  get editable() {
    return this.refusal === "";
  }

  /** Why nothing can be changed now; empty when it can. */
  get refusal() {
    return this.store.past ? "You look at an earlier state: come back to now (Escape), or restore it." : this.refusalNow;
  }

  /** The same of the present state. */
  get refusalNow() {
    const role = this.client.role || this.config.role;
    if (role === "viewer") return "Your role here is viewer: you can look, not change.";
    if (role === "annotator" && this.item.state === "approved") return "This item is approved: a reviewer has to send it back first.";
    if (this.client.state === "stopped") return this.client.stopReason;
    return "";
  }

  // -- what is chosen --------------------------------------------------------------------------------------------

  /** @param {string} id */
  label(id) {
    return this.labels.find((label) => label.id === id);
  }

  /** @param {Iterable<string>} ids */
  select(ids) {
    this.commitDrafts();
    this.fresh = null;
    const next = new Set(ids);
    if (next.size === this.selection.size && [...next].every((id) => this.selection.has(id))) return;
    this.selection = next;
    this.emit("selection");
  }

  /** @param {string} id */
  toggle(id) {
    const next = new Set(this.selection);
    if (!next.delete(id)) next.add(id);
    this.select(next);
  }

  /** @returns {Annotation[]} */
  selected() {
    return [...this.selection].map((id) => this.store.get(id)).filter((each) => each !== undefined);
  }

  /** Selected shapes that are drawn, with their drafts. @param {Map<string, any>} entries */
  selectedEntries(entries) {
    const found = [];
    for (const id of this.selection) {
      const entry = entries.get(id);
      const draft = this.drafts.get(id);
      if (entry) found.push(draft ? { ...entry, ...boundsOf(draft), geometry: draft } : entry);
    }
    return found;
  }

  /** @param {string | null} id */
  setHover(id) {
    if (id === this.hover) return;
    this.hover = id;
    this.emit("hover");
  }

  /** @param {string} name */
  setTool(name) {
    if (name === this.tool) return;
    this.commitDrafts();
    this.tool = name;
    this.emit("tool");
  }

  /** The schema has changed: names, colours and classes follow, whatever is being done. @param {import("./types.js").Label[]} labels */
  setLabels(labels) {
    this.labels = labels;
    this.styles.set(labels);
    if (!this.label(this.labelId)) this.labelId = labels[0]?.id ?? "";
    this.emit("labels");
    this.emit("label");
    this.store.emit("change", { ids: new Set(this.store.shown.keys()), reset: true });
  }

  /** The class of the selection, or of the next shape. @param {string} id */
  setLabel(id) {
    this.labelId = id;
    this.emit("label");
    const others = this.selected().filter((annotation) => annotation.label !== id && annotation.id !== this.fresh);
    if (!others.length || !this.editable) return;
    const name = this.label(id)?.name ?? "";
    this.submit(others.map((annotation) => ({ op: "update", id: annotation.id, set: { label: id, ...defaultsOf(this.label(id), annotation) } })), `Class ${name}`);
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

  /** @param {Set<string>} hidden by hand */
  setHidden(hidden) {
    this.hiddenByHand = hidden;
    this._showHidden();
  }

  /** @param {Set<string>} locked */
  setLocked(locked) {
    this.locked = locked;
    this.emit("hidden");
  }

  /** What the filter leaves out. @param {Set<string>} out @param {boolean} hide or dim */
  setFiltered(out, hide) {
    this.filtered = out;
    this.dimmed = hide ? new Set() : out;
    this._showHidden();
  }

  _showHidden() {
    const away = this.filtered !== this.dimmed && this.filtered.size;
    this.hidden = away ? new Set([...this.hiddenByHand, ...this.filtered]) : this.hiddenByHand;
    this.emit("hidden");
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

  // -- changes ---------------------------------------------------------------------------------------------------

  /**
   * Do ops, and remember how to undo them. Long lists go out as several txs.
   * @param {Op[]} ops @param {string} title
   */
  submit(ops, title) {
    if (!this.editable) {
      this.emit("say", this.refusal);
      return;
    }
    for (const part of parts(ops.map((op) => this._accepting(op)))) {
      const plain = expandAll(part, (id) => this.store.get(id));
      const inverse = plain.flatMap((op) => inverseOf(this.store.get(op.id), op)).reverse();
      const tx = this.client.submit(part, { title, preview: plain === part ? undefined : plain });
      this.history.push({ tx_id: tx.tx_id, title, inverse, forward: plain.map(redone) });
    }
  }

  /** An edit of a suggestion accepts it, as the server will say too. @param {Op} op @returns {Op} */
  _accepting(op) {
    const before = op.op === "update" ? this.store.get(op.id) : undefined;
    return before && isSuggestion(before) ? { ...op, set: { ...op.set, source: "human" } } : op;
  }

  /** @param {Geometry} geometry @param {Op[]} [more] ops that belong to it @returns {string} the new shape's id */
  create(geometry, more = []) {
    const id = uuid7();
    const frame = this.frame === null ? {} : { frame: this.frame, ...(this.tracking ? beginning(this.frame, geometry) : {}) };
    const name = this.label(this.labelId)?.name ?? "shape";
    this.submit([{ op: "create", id, label: this.labelId, geometry, ...frame, ...defaultsOf(this.label(this.labelId)) }, ...more], `Draw ${name}`);
    this.select([id]);
    this.fresh = id;
    return id;
  }

  /** What a tool has drawn: a new shape, or the new outline of the one that is drawn again. @param {Geometry} geometry @param {Op[]} [more] */
  draw(geometry, more = []) {
    const again = this.redrawing ? this.store.get(this.redrawing) : undefined;
    this.redrawing = null;
    if (!again) return this.create(geometry, more);
    this.submit(geometryOps(again, geometry, { frame: this.frame, pending: this.store.isPending(again.id) }), "Redraw");
    this.select([again.id]);
  }

  deleteSelected() {
    // What cannot be seen here is not deleted by chance: a selected track stays selected from frame to frame.
    const ids = this.selected().filter((each) => !isTrack(each) || stateOn(each, this.frame)).map((annotation) => annotation.id);
    this.dropDrafts();
    if (!ids.length && this.selection.size) this.emit("say", "The selected track is not on this frame.");
    if (ids.length) this.submit(ids.map((id) => ({ op: "delete", id })), ids.length > 1 ? `Delete ${ids.length} shapes` : "Delete");
  }

  /** A suggestion becomes a person's shape. @param {Annotation[]} suggestions */
  accept(suggestions) {
    const ops = suggestions.filter(isSuggestion).map((each) => ({ op: "update", id: each.id, set: { source: "human", ...defaultsOf(this.label(each.label), each) } }));
    if (ops.length) this.submit(ops, ops.length > 1 ? `Accept ${ops.length} suggestions` : "Accept");
  }

  /** @returns {Annotation[]} on this frame */
  suggestions() {
    return this.store.onFrame(this.frame).filter(isSuggestion);
  }

  undo() {
    this._takeBack(this.history.last, (txId) => this.history.undo(txId), "Undo");
  }

  redo() {
    this._takeBack(this.history.next, (txId) => this.history.redo(txId), "Redo");
  }

  /** @param {import("./model/history.js").Step | undefined} step @param {(txId: string) => void} move @param {string} word */
  _takeBack(step, move, word) {
    if (!step || !this.editable) return;
    this.dropDrafts();
    const tx = this.client.submit([], { title: `${word}: ${step.title}`, undo_of: step.tx_id, preview: step.inverse });
    move(tx.tx_id);
    this.emit("say", `${word}: ${step.title}`);
  }

  // -- drafts ----------------------------------------------------------------------------------------------------

  /** @param {Map<string, Geometry>} drafts */
  setDrafts(drafts) {
    const changed = new Set([...this.drafts.keys(), ...drafts.keys()].filter((id) => this.drafts.has(id) !== drafts.has(id)));
    this.drafts = drafts;
    this._bases = new Map([...drafts.keys()].flatMap((id) => this.store.get(id) ?? []).map((base) => [base.id, base]));
    this.emit("drafts", changed);
  }

  /** Drafts that were made of earlier drafts; they become ops when the keys rest. @param {Map<string, Geometry>} drafts @param {string} title */
  settle(drafts, title) {
    const bases = this._bases;
    this.setDrafts(drafts);
    for (const [id, base] of bases) if (drafts.has(id)) this._bases.set(id, base);
    clearTimeout(this._nudge);
    this._nudge = setTimeout(() => this.commitDrafts(title), NUDGE_MS);
  }

  dropDrafts() {
    clearTimeout(this._nudge);
    this._nudge = null;
    if (this.drafts.size) this.setDrafts(new Map());
  }

  /** What was dragged or nudged becomes ops. @param {string} [title] */
  commitDrafts(title = "Move") {
    clearTimeout(this._nudge);
    this._nudge = null;
    if (!this.drafts.size) return;
    const ops = [...this.drafts].flatMap(([id, geometry]) => {
      const now = this.store.get(id);
      const facts = { frame: this.frame, pending: this.store.isPending(id), base: this._bases.get(id) };
      return now ? geometryOps(now, geometry, facts) : [];
    });
    // The op first: shown and confirmed must meet in one frame, or the shape would jump back for a moment.
    if (ops.length) this.submit(ops, title);
    this.setDrafts(new Map());
  }

  /** Move (or, with `resize`, stretch) the selection by whole pixels. @param {number} dx @param {number} dy @param {boolean} [resize] */
  nudge(dx, dy, resize = false) {
    const next = nudged(geometriesOf(this.selected(), this.frame, this.drafts), dx, dy, resize, this.item);
    this.settle(new Map([...this.drafts, ...next]), resize ? "Resize" : "Move");
  }

  // -- what others do --------------------------------------------------------------------------------------------

  /** @param {any[]} batch */
  peersMoved(batch) {
    for (const each of batch) {
      if (each.gone) this.peers.delete(each.conn);
      else this.peers.set(each.conn, { ...this.peers.get(each.conn), ...each, seenAt: Date.now() });
    }
    this.emit("peers");
  }

  /** Whoever is there says so every few seconds; of the others nobody may ever say that they are gone. @param {number} [now] */
  dropSilentPeers(now = Date.now()) {
    const silent = [...this.peers.values()].filter((peer) => now - peer.seenAt > SILENT_MS);
    for (const peer of silent) this.peers.delete(peer.conn);
    if (silent.length) this.emit("peers");
  }

  peersLeft() {
    if (!this.peers.size) return;
    this.peers.clear();
    this.emit("peers");
  }

  /** @param {Set<string>} ids */
  _afterChange(ids) {
    let lost = false;
    for (const id of ids) {
      if (this.store.get(id)) continue;
      lost = this.selection.delete(id) || lost;
      if (this.hover === id) this.setHover(null);
      if (this.drafts.delete(id)) this.emit("drafts", new Set([id]));
    }
    if (lost) this.emit("selection");
  }
}

/** @param {Annotation} annotation */
export function isSuggestion(annotation) {
  return annotation.source === "model";
}

/** Equal for shapes that nobody could tell apart. @param {Pick<Annotation, "label" | "geometry">} annotation */
export function likeness({ label, geometry }) {
  return JSON.stringify([label, geometry]);
}
