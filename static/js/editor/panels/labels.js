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

/** One part in this many of the time may go into keeping a panel up to date. */
const PANEL_SHARE = 20;

/** At most once a drawn frame however many edits come in, and less often the more one time costs, or every `ms`. @param {() => void} act @param {number} [ms] */
export function later(act, ms = 0) {
  let asked = false;
  let free = 0;
  const run = () => {
    const began = performance.now();
    asked = false;
    act();
    const ended = performance.now();
    free = ended + Math.max(ms, PANEL_SHARE * (ended - began));
  };
  return () => {
    if (asked) return;
    asked = true;
    const wait = free - performance.now();
    if (wait > 16) setTimeout(run, wait);
    else requestAnimationFrame(run);
  };
}
