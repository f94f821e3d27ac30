/** Everything by a few letters: commands, classes, shapes and frames. Ctrl+K. */
import { make } from "../../lib/dom.js";
import { keyText } from "../commands.js";
import { seen } from "../core_commands.js";
import { best } from "../model/fuzzy.js";
import { openKeys } from "./keys.js";

/** @typedef {{kind: string, text: string, note: string, keys: string[], why: string, run: () => void}} Entry */

const MOST = 60;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands }) {
  const palette = new Palette(editor, commands);
  commands.add("View", "palette", "Find a command, class, shape or frame", ["Ctrl+KeyK"], () => palette.open(), undefined, { inLists: true });
  commands.add("View", "change-keys", "Change keys", [], () => openKeys(commands), undefined, { inLists: true });
}

class Palette {
  /** @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
  constructor(editor, commands) {
    this.editor = editor;
    this.commands = commands;
    /** @type {Entry[]} */
    this.found = [];
    this.at = 0;
    this.input = /** @type {HTMLInputElement} */ (
      make("input", { type: "text", class: "ed-palette-input", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Find a command, class, shape or frame", placeholder: "Find a command, class, shape or frame", autocomplete: "off", spellcheck: false })
    );
    this.list = make("div", { class: "ed-palette-list", id: "palette-list", role: "listbox", "aria-label": "Found" });
    this.dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "ed-dialog ed-palette", "aria-label": "Find" }, this.input, this.list));
    document.body.append(this.dialog);
    this.input.addEventListener("input", () => this.show());
    this.input.addEventListener("keydown", (event) => this._key(event));
    this.list.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (row) this._run([...this.list.children].indexOf(row));
    });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  open() {
    this.entries = this._entries();
    this.input.value = "";
    this.dialog.showModal();
    this.show();
  }

  /** @returns {Entry[]} */
  _entries() {
    const { editor, commands } = this;
    // What is held down cannot be chosen from a list.
    const own = commands.all.filter(({ id, release }) => !release && !/^(palette|label-\d)$/.test(id)).map((command) => ({
      kind: command.group, text: command.title, note: "", keys: commands.keysOf(command).slice(0, 1).map(keyText), why: command.refusal(), run: () => command.run(false),
    }));
    const labels = editor.labels.map(({ id, name }) => ({ kind: "Class", text: `Class: ${name}`, note: "", keys: [], why: "", run: () => editor.setLabel(id) }));
    const shapes = seen(editor).slice(0, 2000).map((shape) => {
      const text = editor.nameOf(shape);
      return { kind: "Shape", text, note: "", keys: [], why: "", run: () => this._reveal(shape.id) };
    });
    return [...own, ...labels, ...shapes];
  }

  /** @param {string} id */
  _reveal(id) {
    this.editor.select([id]);
    this.commands.get("zoom-shape").run(false);
  }

  /** A number is a frame. @param {string} query @returns {Entry[]} */
  _frames(query) {
    const n = Number(/^(?:frame\s*)?(\d+)$/i.exec(query)?.[1] ?? NaN);
    if (!this.editor.isVideo || !(n < this.editor.item.frames)) return [];
    return [{ kind: "Frame", text: `Go to frame ${n}`, note: "", keys: [], why: "", run: () => this.editor.goTo(n) }];
  }

  show() {
    const query = this.input.value.trim();
    this.found = [...this._frames(query), ...best(this.entries ?? [], query, ({ text }) => text, MOST)];
    this.at = 0;
    this.list.replaceChildren(...this.found.map((entry, i) => row(entry, i)));
    if (!this.found.length) this.list.append(make("p", { class: "ed-none" }, "Nothing has these letters."));
    this._mark();
  }

  _mark() {
    [...this.list.children].forEach((each, i) => each.setAttribute("aria-selected", String(i === this.at)));
    const current = this.list.children[this.at];
    this.input.setAttribute("aria-activedescendant", current?.id ?? "");
    current?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const many = this.found.length;
    const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1 + many, PageDown: Math.min(many - 1, this.at + 8), PageUp: Math.max(0, this.at - 8) }[event.key];
    if (event.key === "Enter") this._run(this.at);
    else if (to === undefined || !many) return;
    else this.at = to % many;
    this._mark();
    event.preventDefault();
  }

  /** @param {number} at */
  _run(at) {
    const entry = this.found[at];
    if (!entry) return;
    if (entry.why) return this.editor.emit("say", entry.why);
    this.dialog.close();
    entry.run();
  }
}

/** @param {Entry} entry @param {number} i */
function row({ kind, text, keys, why }, i) {
  return make(
    "div", { role: "option", id: `palette-${i}`, class: "ed-palette-row", "aria-selected": "false", "aria-disabled": String(Boolean(why)), title: why },
    make("span", { class: "ed-palette-kind" }, kind), make("span", { class: "ed-cut" }, text), why ? make("span", { class: "ed-palette-why ed-cut" }, why) : null, ...keys.map((key) => make("kbd", {}, key)),
  );
}
