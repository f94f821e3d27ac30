/** Exporting: a format with its options, what to take, and off it goes. */

import { api } from "../lib/api.js";
import { announce, find, findAll, make } from "../lib/dom.js";
import { abilityChips, chosenOptions, formatCards, optionFields, showError } from "./data_parts.js";

/** @typedef {import("./data_parts.js").Format} Format */

const USUAL = /** @type {Record<string, string>} */ ({ obb: "dota", classify: "folders", anomaly: "mvtec" });
const LISTS = ["labels", "states", "splits", "authors", "sources"];

/** @param {HTMLElement} form @param {Format[]} formats @param {import("./data_jobs.js").Jobs} jobs */
export function startExports(form, formats, jobs) {
  /** @type {Format | undefined} */
  let format;
  const button = /** @type {HTMLButtonElement} */ (find("button.btn-primary", form));
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (find(selector, form));
  formatCards(part("[data-formats]"), formats.filter((each) => each.write), USUAL[jobs.facts.task] ?? "coco", (chosen) => {
    format = chosen;
    part("[data-abilities]").replaceChildren(...abilityChips(chosen));
    optionFields(part("[data-options]"), chosen, "write");
    part("[data-frames]").hidden = chosen.abilities.tracks;
    button.disabled = false;
  });
  form.addEventListener("change", () => describe(form));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!format || button.ariaBusy === "true") return;
    showError(form, "");
    button.ariaBusy = "true";
    try {
      const job = await api("POST", `projects/${jobs.facts.project}/exports`, { format: format.name, options: chosenOptions(part("[data-options]")), ...wishes(form) });
      jobs.lists.get("export")?.put(job);
      announce("The export is queued.");
    } catch (error) {
      showError(form, /** @type {Error} */ (error).message);
    }
    button.ariaBusy = null;
  });
  readVersions(form, jobs.facts.project);
}

/** What else is wished for: `{filters, media, version?}`. @param {HTMLElement} form @returns {Record<string, any>} */
export function wishes(form) {
  const media = field(form, "media").checked;
  const version = field(form, "version").value;
  return version ? { version, media } : { filters: filters(form), media };
}

/** @param {HTMLElement} form @param {string} name */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (find(`[name="${name}"]`, form));
}

/** @param {HTMLElement} form @returns {Record<string, any>} */
export function filters(form) {
  /** @type {Record<string, any>} */
  const wanted = {};
  for (const name of LISTS) {
    const values = findAll(`[name="${name}"]:checked`, form).map((box) => /** @type {HTMLInputElement} */ (box).value);
    if (values.length) wanted[name] = values;
  }
  const least = field(form, "least").value;
  const most = field(form, "most").value;
  if (least || most) wanted.confidence = { min: Number(least || 0), max: Number(most || 1) };
  if (field(form, "only_labelled").checked) wanted.only_labelled = true;
  if (!find("[data-frames]", form)?.hidden && field(form, "frames").value !== "drawn") wanted.frames = field(form, "frames").value;
  return wanted;
}

/** The filters in a word each, while they are folded away. @param {HTMLElement} form */
function describe(form) {
  const names = { labels: "labels", states: "states", splits: "splits", authors: "authors", sources: "sources", confidence: "confidence", only_labelled: "only labelled" };
  const used = Object.keys(filters(form)).filter((name) => name in names).map((name) => names[/** @type {keyof typeof names} */ (name)]);
  const words = find("[data-filter-words]", form);
  if (words) words.textContent = used.length ? `by ${used.join(", ")}` : "everything but suggestions";
  const box = find("[data-filters]", form);
  if (box) box.hidden = Boolean(field(form, "version").value); // a version is what it is
}

/** Versions to export, where there are any. @param {HTMLElement} form @param {string} project */
async function readVersions(form, project) {
  const page = await api("GET", `projects/${project}/versions`).catch(() => null);
  if (!page?.results?.length) return;
  const select = field(form, "version");
  for (const version of page.results) select.append(make("option", { value: version.id }, version.name || `Version ${version.number}`));
  /** @type {HTMLElement} */ (find("[data-versions]", form)).hidden = false;
  const asked = new URLSearchParams(location.search).get("version");
  if (asked && page.results.some((/** @type {any} */ version) => version.id === asked)) {
    select.value = asked;
    describe(form);
  }
}

