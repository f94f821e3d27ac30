/** The registry of what can be done in the editor: with its keys, whether it can be done now, and why not. */
import { Emitter, safeStorage } from "./util.js";

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} group
 * @property {string} title
 * @property {string[]} keys like "Ctrl+Shift+KeyZ": modifiers, then `event.code`; "key:?" goes by the typed sign
 * @property {(repeat: boolean) => void} run
 * @property {() => string} refusal why it cannot be done now; empty when it can
 * @property {boolean} [repeats] whether a held key repeats it
 * @property {(() => void)} [release] when the key goes up
 * @property {boolean} [native] whether the browser itself answers these keys with an event that does it
 * @property {boolean} [inLists] also while a list has the focus
 * @property {boolean} [first] whether it goes before others with the same key, when it can be done
 * @property {string} [toolbar] an icon's name, or the text of a button in the toolbar
 * @property {() => boolean} [pressed] whether that button is down
 * @property {{title: string, keys: string[]} | null} [help] how the help shows a family of commands: once, or null not at all
 */

const KEYS_SETTING = "frameloop.editor.keys";
const SINGLE_SETTING = "frameloop.editor.single-keys";
const COMBO = /^(Ctrl\+)?(Alt\+)?(Shift\+)?[A-Za-z][A-Za-z0-9]*$/;

/** Keys may be given other commands, kept in this browser. Parts that come later add theirs. Emits `change`. */
export class Commands extends Emitter {
  constructor() {
    super();
    /** @type {Command[]} */
    this.all = [];
    /** @type {Map<string, Command>} */
    this._byId = new Map();
    /** @type {Map<string, Command[]>} */
    this._byKey = new Map();
    this._storage = safeStorage("localStorage");
    /** @type {Record<string, string[]>} what this person has changed, by command id */
    this.own = readKeys(this._storage.get(KEYS_SETTING)) ?? {};
    /** Whether keys of one sign do anything: who speaks or trembles into a keyboard may switch them off. */
    this.singles = this._storage.get(SINGLE_SETTING) !== "off";
  }

  /**
   * @param {string} group a heading of the help @param {string} id @param {string} title @param {string[]} keys
   * @param {(repeat: boolean) => void} run @param {() => string} [refusal] @param {Partial<Command>} [more]
   */
  add(group, id, title, keys, run, refusal = () => "", more = {}) {
    if (this._byId.has(id)) throw new Error(`two commands are called ${id}`);
    /** @type {Command} */
    const command = { group, id, title, keys, run, refusal, ...more };
    this.all.push(command);
    this._byId.set(id, command);
    this._bind(command);
    this.emit("change");
  }

  /** @param {Command} command */
  _bind(command) {
    for (const key of this.keysOf(command)) {
      const others = this._byKey.get(key) ?? [];
      this._byKey.set(key, command.first ? [command, ...others] : [...others, command]);
    }
  }

  /** The keys that a command has for this person. @param {Command} command */
  keysOf(command) {
    return this.own[command.id] ?? command.keys;
  }

  /** @param {Record<string, string[]>} keys by command id; what is not named keeps its own @param {boolean} [singles] */
  remap(keys, singles = this.singles) {
    this.own = keys;
    this.singles = singles;
    this._storage.set(KEYS_SETTING, JSON.stringify(keys));
    this._storage.set(SINGLE_SETTING, singles ? "on" : "off");
    this._byKey.clear();
    for (const command of this.all) this._bind(command);
    this.emit("change");
  }

  /** @param {string} id */
  has(id) {
    return this._byId.has(id);
  }

  /** @param {string} id */
  get(id) {
    const command = this._byId.get(id);
    if (!command) throw new Error(`no command ${id}`);
    return command;
  }

  /**
   * The command for a key: where two share one (arrows move a selection, or else step), the first that can be done.
   * @param {KeyboardEvent} event
   * @returns {Command | undefined}
   */
  find(event) {
    if (!this.singles && isSingle(event)) return undefined;
    const found = this._byKey.get(`key:${event.key}`) ?? this._byKey.get(comboOf(event)) ?? [];
    return found.find((command) => !command.refusal()) ?? found[0];
  }
}

/** @param {KeyboardEvent} event */
export function comboOf(event) {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return `${ctrl}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${event.code}`;
}

/** A letter, digit or sign by itself; the space bar is none. @param {KeyboardEvent} event */
function isSingle(event) {
  return event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
}

/** "Ctrl+Shift+KeyZ" as people read it. @param {string} combo */
export function keyText(combo) {
  const names = { Digit: "", Key: "", Arrow: "", Numpad: "Num ", "key:": "" };
  const signs = /** @type {Record<string, string>} */ ({ Left: "←", Right: "→", Up: "↑", Down: "↓", Slash: "/", Period: ".", Comma: ",", Equal: "+", Minus: "−", BracketLeft: "[", BracketRight: "]", Escape: "Esc", "Num Add": "Num +", "Num Subtract": "Num −" });
  return combo
    .split("+")
    .map((part) => Object.entries(names).reduce((text, [from, to]) => text.replace(from, to), part))
    .map((part) => signs[part] ?? part)
    .join(" ");
}

/**
 * Keys by command id, as they were stored or exported.
 * @param {string | null} text
 * @returns {Record<string, string[]> | null} null when it is none
 */
export function readKeys(text) {
  try {
    const found = JSON.parse(text ?? "{}");
    if (typeof found !== "object" || !found || Array.isArray(found)) return null;
    const sound = (/** @type {any} */ keys) => Array.isArray(keys) && keys.length <= 8 && keys.every((key) => typeof key === "string" && (COMBO.test(key) || /^key:.$/.test(key)));
    return Object.values(found).every(sound) ? Object.fromEntries(Object.entries(found)) : null;
  } catch {
    return null;
  }
}

