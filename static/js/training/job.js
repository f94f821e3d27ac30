/** A training job's page: every figure on it comes from the job's events, stored ones first, then live ones. */

import { ApiError, api } from "../lib/api.js";
import { announce, find, findAll, make } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";
import { chart } from "./charts.js";
import { statusBadge } from "./status.js";
import { ENDED, accuracyColumns, duration, emptyStory, lossColumns, number, tell } from "./story.js";

/** @typedef {import("./story.js").JobEvent} JobEvent */

const page = part("#job-page");
const jobId = page.dataset.job ?? "";
const story = emptyStory();
/** @type {JobEvent[] | null} events that came live while stored ones were still on their way; null when there are none */
let waiting = [];
let dirty = true;
let logged = "";

const accuracy = chart(
  part("#accuracy"),
  [
    { label: "mAP50", color: "--accent", width: 2.5 },
    { label: "mAP50-95", color: "--chart-2", width: 2.5 },
    { label: "Precision", color: "--chart-3", width: 1.5, dash: [5, 4] },
    { label: "Recall", color: "--chart-4", width: 1.5, dash: [5, 4] },
  ],
  { range: [0, 1] },
);
const loss = chart(part("#loss"), [
  { label: "Each batch", color: "--chart-faint", width: 1, digits: 2 },
  { label: "Training", color: "--accent", digits: 2 },
  { label: "Validation", color: "--chart-2", digits: 2 },
]);

/** @param {string} selector @returns {HTMLElement} */
function part(selector) {
  return /** @type {HTMLElement} */ (find(selector));
}

/** @param {string} selector @param {string} words */
function put(selector, words) {
  const element = part(selector);
  if (element.textContent !== words) element.textContent = words;
}

const socket = openSocket(`/ws/projects/${page.dataset.project}/`, {
  onState(state) {
    if (state === "open") {
      waiting = waiting ?? [];
      socket.send({ type: "follow", job: jobId, after: story.seq });
    }
    put("#connection", state === "waiting" || state === "connecting" ? "Connecting again" : "");
  },
  onMessage(message) {
    if (message.job !== jobId) return;
    if (message.type === "events") replay(message);
    else if (message.type === "job") hear(message.event);
  },
});

/** @param {{events: JobEvent[], more: boolean}} message */
function replay(message) {
  for (const event of message.events) take(event);
  if (message.more) return;
  for (const event of waiting ?? []) take(event);
  waiting = null;
}

/** @param {JobEvent} event */
function hear(event) {
  if (waiting) waiting.push(event);
  else if (event.seq > story.seq + 1) {
    waiting = [event];
    socket.send({ type: "follow", job: jobId, after: story.seq });
  } else take(event);
}

/** @param {JobEvent} event */
function take(event) {
  if (!tell(story, event)) return;
  dirty = true;
  if (event.kind === "status" && waiting === null && ENDED.has(event.status)) announce(`The run has ${event.status}.`);
}

function render() {
  if (dirty && story.seq) {
    dirty = false;
    renderState();
    renderLog();
    accuracy.draw(accuracyColumns(story), story.epochs ?? 1);
    loss.draw(lossColumns(story), story.epochs ?? 1);
  }
  if (story.seq) renderClock();
}

function renderState() {
  statusBadge(part("#status"), story.status);
  const bar = /** @type {HTMLProgressElement} */ (part("#progress"));
  bar.value = story.progress;
  bar.className = `progress ${story.status === "failed" ? "progress-bad" : story.status === "succeeded" ? "progress-ok" : ""}`;
  put("#epoch", story.epoch ? `${story.epoch} of ${story.epochs}` : "\u2013");
  put("#speed", number(story.speed, story.speed && story.speed < 10 ? 1 : 0));
  put("#best", number(story.best, 3));
  renderPhases();
  find("#cancel")?.toggleAttribute("hidden", ENDED.has(story.status));
  find("#cancel")?.toggleAttribute("disabled", story.status === "cancelling");
  part("#error").hidden = !story.error;
  if (story.error) put("#error p", story.error.detail);
  if (story.result?.model && part("#result").hidden) showModel(story.result.model);
}

function renderPhases() {
  const names = findAll("#phases li").map((step) => step.dataset.phase ?? "");
  const at = story.status === "succeeded" ? names.length : names.indexOf(story.phase);
  for (const [index, step] of findAll("#phases li").entries()) {
    step.toggleAttribute("data-done", index < at);
    if (index === at && !ENDED.has(story.status)) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
}

function renderClock() {
  const from = story.started ? Date.parse(story.started) : NaN;
  const to = story.ended ? Date.parse(story.ended) : Date.now();
  put("#elapsed", duration((to - from) / 1000));
  put("#eta", story.status === "running" ? duration(story.eta) : "\u2013");
}

/** Only what is new is added: a log that is rebuilt would lose the reader's place and selection. */
function renderLog() {
  const list = part("#log");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const start = story.log.findIndex((line) => line.at > logged);
  if (start < 0) return;
  for (const line of story.log.slice(start)) {
    const time = new Date(line.at).toLocaleTimeString([], { hour12: false });
    list.append(make("li", { class: `log-${line.tone}` }, make("time", { datetime: line.at }, time), make("span", {}, line.text)));
    logged = line.at > logged ? line.at : logged;
  }
  while (list.children.length > 600) list.firstElementChild?.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** @param {string} id */
async function showModel(id) {
  part("#result").hidden = false;
  const model = await api("GET", `models/${id}`);
  put("#model-name", model.name);
  const names = { map50: "mAP50", map50_95: "mAP50-95", precision: "Precision", recall: "Recall" };
  const figures = Object.entries(names).map(([key, name]) => make("div", {}, make("dt", {}, name), make("dd", {}, number(model.metrics[key], 3))));
  part("#model-figures").replaceChildren(...figures);
  const link = find("#to-pipeline");
  if (link instanceof HTMLAnchorElement) link.href = `${link.dataset.base}?model=${id}`;
}

find("#cancel")?.addEventListener("click", async () => {
  const button = /** @type {HTMLButtonElement} */ (part("#cancel"));
  button.setAttribute("aria-busy", "true");
  try {
    await api("POST", `jobs/${jobId}/cancel`);
  } catch (error) {
    toast(error instanceof ApiError ? error.detail : String(error), "error");
  }
  button.removeAttribute("aria-busy");
});

setInterval(render, 250);
