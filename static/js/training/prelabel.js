/** Pre-labels: start them with a model, watch how far they are, cancel them, and take them back. */

import { ApiError, api } from "../lib/api.js";
import { confirmDialog, openDialog } from "../lib/dialog.js";
import { find, on } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";
import { statusBadge } from "./status.js";

const list = find("#prelabels");
const form = /** @type {HTMLFormElement | null} */ (find("#prelabel-form"));
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
let chosen = "";

/** @template {HTMLElement} T @param {string} name @returns {T} */
function field(name) {
  return /** @type {T} */ (find(`#prelabel-${name}`));
}

/** What a job says of itself while it runs. @param {any} event @param {HTMLElement} row */
function show(event, row) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (find(`[data-part="${name}"]`, row));
  if (typeof event.progress === "number") /** @type {HTMLProgressElement} */ (part("progress")).value = event.progress;
  if (event.kind === "progress") {
    const did = event.phase === "remove" ? "removed" : "suggested";
    part("words").textContent = `${event.suggestions} ${did}, ${event.items} ${event.items === 1 ? "item" : "items"}`;
  }
  if (event.kind !== "status") return;
  row.dataset.status = event.status;
  statusBadge(part("badge"), event.status);
}

/** The rows as the server tells them now: with the buttons that an ended job has. */
async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = find("#prelabels", new DOMParser().parseFromString(await response.text(), "text/html"));
  if (fresh) list?.replaceChildren(...document.adoptNode(fresh).childNodes);
}

/** @param {() => Promise<any>} act */
async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.detail, "error");
    return null;
  }
}

async function start() {
  const button = /** @type {HTMLElement} */ (find(".btn-primary", form ?? document));
  const error = field("error");
  error.hidden = true;
  button.setAttribute("aria-busy", "true");
  const step = Number(/** @type {HTMLSelectElement} */ (field("step")).value);
  const body = {
    model: chosen,
    confidence: Number(/** @type {HTMLInputElement} */ (field("confidence")).value),
    state: /** @type {HTMLSelectElement} */ (field("state")).value,
    frames: { step },
    replace: /** @type {HTMLInputElement} */ (field("replace")).checked,
  };
  try {
    await api("POST", `projects/${list?.dataset.project}/auto-label`, body);
    /** @type {HTMLDialogElement} */ (find("#prelabel")).close();
    await renew();
    list?.scrollIntoView({ behavior: "smooth", block: "nearest" });
  } catch (refusal) {
    if (!(refusal instanceof ApiError)) throw refusal;
    error.textContent = refusal.detail;
    error.hidden = false;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** @param {HTMLElement} button */
async function remove(button) {
  const count = button.dataset.count ?? "";
  const text = "What somebody has accepted or changed stays. It runs as a job of its own.";
  if (!(await confirmDialog({ title: `Remove the ${count} suggestions of this job?`, text, action: "Remove them", danger: true }))) return;
  if (await attempt(() => api("POST", `jobs/${button.dataset.remove}/remove-suggestions`))) await renew();
}

if (list) {
  let missed = false;
  openSocket(`/ws/projects/${list.dataset.project}/`, {
    onState(state) {
      if (state === "open" && missed) void renew();
      missed = missed || state === "waiting";
    },
    onMessage(message) {
      if (message.type !== "job" || message.kind !== "auto-label") return;
      const row = find(`[data-job="${message.job}"]`, list);
      if (row) show(message.event, row);
      if (!row || (message.event.kind === "status" && ENDED.has(message.event.status))) void renew();
    },
  });
  on(list, "click", "[data-cancel]", (_event, button) => void attempt(() => api("POST", `jobs/${button.dataset.cancel}/cancel`)));
  on(list, "click", "[data-remove]", (_event, button) => void remove(button));
  on(document, "click", "[data-prelabel]", (_event, button) => {
    chosen = button.dataset.prelabel ?? "";
    field("name").textContent = button.dataset.name ?? "";
    field("error").hidden = true;
    openDialog("prelabel");
  });
  on(document, "click", "[data-deploy]", async (_event, button) => {
    if (await attempt(() => api("POST", `models/${button.dataset.deploy}/deploy`))) location.reload();
  });
}
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void start();
  });
  field("confidence").addEventListener("input", () => {
    field("shown").textContent = Number(/** @type {HTMLInputElement} */ (field("confidence")).value).toFixed(2);
  });
}
