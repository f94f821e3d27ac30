/** A project's versions: those on their way move, and the list is read again when one is done. */

import { api } from "../lib/api.js";
import { find, on } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";

const page = /** @type {HTMLElement} */ (find("#versions-page"));
const KINDS = new Set(["freeze", "restore"]);

/** Fetch the page again, and put its lists in place. */
async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = find("#versions-page", new DOMParser().parseFromString(await response.text(), "text/html"));
  if (fresh) page.replaceChildren(...document.adoptNode(fresh).childNodes);
}

let missed = false;
openSocket(`/ws/projects/${page.dataset.project}/`, {
  onState(state) {
    if (state === "open" && missed) renew();
    missed = missed || state === "waiting";
  },
  onMessage(message) {
    if (message.type !== "job" || !KINDS.has(message.kind)) return;
    if (message.event.kind === "status") {
      renew();
      if (message.event.error) toast(message.event.error.detail, "error");
      return;
    }
    const bar = find(`[data-job="${message.job}"] progress`);
    if (bar instanceof HTMLProgressElement && Number.isFinite(message.event.progress)) bar.value = message.event.progress;
  },
});

on(page, "click", "[data-cancel]", async (_event, button) => {
  try {
    await api("POST", `jobs/${button.dataset.cancel}/cancel`);
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "error");
  }
});
