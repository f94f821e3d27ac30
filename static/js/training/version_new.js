/** The form of a new version, and beside it what it would make: asked anew a moment after each change. */

import { ApiError, api } from "../lib/api.js";
import { find, findAll, make } from "../lib/dom.js";
import { followJob } from "./version_job.js";
import { fieldOf, recipe } from "./version_recipe.js";
import { figure } from "./version_shapes.js";

const page = /** @type {HTMLElement} */ (find("#version-new"));
const form = /** @type {HTMLFormElement} */ (find("#version-form"));
const samples = /** @type {HTMLElement} */ (find("#samples"));
const outlook = /** @type {HTMLElement} */ (find("#outlook"));
const notice = /** @type {HTMLElement} */ (find("#version-error"));
const freeze = /** @type {HTMLButtonElement} */ (find("#freeze"));
const project = page.dataset.project ?? "";
const WAIT_MS = 450;
const SIDES = [["train", "Train"], ["val", "Validation"], ["test", "Test"]];
const steps = findAll("[data-step]", form).map((box) => /** @type {HTMLInputElement} */ (box).name);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;
/** @type {AbortController | undefined} */
let running;
let first = 0;

/** @returns {import("./version_recipe.js").Values} */
function values() {
  /** @type {import("./version_recipe.js").Values} */
  const found = { labels: [], sources: [] };
  for (const input of form.elements) {
    if (!(input instanceof HTMLInputElement || input instanceof HTMLSelectElement || input instanceof HTMLTextAreaElement) || !input.name) continue;
    const box = input instanceof HTMLInputElement && input.type === "checkbox" ? input : null;
    const several = found[input.name];
    if (box && Array.isArray(several)) box.checked && several.push(box.value);
    else found[input.name] = box ? box.checked : input.value;
  }
  return found;
}

/** Only what is switched on shows its settings, and ranges say their value. */
function tidy() {
  for (const part of findAll("[data-of]", form)) part.hidden = !(/** @type {HTMLInputElement} */ (form.elements.namedItem(part.dataset.of ?? "")).checked);
  for (const output of form.querySelectorAll("output")) output.textContent = /** @type {HTMLInputElement | null} */ (document.getElementById(output.htmlFor.value))?.value ?? "";
}

function clearErrors() {
  notice.hidden = true;
  for (const old of findAll(".error", form)) old.remove();
}

/** @param {unknown} error */
function show(error) {
  clearErrors();
  const rest = [];
  for (const one of error instanceof ApiError ? error.errors : []) {
    const input = form.elements.namedItem(fieldOf(one.pointer));
    const box = input instanceof HTMLElement ? input.closest(".field") : null;
    if (box) box.append(make("span", { class: "error" }, one.detail));
    else rest.push(one.detail);
  }
  if (error instanceof ApiError && error.errors.length && !rest.length) return;
  notice.hidden = false;
  /** @type {HTMLElement} */ (find("p", notice)).textContent = rest.join(" ") || /** @type {Error} */ (error).message;
}

/** @param {any} told */
function outlookView(told) {
  const { counts, split, partial } = told;
  const sides = SIDES.filter(([side]) => counts[side]).map(([side, name]) => make("span", { class: "split-word" }, make("span", { class: `split-chip side-${side}` }), `${name} ${counts[side]}`));
  const gets = counts.pictures.train === counts.train && counts.pictures.val === counts.val ? "" : `A training gets ${counts.pictures.train} pictures to train on and ${counts.pictures.val} to validate.`;
  const classes = Object.entries(counts.sides).map(([name, n]) => make("li", {}, make("span", { class: "cut" }, name), make("span", { class: "num" }, /** @type {number[]} */ (n).join(" / "))));
  outlook.replaceChildren(
    make("p", {}, make("b", {}, `${counts.images} pictures, ${counts.objects} objects`), partial ? make("span", { class: "muted" }, " in the first few hundred items: the whole is counted when it is frozen") : null),
    make("p", { class: "split-words small num" }, ...sides),
    gets && make("p", { class: "small" }, gets),
    make("ul", { class: "counts" }, ...classes),
    ...[...split.notes, ...counts.warnings].map((text) => make("p", { class: "small warning" }, text)),
  );
}

/** @param {any} told */
function samplesView(told) {
  samples.replaceChildren(...told.samples.map((/** @type {any} */ one) => {
    const caption = one.copy ? `Copy ${one.copy}` : one.frame === null ? one.path : `${one.path}, frame ${one.frame}`;
    return figure({ ...one, src: one.image, outlines: one.shapes, name: caption }, caption);
  }));
}

async function preview() {
  running?.abort();
  const mine = (running = new AbortController());
  samples.ariaBusy = "true";
  try {
    const { name: _, ...wanted } = recipe(values(), steps);
    const told = await api("POST", `projects/${project}/versions/preview`, { ...wanted, samples: 4, first }, { signal: mine.signal });
    clearErrors();
    outlookView(told);
    samplesView(told);
    freeze.disabled = false;
  } catch (error) {
    if (mine.signal.aborted) return;
    show(error);
    freeze.disabled = error instanceof ApiError && error.status === 422;
    if (freeze.disabled) {
      outlook.replaceChildren(make("p", { class: "muted" }, "There is nothing to show yet."));
      samples.replaceChildren();
    }
  }
  if (mine === running) samples.ariaBusy = "false";
}

function soon() {
  tidy();
  clearTimeout(waiting);
  waiting = setTimeout(preview, WAIT_MS);
}

form.addEventListener("input", soon);
find("#others")?.addEventListener("click", () => {
  first += 1;
  preview();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const box = /** @type {HTMLElement} */ (find("#freezing"));
  const bar = /** @type {HTMLProgressElement} */ (find("progress", box));
  freeze.setAttribute("aria-busy", "true");
  try {
    const job = await api("POST", `projects/${project}/versions`, recipe(values(), steps));
    box.hidden = false;
    const done = await followJob(project, job, (told) => Number.isFinite(told.progress) && (bar.value = told.progress));
    location.href = `/versions/${done.result.version}/`;
  } catch (error) {
    box.hidden = true;
    show(error);
    freeze.removeAttribute("aria-busy");
  }
});

tidy();
if (!("nothing" in page.dataset)) preview();
