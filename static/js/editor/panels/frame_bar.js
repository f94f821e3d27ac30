/** Stepping through a video: buttons, a slider with marks where there are labels and people, and the frame's number. */
import { icon, make } from "../../lib/dom.js";
import { personColor } from "../render/style.js";
import { eachFrame, later } from "./labels.js";
import { showRefusal } from "./toolbar.js";

const BUTTONS = [
  ["previous-labelled", "‹•"], ["previous-10", "−10"], ["previous", "chevron-left"],
  ["next", "chevron-right"], ["next-10", "+10"], ["next-labelled", "•›"],
];
const MARK_HEIGHT = 14;
/** Others who play a video come with every frame of it. */
const PEERS_MS = 250;

/** @param {HTMLElement} root @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
export function frameBar(root, editor, commands) {
  const last = editor.item.frames - 1;
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", max: String(last), step: "1", value: "0", class: "ed-slider", "aria-label": "Frame" }));
  const number = /** @type {HTMLInputElement} */ (make("input", { type: "number", min: "0", max: String(last), value: "0", class: "ed-number", "aria-label": "Frame number" }));
  const time = make("span", { class: "ed-time" });
  const marks = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "ed-marks", "aria-hidden": "true" }));
  const labelled = make("span", { class: "ed-labelled" });
  root.append(
    make("div", { class: "ed-steps" }, ...BUTTONS.map(([id, sign]) => stepButton(commands.get(id), sign))),
    make("label", { class: "ed-frame-number" }, "Frame", number, make("span", {}, `/ ${last}`)),
    make("div", { class: "ed-track" }, marks, slider),
    time, labelled,
  );

  const show = () => {
    const n = editor.wanted;
    slider.value = String(n);
    if (document.activeElement !== number) number.value = String(n);
    const shown = editor.frame ?? 0;
    slider.setAttribute("aria-valuetext", `Frame ${n} of ${last}`);
    time.textContent = clock(shown / (editor.item.fps || 25));
    root.dataset.loading = String(n !== shown);
  };
  const mark = later(() => drawMarks(marks, labelled, editor));
  editor.on("wanted", () => editor.playing || show());
  editor.on("frame", () => editor.playing && document.activeElement !== number && (number.value = String(editor.frame)));
  eachFrame(editor, show);
  editor.store.on("change", mark);
  editor.on("peers", later(mark, PEERS_MS));
  new ResizeObserver(mark).observe(marks);
  slider.addEventListener("input", () => editor.goTo(slider.valueAsNumber));
  number.addEventListener("change", () => editor.goTo(number.valueAsNumber || 0));
  number.addEventListener("keydown", (event) => event.key === "Enter" && number.blur());
  show();
}

/** @param {import("../commands.js").Command} command @param {string} sign */
function stepButton(command, sign) {
  const content = sign.startsWith("chevron") ? icon(sign) : make("span", { class: "ed-sign" }, sign);
  const button = make("button", { type: "button", class: "ed-btn", "aria-label": command.title, "data-command": command.id }, content);
  button.addEventListener("click", () => command.run(false));
  showRefusal(button, command);
  return button;
}

/** @param {HTMLCanvasElement} canvas @param {HTMLElement} words @param {import("../editor.js").Editor} editor */
function drawMarks(canvas, words, editor) {
  const frames = editor.store.labelledFrames();
  words.textContent = frames.size === 1 ? "1 labelled frame" : `${frames.size} labelled frames`;
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const width = canvas.clientWidth;
  if (!width) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = MARK_HEIGHT * ratio;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  const step = width / Math.max(1, editor.item.frames - 1);
  const accent = getComputedStyle(canvas).color;
  context.fillStyle = accent;
  for (const n of frames.keys()) context.fillRect(n * step - 1, 5, Math.max(2, Math.min(step - 1, 6)), 9);
  for (const peer of editor.peers.values()) {
    if (typeof peer.frame !== "number") continue;
    context.fillStyle = personColor(peer.user.id);
    context.beginPath();
    context.arc(peer.frame * step, 3.5, 3.5, 0, 7);
    context.fill();
  }
}

/** To a tenth: the frame's number is exact, its time by the average rate is not. @param {number} seconds */
function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${two(Math.floor(whole / 60))}:${two(whole % 60)}.${Math.floor((seconds - whole) * 10)}`;
}
