/** The running jobs in the header: they follow the project whose page this is. */

import { find } from "./dom.js";
import { openSocket } from "./socket.js";

const BURST_MS = 300;

/** Fetch the header's part again. One that is in use stays open; where the focus is inside, it waits. */
async function renew() {
  const response = await fetch("/running-jobs/", { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!response.ok || response.redirected) return;
  const fresh = find("#running-jobs", new DOMParser().parseFromString(await response.text(), "text/html"));
  const shown = find("#running-jobs");
  if (!fresh || !shown) return;
  if (shown.contains(document.activeElement)) {
    shown.addEventListener("focusout", soon, { once: true });
    return;
  }
  fresh.dataset.project = shown.dataset.project;
  if (find("details[open]", shown)) find("details", fresh)?.setAttribute("open", "");
  shown.replaceWith(document.adoptNode(fresh));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;
function soon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    renew().catch(() => {});
  }, BURST_MS);
}

/** @param {any} message */
function heard(message) {
  if (message.type !== "job") return;
  if (message.event.kind === "status") return soon();
  const bar = find(`#running-jobs [data-running="${message.job}"] progress`);
  if (bar instanceof HTMLProgressElement && Number.isFinite(message.event.progress)) bar.value = message.event.progress;
}

/** Follow the jobs of the project that the header names, if it names one. */
export function followRunningJobs() {
  const project = find("#running-jobs")?.dataset.project;
  if (!project) return;
  let missed = false;
  openSocket(`/ws/projects/${project}/`, {
    onMessage: heard,
    onState(state) {
      if (state === "open" && missed) soon();
      missed = missed || state === "waiting";
    },
  });
  document.addEventListener("visibilitychange", () => !document.hidden && soon());
}
