/** A project's runs as they happen, and the form that starts one. */

import { ApiError, api } from "../lib/api.js";
import { embedded, find, findAll, on } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { statusBadge } from "./status.js";
import { duration, number } from "./story.js";

const page = /** @type {HTMLElement} */ (find("#training-page"));
const form = /** @type {HTMLFormElement | null} */ (find("#train"));
const presets = embedded("train-form")?.presets ?? {};

/** @param {any} event @param {HTMLElement} row */
function show(event, row) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (find(`[data-part="${name}"]`, row));
  if (typeof event.progress === "number") /** @type {HTMLProgressElement} */ (part("progress")).value = event.progress;
  if (event.kind === "status") {
    row.dataset.status = event.status;
    statusBadge(part("badge"), event.status);
    part("words").textContent = event.error?.detail ?? "";
  }
  if (event.kind === "progress" && event.phase) part("words").textContent = event.phase[0].toUpperCase() + event.phase.slice(1);
  if (event.kind === "batch" || event.kind === "metrics") {
    const left = event.eta_s === undefined ? "" : `, ${duration(event.eta_s)} left`;
    part("words").textContent = `Epoch ${event.epoch} of ${event.epochs}${left}`;
  }
  if (event.kind === "metrics" && Number.isFinite(event.map50)) part("map50").textContent = number(event.map50, 3);
}

/** Fetch the page again for rows that it does not show yet: somebody else has started a run. */
async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const list = find("#jobs", fresh);
  if (!list) return;
  find("#jobs")?.replaceWith(document.adoptNode(list));
  if (list.children.length) find("#no-jobs")?.remove();
}

let missed = false;
openSocket(`/ws/projects/${page.dataset.project}/`, {
  onState(state) {
    if (state === "open" && missed) renew();
    missed = missed || state === "waiting";
  },
  onMessage(message) {
    if (message.type !== "job" || message.kind !== "train") return;
    const row = find(`[data-job="${message.job}"]`);
    if (row) show(message.event, row);
    else if (message.event.kind === "status") renew();
  },
});

/** @param {string} name @returns {HTMLInputElement | HTMLSelectElement | null} */
function field(name) {
  const found = form?.elements.namedItem(name);
  return found instanceof HTMLInputElement || found instanceof HTMLSelectElement ? found : null;
}

function fillIn() {
  const chosen = form?.querySelector("input[name=preset]:checked");
  const values = chosen instanceof HTMLInputElement ? presets[chosen.value] ?? {} : {};
  for (const [name, value] of Object.entries(values)) {
    const input = field(name);
    if (input) input.value = String(value);
  }
  hint();
}

function hint() {
  const model = field("model");
  const line = find("#model-hint");
  if (model instanceof HTMLSelectElement && line) line.textContent = model.selectedOptions[0]?.title ?? "";
}

function clearErrors() {
  for (const old of findAll(".error", form ?? document)) old.remove();
  /** @type {HTMLElement} */ (find("#train-error")).hidden = true;
}

/** @param {ApiError} error */
function showErrors(error) {
  const rest = [];
  for (const one of error.errors) {
    const input = field(one.pointer.split("/").pop() ?? "");
    const box = input?.closest(".field");
    const line = document.createElement("span");
    line.className = "error";
    line.textContent = one.detail;
    if (box && input?.id) {
      line.id = `${input.id}-error`;
      input.setAttribute("aria-describedby", line.id);
      box.append(line);
      /** @type {HTMLDetailsElement | null} */ (form?.querySelector("details"))?.setAttribute("open", "");
    } else rest.push(one.detail);
  }
  if (error.errors.length && !rest.length) return;
  const notice = /** @type {HTMLElement} */ (find("#train-error"));
  notice.hidden = false;
  /** @type {HTMLElement} */ (find("p", notice)).textContent = rest.join(" ") || error.detail;
}

/** @param {HTMLFormElement} form */
function body(form) {
  const inputs = findAll("[data-param]", form).filter((input) => input instanceof HTMLInputElement);
  const params = Object.fromEntries(inputs.filter((input) => input.value !== "").map((input) => [input.name, input.value]));
  return { engine: "yolo", model: field("model")?.value, version: field("version")?.value || null, params };
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = /** @type {HTMLElement} */ (find("button.btn-primary", form));
  clearErrors();
  button.setAttribute("aria-busy", "true");
  try {
    const job = await api("POST", `projects/${page.dataset.project}/training-jobs`, body(form));
    location.href = `/training/${job.id}/`;
  } catch (error) {
    button.removeAttribute("aria-busy");
    if (!(error instanceof ApiError)) throw error;
    showErrors(error);
  }
});
if (form) {
  on(form, "change", "input[name=preset]", fillIn);
  on(form, "change", "select[name=model]", hint);
  fillIn();
  chooseVersion(new URLSearchParams(location.search).get("version"));
}

/** The version that a link asks for, with the settings open so that it is seen. @param {string | null} id */
function chooseVersion(id) {
  const select = field("version");
  if (!id || !(select instanceof HTMLSelectElement) || ![...select.options].some((option) => option.value === id)) return;
  select.value = id;
  select.closest("details")?.setAttribute("open", "");
}
