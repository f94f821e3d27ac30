/** The item's history: a slider through its revisions, what changed, and ways back that rewrite nothing. */
import { api, ApiError } from "../../lib/api.js";
import { icon, make } from "../../lib/dom.js";
import { geometryOn } from "../model/geometry.js";
import { Past, deedOf, difference } from "../model/past.js";
import { personColor, svgPath } from "../render/style.js";
import { put, uuid7 } from "../util.js";
import { later } from "./labels.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").CommittedTx} CommittedTx
 * @typedef {import("../model/past.js").Difference} Difference
 */

const SVG = "http://www.w3.org/2000/svg";
const ROWS = 100;
const KINDS = /** @type {const} */ (["removed", "before", "after", "added"]);

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, side, part }) {
  const url = `/api/v1/items/${editor.item.id}/`;
  const past = new Past((after, limit) => api("GET", `${url}history?after=${after}&limit=${limit}`));
  const panel = new HistoryPanel(editor, past, url, side.addTab("history", "History", () => panel.open()));
  new DiffLayer(editor, panel, part("stage"));
  commands.add("View", "history", "History: look at earlier states", ["Alt+KeyH"], () => side.open("history"));
  commands.add("View", "back-to-now", "Come back from an earlier state", ["Escape"], () => panel.show(null), () => (panel.rev === null ? "You look at the present state." : ""), { inLists: true, first: true });
}

class HistoryPanel {
  /** @param {import("../editor.js").Editor} editor @param {Past} past @param {string} url @param {HTMLElement} root */
  constructor(editor, past, url, root) {
    this.editor = editor;
    this.past = past;
    this.url = url;
    /** @type {number | null} the revision on screen; null is the present */
    this.rev = null;
    this.rows = ROWS;
    this._ready = false;
    this.slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", max: "0", value: "0", class: "ed-history-slider", "aria-label": "Revision" }));
    this.slider.addEventListener("input", () => this.show(this.slider.valueAsNumber));
    // A field keeps its keys from the commands: Escape would only leave it.
    this.slider.addEventListener("keydown", (event) => event.key === "Escape" && this.show(null));
    this.words = make("p", { class: "ed-history-words", role: "status" }, "Reading the history…");
    this.compare = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", checked: "" }));
    this.compare.addEventListener("change", () => this.editor.emit("past"));
    this.back = textButton("Back to now", () => this.show(null));
    this.restore = textButton("Restore this state", () => this.bringBack());
    this.restoreOne = textButton("Restore the selected", () => this.bringBack([...this.editor.selection]));
    this.list = make("ol", { class: "ed-history-list", "aria-label": "Changes, newest first" });
    this.list.addEventListener("click", (event) => this._pick(event));
    this.deleted = make("details", { class: "ed-history-deleted" });
    this.deleted.addEventListener("toggle", () => this._listDeleted());
    this._fill(root);
    let { epoch } = editor.config.item;
    editor.client.on("welcome", (message) => {
      if (message.epoch !== epoch) this._forget();
      epoch = message.epoch;
    });
    const fresh = later(() => this._ready && this._draw(), 200);
    editor.store.on("commit", (tx) => {
      if (!this._ready) return;
      if (!past.add(tx)) void past.load().then(fresh);
      fresh();
    });
  }

  _forget() {
    this.past.forget();
    this._ready = false;
    if (this.editor.store.past) this.show(null);
  }

  /** @param {HTMLElement} root */
  _fill(root) {
    root.append(
      make("div", { class: "ed-history-head" }, this.slider, this.words, make("label", { class: "ed-history-check" }, this.compare, "Show what differs from now"), make("div", { class: "ed-history-acts" }, this.back, this.restore, this.restoreOne)),
      this.list, this.deleted,
    );
    this.editor.on("selection", () => this._acts());
    this._acts();
  }

  async open() {
    if (this._ready) return this._draw();
    try {
      await this.past.load();
      this._ready = true;
      this._draw();
    } catch (error) {
      this.words.textContent = `The history could not be read: ${error instanceof ApiError ? error.detail : error}`;
      this.words.append(" ", textButton("Try again", () => void this.open()));
    }
  }

  /** @param {number | null} rev @param {number | null} [frame] */
  show(rev, frame = null) {
    this.rev = rev === null || rev >= this.past.head ? null : rev;
    const { store } = this.editor;
    this.editor.select([]);
    if (this.rev !== null || store.past) store.showPast(this.rev === null ? null : this.past.at(this.rev));
    if (frame !== null && this.editor.isVideo) this.editor.goTo(frame);
    this.editor.emit("rights");
    this.editor.emit("past");
    this._draw();
  }

  /** What differs between the state on screen and the present one; null when there is nothing to compare. @returns {Difference | null} */
  difference() {
    if (this.rev === null || !this.compare.checked || !this.editor.store.past) return null;
    return difference(this.editor.store.past, this.editor.store.confirmed);
  }

  /** @param {string[]} [ids] */
  async bringBack(ids) {
    const { editor, rev } = this;
    if (rev === null) return;
    const { clientId } = editor.client.options;
    const body = { rev, client_id: clientId, tx_id: uuid7(), ...(ids ? { ids } : {}) };
    this.restore.disabled = this.restoreOne.disabled = true;
    try {
      const { txs } = await api("POST", `${this.url}restore`, body);
      for (const { tx_id } of txs) editor.history.push({ tx_id, title: `Go back to rev ${rev}`, inverse: [], forward: [] });
      this.show(null);
      editor.emit("say", ids ? "The shape is as it was. Ctrl+Z takes that back." : `Everything is as it was at rev ${rev}. Ctrl+Z takes that back.`);
    } catch (error) {
      editor.emit("say", `Not restored: ${error instanceof ApiError ? error.detail : error}`);
    }
    this._acts();
  }

  _acts() {
    const { editor, rev } = this;
    const may = !editor.refusalNow;
    this.back.hidden = rev === null;
    this.restore.hidden = this.restoreOne.hidden = rev === null || !may;
    this.restore.disabled = false;
    this.restoreOne.disabled = !editor.selection.size;
    document.body.classList.toggle("ed-past", rev !== null);
  }

  _draw() {
    const { head, txs } = this.past;
    const at = this.rev ?? head;
    put(this.slider, "max", String(head));
    this.slider.value = String(at);
    const tx = txs[at - 1];
    const who = tx ? `${tx.actor?.name ?? "the system"} ${deedOf(tx)}, ${when(tx.at)}` : "before the first change";
    this.words.textContent = this.rev === null ? `Now: revision ${head}` : `Revision ${at} of ${head}: ${who}`;
    this.slider.setAttribute("aria-valuetext", this.words.textContent);
    this._acts();
    const rows = txs.slice(-this.rows).reverse().map((each) => this._row(each, each.rev === at));
    if (head > this.rows) rows.push(make("li", {}, make("button", { type: "button", class: "ed-text-btn", "data-more": "" }, `Show earlier ones (${head - this.rows})`)));
    if (!head) rows.push(make("li", { class: "ed-none" }, "Nothing has been changed here yet."));
    this.list.replaceChildren(...rows);
    this._listDeleted();
  }

  /** @param {CommittedTx} tx @param {boolean} here */
  _row(tx, here) {
    const dot = make("span", { class: "ed-history-dot" });
    dot.style.background = tx.actor ? personColor(tx.actor.id) : "";
    const title = `${new Date(tx.at).toLocaleString()}, revision ${tx.rev}`;
    const button = make("button", { type: "button", class: "ed-history-row", "data-rev": String(tx.rev), title, ...(here ? { "aria-current": "true" } : {}) }, dot, make("span", { class: "ed-cut" }, `${tx.actor?.name ?? "System"} ${deedOf(tx)}`), make("time", { datetime: tx.at }, when(tx.at)));
    return make("li", {}, button);
  }

  /** @param {Event} event */
  _pick(event) {
    const target = event.target instanceof Element ? event.target.closest("button") : null;
    if (!target) return;
    if ("more" in target.dataset) {
      this.rows += ROWS;
      return this._draw();
    }
    const rev = Number(target.dataset.rev);
    const then = this.past.at(rev);
    const frame = this.past.txs[rev - 1]?.ops.map((op) => op.frame ?? then.get(op.id)?.frame).find((n) => typeof n === "number");
    this.show(rev, frame ?? null);
    /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-rev="${rev}"]`))?.focus();
  }

  _listDeleted() {
    const { editor } = this;
    const gone = [...this.past.at(this.past.head).values()].filter((shape) => shape.deleted).sort((a, b) => (b.updated_rev ?? 0) - (a.updated_rev ?? 0));
    const open = /** @type {HTMLDetailsElement} */ (this.deleted).open;
    const rows = gone.slice(0, open ? ROWS : 0).map((shape) => {
      const name = editor.nameOf(shape);
      const again = make("button", { type: "button", class: "ed-text-btn", "aria-label": `Restore ${name}` }, icon("undo"), "Restore");
      again.addEventListener("click", () => editor.submit([{ op: "restore", id: shape.id }], `Restore ${name}`));
      return make("li", {}, make("span", { class: "ed-cut" }, name), shape.updated_at ? make("time", {}, when(shape.updated_at)) : "", again);
    });
    this.deleted.replaceChildren(make("summary", {}, `Deleted shapes (${gone.length})`), make("ul", {}, ...rows));
  }
}

/** Outlines over the picture: what was there and is gone, what has come, and what has changed. */
class DiffLayer {
  /** @param {import("../editor.js").Editor} editor @param {HistoryPanel} panel @param {HTMLElement} stage */
  constructor(editor, panel, stage) {
    this.editor = editor;
    this.panel = panel;
    this.root = document.createElementNS(SVG, "svg");
    this.root.setAttribute("class", "ed-overlay ed-diff");
    this.root.setAttribute("aria-hidden", "true");
    /** @type {Record<string, SVGPathElement>} */
    this.paths = {};
    for (const kind of KINDS) {
      this.paths[kind] = document.createElementNS(SVG, "path");
      this.paths[kind].setAttribute("class", `df-${kind}`);
      this.root.append(this.paths[kind]);
    }
    stage.append(this.root);
    /** @type {Difference | null} */
    this.difference = null;
    editor.on("past", () => this._compare());
    editor.store.on("change", later(() => this._compare(), 100));
    editor.on("frame", () => this._draw());
    editor.view.on("change", () => this.difference && this._draw());
  }

  _compare() {
    const before = this.difference;
    this.difference = this.panel.difference();
    if (before || this.difference) this._draw();
  }

  _draw() {
    const found = this.difference;
    this._put("added", found?.added ?? []);
    this._put("removed", found?.removed ?? []);
    this._put("before", found?.changed.map((each) => each.before) ?? []);
    this._put("after", found?.changed.map((each) => each.after) ?? []);
  }

  /** @param {string} kind @param {Annotation[]} shapes */
  _put(kind, shapes) {
    const { frame, view } = this.editor;
    const here = shapes.filter((shape) => shape.keyframes || (shape.frame ?? null) === frame);
    const outlines = here.map((shape) => geometryOn(shape, frame)).map((geometry) => (geometry ? svgPath(geometry, view) : ""));
    put(this.paths[kind], "d", outlines.join(""));
  }
}

/** @param {string} text @param {() => void} act @returns {HTMLButtonElement} */
function textButton(text, act) {
  const element = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: "ed-text-btn" }, text));
  element.addEventListener("click", act);
  return element;
}

/** Today's by the clock, older ones by their date. @param {string} at */
function when(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : date.toLocaleDateString();
}
