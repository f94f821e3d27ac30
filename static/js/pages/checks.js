/** The page of checks: start one, mend what a rule found, take that back; the page follows the job's end. */

import { api } from "../lib/api.js";
import { find, on } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";

const page = /** @type {HTMLElement} */ (find("#checks"));
const project = page.dataset.project;

on(document, "click", "[data-check]", (_event, button) => void ask(button, `projects/${project}/checks`));
on(document, "click", "[data-mend]", (_event, button) => void ask(button, `projects/${project}/checks/mend`, { code: button.dataset.mend }));
on(document, "click", "[data-undo]", (_event, button) => void ask(button, `jobs/${button.dataset.undo}/undo-mend`));
on(document, "click", "[data-cancel]", (_event, button) => void ask(button, `jobs/${page.dataset.job}/cancel`));

openSocket(`/ws/projects/${project}/`, {
  onMessage: (message) => {
    if (message.type !== "job" || message.kind !== "check") return;
    const { kind, status, progress } = message.event;
    if (kind === "progress") find("progress", page)?.setAttribute("value", String(progress));
    if (kind === "status" && ["succeeded", "failed", "cancelled"].includes(status)) location.reload();
  },
});

/** @param {HTMLElement} button @param {string} path @param {object} [body] */
async function ask(button, path, body) {
  const before = /** @type {HTMLButtonElement} */ (button);
  before.disabled = true;
  try {
    await api("POST", path, body);
    location.reload();
  } catch (error) {
    before.disabled = false;
    toast(/** @type {Error} */ (error).message, "error");
  }
}
