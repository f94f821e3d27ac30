/** A field to say something in, with the people's names completed after an `@`. */
import { make } from "../../lib/dom.js";
import { beingNamed, named } from "../model/threads.js";

/** @typedef {import("../model/threads.js").Someone} Someone */

const MOST_NAMES = 6;
let made = 0;

/**
 * @param {object} options
 * @param {() => Someone[]} options.people
 * @param {(text: string) => Promise<void>} options.send rejects with an error that says why
 * @param {() => void} [options.cancel]
 * @param {string} options.label @param {string} options.action @param {string} [options.text]
 * @returns {HTMLFormElement}
 */
export function composer({ people, send, cancel, label, action, text = "" }) {
  const id = `names-${++made}`;
  const field = /** @type {HTMLTextAreaElement} */ (make("textarea", {
    class: "ed-say", rows: 2, maxlength: "4000", placeholder: `${label}; @ names somebody`, "aria-label": label,
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
  }));
  field.value = text;
  const names = make("ul", { class: "ed-names", role: "listbox", id, "aria-label": "People" });
  names.hidden = true;
  const problem = make("p", { class: "ed-say-problem", role: "alert" });
  problem.hidden = true;
  const go = /** @type {HTMLButtonElement} */ (make("button", { type: "submit", class: "ed-small" }, action));
  const stop = cancel && make("button", { type: "button", class: "ed-small quiet", onclick: cancel }, "Cancel");
  const form = /** @type {HTMLFormElement} */ (make("form", { class: "ed-composer" }, field, names, problem, make("div", { class: "ed-composer-foot" }, make("small", {}, "Enter sends"), make("span", { class: "ed-grow" }), stop, go)));
  const completion = new Completion(field, names, people);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = field.value.trim();
    if (!words || go.disabled) return field.focus();
    go.disabled = true;
    problem.hidden = true;
    try {
      await send(words);
      field.value = "";
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof Error ? error.message : String(error);
      field.focus();
    } finally {
      go.disabled = false;
    }
  });
  field.addEventListener("keydown", (event) => {
    if (completion.key(event) || event.isComposing) return;
    if (event.key === "Escape" && cancel) cancel();
    else if (event.key === "Enter" && !event.shiftKey) form.requestSubmit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return form;
}

/** The names that fit what is typed after an `@`. */
class Completion {
  /** @param {HTMLTextAreaElement} field @param {HTMLElement} list @param {() => Someone[]} people */
  constructor(field, list, people) {
    this.field = field;
    this.list = list;
    this.people = people;
    /** @type {Someone[]} */
    this.found = [];
    this.at = 0;
    field.addEventListener("input", () => this._look());
    field.addEventListener("blur", () => this._close());
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // or the field would lose the focus first
      const row = event.target instanceof Element ? event.target.closest("[data-n]") : null;
      if (row instanceof HTMLElement) this._take(Number(row.dataset.n));
    });
  }

  _look() {
    const typed = beingNamed(this.field.value, this.field.selectionStart);
    this.found = typed === null ? [] : named(this.people(), typed).slice(0, MOST_NAMES);
    this.at = 0;
    this._show();
  }

  _close() {
    this.found = [];
    this._show();
  }

  _show() {
    this.list.hidden = !this.found.length;
    this.field.setAttribute("aria-expanded", String(this.found.length > 0));
    this.list.replaceChildren(...this.found.map((person, n) => make("li", { id: `${this.list.id}-${n}`, role: "option", "data-n": String(n), "aria-selected": String(n === this.at) }, person.name)));
    if (this.found.length) this.field.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {number} n */
  _take(n) {
    const person = this.found[n];
    const caret = this.field.selectionStart;
    const start = this.field.value.lastIndexOf("@", caret - 1) + 1;
    if (person) this.field.setRangeText(`${person.name} `, start, caret, "end");
    this._close();
  }

  /** Whether a key was for the list. @param {KeyboardEvent} event */
  key(event) {
    if (!this.found.length) return false;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.at = (this.at + by + this.found.length) % this.found.length;
    else if (event.key === "Enter" || event.key === "Tab") this._take(this.at);
    else if (event.key === "Escape") this._close();
    else return false;
    if (by) this._show();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
