/** How the timeline is drawn: only the rows and frames in sight, so that it costs the same for ten tracks and a thousand. */
import { barsOf, marksOf } from "../model/timeline.js";
import { personColor } from "../render/style.js";

export const ROW = 20;
export const RULER = 18;
const NAMES = 132;

/**
 * @typedef {object} View what is drawn
 * @property {import("../editor.js").Editor} editor
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLElement} list
 * @property {import("../model/timeline.js").Scale} scale
 * @property {import("../types.js").Annotation[]} rows
 * @property {number} top
 * @property {{id: string, from: number, to: number} | null} drag
 * @property {{id: string, frame: number} | null} chosen
 *
 * @typedef {{ink: string, soft: string, line: string, onSoft: string, back: string, hover: string}} Colors
 */

/** @param {View} view */
export function drawTimeline(view) {
  const { canvas, list, editor, scale, top } = view;
  const [width, height] = [list.clientWidth, list.clientHeight];
  if (!width || !height) return;
  const context = prepared(canvas, width, height);
  const colors = colorsOf(canvas);
  context.save();
  context.beginPath();
  context.rect(0, RULER, width, height - RULER);
  context.clip();
  const first = Math.max(0, Math.floor(top / ROW));
  const last = Math.min(view.rows.length, Math.ceil((top + height - RULER) / ROW));
  for (let row = first; row <= last; row++) {
    const y = RULER + row * ROW - top;
    if (row === 0) drawSingles(context, view, y, colors);
    else drawTrack(context, view, view.rows[row - 1], y, colors);
  }
  context.restore();
  drawRuler(context, view, width, colors);
  for (const peer of editor.peers.values()) if (typeof peer.frame === "number") flag(context, view, peer.frame, height, personColor(peer.user.id), 1);
  context.fillStyle = colors.line;
  context.fillRect(NAMES - 1, 0, 1, height);
  canvas.dataset.first = String(Math.round(scale.first));
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function prepared(canvas, width, height) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "500 11px ui-sans-serif, system-ui, sans-serif";
  context.textBaseline = "middle";
  return context;
}

/** @param {HTMLElement} element @returns {Colors} as they are computed: tokens follow the theme */
function colorsOf(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ink: style.color, soft: style.borderTopColor, line: style.borderRightColor, onSoft: style.borderLeftColor, back: style.backgroundColor, hover: style.outlineColor || of("color") };
}

/** @param {CanvasRenderingContext2D} context @param {View} view @param {number} width @param {Colors} colors */
function drawRuler(context, { scale }, width, colors) {
  context.fillStyle = colors.back;
  context.fillRect(0, 0, width, RULER);
  context.fillStyle = colors.soft;
  const step = scale.step();
  for (let frame = Math.ceil(scale.first / step) * step; frame <= scale.last; frame += step) {
    const x = NAMES + scale.x(frame);
    if (frame >= scale.frames) break;
    context.fillRect(x, RULER - 5, 1, 5);
    context.fillText(String(frame), x + 3, RULER / 2);
  }
}

/** A line at a frame, with a head on the ruler. @param {CanvasRenderingContext2D} context @param {View} view @param {number} frame @param {number} height @param {string} color @param {number} thick */
function flag(context, { scale }, frame, height, color, thick) {
  const x = NAMES + scale.x(frame) + scale.scale / 2;
  if (x < NAMES) return;
  context.fillStyle = color;
  context.fillRect(x - thick / 2, 6, thick, height);
  context.beginPath();
  context.arc(x, 5, 4, 0, 7);
  context.fill();
}

/** Shapes of single frames: a dot on each frame that has some. @param {CanvasRenderingContext2D} context @param {View} view @param {number} y @param {Colors} colors */
function drawSingles(context, { editor, scale, rows }, y, colors) {
  context.fillStyle = colors.soft;
  context.fillText("Single frames", 10, y + ROW / 2);
  const frames = editor.store.framesOfSingles();
  let last = -Infinity;
  for (const frame of frames) {
    const x = NAMES + scale.x(frame) + scale.scale / 2;
    if (x < NAMES || frame > scale.last || x - last < 2) continue;
    last = x;
    context.beginPath();
    context.arc(x, y + ROW / 2, 3, 0, 7);
    context.fill();
  }
  if (!rows.length && !frames.length) context.fillText("Draw a shape; Shift T makes what you draw a track.", NAMES + 10, y + ROW / 2);
}

/** @param {CanvasRenderingContext2D} context @param {View} view @param {import("../types.js").Annotation} track @param {number} y @param {Colors} colors */
function drawTrack(context, view, track, y, colors) {
  const { editor, scale, drag, chosen } = view;
  const selected = editor.selection.has(track.id);
  const { color } = editor.styles.of(track);
  if (selected || editor.hover === track.id) {
    context.fillStyle = selected ? colors.onSoft : colors.hover;
    context.fillRect(0, y, NAMES + scale.width, ROW);
  }
  context.globalAlpha = editor.hidden.has(track.id) ? 0.4 : 1;
  context.fillStyle = color;
  context.fillRect(8, y + ROW / 2 - 5, 10, 10);
  context.fillStyle = colors.ink;
  context.fillText(editor.nameOf(track), 24, y + ROW / 2, NAMES - 30);
  context.save();
  context.beginPath();
  context.rect(NAMES, y, scale.width, ROW);
  context.clip();
  context.fillStyle = color;
  context.globalAlpha *= 0.45;
  for (const [begin, end] of barsOf(track, scale.frames)) {
    if (end < scale.first || begin > scale.last) continue;
    const [from, to] = [Math.max(scale.x(begin), -4), Math.min(scale.x(end + 1), scale.width + 4)];
    context.fillRect(NAMES + from, y + 6, Math.max(to - from, 2), ROW - 12);
  }
  context.globalAlpha = editor.hidden.has(track.id) ? 0.4 : 1;
  for (const { frame, outside } of marksOf(track, Math.floor(scale.first) - 2, Math.ceil(scale.last) + 1, 3 / scale.scale)) {
    const moved = drag?.id === track.id && drag.from === frame ? drag.to : frame;
    const strong = chosen?.id === track.id && chosen.frame === frame;
    diamond(context, NAMES + scale.x(moved) + scale.scale / 2, y + ROW / 2, strong ? 6 : 4.5, outside, color, colors);
  }
  context.restore();
  context.globalAlpha = 1;
}

/** Filled where the shape is to be seen, hollow where it leaves. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} size @param {boolean} hollow @param {string} color @param {Colors} colors */
function diamond(context, x, y, size, hollow, color, colors) {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.fillStyle = hollow ? colors.back : color;
  context.strokeStyle = hollow ? color : colors.back;
  context.lineWidth = hollow ? 1.6 : 1;
  context.fill();
  context.stroke();
}
