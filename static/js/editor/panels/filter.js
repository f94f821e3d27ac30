/** The filter over the list of shapes: what does not match is dimmed on the picture or hidden, and absent from the list. */
import { icon, make } from "../../lib/dom.js";
import { attributesOn } from "../model/attributes.js";
import { EVERYTHING, isEverything, matcher, readFilter } from "../model/filter.js";
import { safeStorage } from "../util.js";
import { checkField, choiceField, line, numberField, textField } from "./fields.js";
import { later } from "./labels.js";
import { nameOf } from "./names.js";

/**
 * @typedef {import("../model/filter.js").Filter} Filter
 */

const SOURCES = [{ value: "", text: "any" }, { value: "human", text: "people" }, { value: "model", text: "suggestions" }, { value: "import", text: "imports" }];

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part, side }) {
  const panel = new FilterPanel(editor, part("objects"));
  commands.add("Select", "filter", "Filter the shapes", ["Ctrl+KeyF"], () => {
    side.open("shapes");
    panel.open();
  }, undefined, { inLists: true });
  commands.add("Select", "filter-off", "Show all shapes again: no filter", ["Ctrl+Shift+KeyF"], () => panel.set(EVERYTHING), () => (isEverything(panel.filter) ? "No filter is set." : ""), { inLists: true });
}

class FilterPanel {
  /** @param {import("../editor.js").Editor} editor @param {HTMLElement} root the panel with the list */
  constructor(editor, root) {
    this.editor = editor;
    this.storage = safeStorage("sessionStorage");
    this.key = `frameloop.filter.${editor.config.project.id}`;
    this.filter = readFilter(this.storage.get(this.key));
    this.text = /** @type {HTMLInputElement} */ (make("input", { type: "search", class: "ed-filter", placeholder: "Find shapes: class, number, value", "aria-label": "Find shapes by class, number or attribute", autocomplete: "off", spellcheck: false }));
    this.more = make("button", { type: "button", class: "ed-mini", "aria-label": "More of the filter", title: "Filter by class, author, source, confidence, attribute", "aria-expanded": "false", "aria-controls": "filter-form" }, icon("settings"));
    this.clear = make("button", { type: "button", class: "ed-small quiet" }, "Show all");
    this.form = make("div", { class: "ed-filter-form", id: "filter-form", role: "group", "aria-label": "Filter", hidden: true });
    this.note = make("div", { class: "ed-filter-note", hidden: true }, make("span", { class: "ed-cut" }), this.clear);
    root.querySelector(".ed-heading")?.after(make("div", { class: "ed-filter-bar" }, this.text, this.more), this.form, this.note);
    this._listen();
    this.set(this.filter);
  }

  _listen() {
    const { editor } = this;
    const apply = later(() => this.apply());
    this.text.addEventListener("input", () => this.set({ ...this.filter, text: this.text.value }));
    this.more.addEventListener("click", () => this._unfold(this.form.hidden));
    this.clear.addEventListener("click", () => {
      this.set(EVERYTHING);
      this.text.focus();
    });
    editor.store.on("change", () => this._active && apply());
    editor.on("selection", () => this._active && apply());
    editor.on("frame", () => this._active && this.apply());
  }

  get _active() {
    return !isEverything(this.filter);
  }

  open() {
    this.text.focus();
    this.text.select();
  }

  /** @param {boolean} open */
  _unfold(open) {
    this.form.hidden = !open;
    this.more.setAttribute("aria-expanded", String(open));
    if (open) this._build();
  }

  /** @param {Filter} filter */
  set(filter) {
    this.filter = filter;
    this.storage.set(this.key, JSON.stringify(filter));
    if (this.text.value !== filter.text) this.text.value = filter.text;
    if (!this.form.hidden) this._build();
    this.apply();
  }

  apply() {
    const { editor, filter } = this;
    this.more.setAttribute("aria-pressed", String(this._active && !isEverything({ ...filter, text: "" })));
    this.note.hidden = !this._active;
    if (!this._active) return editor.filtered.size ? editor.setFiltered(new Set(), false) : undefined;
    const match = matcher(filter, (id) => editor.label(id)?.name ?? "", (each) => attributesOn(each, editor.frame));
    const shapes = editor.store.onFrame(editor.frame);
    // What is selected stays in sight: a shape that was just drawn must not vanish under the hand.
    const out = new Set(shapes.filter((each) => !editor.selection.has(each.id) && !match(each)).map(({ id }) => id));
    const words = /** @type {HTMLElement} */ (this.note.firstChild);
    words.textContent = `${out.size} of ${shapes.length} ${filter.away ? "hidden" : "dimmed"}`;
    editor.setFiltered(out, filter.away);
  }

  /** Built anew at each opening and change: who drew here, and which attributes there are, changes too. */
  _build() {
    const { editor, filter } = this;
    const had = this.form.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
    const change = (/** @type {Partial<Filter>} */ by) => this.set({ ...this.filter, ...by });
    const any = { value: "", text: "any" };
    const authors = [...new Set(editor.store.onFrame(editor.frame).map(({ author }) => String(author ?? "")))].filter(Boolean);
    const shown = (/** @type {import("./fields.js").Field} */ field, /** @type {unknown} */ value) => {
      field.show(true, value);
      return field.element;
    };
    const percent = (/** @type {string} */ name, /** @type {"from" | "to"} */ which) =>
      shown(numberField(name, (value) => change({ [which]: Math.min(1, Math.max(0, (value ?? (which === "to" ? 100 : 0)) / 100)) }), { min: 0, max: 100, step: 1 }), Math.round(filter[which] * 100));
    this.form.replaceChildren(
      line("Class", shown(choiceField("Filter by class", [any, ...editor.labels.map(({ id, name }) => ({ value: id, text: name }))], (label) => change({ label })), filter.label)),
      line("Author", shown(choiceField("Filter by author", [any, ...authors.map((id) => ({ value: id, text: nameOf(editor, id) }))], (author) => change({ author })), filter.author)),
      line("Source", shown(choiceField("Filter by source", SOURCES, (source) => change({ source })), filter.source)),
      make("div", { class: "ed-line" }, make("span", { class: "ed-line-name" }, "Confidence"), percent("Least confidence, percent", "from"), "to", percent("Most confidence, percent", "to"), make("span", { class: "ed-unit" }, "%")),
      ...this._attribute(change, shown),
      line("Hide others", shown(checkField("Hide what does not match instead of dimming it", (away) => change({ away })), filter.away)),
    );
    if (had) /** @type {HTMLElement | null} */ (this.form.querySelector(`[aria-label="${CSS.escape(had)}"]`))?.focus();
  }

  /** @param {(by: Partial<Filter>) => void} change @param {(field: import("./fields.js").Field, value: unknown) => HTMLElement} shown */
  _attribute(change, shown) {
    const { editor, filter } = this;
    const labels = filter.label ? editor.labels.filter(({ id }) => id === filter.label) : editor.labels;
    const asked = new Map(labels.flatMap(({ attributes }) => (attributes ?? []).map((each) => [each.name, each])));
    if (!asked.size) return [];
    const names = [{ value: "", text: "any" }, ...[...asked.keys()].map((name) => ({ value: name, text: name }))];
    const attribute = asked.get(filter.attribute);
    const values = attribute?.kind === "checkbox" ? ["true", "false"] : (attribute?.values ?? []);
    const value = values.length
      ? choiceField("Value of the attribute", [{ value: "", text: "any value" }, ...values.map((each) => ({ value: each, text: each }))], (next) => change({ value: next }))
      : textField("Value of the attribute", (next) => change({ value: next.trim() }));
    const pick = line("Attribute", shown(choiceField("Filter by attribute", names, (next) => change({ attribute: next, value: "" })), filter.attribute));
    return attribute ? [pick, line("is", shown(value, filter.value))] : [pick];
  }
}
