/** Try a model on a picture: drop one, see the boxes, move the threshold. */

import { ApiError, api } from "../lib/api.js";
import { embedded, find, make, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";

/** @typedef {{label: string, confidence: number, geometry: {x: number, y: number, w: number, h: number}}} Detection */

const LOWEST = 0.05;
const FALLBACK = "#56B4E9";

const area = find("#try-area");
const colors = embedded("label-colors") ?? {};
/** @type {ImageBitmap | null} */
let picture = null;
/** @type {Blob | null} */
let file = null;
/** @type {Detection[]} */
let detections = [];
let speed = 0;

/** @param {string} selector @returns {HTMLElement} */
function part(selector) {
  return /** @type {HTMLElement} */ (find(selector));
}

const threshold = () => Number(/** @type {HTMLInputElement} */ (part("#confidence")).value);

/** @param {Blob} chosen */
async function look(chosen) {
  const form = new FormData();
  form.append("file", chosen);
  part("#try-drop").setAttribute("aria-busy", "true");
  try {
    const answer = await api("POST", `models/${area?.dataset.model}/predict?confidence=${LOWEST}`, form);
    picture = await createImageBitmap(chosen, { imageOrientation: "from-image" });
    file = chosen;
    detections = answer.detections;
    speed = answer.speed_ms;
    part("#try-drop").hidden = true;
    part("#try-figure").hidden = false;
    draw();
  } catch (error) {
    const words = error instanceof ApiError ? error.detail : "This browser cannot show the picture: try a JPEG or PNG.";
    toast(words, "error");
  } finally {
    part("#try-drop").removeAttribute("aria-busy");
  }
}

function draw() {
  if (!picture) return;
  const canvas = /** @type {HTMLCanvasElement} */ (part("#try-canvas"));
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(picture, 0, 0);
  const shown = detections.filter((seen) => seen.confidence >= threshold());
  const unit = Math.max(1, picture.width / Math.max(canvas.clientWidth, 1));
  for (const seen of shown) drawBox(context, seen, unit);
  part("#try-words").textContent = `${shown.length} found in ${speed.toFixed(0)} ms`;
  part("#try-list").replaceChildren(...shown.map(row));
}

/** @param {CanvasRenderingContext2D} context @param {Detection} seen @param {number} unit picture pixels in one of the screen */
function drawBox(context, seen, unit) {
  const { x, y, w, h } = seen.geometry;
  const text = `${seen.label} ${seen.confidence.toFixed(2)}`;
  context.lineWidth = 4 * unit;
  context.strokeStyle = "rgb(0 0 0 / 55%)";
  context.strokeRect(x, y, w, h);
  context.lineWidth = 2 * unit;
  context.strokeStyle = context.fillStyle = colors[seen.label] ?? FALLBACK;
  context.strokeRect(x, y, w, h);
  context.font = `600 ${12 * unit}px sans-serif`;
  const width = context.measureText(text).width + 8 * unit;
  const top = y > 18 * unit ? y - 18 * unit : y;
  context.fillRect(x - unit, top, width, 18 * unit);
  context.fillStyle = "#000";
  context.fillText(text, x + 3 * unit, top + 13 * unit);
}

/** @param {Detection} seen */
function row(seen) {
  const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  swatch.setAttribute("class", "swatch-dot");
  swatch.setAttribute("viewBox", "0 0 12 12");
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "12", height: "12", rx: "3", fill: colors[seen.label] ?? FALLBACK })) dot.setAttribute(name, value);
  swatch.append(dot);
  const bar = make("meter", { min: "0", max: "1", value: String(seen.confidence), "aria-label": "Confidence" });
  return make("li", {}, swatch, make("span", { class: "cut" }, seen.label), bar, make("span", { class: "num" }, seen.confidence.toFixed(2)));
}

function choose() {
  /** @type {HTMLInputElement} */ (part("#try-file")).click();
}

if (area) {
  part("#try-drop").addEventListener("click", choose);
  part("#try-again").addEventListener("click", choose);
  part("#try-file").addEventListener("change", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    if (input.files?.[0]) look(input.files[0]);
    input.value = "";
  });
  part("#confidence").addEventListener("input", () => {
    part("#confidence-shown").textContent = threshold().toFixed(2);
    draw();
  });
  for (const type of ["dragover", "drop"]) area.addEventListener(type, (event) => event.preventDefault());
  area.addEventListener("drop", (event) => {
    const dropped = /** @type {DragEvent} */ (event).dataTransfer?.files[0];
    if (dropped) look(dropped);
  });
  on(document, "click", "[data-try]", (_event, button) => {
    area.dataset.model = button.dataset.try;
    part("#try-name").textContent = button.dataset.name ?? "";
    part("#try").scrollIntoView({ behavior: "smooth", block: "start" });
    if (file) look(file);
    else part("#try-drop").focus({ preventScroll: true });
  });
}
