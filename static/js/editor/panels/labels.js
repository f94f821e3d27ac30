/** The classes: choose one for the selection or the next shape. */
import { make } from "../../lib/dom.js";
import { put } from "../util.js";

/**
 * @param {HTMLElement} root
 * @param {import("../editor.js").Editor} editor
 * @returns {{focus: () => void}}
 */
export function labelPanel(root, editor) {
  const list = make("div", { class: "ed-labels", role: "radiogroup", "aria-label": "Class" });
  const filter = /** @type {HTMLInputElement} */ (
    make("input", { type: "search", class: "ed-filter", placeholder: "Find a class  /", "aria-label": "Find a class", autocomplete: "off", spellcheck: false })
  );
  /** @type {Row[]} */
  let rows = [];
  const build = () => {
    rows = editor.labels.map((label, i) => row(editor, label, i));
    list.replaceChildren(...rows.map(({ button }) => button));
    root.replaceChildren(heading(editor.labels.length), ...(editor.labels.length > 4 ? [filter] : []), list);
    if (!editor.labels.length) list.append(make("p", { class: "ed-none" }, "This project has no classes yet. A manager adds them in its settings."));
    narrow(rows, filter.value);
  };
  build();

  const show = () => {
    const counts = countByLabel(editor);
    for (const { button, count, label } of rows) {
      const chosen = label.id === editor.labelId;
      put(button, "aria-checked", String(chosen));
      put(button, "tabindex", chosen ? "0" : "-1");
      const text = String(counts.get(label.id) ?? "");
      if (count.textContent !== text) count.textContent = text;
    }
  };
  editor.on("labels", build);
  editor.on("label", show);
  eachFrame(editor, show);
  editor.store.on("change", later(show));
  show();
  filter.addEventListener("input", () => narrow(rows, filter.value));
  filter.addEventListener("keydown", (event) => choose(event, rows, filter, editor));
  list.addEventListener("keydown", (event) => walk(event, rows, editor));
  return { focus: () => (filter.isConnected ? filter : rows[0]?.button)?.focus() };
}

/** @param {number} n */
function heading(n) {
  return make("h2", { class: "ed-heading" }, "Classes", make("span", { class: "ed-count" }, String(n)));
}

/** @param {import("../editor.js").Editor} editor @param {import("../types.js").Label} label @param {number} i */
function row(editor, label, i) {
  const swatch = make("span", { class: "ed-swatch" });
  swatch.style.background = label.color;
  const count = make("span", { class: "ed-count" });
  const key = i < 9 ? make("kbd", {}, String(i + 1)) : null;
  const button = make("button", { type: "button", class: "ed-label", role: "radio", title: label.name }, swatch, make("span", { class: "ed-cut" }, label.name), count, key);
  button.addEventListener("click", () => editor.setLabel(label.id));
  return { button, count, label };
}

/** @typedef {ReturnType<typeof row>} Row */

/** @param {import("../editor.js").Editor} editor */
function countByLabel(editor) {
  const counts = new Map();
  for (const { label } of editor.store.onFrame(editor.frame)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** @param {Row[]} rows @param {string} text */
function narrow(rows, text) {
  for (const { button, label } of rows) button.hidden = !fuzzy(label.name, text);
}

/** Whether the letters of `text` come in `name` in their order. @param {string} name @param {string} text */
function fuzzy(name, text) {
  let at = 0;
  const where = name.toLowerCase();
  return [...text.toLowerCase()].every((letter) => (at = where.indexOf(letter, at) + 1) > 0);
}

/** @param {KeyboardEvent} event @param {Row[]} rows @param {HTMLInputElement} filter @param {import("../editor.js").Editor} editor */
function choose(event, rows, filter, editor) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  const first = rows.find(({ button }) => !button.hidden);
  if (event.key === "Enter" && first) editor.setLabel(first.label.id);
  filter.value = "";
  narrow(rows, "");
  filter.blur();
  event.preventDefault();
  event.stopPropagation();
}

/** @param {KeyboardEvent} event @param {Row[]} rows @param {import("../editor.js").Editor} editor */
function walk(event, rows, editor) {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!by) return;
  const shown = rows.filter(({ button }) => !button.hidden);
  const at = shown.findIndex(({ button }) => button === document.activeElement);
  const next = shown[(at + by + shown.length) % shown.length];
  editor.setLabel(next.label.id);
  next.button.focus();
  event.preventDefault();
  event.stopPropagation();
}

/** So often does what is beside the picture follow a video that plays. */
const BESIDE_MS = 250;

/** With each frame that is shown, but a few times a second while the video plays: the picture comes first. @param {import("../editor.js").Editor} editor @param {() => void} act */
export function eachFrame(editor, act) {
  let at = -Infinity;
  editor.on("frame", () => {
    const now = performance.now();
    if (editor.playing && now - at < BESIDE_MS) return;
    at = now;
    act();
  });
}

/** All panels together may take one part in this many of the time. */
const PANELS_SHARE = 40;
/** A panel follows a stream of changes so often, which an eye can just read. */
const PANEL_MS = 100;

/** @type {Set<() => void>} panels that wait, in the order in which they asked */
const waiting = new Set();
let free = 0;
let asked = false;

/** All that wait are served in one step: so the page is laid out once, and the share is for them all. */
function serve() {
  const began = performance.now();
  asked = false;
  const those = [...waiting];
  waiting.clear();
  for (const act of those) {
    try {
      act();
    } catch (error) {
      reportError(error); // one panel's trouble is none of the others'
    }
  }
  const ended = performance.now();
  free = ended + PANELS_SHARE * (ended - began);
}

/** @param {() => void} act */
function stand(act) {
  waiting.add(act);
  if (asked) return;
  asked = true;
  const rest = free - performance.now();
  if (rest > 16) setTimeout(serve, rest);
  else requestAnimationFrame(serve);
}

/** With the next drawn frame, once. @param {() => void} act */
export function nextFrame(act) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      act();
    });
  };
}

/** With the next drawn frame, and then at most every `ms` however many changes come in; less often while all panels together cost more. @param {() => void} act @param {number} [ms] */
export function later(act, ms = PANEL_MS) {
  let again = 0;
  let due = false;
  const run = () => {
    due = false;
    again = performance.now() + ms;
    act();
  };
  return () => {
    if (due) return;
    due = true;
    const rest = again - performance.now();
    if (rest > 16) setTimeout(stand, rest, run);
    else stand(run);
  };
}
