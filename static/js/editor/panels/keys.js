/** Other keys for commands: kept in this browser for whoever uses it, and taken elsewhere as a file. */
import { icon, make } from "../../lib/dom.js";
import { comboOf, keyText, readKeys } from "../commands.js";
import { score } from "../model/fuzzy.js";

/**
 * @typedef {import("../commands.js").Command} Command
 * @typedef {import("../commands.js").Commands} Commands
 */

/** Browsers do not let pages have these. */
const RESERVED = new Set(["Ctrl+KeyN", "Ctrl+KeyT", "Ctrl+KeyW", "Ctrl+Shift+KeyN", "Ctrl+Shift+KeyT", "Ctrl+Shift+KeyW", "Ctrl+Tab", "Ctrl+Shift+Tab", "F11", "F12"]);
const MODIFIERS = /^(Control|Shift|Alt|Meta)(Left|Right)$/;

/**
 * The other commands that would answer to a key; those that share it from the start know when it is their turn.
 * @param {Commands} commands @param {Command} command @param {string} combo
 */
export function rivals(commands, command, combo) {
  const shared = (/** @type {Command} */ other) => command.keys.includes(combo) && other.keys.includes(combo);
  return commands.all.filter((other) => other !== command && commands.keysOf(other).includes(combo) && !shared(other));
}

/** Keys with one command's changed; what equals the usual ones is not remembered. @param {Record<string, string[]>} own @param {Command} command @param {string[]} keys */
export function changed(own, command, keys) {
  const next = { ...own, [command.id]: keys };
  if (keys.join() === command.keys.join()) delete next[command.id];
  return next;
}

/** @type {HTMLDialogElement | null} */
let dialog = null;

/** @param {Commands} commands */
export function openKeys(commands) {
  dialog ??= new KeysDialog(commands).dialog;
  dialog.showModal();
}

class KeysDialog {
  /** @param {Commands} commands */
  constructor(commands) {
    this.commands = commands;
    /** @type {Command | null} what the next pressed keys are for */
    this.asking = null;
    this.search = /** @type {HTMLInputElement} */ (make("input", { type: "search", class: "ed-filter", placeholder: "Find a command", "aria-label": "Find a command", autocomplete: "off" }));
    this.list = make("div", { class: "ed-keys-list" });
    this.note = make("p", { class: "ed-keys-note", role: "status" });
    this.singles = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", class: "ed-check" }));
    this.file = /** @type {HTMLInputElement} */ (make("input", { type: "file", accept: "application/json,.json", hidden: true }));
    const close = action("Close", () => this.dialog.close(), icon("x"));
    this.dialog = /** @type {HTMLDialogElement} */ (make(
      "dialog", { class: "ed-dialog ed-keys", "aria-labelledby": "keys-title" },
      make("header", {}, make("h2", { id: "keys-title" }, "Change keys"), close),
      make("div", { class: "ed-keys-bar" }, this.search, make("label", { class: "ed-line" }, this.singles, "Keys of one letter or sign work"), make("span", { class: "ed-grow" }), quiet("Export", () => this._export()), quiet("Import", () => this.file.click()), quiet("Reset all", () => this._reset()), this.file),
      this.note, this.list,
    ));
    document.body.append(this.dialog);
    this._listen();
    this.show();
  }

  _listen() {
    const { commands } = this;
    this.search.addEventListener("input", () => this.show());
    this.singles.addEventListener("change", () => commands.remap(commands.own, this.singles.checked));
    this.file.addEventListener("change", () => this._import());
    this.dialog.addEventListener("keydown", (event) => this._pressed(event), { capture: true });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => (this.asking = null));
    commands.on("change", () => this.dialog.open && this.show());
  }

  show() {
    const { commands } = this;
    const query = this.search.value.trim();
    const focused = document.activeElement?.getAttribute("data-focus");
    this.singles.checked = commands.singles;
    const shown = commands.all.filter((command) => score(`${command.title} ${commands.keysOf(command).map(keyText).join(" ")}`, query) > (query ? 5 : 0));
    /** @type {Map<string, Command[]>} */
    const groups = new Map();
    for (const command of shown) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
    this.list.replaceChildren(...[...groups].map(([name, list]) => make("section", {}, make("h3", {}, name), ...list.map((command) => this._row(command)))));
    if (!shown.length) this.list.append(make("p", { class: "ed-none" }, "No command has these letters."));
    if (focused) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {Command} command */
  _row(command) {
    const { commands } = this;
    const keys = commands.keysOf(command);
    const chips = keys.map((key) => {
      const others = rivals(commands, command, key);
      const chip = make("button", { type: "button", class: "ed-key", "aria-label": `Take ${keyText(key)} away`, title: "Take it away" }, make("kbd", {}, keyText(key)), icon("x"));
      chip.addEventListener("click", () => this._set(command, keys.filter((each) => each !== key)));
      return make("span", { class: "ed-key-pair" }, chip, others.length ? make("span", { class: "ed-clash" }, `also: ${others.map(({ title }) => title).join(", ")}`) : null);
    });
    const asked = this.asking === command;
    const add = make("button", { type: "button", class: "ed-small quiet", "data-focus": command.id, "aria-label": `Another key for: ${command.title}` }, asked ? "Press keys …" : "Add");
    add.addEventListener("click", () => this._ask(command));
    const reset = commands.own[command.id] ? quiet("Reset", () => commands.remap(changed(commands.own, command, command.keys)), `Reset: ${command.title}`) : null;
    return make("div", { class: asked ? "ed-key-row asking" : "ed-key-row" }, make("span", { class: "ed-key-title" }, command.title), ...chips, make("span", { class: "ed-grow" }), reset, add);
  }

  /** @param {Command} command */
  _ask(command) {
    this.asking = command;
    this.note.textContent = `Press the keys for '${command.title}', or Escape to leave it.`;
    this.show();
  }

  /** @param {KeyboardEvent} event */
  _pressed(event) {
    const { asking, commands } = this;
    if (!asking || MODIFIERS.test(event.code)) return;
    event.preventDefault();
    event.stopPropagation();
    const combo = comboOf(event);
    this.asking = null;
    if (combo === "Escape") this._say("Left as it was.");
    else if (RESERVED.has(combo)) this._say(`The browser keeps ${keyText(combo)} for itself: choose another.`);
    else {
      const others = rivals(commands, asking, combo);
      this._set(asking, [...new Set([...commands.keysOf(asking), combo])]);
      this._say(others.length ? `${keyText(combo)} does '${others[0].title}' too; the first that can be done is done. Take it away from one of the two.` : `${keyText(combo)}: ${asking.title}.`);
    }
    this.show();
  }

  /** @param {string} words */
  _say(words) {
    this.note.textContent = words;
  }

  /** @param {Command} command @param {string[]} keys */
  _set(command, keys) {
    this.commands.remap(changed(this.commands.own, command, keys));
    this.show();
  }

  _reset() {
    const before = this.commands.own;
    this.commands.remap({}, true);
    this.note.replaceChildren("All commands have their usual keys again. ", quiet("Take that back", () => this.commands.remap(before)));
    this.show();
  }

  _export() {
    const text = JSON.stringify(this.commands.own, null, 2);
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: "frameloop-keys.json" });
    link.click();
    URL.revokeObjectURL(/** @type {HTMLAnchorElement} */ (link).href);
    this._say("Saved as frameloop-keys.json.");
  }

  async _import() {
    const [file] = this.file.files ?? [];
    if (!file) return;
    const keys = file.size < 100_000 ? readKeys(await file.text()) : null;
    this.file.value = "";
    if (!keys) return this._say("This file holds no keys: choose one that was exported here.");
    this.commands.remap(keys);
    this._say(`${Object.keys(keys).length} commands have the keys of the file.`);
    this.show();
  }
}

/** @param {string} name @param {() => void} act @param {Node} content */
function action(name, act, content) {
  const button = make("button", { type: "button", class: "ed-btn", "aria-label": name, title: name }, content);
  button.addEventListener("click", act);
  return button;
}

/** @param {string} text @param {() => void} act @param {string} [name] */
function quiet(text, act, name = text) {
  const button = make("button", { type: "button", class: "ed-small quiet", "aria-label": name }, text);
  button.addEventListener("click", act);
  return button;
}
