/** What a person has chosen: selection, tool, class, what is hidden and locked; and whether they may change anything. */
import { boundsOf } from "./model/geometry.js";
import { Styles } from "./render/style.js";
import { Viewport } from "./render/viewport.js";
import { Emitter } from "./util.js";

/**
 * @typedef {import("./types.js").Annotation} Annotation
 * @typedef {import("./types.js").Geometry} Geometry
 */

/** The lower part of an `Editor`; `Changes`, which is made of it, gives it drafts and ops. */
export class Choice extends Emitter {
  /**
   * @param {import("./types.js").EditorConfig} config
   * @param {import("./model/store.js").Store} store
   * @param {import("./model/op_client.js").OpClient} client
   */
  constructor(config, store, client) {
    super();
    this.config = config;
    this.item = config.item;
    this.labels = config.labels;
    this.store = store;
    this.client = client;
    this.styles = new Styles(config.labels);
    this.view = new Viewport(config.item.width, config.item.height);
    this.isVideo = config.item.kind === "video";
    /** @type {number | null} the frame on screen; null on an image */
    this.frame = this.isVideo ? 0 : null;
    this.tool = "select";
    this.labelId = config.labels[0]?.id ?? "";
    /** @type {Set<string>} */
    this.selection = new Set();
    /** @type {string | null} the shape just drawn: selected so that it can be mended, but the next class is for the next one */
    this.fresh = null;
    /** @type {string | null} */
    this.hover = null;
    /** @type {Set<string>} not shown: by hand, or because the filter leaves them out */
    this.hidden = new Set();
    this.hiddenByHand = this.hidden;
    /** @type {Set<string>} what the filter leaves out; dimmed, unless it is hidden too */
    this.filtered = new Set();
    this.dimmed = this.filtered;
    /** @type {Set<string>} shapes that the pointer passes over, for this person and until the page is left */
    this.locked = new Set();
    /** @type {Map<string, Geometry>} shapes as they are being dragged; the new shape of a tool has the id "new" */
    this.drafts = new Map();
  }

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

  /** @param {string} id */
  label(id) {
    return this.labels.find((label) => label.id === id);
  }

  /** What people call a shape: its class, and its number once the server has given it one. @param {Annotation} shape */
  nameOf(shape) {
    const { name } = this.styles.of(shape);
    return shape.detection_id ? `${name} ${shape.detection_id}` : name;
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

  /** What was dragged is settled before anything else is chosen; `Changes` does it. */
  commitDrafts() {}

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
}
