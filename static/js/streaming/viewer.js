/** The viewer of one pipeline: video, state, figures, detections, capture, settings. */

import { api, ApiError } from "../lib/api.js";
import { embedded, find, findAll, make } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";
import { Boxes } from "./boxes.js";
import { countLabels, figure, showState } from "./state.js";
import { WhepPlayer } from "./whep.js";

const card = embedded("pipeline-data");
const path = `pipelines/${card.id}`;
const video = /** @type {HTMLVideoElement} */ (find("#video"));
const stills = /** @type {HTMLImageElement} */ (find("#stills"));
const stage = /** @type {HTMLElement} */ (find("#stage"));
const boxes = new Boxes(/** @type {HTMLCanvasElement} */ (find("#boxes")));

/** @param {string} selector @param {string} text */
function say(selector, text) {
  const element = find(selector);
  if (element) element.textContent = text;
}

const player = new WhepPlayer(video, card.whep, { onState: playing, onNoVideo: fallBack }, card.ice);

/** @param {string} state @param {string} detail */
function playing(state, detail) {
  stage.dataset.player = state;
  if (state === "playing" && stills.src) endStills();
  if (!stills.src) say("#stage-note", state === "playing" ? "" : detail || { connecting: "Connecting…", waiting: "Connecting again…" }[state] || "");
  if (state === "waiting" && detail) say("#link-note", detail);
  else if (state === "playing") say("#link-note", "");
}

/** No WebRTC picture came: show still pictures until one does. */
function fallBack() {
  if (stills.src) return;
  stills.src = card.mjpeg;
  stills.hidden = false;
  say("#stage-note", "");
  say("#link-note", "No WebRTC video arrives here, so these are still pictures.");
}

function endStills() {
  stills.removeAttribute("src");
  stills.hidden = true;
  say("#link-note", "");
}

/** @param {{state: string, reason: string, since?: string}} message */
function stateChanged({ state, reason, since }) {
  card.state = state;
  stage.dataset.state = state;
  showState(/** @type {HTMLElement} */ (find("#state")), state);
  say("#reason", reason);
  const moment = since ? new Date(since) : new Date();
  say("#since", `since ${moment.toLocaleTimeString()}`);
  const stopped = state === "stopped";
  find("#start")?.toggleAttribute("hidden", !stopped);
  find("#stop")?.toggleAttribute("hidden", stopped);
  find("#capture")?.toggleAttribute("disabled", !["running", "passthrough"].includes(state));
  say("#no-detections", state === "running" ? "Nothing." : "Nothing: no model runs on it.");
  if (state === "running") showModel();
  if (stopped) {
    player.stop();
    endStills();
    video.srcObject = null;
    say("#stage-note", "This pipeline is stopped.");
    showDetections([]);
  } else player.start();
}

/** A pipeline that follows its project may have taken a model that this page does not know yet. */
async function showModel() {
  const choice = /** @type {HTMLSelectElement | null} */ (find("#model"));
  if (!choice) return;
  const { model } = await api("GET", path);
  if (model && ![...choice.options].some((option) => option.value === model)) {
    choice.append(make("option", { value: model }, "The newest model"));
  }
  choice.value = model ?? "";
}

/** @param {any} metrics */
function measured(metrics) {
  say("#fps", figure(metrics.fps?.encode || metrics.fps?.grab));
  say("#fps-model", figure(metrics.fps?.infer));
  say("#latency", figure(metrics.latency_ms?.p50));
  say("#inference", figure(metrics.inference_ms?.p50));
  say("#viewers", String(metrics.viewers ?? 0));
  const dropped = Object.values(metrics.dropped ?? {}).reduce((sum, count) => sum + count, 0);
  say("#dropped", String(dropped));
  if (metrics.size) {
    say("#size", `${metrics.size[0]} × ${metrics.size[1]}`);
    stage.style.setProperty("--shape", `${metrics.size[0]} / ${metrics.size[1]}`);
  }
}

/** @param {any[]} detections */
function showDetections(detections) {
  const rows = countLabels(detections).map(({ label, color, count }) => {
    const swatch = make("span", { class: "swatch" });
    swatch.style.color = color;
    return make("li", { class: "row" }, swatch, make("span", { class: "grow cut" }, label), make("b", { class: "num" }, String(count)));
  });
  find("#detections")?.replaceChildren(...rows);
  find("#no-detections")?.toggleAttribute("hidden", rows.length > 0);
}

let shown = 0;
openSocket(`/ws/pipelines/${card.id}/`, {
  onMessage(message) {
    if (message.type === "state") stateChanged(message);
    else if (message.type === "metrics") measured(message);
    else if (message.type === "detections") {
      boxes.show(message);
      if (performance.now() - shown < 200) return;
      shown = performance.now();
      showDetections(message.detections);
    }
  },
  onState: (state) => find("#offline")?.toggleAttribute("hidden", state !== "waiting" && state !== "closed"),
});

/** Run a call with its button busy, and say what went wrong. @param {HTMLElement} button @param {() => Promise<any>} work */
async function during(button, work) {
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    toast(error instanceof ApiError ? error.detail : String(error), "error");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** @param {string} id @param {(button: HTMLElement) => Promise<any>} work */
function onClick(id, work) {
  const button = find(id);
  button?.addEventListener("click", () => during(button, () => work(button)));
}

onClick("#start", async () => stateChanged({ ...(await api("POST", `${path}/start`)) }));
onClick("#stop", () => api("POST", `${path}/stop`));
onClick("#capture", async () => {
  const kept = await api("POST", `${path}/captures`);
  const count = kept.detections.length;
  const what = count ? `with ${count} suggestion${count === 1 ? "" : "s"}` : "without suggestions";
  toast(`The frame is kept as an item ${what}.`, "ok", { label: "Open it", act: () => location.assign(kept.url), seconds: 12 });
});
onClick("#fullscreen", async () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));

const toggle = /** @type {HTMLInputElement | null} */ (find("#browser-boxes"));
toggle?.addEventListener("change", () => boxes.toggle(toggle.checked));

/** Settings are sent when they change; a slider when it is let go. */
for (const field of findAll("[data-setting]")) {
  field.addEventListener("change", () => during(field, () => api("PATCH", path, settingsOf(field))));
}
const slider = /** @type {HTMLInputElement | null} */ (find("#confidence"));
const sayConfidence = () => slider && say("#confidence-value", `${Math.round(Number(slider.value) * 100)} %`);
slider?.addEventListener("input", sayConfidence);
sayConfidence();

/** @param {HTMLElement} element */
function settingsOf(element) {
  const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (element);
  switch (field.dataset.setting) {
    case "model":
      return { model: field.value || null };
    case "follow":
      return { follow_model: /** @type {HTMLInputElement} */ (field).checked };
    case "mode":
      return { overlay: { mode: field.value } };
    default:
      return { overlay: { confidence: Number(field.value) } };
  }
}

stateChanged(card);
measured(card.metrics);
