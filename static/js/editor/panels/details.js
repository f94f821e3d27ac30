/** The selection in words and numbers: its class, attributes, place, order, and who made it. Every one can be changed here. */
import { icon, make } from "../../lib/dom.js";
import { isSuggestion } from "../editor.js";
import { attributeOps, attributesOn, common, misfit } from "../model/attributes.js";
import { geometryOn } from "../model/geometry.js";
import { fixed, numbersOf, withNumber } from "../model/numeric.js";
import { put } from "../util.js";
import { checkField, choiceField, line, numberField, textField } from "./fields.js";
import { eachFrame, later } from "./labels.js";
import { agoText, nameOf } from "./names.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Attribute} Attribute
 * @typedef {import("./fields.js").Field} Field
 */

const REFRESH_MS = 30_000;
const SIGNS = /** @type {Record<string, [string, string]>} */ ({
  x: ["X", "Left edge"], y: ["Y", "Top edge"], cx: ["X", "Middle, from the left"], cy: ["Y", "Middle, from the top"],
  w: ["W", "Width"], h: ["H", "Height"], angle: ["∠", "Angle, degrees clockwise"],
});
const ORDER = [["to-front", "⤒"], ["up", "↑"], ["down", "↓"], ["to-back", "⤓"]];

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  return new Details(part("details"), editor, commands);
}

export class Details {
  /** @param {HTMLElement} root @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
  constructor(root, editor, commands) {
    this.root = root;
    this.editor = editor;
    this.commands = commands;
    this._key = "";
    /** @type {((shapes: Annotation[]) => void)[]} */
    this._shows = [];
    const show = later(() => this.show());
    for (const name of ["selection", "drafts", "rights", "hidden"]) editor.on(name, show);
    eachFrame(editor, show);
    editor.store.on("change", show);
    commands.on("change", show);
    setInterval(() => !root.hidden && this.show(), REFRESH_MS);
    this.show();
  }

  show() {
    const shapes = this.editor.selected();
    this.root.hidden = !shapes.length;
    if (!shapes.length) return;
    const key = this._structure(shapes);
    if (key !== this._key) this._build(shapes);
    this._key = key;
    for (const show of this._shows) show(shapes);
  }

  /** What decides which controls there are. @param {Annotation[]} shapes */
  _structure(shapes) {
    const names = shapes.length === 1 ? Object.keys(attributesOn(shapes[0], this.editor.frame)) : [];
    const kinds = new Set(shapes.map(({ geometry }) => geometry.type));
    const labels = new Set(shapes.map(({ label }) => label));
    const absent = shapes.some((each) => !this._here(each));
    return JSON.stringify([absent, shapes.length > 1, [...kinds], [...labels], names, this.editor.editable, this.editor.labels, this.commands.all.length]);
  }

  /** @param {Annotation[]} shapes */
  _build(shapes) {
    this._shows = [];
    const parts = [this._heading(), this._label(), ...this._attributes(shapes), this._numbers(shapes), this._order(), this._story()];
    this.root.replaceChildren(make("div", { class: "ed-details" }, ...parts.filter((each) => each !== null)));
  }

  /** @param {Field} field @param {(shapes: Annotation[]) => unknown[]} read one value a shape */
  _bind(field, read) {
    this._shows.push((shapes) => {
      const { same, value } = common(read(shapes));
      field.show(same, value);
    });
    return field.element;
  }

  _heading() {
    const { editor } = this;
    const swatch = make("span", { class: "ed-swatch" });
    const name = make("strong", { class: "ed-cut" });
    const toggles = [toggle("lock", "Lock: the pointer passes over it", () => this._toggle("locked")), toggle("eye-off", "Hide", () => this._toggle("hiddenByHand"))];
    this._shows.push((shapes) => {
      const [first] = shapes;
      const sameLabel = shapes.every(({ label }) => label === first.label);
      swatch.style.color = sameLabel ? editor.styles.of(first).color : "var(--ed-soft)";
      name.textContent = shapes.length > 1 ? `${shapes.length} shapes` : editor.nameOf(first);
      put(toggles[0], "aria-pressed", String(shapes.every(({ id }) => editor.locked.has(id))));
      put(toggles[1], "aria-pressed", String(shapes.every(({ id }) => editor.hidden.has(id))));
    });
    return make("h2", { class: "ed-heading ed-details-name" }, swatch, name, ...toggles);
  }

  /** @param {"locked" | "hiddenByHand"} which */
  _toggle(which) {
    const { editor } = this;
    const chosen = [...editor.selection];
    const all = chosen.every((id) => editor[which].has(id));
    const next = new Set(all ? [...editor[which]].filter((id) => !editor.selection.has(id)) : [...editor[which], ...chosen]);
    if (which === "locked") editor.setLocked(next);
    else editor.setHidden(next);
  }

  _label() {
    const { editor } = this;
    const options = editor.labels.map(({ id, name }) => ({ value: id, text: name }));
    const change = (/** @type {string} */ id) => {
      editor.fresh = null;
      editor.setLabel(id);
    };
    return line("Class", this._bind(choiceField("Class", options, change, this._off()), (shapes) => shapes.map(({ label }) => label)));
  }

  _off() {
    return this.editor.editable ? {} : { disabled: true };
  }

  /** Of one class, what it asks for; and what a single shape says beyond that. @param {Annotation[]} shapes @returns {HTMLElement[]} */
  _attributes(shapes) {
    const labels = new Set(shapes.map(({ label }) => label));
    const asked = labels.size === 1 ? (this.editor.label(shapes[0].label)?.attributes ?? []) : [];
    const known = new Set(asked.map(({ name }) => name));
    const others = shapes.length === 1 ? Object.entries(attributesOn(shapes[0], this.editor.frame)).filter(([name]) => !known.has(name)) : [];
    return [...asked.map((attribute) => this._attribute(attribute)), ...others.map(([name, value]) => this._other(name, value))];
  }

  /** @param {Attribute} attribute */
  _attribute(attribute) {
    const { name, kind } = attribute;
    const commit = (/** @type {unknown} */ value) => this._say(attribute, value);
    const field = {
      select: () => choiceField(name, [{ value: "", text: "–" }, ...(attribute.values ?? []).map((value) => ({ value, text: value }))], (value) => commit(value || null), this._off()),
      checkbox: () => checkField(name, commit, this._off()),
      number: () => numberField(name, commit, this._off()),
      text: () => textField(name, (value) => commit(value.trim() || null), { ...this._off(), maxlength: 2000 }),
    }[kind]();
    const read = (/** @type {Annotation[]} */ shapes) => shapes.map((each) => attributesOn(each, this.editor.frame)[name] ?? (kind === "select" ? "" : null));
    const moving = attribute.mutable && this.editor.isVideo ? make("span", { class: "ed-unit", title: "May change from frame to frame" }, "◆") : null;
    return line(name, this._bind(field, read), moving);
  }

  /** @param {Attribute} attribute @param {unknown} value */
  _say(attribute, value) {
    const wrong = misfit(attribute, value);
    if (wrong) return this._refuse(wrong);
    const ops = attributeOps(this.editor.selected(), attribute, value, this.editor.frame);
    if (ops.length) this.editor.submit(ops, `${attribute.name}: ${value ?? "empty"}`);
    this.show();
  }

  /** What came with the shape though its class does not ask for it: it can be taken out. @param {string} name @param {unknown} value */
  _other(name, value) {
    const drop = make("button", { type: "button", class: "ed-mini", "aria-label": `Remove ${name}`, title: `Remove ${name}`, ...this._off() }, icon("x"));
    drop.addEventListener("click", () => this.editor.submit(this.editor.selected().map(({ id }) => ({ op: "update", id, set: { attributes: { [name]: null } } })), `Remove ${name}`));
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return make("div", { class: "ed-line" }, make("span", { class: "ed-line-name ed-cut", title: name }, name), make("span", { class: "ed-cut", title: text }, text), drop);
  }

  /** @param {string} words */
  _refuse(words) {
    this.editor.emit("say", words);
    this.show();
  }

  // -- place and order -------------------------------------------------------------------------------------------

  /** @param {Annotation} annotation */
  _geometry(annotation) {
    return this._here(annotation) ?? annotation.geometry;
  }

  /** Where it is on this frame; undefined or null for a track that is not there. @param {Annotation} annotation */
  _here(annotation) {
    return this.editor.drafts.get(annotation.id) ?? geometryOn(annotation, this.editor.frame);
  }

  /** @param {Annotation[]} shapes */
  _numbers(shapes) {
    const all = shapes.map((each) => Object.keys(numbersOf(this._geometry(each))).join());
    if (!all[0] || all.some((names) => names !== all[0])) return null;
    if (shapes.some((each) => !this._here(each))) return make("p", { class: "ed-none" }, "Not on this frame.");
    const typed = !shapes.some(({ geometry }) => fixed(geometry, "x"));
    const cells = all[0].split(",").map((name) => {
      const [sign, words] = SIGNS[name];
      const unit = name === "angle" ? "" : ", pixels";
      const field = numberField(`${words}${unit}`, (value) => this._place(name, value), typed ? this._off() : { disabled: true, title: fixed(shapes[0].geometry, "x") });
      const read = (/** @type {Annotation[]} */ now) => now.map((each) => numbersOf(this._geometry(each))[name]);
      return make("label", { class: "ed-cell", title: `${words}${unit}` }, make("span", { "aria-hidden": "true" }, sign), this._bind(field, read));
    });
    return make("div", { class: "ed-cells", role: "group", "aria-label": "Place, in pixels" }, ...cells, make("span", { class: "ed-unit" }, "px"));
  }

  /** @param {string} name @param {number | null} value */
  _place(name, value) {
    const { editor } = this;
    if (value === null || !Number.isFinite(value)) return this._refuse("Type a number.");
    editor.commitDrafts();
    const { width, height } = editor.item;
    const drafts = new Map();
    for (const annotation of editor.selected()) {
      const before = this._geometry(annotation);
      const after = withNumber(before, name, value, width, height);
      if (JSON.stringify(after) !== JSON.stringify(before)) drafts.set(annotation.id, after);
    }
    editor.setDrafts(drafts);
    editor.commitDrafts(SIGNS[name][1]);
    this.show();
  }

  _order() {
    const z = numberField("Order: higher lies above", (value) => this._layer(value), { ...this._off(), step: "1" });
    const buttons = ORDER.filter(([id]) => this.commands.has(id)).map(([id, sign]) => this._button(id, sign));
    const group = make("span", { class: "ed-cut" });
    const ungroup = make("button", { type: "button", class: "ed-small quiet", ...this._off() }, "Ungroup");
    ungroup.addEventListener("click", () => this.commands.get("ungroup").run(false));
    const grouped = make("div", { class: "ed-line" }, make("span", { class: "ed-line-name" }, "Group"), group, this.commands.has("ungroup") ? ungroup : null);
    this._shows.push((shapes) => {
      const groups = new Set(shapes.map((each) => each.group).filter(Boolean));
      grouped.hidden = !groups.size;
      const many = groups.size === 1 ? this.editor.store.onFrame(this.editor.frame).filter((each) => each.group && groups.has(each.group)).length : 0;
      group.textContent = groups.size > 1 ? "several" : `of ${many}`;
    });
    const order = make("div", { class: "ed-line" }, make("span", { class: "ed-line-name" }, "Order"), this._bind(z, (shapes) => shapes.map((each) => each.z ?? 0)), make("span", { class: "ed-snug" }, ...buttons));
    const box = make("div", {}, order, grouped);
    return box;
  }

  /** @param {string} id @param {string} sign */
  _button(id, sign) {
    const command = this.commands.get(id);
    const button = make("button", { type: "button", class: "ed-mini", "aria-label": command.title, title: command.title, ...this._off() }, sign);
    button.addEventListener("click", () => command.run(false));
    return button;
  }

  /** @param {number | null} value */
  _layer(value) {
    if (value === null || !Number.isInteger(value) || Math.abs(value) > 1e6) return this._refuse("The order is a whole number; 0 is where shapes start.");
    const ops = this.editor.selected().filter((each) => (each.z ?? 0) !== value).map(({ id }) => ({ op: "update", id, set: { z: value } }));
    if (ops.length) this.editor.submit(ops, `Order ${value}`);
  }

  // -- who -------------------------------------------------------------------------------------------------------

  _story() {
    const words = make("p", { class: "ed-story" });
    this._shows.push((shapes) => {
      const text = shapes.length === 1 ? this._about(shapes[0]) : this._aboutAll(shapes);
      if (words.textContent !== text) words.textContent = text;
      const [only] = shapes;
      words.title = shapes.length === 1 && only.updated_at ? new Date(only.updated_at).toLocaleString() : "";
    });
    return words;
  }

  /** @param {Annotation} annotation */
  _about(annotation) {
    const { editor } = this;
    const { author, updated_by, updated_at, confidence, source, created_rev, updated_rev } = annotation;
    const sure = typeof confidence === "number" ? `, ${confidence.toFixed(2)}` : "";
    const who = author ? nameOf(editor, author) : "";
    const when = updated_at ? agoText(Date.parse(updated_at)) : "just now";
    const changed = updated_rev === created_rev ? `, ${when}.` : `. Changed by ${nameOf(editor, updated_by)}, ${when}.`;
    if (isSuggestion(annotation)) return `Suggested${changed}`; // by whom, and how sure, stands beside what can be done with it
    if (source === "import") return `Imported${who ? ` by ${who}` : ""}${sure}${changed}`;
    return sure ? `Suggested, and accepted${changed}` : `Drawn by ${nameOf(editor, author)}${changed}`;
  }

  /** @param {Annotation[]} shapes */
  _aboutAll(shapes) {
    const authors = [...new Set(shapes.map(({ author }) => author))].map((id) => nameOf(this.editor, id));
    const waiting = shapes.filter(isSuggestion).length;
    const names = authors.length > 3 ? `${authors.length} people` : authors.join(", ");
    return `By ${names}.${waiting ? ` ${waiting} of them suggested by a model.` : ""}`;
  }
}

/** @param {string} sign @param {string} name @param {() => void} act */
function toggle(sign, name, act) {
  const button = make("button", { type: "button", class: "ed-mini", "aria-label": name, title: name, "aria-pressed": "false" }, icon(sign));
  button.addEventListener("click", act);
  return button;
}
