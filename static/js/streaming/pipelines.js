/** The wall of a project's pipelines: live states and snapshots, start and stop, and the dialog that makes one. */

import { api, ApiError } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { find, findAll, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { showState } from "./state.js";

const wall = /** @type {HTMLElement} */ (find("#pipelines"));
const project = wall.dataset.project ?? "";
const EVERY_MS = 2500;

/** @param {any} pipeline */
function update(pipeline) {
  const card = find(`[data-pipeline="${pipeline.id}"]`);
  if (!card) return;
  showState(/** @type {HTMLElement} */ (find("[data-state]", card)), pipeline.state);
  const reason = find("[data-reason]", card);
  if (reason) reason.textContent = pipeline.reason;
  find("[data-start]", card)?.toggleAttribute("hidden", pipeline.state !== "stopped");
  find("[data-stop]", card)?.toggleAttribute("hidden", pipeline.state === "stopped");
  const picture = /** @type {HTMLImageElement | null} */ (find("[data-snapshot]", card));
  if (picture) refresh(picture, pipeline.state !== "stopped");
}

/** @param {HTMLImageElement} picture @param {boolean} live */
async function refresh(picture, live) {
  if (!live) {
    picture.hidden = true;
    return;
  }
  const response = await fetch(picture.dataset.snapshot ?? "", { credentials: "same-origin" }).catch(() => null);
  if (response?.status !== 200) return;
  const old = picture.src;
  picture.src = URL.createObjectURL(await response.blob());
  picture.hidden = false;
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

async function look() {
  if (document.hidden) return;
  try {
    const page = await api("GET", `projects/${project}/pipelines?limit=200`);
    page.results.forEach(update);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // the next look may find the server again
  }
}

/** @param {"start" | "stop"} what @param {HTMLElement} button */
async function command(what, button) {
  const card = /** @type {HTMLElement} */ (button.closest("[data-pipeline]"));
  button.setAttribute("aria-busy", "true");
  try {
    update(await api("POST", `pipelines/${card.dataset.pipeline}/${what}`));
  } catch (error) {
    toast(error instanceof ApiError ? error.detail : String(error), "error");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

on(wall, "click", "[data-start]", (_event, button) => command("start", button));
on(wall, "click", "[data-stop]", (_event, button) => command("stop", button));
setInterval(look, EVERY_MS);
look();

// The dialog

const form = /** @type {HTMLFormElement | null} */ (find("#new-pipeline form"));
/** The source that was made for this form already, should the pipeline be refused. */
let made = "";

function showKind() {
  const kind = new FormData(/** @type {HTMLFormElement} */ (form)).get("kind");
  made = "";
  for (const part of findAll("[data-kind]", form ?? document)) {
    const shown = (part.dataset.kind ?? "").split(" ").includes(String(kind));
    part.hidden = !shown;
    for (const field of findAll("input, select", part)) field.toggleAttribute("disabled", !shown);
  }
}

/** @param {FormData} values @returns {Record<string, any>} */
function configOf(values) {
  /** @type {Record<string, any>} */
  const config = {};
  for (const key of ["item", "url", "user", "password", "device", "path"]) {
    const value = String(values.get(key) ?? "").trim();
    if (value) config[key] = value;
  }
  if (values.get("kind") === "folder") config.fps = Number(values.get("fps"));
  return config;
}

/** @param {FormData} values */
async function sourceOf(values) {
  if (values.get("kind") === "existing") return String(values.get("source"));
  made ||= (await api("POST", `projects/${project}/sources`, { kind: values.get("kind"), config: configOf(values) })).id;
  return made;
}

/** @param {FormData} values */
async function makePipeline(values) {
  const model = String(values.get("model") ?? "");
  /** @type {Record<string, any>} */
  const body = { source: await sourceOf(values), overlay: { mode: values.get("mode") } };
  if (values.get("name")) body.name = values.get("name");
  if (model === "follow") Object.assign(body, { follow_model: true, model: form?.dataset.newest || null });
  else if (model) body.model = model;
  const pipeline = await api("POST", `projects/${project}/pipelines`, body);
  await api("POST", `pipelines/${pipeline.id}/start`);
  location.assign(`/pipelines/${pipeline.id}/`);
}

form?.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "kind") showKind();
  else if (event.target instanceof HTMLElement && event.target.closest("[data-kind]")) made = "";
});
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [button, error] = [find("[type=submit]", form), find("#new-pipeline-error", form)];
  button?.setAttribute("aria-busy", "true");
  error?.toggleAttribute("hidden", true);
  try {
    await makePipeline(new FormData(form));
  } catch (refusal) {
    button?.removeAttribute("aria-busy");
    error?.toggleAttribute("hidden", false);
    const words = find("p", error ?? form);
    if (words) words.textContent = refusal instanceof ApiError ? (refusal.errors[0]?.detail ?? refusal.detail) : String(refusal);
  }
});
if (form) showKind();

/** Pages of models link here with `?model=<id>`: the dialog opens with that one chosen. */
function takeModelFromAddress() {
  const address = new URL(location.href);
  const wanted = address.searchParams.get("model");
  if (!form || !wanted) return;
  address.searchParams.delete("model");
  history.replaceState(history.state, "", address); // a reload and a way back find the plain page
  const choice = /** @type {HTMLSelectElement} */ (find("#np-model", form));
  const known = [...choice.options].some((option) => option.value === wanted);
  if (known) choice.value = wanted;
  else toast("That model is not in this project any more: choose another one.", "error");
  openDialog("new-pipeline");
}
takeModelFromAddress();
