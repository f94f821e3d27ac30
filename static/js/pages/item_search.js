/** The filter bar: what the address holds is what the fields show, and the fields write an address without empty parts. */

import { find, findAll, isTyping } from "../lib/dom.js";
import { filterQuery } from "./search_query.js";

const form = /** @type {HTMLFormElement | null} */ (find("form.filters"));
const panel = find("#more-filters");

/** Choose in each list what the address says. */
function showChosen() {
  const given = new URLSearchParams(location.search);
  for (const list of /** @type {HTMLSelectElement[]} */ (form ? findAll("select", form) : [])) {
    if (!given.has(list.name)) continue;
    const wanted = new Set(given.getAll(list.name).flatMap((value) => value.split(",")));
    for (const option of list.options) if (option.value) option.selected = wanted.has(option.value);
  }
}

form?.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  const query = filterQuery(new FormData(form), atFirst, new URLSearchParams(location.search));
  location.assign(query ? `?${query}` : location.pathname);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "f" || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
  if (!panel || panel.closest("[hidden]")) return;
  event.preventDefault();
  panel.toggleAttribute("open");
  find(panel.hasAttribute("open") ? "select, input" : "summary", panel)?.focus();
});

showChosen();
const atFirst = [...(form ? new FormData(form) : [])];
