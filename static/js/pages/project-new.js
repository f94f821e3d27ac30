/** Making a project: what is typed as labels is shown as labels. */

import { embedded, find, make } from "../lib/dom.js";
import { parseLabels } from "./labels.js";

const field = /** @type {HTMLTextAreaElement} */ (find("[name=labels]"));
const preview = find("#label-preview");
const palette = embedded("palette");

function show() {
  const chips = parseLabels(field.value, palette).map(({ name, color }) => {
    const swatch = make("span", { class: "swatch" });
    swatch.style.color = color;
    return make("span", { class: "chip" }, swatch, name);
  });
  preview?.replaceChildren(...chips);
}

field.addEventListener("input", show);
show();
