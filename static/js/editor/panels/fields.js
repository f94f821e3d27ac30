/** Controls that show one value, or that several shapes differ in it, and tell when a person has decided on another. */
import { make } from "../../lib/dom.js";

/**
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {(same: boolean, value: any) => void} show a value that is being typed is left alone
 */

const SEVERAL = "several";
/** What a list of choices shows while none of them is the case. */
const OTHER = "\u2026";

/** @param {string} name @param {(value: string) => void} commit @param {Record<string, unknown>} [more] attributes of the input @returns {Field} */
export function textField(name, commit, more = {}) {
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", class: "ed-value", "aria-label": name, autocomplete: "off", ...more }));
  let dirty = false;
  let shown = "";
  input.addEventListener("input", () => (dirty = true));
  input.addEventListener("change", () => {
    dirty = false;
    if (input.value !== shown || input.placeholder === SEVERAL) commit(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") input.dispatchEvent(new Event("change"));
    if (event.key !== "Escape") return;
    // Before the page takes the focus away, which would count as a decision.
    input.value = shown;
    dirty = false;
  });
  return {
    element: input,
    show: (same, value) => {
      input.placeholder = same ? "" : SEVERAL;
      shown = same && value !== undefined && value !== null ? String(value) : "";
      if (!(dirty && document.activeElement === input) && input.value !== shown) input.value = shown;
    },
  };
}

/** @param {string} name @param {(value: number | null) => void} commit null when it was emptied @param {Record<string, unknown>} [more] @returns {Field} */
export function numberField(name, commit, more = {}) {
  const field = textField(name, (text) => commit(text.trim() === "" ? null : Number(text)), { type: "number", step: "any", ...more });
  return field;
}

/**
 * @param {string} name @param {{value: string, text: string}[]} options @param {(value: string) => void} commit @param {Record<string, unknown>} [more]
 * @returns {Field}
 */
export function choiceField(name, options, commit, more = {}) {
  const several = make("option", { value: OTHER, hidden: true }, SEVERAL);
  const select = /** @type {HTMLSelectElement} */ (
    make("select", { class: "ed-value", "aria-label": name, ...more }, several, ...options.map(({ value, text }) => make("option", { value }, text)))
  );
  select.addEventListener("change", () => commit(select.value));
  return {
    element: select,
    show: (same, value) => {
      const known = same && options.some((each) => each.value === value);
      several.textContent = same ? "unknown" : SEVERAL;
      const next = known ? String(value) : OTHER;
      if (select.value !== next) select.value = next;
    },
  };
}

/** @param {string} name @param {(on: boolean) => void} commit @param {Record<string, unknown>} [more] @returns {Field} */
export function checkField(name, commit, more = {}) {
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", class: "ed-check", "aria-label": name, ...more }));
  input.addEventListener("change", () => commit(input.checked));
  return {
    element: input,
    show: (same, value) => {
      input.checked = same && value === true;
      input.indeterminate = !same;
    },
  };
}

/** A name before a control. @param {string} name @param {HTMLElement} element @param {...(HTMLElement | null)} after */
export function line(name, element, ...after) {
  return make("label", { class: "ed-line" }, make("span", { class: "ed-line-name ed-cut", title: name }, name), element, ...after);
}
