/** What the three parts of the data page share: formats, their options, reports, and a place to drop a file on. */

import { find, findAll, icon, make } from "../lib/dom.js";

/**
 * @typedef {{name: string, title: string, default: any, choices: {value: string, title: string}[], help: string, use: string}} Option
 * @typedef {{name: string, title: string, help: string, abilities: Record<string, any>, options: Option[], read: boolean, write: boolean}} Format
 * @typedef {{severity: string, code: string, count: number}} Count
 * @typedef {{severity: string, code: string, text: string, file: string, where: string}} Remark
 * @typedef {{counts: Count[], remarks: Remark[], more: number}} Report
 */

const GEOMETRIES = [
  ["box", "boxes"],
  ["rbox", "rotated boxes"],
  ["polygon", "polygons"],
  ["polyline", "lines"],
  ["keypoints", "keypoints"],
  ["mask", "masks"],
  ["tag", "tags"],
];
const FLAGS = [
  ["tracks", "tracks of videos"],
  ["attributes", "attributes"],
  ["confidence", "confidence"],
  ["groups", "groups"],
  ["splits", "splits"],
];
const TONES = /** @type {Record<string, [string, string]>} */ ({ refused: ["left out", "badge-bad"], changed: ["changed", "badge-warn"], note: ["note", ""] });

/** What a format can carry, and what not. @param {Format} format @returns {HTMLElement[]} */
export function abilityChips(format) {
  const has = format.abilities;
  const chip = (/** @type {boolean} */ can, /** @type {string} */ words) =>
    make("span", { class: "data-ability", "data-has": can ? "yes" : "no" }, icon(can ? "check" : "x"), make("span", { class: "sr-only" }, can ? "can carry" : "cannot carry"), words);
  const geometries = GEOMETRIES.map(([name, words]) => chip(has.geometries.includes(name), words));
  return [...geometries, ...FLAGS.map(([name, words]) => chip(Boolean(has[name]), words))];
}

/** Radio buttons of formats. @param {HTMLElement} box @param {Format[]} formats @param {string} first @param {(format: Format) => void} chosen */
export function formatCards(box, formats, first, chosen) {
  const name = box.dataset.name ?? "format";
  const cards = formats.map((format) =>
    make(
      "label",
      { class: "choice" },
      make("input", { type: "radio", name, value: format.name, onchange: () => chosen(format) }),
      make("span", {}, make("b", {}, format.title), make("small", {}, format.help)),
    ),
  );
  box.replaceChildren(...cards);
  const begin = find(`input[value="${first}"]`, box) ?? find("input", box);
  if (begin instanceof HTMLInputElement) begin.click();
}

/** @param {Element | null} select @param {Format[]} formats */
export function formatChoices(select, formats) {
  if (!(select instanceof HTMLSelectElement)) return;
  for (const format of formats) select.append(make("option", { value: format.name }, format.title));
}

/** Fields for a format's options of one use. @param {HTMLElement} box @param {Format | undefined} format @param {"read" | "write"} use */
export function optionFields(box, format, use) {
  const options = (format?.options ?? []).filter((option) => option.use === use || option.use === "both");
  box.replaceChildren(...options.map((option) => optionField(box, option)));
}

/** @param {HTMLElement} box @param {Option} option */
function optionField(box, option) {
  const id = `option-${box.closest("section, form")?.id}-${option.name}`;
  const hint = option.help ? make("p", { class: "hint", id: `${id}-hint` }, option.help) : null;
  const described = hint ? `${id}-hint` : null;
  if (!option.choices.length) {
    const input = make("input", { type: "checkbox", id, "data-option": option.name, checked: Boolean(option.default), "aria-describedby": described });
    return make("div", { class: "field" }, make("label", { class: "check" }, input, make("span", {}, option.title)), hint);
  }
  const choices = option.choices.map(({ value, title }) => make("option", { value, selected: value === option.default }, title));
  return make("div", { class: "field" }, make("label", { for: id }, option.title), make("select", { id, "data-option": option.name, "aria-describedby": described }, ...choices), hint);
}

/** What was chosen of them. @param {HTMLElement | null} box @returns {Record<string, any>} */
export function chosenOptions(box) {
  /** @type {Record<string, any>} */
  const chosen = {};
  for (const field of box ? findAll("[data-option]", box) : []) {
    const name = field.dataset.option ?? "";
    chosen[name] = field instanceof HTMLInputElement ? field.checked : /** @type {HTMLSelectElement} */ (field).value;
  }
  return chosen;
}

/** `track-as-frames` -> `track as frames` @param {string} code */
const words = (code) => code.replaceAll("-", " ");

/** @param {number} n */
export const count = (n) => n.toLocaleString("en");

/**
 * A report as a list that opens; null where there is nothing to say.
 * @param {Report | undefined} report @param {string} title what it is about, such as "Losses" @param {boolean} [open]
 * @returns {HTMLElement | null}
 */
export function reportView(report, title, open = false) {
  if (!report?.counts.length) return null;
  const order = ["refused", "changed", "note"];
  const rows = [...report.counts].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || b.count - a.count);
  const said = rows.map((row) => make("li", {}, toneBadge(row.severity), make("span", {}, `${count(row.count)} × ${words(row.code)}`)));
  const details = report.remarks.map((remark) =>
    make("li", {}, toneBadge(remark.severity), make("span", {}, remark.text), make("small", {}, [remark.file, remark.where].filter(Boolean).join(", "))),
  );
  const more = report.more ? make("li", { class: "muted" }, `and ${count(report.more)} more`) : null;
  return make(
    "details",
    { class: "data-report", open },
    make("summary", {}, `${title}: ${summary(rows)}`),
    make("ul", { class: "data-report-list" }, ...said),
    details.length ? make("details", {}, make("summary", { class: "small" }, "One by one"), make("ul", { class: "data-report-list", tabindex: "0" }, ...details, more)) : null,
  );
}

/** `3 left out, 1 changed` @param {Count[]} rows */
function summary(rows) {
  return Object.entries(TONES)
    .map(([severity, [name]]) => /** @type {[number, string]} */ ([rows.filter((row) => row.severity === severity).reduce((n, row) => n + row.count, 0), name]))
    .filter(([n]) => n)
    .map(([n, name]) => `${count(n)} ${name}${name === "note" && n > 1 ? "s" : ""}`)
    .join(", ");
}

/** @param {string} severity */
function toneBadge(severity) {
  const [name, tone] = TONES[severity] ?? [severity, ""];
  return make("span", { class: `badge ${tone}` }, name);
}

/** Show or hide an error. @param {HTMLElement} within @param {string} text "" hides it */
export function showError(within, text) {
  const box = find("[data-error]", within);
  if (!box) return;
  box.hidden = !text;
  const words = find("p", box);
  if (words) words.textContent = text;
}

/** A place that takes one file: dropped, or chosen by a press. @param {HTMLElement} within @param {(file: File) => void} took */
export function dropPlace(within, took) {
  const place = /** @type {HTMLElement} */ (find("[data-drop]", within));
  const input = /** @type {HTMLInputElement} */ (find("[data-file]", within));
  place.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) took(file);
    input.value = "";
  });
  within.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.dataset.over = "";
  });
  within.addEventListener("dragleave", () => delete place.dataset.over);
  within.addEventListener("drop", (event) => {
    event.preventDefault();
    delete place.dataset.over;
    const file = event.dataTransfer?.files[0];
    if (file) took(file);
  });
}
