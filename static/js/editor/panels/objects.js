/** The shapes of the frame as a list: it mirrors the canvas for keyboards and screen readers, and holds few rows however many shapes there are. */
import { icon, make } from "../../lib/dom.js";
import { isSuggestion } from "../editor.js";
import { boundsOf, geometryOn } from "../model/geometry.js";
import { put, safeStorage } from "../util.js";
import { eachFrame, later } from "./labels.js";

/** @typedef {import("../types.js").Annotation} Annotation */

const ROW = 28;
const SPARE = 6;
/** Above so many letters a row's words may not fit. Clipping costs in every drawn frame, so others are not clipped. */
const LONG = 24;
const ORDER_SETTING = "frameloop.editor.list-order";
const NAMES = { box: "box", rbox: "rotated box", polygon: "polygon", polyline: "line", keypoints: "points", mask: "mask", tag: "tag" };

export class ObjectList {
  /** @param {HTMLElement} root @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
  constructor(root, editor, commands) {
    this.editor = editor;
    /** @type {Annotation[]} */
    this.shapes = [];
    /** @type {Map<string, {row: HTMLElement, shape: Annotation, place: string}>} */
    this.rows = new Map();
    /** What of the list is in sight; asking the page each time would make it lay itself out. */
    this.top = this.height = 0;
    this.count = make("span", { class: "ed-count" });
    this.acceptAll = make("button", { type: "button", class: "ed-small", title: "Accept all suggestions of this frame (Shift Enter)" });
    this.acceptAll.addEventListener("click", () => editor.accept(editor.suggestions()));
    this.space = make("div", { class: "ed-rows" });
    this.list = make("div", { class: "ed-objects", role: "listbox", tabindex: "0", "aria-label": "Shapes of this frame", "aria-multiselectable": "true" }, this.space);
    this.none = make("p", { class: "ed-none" });
    this.storage = safeStorage("localStorage");
    this.topFirst = this.storage.get(ORDER_SETTING) === "top";
    this.sort = make("button", { type: "button", class: "ed-mini ed-sort" });
    this.sort.addEventListener("click", () => this._turn());
    root.append(make("h2", { class: "ed-heading" }, "Shapes", this.count, make("span", { class: "ed-grow" }), this.acceptAll, this.sort), this.none, this.list);

    const read = later(() => this.read());
    editor.store.on("change", read);
    eachFrame(editor, () => this.read());
    editor.on("selection", () => this.follow());
    editor.on("rights", () => this.draw(true));
    editor.on("hidden", () => {
      this._drop(() => true);
      this.read();
    });
    editor.on("hover", () => this.draw());
    this.list.addEventListener("scroll", () => {
      this.top = this.list.scrollTop;
      this.draw();
    });
    this.list.addEventListener("keydown", (event) => this._key(event, commands));
    this.list.addEventListener("pointerover", (event) => editor.setHover(this._idAt(event)));
    this.list.addEventListener("pointerleave", () => editor.setHover(null));
    this.list.addEventListener("click", (event) => this._click(event));
    this.list.addEventListener("dblclick", () => commands.get("zoom-shape").run(false));
    new ResizeObserver(() => {
      this.height = this.list.clientHeight;
      this.top = this.list.scrollTop;
      this.draw();
    }).observe(this.list);
    this.read();
  }

  read() {
    const { editor } = this;
    const all = editor.store.onFrame(editor.frame);
    this.shapes = editor.filtered.size ? all.filter(({ id }) => !editor.filtered.has(id)) : all;
    if (this.topFirst) this.shapes = [...this.shapes].reverse().sort((a, b) => (b.z ?? 0) - (a.z ?? 0));
    this._showOrder();
    const waiting = this.shapes.filter(isSuggestion).length;
    this.count.textContent = this.shapes.length < all.length ? `${this.shapes.length} of ${all.length}` : String(all.length);
    this.acceptAll.hidden = !waiting || !editor.editable;
    this.acceptAll.textContent = `Accept all ${waiting}`;
    this.none.hidden = this.shapes.length > 0;
    this.none.textContent = all.length ? "No shape of this frame matches the filter." : editor.editable ? "Nothing here yet. Press B and drag over the first object." : "Nothing has been drawn here yet.";
    this.list.hidden = !this.shapes.length;
    this.space.style.height = `${this.shapes.length * ROW}px`;
    this.draw();
  }

  _turn() {
    this.topFirst = !this.topFirst;
    this.storage.set(ORDER_SETTING, this.topFirst ? "top" : "oldest");
    this._drop(() => true);
    this.read();
  }

  _showOrder() {
    const words = this.topFirst ? "The topmost first. Press for the oldest first." : "The oldest first. Press for the topmost first.";
    this.sort.textContent = this.topFirst ? "⤒" : "↓";
    put(this.sort, "title", words);
    put(this.sort, "aria-label", `Order of the list: ${words}`);
  }

  /** Bring the last selected shape into sight. */
  follow() {
    const id = [...this.editor.selection].at(-1);
    const at = id ? this.shapes.findIndex((shape) => shape.id === id) : -1;
    if (at >= 0) {
      const top = at * ROW;
      if (top < this.top) this.list.scrollTop = this.top = top;
      else if (top + ROW > this.top + this.height) this.list.scrollTop = this.top = top + ROW - this.height;
    }
    this.draw();
  }

  /** @param {boolean} [anew] build all rows again, not only those whose shape or place changed */
  draw(anew = false) {
    if (anew) this._drop(() => true);
    const from = Math.max(0, Math.floor(this.top / ROW) - SPARE);
    const to = Math.min(this.shapes.length, Math.ceil((this.top + this.height) / ROW) + SPARE);
    const wanted = new Set();
    for (let i = from; i < to; i++) {
      const shape = this.shapes[i];
      wanted.add(shape.id);
      const row = this._rowOf(shape, i);
      put(row, "aria-selected", String(this.editor.selection.has(shape.id)));
      row.classList.toggle("hovered", this.editor.hover === shape.id);
    }
    this._drop((id) => !wanted.has(id));
    this._active();
  }

  /** @param {(id: string) => boolean} which */
  _drop(which) {
    for (const [id, { row }] of this.rows) {
      if (!which(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
  }

  /** @param {Annotation} shape @param {number} i @returns {HTMLElement} */
  _rowOf(shape, i) {
    const known = this.rows.get(shape.id);
    const place = `${i}/${this.shapes.length}/${shape.keyframes && !this.editor.playing ? this.editor.frame : ""}`;
    if (known?.shape === shape && known.place === place) return known.row;
    const row = this._row(shape, i);
    if (known) known.row.replaceWith(row);
    else this.space.append(row);
    this.rows.set(shape.id, { row, shape, place });
    return row;
  }

  _active() {
    const id = [...this.editor.selection].at(-1) ?? "";
    if (this.rows.has(id)) this.list.setAttribute("aria-activedescendant", `shape-${id}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  /** @param {Annotation} shape @param {number} i */
  _row(shape, i) {
    const style = this.editor.styles.of(shape);
    const swatch = make("span", { class: isSuggestion(shape) ? "ed-swatch dashed" : "ed-swatch" });
    swatch.style.color = style.color;
    const name = this.editor.nameOf(shape);
    const detail = this._detail(shape);
    const row = make(
      "div",
      { id: `shape-${shape.id}`, role: "option", class: name.length + detail.length > LONG ? "ed-row long" : "ed-row", "data-id": shape.id, "aria-posinset": String(i + 1), "aria-setsize": String(this.shapes.length) },
      swatch, make("span", { class: "ed-name" }, name), make("span", { class: "ed-detail" }, detail),
    );
    if (shape.group) row.append(make("span", { class: "ed-grouped", title: "In a group", role: "img", "aria-label": "in a group" }));
    if (isSuggestion(shape) && this.editor.editable) row.append(small("accept", "check", "Accept (Enter)"), small("refuse", "x", "Refuse (Delete)"));
    const [locked, hidden] = [this.editor.locked.has(shape.id), this.editor.hidden.has(shape.id)];
    row.append(small("lock", "lock", locked ? "Unlock (L)" : "Lock: the pointer passes over it (L)", locked), small("hide", hidden ? "eye-off" : "eye", hidden ? "Show" : "Hide (H)", hidden));
    row.style.top = `${i * ROW}px`;
    row.classList.toggle("hidden-shape", hidden);
    return row;
  }

  /** @param {Annotation} shape */
  _detail(shape) {
    if (isSuggestion(shape)) return shape.confidence ? `${Math.round(shape.confidence * 100)} %` : "suggested";
    const geometry = geometryOn(shape, this.editor.frame);
    const bounds = geometry && boundsOf(geometry);
    if (!geometry || !bounds) return NAMES[shape.geometry.type] ?? "";
    const size = `${Math.round(bounds.maxX - bounds.minX)} × ${Math.round(bounds.maxY - bounds.minY)}`;
    return geometry.type === "box" ? size : `${NAMES[geometry.type]} ${size}`;
  }

  /** @param {Event} event @returns {string | null} */
  _idAt(event) {
    const row = event.target instanceof Element ? event.target.closest(".ed-row") : null;
    return row instanceof HTMLElement ? (row.dataset.id ?? null) : null;
  }

  /** @param {MouseEvent} event */
  _click(event) {
    const id = this._idAt(event);
    if (!id) return;
    const { editor } = this;
    const act = event.target instanceof Element ? event.target.closest("[data-act]")?.getAttribute("data-act") : null;
    const shape = editor.store.get(id);
    if (act === "accept" && shape) return editor.accept([shape]);
    if (act === "refuse") return editor.submit([{ op: "delete", id }], "Refuse a suggestion");
    if (act === "lock") return editor.setLocked(toggled(editor.locked, id));
    if (act === "hide") return editor.setHidden(toggled(editor.hiddenByHand, id));
    if (event.shiftKey) editor.select(this._range(id));
    else if (event.ctrlKey || event.metaKey) editor.toggle(id);
    else editor.select([id]);
  }

  /** From the first selected row to this one. @param {string} id */
  _range(id) {
    const at = this.shapes.findIndex((shape) => shape.id === id);
    const anchor = this.shapes.findIndex((shape) => this.editor.selection.has(shape.id));
    const from = anchor < 0 ? at : anchor;
    return this.shapes.slice(Math.min(from, at), Math.max(from, at) + 1).map((shape) => shape.id);
  }

  /** @param {KeyboardEvent} event @param {import("../commands.js").Commands} commands */
  _key(event, commands) {
    const last = [...this.editor.selection].at(-1);
    const at = this.shapes.findIndex((shape) => shape.id === last);
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW) - 1);
    /** @type {Record<string, number>} */
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.shapes.length - 1, PageDown: at + page, PageUp: at - page };
    if (event.code === "Space" && last) commands.get("zoom-shape").run(false);
    else if (!(event.key in to) || event.ctrlKey || event.altKey) return;
    else {
      const next = this.shapes[Math.max(0, Math.min(this.shapes.length - 1, to[event.key]))];
      if (next) this.editor.select(event.shiftKey ? [...this.editor.selection, next.id] : [next.id]);
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {string} act @param {string} sign @param {string} title @param {boolean} [on] */
function small(act, sign, title, on) {
  const pressed = on === undefined ? {} : { "aria-pressed": String(on) };
  return make("button", { type: "button", class: `ed-mini ${act}`, "data-act": act, title, "aria-label": title, tabindex: "-1", ...pressed }, icon(sign));
}

/** @param {Set<string>} set @param {string} id */
function toggled(set, id) {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
