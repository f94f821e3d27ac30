/** Long work that brings items: files by their addresses, and frames of a video. */

import { api } from "../lib/api.js";
import { announce, find, on } from "../lib/dom.js";
import { openDialog } from "../lib/dialog.js";
import { toast } from "../lib/toast.js";

/** One address a line; what is no line is left out. @param {string} text */
export function addressLines(text) {
  return text.split(/\s+/).filter(Boolean);
}

/** @param {number} n @param {string} one */
const counted = (n, one) => `${n} ${one}${n === 1 ? "" : one.endsWith("s") ? "es" : "s"}`;

/**
 * What a job that ended came to, as a sentence, and whether it is one to worry about.
 * @param {{status: string, result?: any, error?: {detail: string} | null}} job
 * @returns {{text: string, kind: "ok" | "error" | "info"}}
 */
export function endWords({ status, result, error }) {
  if (status === "cancelled") return { text: "Adding items was cancelled: none was added.", kind: "info" };
  if (status !== "succeeded") return { text: error?.detail ?? "Adding items failed.", kind: "error" };
  const refused = result?.refused ?? [];
  const already = result?.already ? ` ${counted(result.already, "frame")} had items already.` : "";
  const added = `${counted(result?.items ?? 0, "item")} added.${already}`;
  if (!refused.length) return { text: added, kind: "ok" };
  const first = refused.slice(0, 3).map((/** @type {any} */ row) => `${row.url}: ${row.detail}`);
  const more = refused.length > 3 ? ` And ${refused.length - 3} more.` : "";
  return { text: `${added} ${counted(refused.length, "address")} gave no file. ${first.join(" ")}${more}`, kind: "error" };
}

/**
 * @param {string} project
 * @returns {{heard: (message: any) => void}} hears what the project's socket says
 */
export function bindItemJobs(project) {
  /** @type {Set<string>} */
  const mine = new Set();
  /** @type {Map<string, any>} what ended before the answer that names the job came */
  const early = new Map();
  const tell = (/** @type {any} */ event) => {
    const { text, kind } = endWords(event);
    toast(text, kind);
  };
  /** @param {string} path @param {any} body @param {HTMLFormElement} form */
  const start = async (path, body, form) => {
    const alert = find("[role=alert]", form);
    if (alert) alert.textContent = "";
    try {
      const job = await api("POST", path, body);
      form.closest("dialog")?.close();
      const ended = early.get(job.id);
      if (ended) return tell(ended);
      mine.add(job.id);
      announce(`${job.title}: begun.`);
    } catch (error) {
      if (alert) alert.textContent = problemText(error);
    }
  };
  bindForms(project, start);
  return {
    heard(message) {
      if (message.type !== "job" || !["succeeded", "failed", "cancelled"].includes(message.event.status)) return;
      if (mine.delete(message.job)) tell(message.event);
      else if (["fetch", "frames"].includes(message.kind)) early.set(message.job, message.event);
    },
  };
}

/** @param {any} error */
function problemText(error) {
  const [first] = error.errors ?? [];
  const line = /^\/urls\/(\d+)$/.exec(first?.pointer ?? "");
  return line ? `Address ${Number(line[1]) + 1}: ${first.detail}` : first?.detail ?? error.message;
}

/** @param {string} project @param {(path: string, body: any, form: HTMLFormElement) => Promise<void>} start */
function bindForms(project, start) {
  on(document, "click", "[data-from-addresses]", () => {
    find("#upload-menu")?.removeAttribute("open");
    openDialog("from-addresses");
  });
  bindFrames(start);
  on(document, "submit", "#from-addresses form", (event, element) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (element);
    const fields = new FormData(form);
    start(`projects/${project}/fetches`, { urls: addressLines(String(fields.get("urls"))), path: String(fields.get("path")) }, form);
  });
}

/**
 * What the interface is told of the frames that somebody chose.
 * @param {{how: string, step: string, first: string, last: string}} wish frames as people count them, from 0
 * @returns {{step: number, scenes: boolean, range: number[]}}
 */
export function framesWish({ how, step, first, last }) {
  return { scenes: how === "scenes", step: how === "step" ? Number(step) : 1, range: [Number(first), Number(last)] };
}

/** @param {(path: string, body: any, form: HTMLFormElement) => Promise<void>} start */
function bindFrames(start) {
  const dialog = find("#frames-as-items");
  const form = /** @type {HTMLFormElement | null} */ (dialog && find("form", dialog));
  if (!dialog || !form) return;
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  on(document, "click", "[data-frames-of]", (_event, button) => {
    const last = String(Number(button.dataset.frames) - 1);
    form.dataset.item = /** @type {HTMLElement} */ (button.closest(".tile")).dataset.item;
    /** @type {HTMLElement} */ (find("#frames-what")).textContent = `${button.dataset.framesOf}: frames 0 to ${last}`;
    for (const name of ["first", "last"]) field(name).max = last;
    field("first").value = "0";
    field("last").value = last;
    openDialog("frames-as-items");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wish = /** @type {any} */ (Object.fromEntries(new FormData(form)));
    start(`items/${form.dataset.item}/frames-as-items`, framesWish(wish), form);
  });
}
