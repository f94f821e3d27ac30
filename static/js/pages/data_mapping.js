/** Which label of the project each name of a file becomes: a table of choices, and what they say to the interface. */

import { findAll, make } from "../lib/dom.js";
import { count } from "./data_parts.js";

/**
 * @typedef {{name: string, count: number, match: {id: string, name: string} | null, how: string}} Row as the preview has it
 * @typedef {{id: string, name: string}} Label
 */

/** What is chosen for a row before anybody chooses. @param {Row} row */
export function firstChoice(row) {
  if (row.how === "ignored" || row.how === "refused") return "ignore";
  return row.match?.id ?? "create";
}

/**
 * The choices as the interface wants them; what goes by itself is left out.
 * @param {{row: Row, choice: string, name?: string, remember?: boolean}[]} chosen `choice` is "create", "ignore" or a label's id
 * @returns {Record<string, any>}
 */
export function choicesOf(chosen) {
  /** @type {Record<string, any>} */
  const said = {};
  for (const { row, choice, name = "", remember = false } of chosen) {
    if (choice === "ignore") said[row.name] = { ignore: true };
    else if (choice === "create") {
      if (row.match || (name && name !== row.name)) said[row.name] = { create: name || row.name };
    } else if (choice !== row.match?.id) said[row.name] = remember ? { alias: choice } : { label: choice };
  }
  return said;
}

/**
 * @param {Row[]} rows
 * @param {Label[]} labels of the project
 * @returns {{element: HTMLElement, read: () => Record<string, any>}}
 */
export function mappingTable(rows, labels) {
  const lines = rows.map((row, n) => new Line(row, labels, n));
  const head = make("tr", {}, make("th", { scope: "col" }, "In the file"), make("th", { scope: "col", class: "num" }, "Shapes"), make("th", { scope: "col" }, "Becomes"), make("th", { scope: "col" }, "And"));
  const table = make("table", { class: "table" }, make("thead", {}, head), make("tbody", {}, ...lines.map((line) => line.element)));
  const element = make("div", { class: "data-map", tabindex: "0", role: "group", "aria-label": "Labels of the file" }, table);
  return { element, read: () => choicesOf(lines.map((line) => line.chosen())) };
}

class Line {
  /** @param {Row} row @param {Label[]} labels @param {number} n */
  constructor(row, labels, n) {
    this.row = row;
    const first = firstChoice(row);
    const option = (/** @type {string} */ value, /** @type {string} */ words) => make("option", { value, selected: value === first }, words);
    const own = labels.map((label) => option(label.id, label.name));
    this.select = /** @type {HTMLSelectElement} */ (
      make("select", { "aria-label": `${row.name} becomes`, onchange: () => this.show() }, option("create", "a new label"), option("ignore", "nothing: leave it out"), make("optgroup", { label: "Labels of the project" }, ...own))
    );
    this.name = /** @type {HTMLInputElement} */ (make("input", { class: "input-small", value: row.name, maxlength: "120", "aria-label": `Name of the new label for ${row.name}`, id: `map-name-${n}` }));
    this.box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", checked: true }));
    this.remember = make("label", { class: "check small" }, this.box, make("span", {}, "remember the name as an alias"));
    const how = /** @type {Record<string, string>} */ ({ alias: "by alias", refused: "no name for a label", unused: "no shape has it" })[row.how];
    this.element = make("tr", {}, make("th", { scope: "row" }, row.name, how ? make("small", { class: "muted" }, ` ${how}`) : null), make("td", { class: "num" }, count(row.count)), make("td", {}, this.select), make("td", {}, this.name, this.remember));
    this.show();
  }

  show() {
    const choice = this.select.value;
    this.element.dataset.how = choice === "ignore" ? "ignore" : choice === "create" ? "create" : "label";
    this.name.hidden = choice !== "create";
    this.remember.hidden = choice === "create" || choice === "ignore" || choice === this.row.match?.id;
  }

  chosen() {
    return { row: this.row, choice: this.select.value, name: this.name.value.trim(), remember: this.box.checked };
  }
}

/** Give every row that would become a new label the same choice. @param {HTMLElement} element @param {string} value */
export function chooseForNew(element, value) {
  for (const select of findAll("select", element)) {
    if (!(select instanceof HTMLSelectElement) || select.value !== "create") continue;
    select.value = value;
    select.dispatchEvent(new Event("change"));
  }
}
