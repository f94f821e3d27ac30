/** How a person changes the document: every change goes out as ops, and what a hand is about is a draft until then. */
import { Choice } from "./choice.js";
import { defaultsOf } from "./model/attributes.js";
import { geometriesOf, geometryOps } from "./model/drafts.js";
import { movedTogether } from "./model/geometry.js";
import { isTrack, stateOn } from "./model/interpolation.js";
import { inverseOf, parts, redone } from "./model/ops.js";
import { beginning, expandAll } from "./model/tracks.js";
import { uuid7 } from "./util.js";

/**
 * @typedef {import("./types.js").Annotation} Annotation
 * @typedef {import("./types.js").Geometry} Geometry
 * @typedef {import("./types.js").Op} Op
 */

/** Arrow keys pressed in one burst make one tx. */
const NUDGE_MS = 350;

/** The middle part of an `Editor`. */
export class Changes extends Choice {
  /**
   * @param {import("./types.js").EditorConfig} config
   * @param {import("./model/store.js").Store} store
   * @param {import("./model/op_client.js").OpClient} client
   * @param {import("./model/history.js").History} history
   */
  constructor(config, store, client, history) {
    super(config, store, client);
    this.history = history;
    /** Whether what is drawn on a video goes on through its frames. */
    this.tracking = false;
    /** @type {string | null} the shape whose outline the next drawing replaces */
    this.redrawing = null;
    /** @type {Map<string, Annotation>} what the dragged shapes were when their drafts were made */
    this._bases = new Map();
    /** @type {{id: string | null, outline: Geometry | null} | null} the mask that the brush is on: it is drawn by the brush, and the others see its outline */
    this.painting = null;
    /** @type {any} */
    this._nudge = null;
  }

  /**
   * Do ops, and remember how to undo them. Long lists go out as several txs.
   * @param {Op[]} ops @param {string} title
   */
  submit(ops, title) {
    if (!this.editable) {
      this.emit("say", this.refusal);
      return;
    }
    this.emit("submit");
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

  /** The class of the selection, or of the next shape. @param {string} id */
  setLabel(id) {
    this.labelId = id;
    this.emit("label");
    const others = this.selected().filter((annotation) => annotation.label !== id && annotation.id !== this.fresh);
    if (!others.length || !this.editable) return;
    const name = this.label(id)?.name ?? "";
    this.submit(others.map((annotation) => ({ op: "update", id: annotation.id, set: { label: id, ...defaultsOf(this.label(id), annotation) } })), `Class ${name}`);
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

  /** Move the selection by whole pixels, or with `resize` stretch it. @param {number} dx @param {number} dy @param {boolean} [resize] */
  nudge(dx, dy, resize = false) {
    if (resize) return void this._stretch(dx, dy);
    const next = movedTogether(this._held(), dx, dy, this.item.width, this.item.height);
    this.settle(new Map([...this.drafts, ...next]), "Move");
  }

  /** @param {number} dx @param {number} dy */
  async _stretch(dx, dy) {
    const { stretchedAll } = await import("./model/handles.js");
    this.settle(new Map([...this.drafts, ...stretchedAll(this._held(), dx, dy, this.item)]), "Resize");
  }

  /** The selected shapes as the hand has them. */
  _held() {
    return geometriesOf(this.selected(), this.frame, this.drafts);
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
