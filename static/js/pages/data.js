/** The data page: its tabs, and the formats that all of them need. */

import { api } from "../lib/api.js";
import { embedded, find, findAll } from "../lib/dom.js";
import { startConversions } from "./data_convert.js";
import { startExports } from "./data_export.js";
import { Importing } from "./data_import.js";
import { Jobs } from "./data_jobs.js";
import { showError } from "./data_parts.js";

const tabs = findAll("#data-page [role=tab]");

/** @param {HTMLElement} tab */
function open(tab, focus = false) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(each.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !chosen;
  }
  if (focus) tab.focus();
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
}

/** @param {KeyboardEvent} event */
function step(event) {
  const at = tabs.indexOf(/** @type {HTMLElement} */ (event.target));
  const to = /** @type {Record<string, number>} */ ({ ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 })[event.key];
  if (to === undefined) return;
  event.preventDefault();
  open(tabs[(to + tabs.length) % tabs.length], true);
}

for (const tab of tabs) {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", step);
}
const asked = tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
if (asked) open(asked);

const jobs = new Jobs(embedded("data-facts"));
const panels = { export: find("#export-form"), import: find("#import"), convert: find("#convert-form") };

// Until the formats are known a file that is chosen here would go nowhere.
for (const panel of Object.values(panels)) if (panel) panel.inert = true;

api("GET", "formats").then(
  ({ results: formats }) => {
    for (const panel of Object.values(panels)) if (panel) panel.inert = false;
    if (panels.export) startExports(panels.export, formats, jobs);
    if (panels.import) new Importing(panels.import, formats, jobs);
    if (panels.convert) startConversions(panels.convert, formats, jobs);
  },
  (error) => {
    for (const panel of Object.values(panels)) if (panel) showError(panel, `${error.message} Reload the page to try again.`);
    find("[data-formats]")?.replaceChildren();
  },
);
