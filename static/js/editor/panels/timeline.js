/**
 * The timeline: a row for each track with where it is to be seen and its key frames, and one for the shapes of single
 * frames. One canvas shows the rows in sight however many there are; a list of the same rows, with words, is there for
 * the keyboard and for screen readers.
 */
import { icon, make } from "../../lib/dom.js";
import { trackOf } from "../model/interpolation.js";
import { Scale, markBeside, markNear, moveOps } from "../model/timeline.js";
import { safeStorage } from "../util.js";
import { later } from "./labels.js";
import { ROW, RULER, drawTimeline } from "./timeline_canvas.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../types.js").Annotation} Annotation
 */

const SETTING = "frameloop.editor.timeline";
const NAMES_WIDTH = 132;
const REACH = 7;
/** Others who play come with every frame. */
const PEERS_MS = 250;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  const timeline = new Timeline(editor, commands, part("frame-bar"));
  commands.add("Frames", "timeline", "Open or close the timeline", ["Shift+KeyL"], () => timeline.toggle(), undefined, { pressed: () => timeline.open, inLists: true });
  timeline.button.addEventListener("click", () => commands.get("timeline").run(false));
}

class Timeline {
  /** @param {Editor} editor @param {import("../commands.js").Commands} commands @param {HTMLElement} bar */
  constructor(editor, commands, bar) {
    this.editor = editor;
    this.commands = commands;
    this.storage = safeStorage("localStorage");
    this.open = false;
    this.scale = new Scale(editor.item.frames, 600);
    /** @type {Annotation[]} */
    this.rows = [];
    this.top = 0;
    this.height = 0;
    /** @type {{id: string, from: number, to: number} | null} a keyframe that is being dragged */
    this.drag = null;
    /** @type {{id: string, frame: number} | null} the keyframe that Delete takes away */
    this.chosen = null;
    this.button = make("button", { type: "button", class: "ed-btn", "data-command": "timeline", "aria-expanded": "false", "aria-controls": "timeline", "aria-label": "Timeline", title: "Open or close the timeline (Shift L)" }, icon("layers"));
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "tl-canvas", "aria-hidden": "true" }));
    this.words = make("div", { class: "ed-sr", role: "option", id: "timeline-row" });
    this.list = make("div", { class: "tl-list", tabindex: "0", role: "listbox", "aria-label": "Tracks: up and down choose one, left and right go through its key frames, with Alt they move one, Delete takes one away", "aria-activedescendant": "timeline-row" }, make("div", { class: "tl-space" }), this.canvas, this.words);
    this.head = make("div", { class: "tl-head", "aria-hidden": "true" });
    this.panel = make("section", { class: "tl", id: "timeline", "aria-label": "Timeline", hidden: true }, this.list, this.head);
    bar.before(this.panel);
    bar.append(this.button);
    this._asked = false;
    this._listen();
    this._read();
    const stored = this.storage.get(SETTING);
    if (stored === "open" || (stored !== "closed" && this.rows.length)) this.toggle(false);
  }

  /** With the next drawn frame, so that the playhead keeps up with the picture. */
  draw() {
    if (this._asked || !this.open) return;
    this._asked = true;
    requestAnimationFrame(() => {
      this._asked = false;
      this._draw();
    });
  }

  toggle(remember = true) {
    this.open = !this.open;
    this.panel.hidden = !this.open;
    document.body.classList.toggle("ed-timeline", this.open);
    this.button.setAttribute("aria-expanded", String(this.open));
    this.button.setAttribute("aria-pressed", String(this.open));
    if (remember) this.storage.set(SETTING, this.open ? "open" : "closed");
    this._read();
  }

  _listen() {
    const { editor, list, canvas } = this;
    const read = later(() => this._read());
    editor.store.on("change", read);
    editor.on("labels", read);
    editor.on("frame", () => {
      if (!this.open) return;
      const scale = this.drag ? this.scale : this.scale.showing(editor.frame ?? 0);
      if (!editor.playing || scale !== this.scale) this.draw();
      this.scale = scale;
      this._placeHead();
    });
    for (const name of ["hover", "hidden"]) editor.on(name, () => this.draw());
    editor.on("peers", later(() => this.draw(), PEERS_MS));
    editor.on("selection", () => {
      this._follow();
      this.draw();
    });
    list.addEventListener("scroll", () => {
      this.top = list.scrollTop;
      this.draw();
    });
    list.addEventListener("keydown", (event) => this._key(event));
    list.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this._down(event));
    canvas.addEventListener("pointermove", (event) => this._move(event));
    canvas.addEventListener("pointerup", () => this._up());
    canvas.addEventListener("pointercancel", () => {
      this.drag = null;
      this.scrub = false;
      this.draw();
    });
    new ResizeObserver(() => this._resize()).observe(list);
  }

  _resize() {
    this.height = this.list.clientHeight;
    const width = this.list.clientWidth - NAMES_WIDTH;
    if (width > 0) this.scale = this.scale.resized(width);
    this.draw();
  }

  /** Tracks in the order in which they begin; the shapes of single frames have a row above them. */
  _read() {
    this.rows = this.editor.store.tracks().sort((a, b) => trackOf(a).numbers[0] - trackOf(b).numbers[0] || (a.detection_id ?? 0) - (b.detection_id ?? 0));
    const space = /** @type {HTMLElement} */ (this.list.firstElementChild);
    space.style.height = `${RULER + (this.rows.length + 1) * ROW}px`;
    this.list.setAttribute("data-tracks", String(this.rows.length));
    if (this.chosen && !this.editor.store.get(this.chosen.id)?.keyframes?.[String(this.chosen.frame)]) this.chosen = null;
    this.draw();
  }

  /** Bring the selected track into sight. */
  _follow() {
    const at = this.rows.findIndex(({ id }) => this.editor.selection.has(id));
    if (at < 0 || !this.open) return;
    const top = (at + 1) * ROW;
    if (top < this.top) this.list.scrollTop = top;
    else if (top + ROW + RULER > this.top + this.height) this.list.scrollTop = top + ROW + RULER - this.height;
  }

  /** The line at the frame on screen lies over the rows, so that they need not be drawn anew as it moves. */
  _placeHead() {
    const { head, scale } = this;
    const x = scale.x(this.editor.frame ?? 0) + scale.scale / 2;
    head.hidden = x < 0 || x > scale.width;
    head.style.transform = `translateX(${NAMES_WIDTH + x}px)`;
  }

  _draw() {
    if (!this.open) return;
    drawTimeline(this);
    this._placeHead();
    const [track] = this._selected();
    this.words.textContent = track ? this._said(track) : `${this.rows.length} tracks`;
  }

  /** @param {Annotation} track */
  _said(track) {
    const { editor } = this;
    const known = trackOf(track);
    const runs = known.visible().map(([begin, end]) => `${begin} to ${end}`).join(", ");
    const here = track.keyframes?.[String(editor.frame)] ? "a key frame" : known.state(editor.frame ?? 0) ? "between key frames" : "outside";
    return `${editor.nameOf(track)}, frames ${runs}${known.holds() ? " and on" : ""}, ${known.numbers.length} key frames; on frame ${editor.frame} ${here}`;
  }

  /** @returns {Annotation[]} */
  _selected() {
    return this.rows.flatMap(({ id }) => (this.editor.selection.has(id) && this.editor.store.get(id)) || []);
  }

  // -- hands -----------------------------------------------------------------------------------------------------

  /** What lies under a point of the canvas. @param {PointerEvent} event */
  _under(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left - NAMES_WIDTH, event.clientY - top];
    const row = y < RULER ? -2 : Math.floor((y - RULER + this.top) / ROW) - 1;
    const track = row >= 0 ? this.editor.store.get(this.rows[row]?.id) : undefined;
    const frame = this.scale.frame(Math.max(x, 0));
    return { x, row, track, frame, mark: track && x >= 0 ? markNear(track, x / this.scale.scale + this.scale.first - 0.5, REACH / this.scale.scale) : null };
  }

  /** @param {PointerEvent} event */
  _down(event) {
    if (event.button !== 0) return;
    const { editor } = this;
    const { x, track, frame, mark } = this._under(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.list.focus({ preventScroll: true });
    if (x >= 0 && !track) {
      this.scrub = true;
      return editor.goTo(frame);
    }
    if (!track) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) editor.toggle(track.id);
    else editor.select([track.id]);
    this.chosen = mark === null ? null : { id: track.id, frame: mark };
    if (mark !== null && editor.editable) this.drag = { id: track.id, from: mark, to: mark };
    if (x >= 0) editor.goTo(mark ?? frame);
    this.draw();
  }

  /** @param {PointerEvent} event */
  _move(event) {
    const { x, track, frame, mark } = this._under(event);
    if (this.scrub) return this.editor.goTo(frame);
    if (!this.drag) {
      this.canvas.style.cursor = mark !== null ? "ew-resize" : track || x >= 0 ? "pointer" : "";
      return this.editor.setHover(track?.id ?? null);
    }
    this.drag = { ...this.drag, to: frame };
    this.draw();
  }

  _up() {
    this.scrub = false;
    const { drag } = this;
    this.drag = null;
    if (drag && drag.to !== drag.from) this._moveMark(drag);
    this.draw();
  }

  /** @param {{id: string, from: number, to: number}} drag */
  _moveMark({ id, from, to }) {
    const track = this.editor.store.get(id);
    const ops = track ? moveOps(track, from, to) : [];
    if (!ops.length) return this.editor.emit("say", "The key frame is gone: somebody changed the track.");
    this.editor.submit(ops, `Move a key frame from ${from} to ${to}`);
    this.chosen = { id, frame: to };
    this.editor.goTo(to);
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    const { left } = this.canvas.getBoundingClientRect();
    const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.ctrlKey) this.scale = this.scale.zoomed(Math.exp(-event.deltaY * 0.004), Math.max(0, event.clientX - left - NAMES_WIDTH));
    else if (across) this.scale = this.scale.moved(across / this.scale.scale);
    else return;
    event.preventDefault();
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.altKey) {
      if (!step || event.key === "ArrowUp" || event.key === "ArrowDown") return;
      this._shiftMark(step);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") this._chooseRow(step ?? 1);
    else if (step) this._chooseMark(step);
    else if (event.key === "Delete" || event.key === "Backspace") this._takeMark();
    else if (event.key === "+" || event.key === "=") this._zoom(1.5);
    else if (event.key === "-") this._zoom(1 / 1.5);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} factor */
  _zoom(factor) {
    this.scale = this.scale.zoomed(factor, this.scale.x(this.editor.frame ?? 0)).showing(this.editor.frame ?? 0);
    this.draw();
  }

  /** @param {number} by */
  _chooseRow(by) {
    const at = this.rows.findIndex(({ id }) => this.editor.selection.has(id));
    const next = this.rows[Math.max(0, Math.min(this.rows.length - 1, at + by))];
    if (next) this.editor.select([next.id]);
    this.chosen = null;
  }

  /** @param {number} by */
  _chooseMark(by) {
    const [track] = this._selected();
    if (!track) return this.editor.goTo(this.editor.wanted + by);
    const frame = markBeside(track, this.editor.wanted, by);
    if (frame === null) return;
    this.chosen = { id: track.id, frame };
    this.editor.goTo(frame);
  }

  /** The key frame that is chosen, or on screen, a frame earlier or later. @param {number} by */
  _shiftMark(by) {
    const { editor } = this;
    const [track] = this._selected();
    const from = track && this.chosen?.id === track.id ? this.chosen.frame : (editor.frame ?? 0);
    if (!track?.keyframes?.[String(from)]) return editor.emit("say", "There is no key frame here: left and right go to the next one.");
    const to = from + by;
    if (to < 0 || to >= editor.item.frames) return;
    if (track.keyframes[String(to)]) return editor.emit("say", `Frame ${to} has a key frame already.`);
    this._moveMark({ id: track.id, from, to });
  }

  /** Delete takes the key frame away that is on screen, never the track. */
  _takeMark() {
    const { editor } = this;
    const [track] = this._selected();
    const frame = this.chosen?.id === track?.id && this.chosen ? this.chosen.frame : (editor.frame ?? 0);
    if (!track?.keyframes?.[String(frame)]) return editor.emit("say", "There is no key frame here: left and right go to the next one.");
    if (trackOf(track).numbers.length === 1) return editor.emit("say", "It is the track's only key frame: delete the track instead.");
    editor.submit([{ op: "keyframe", id: track.id, frame, set: null }], "Take the key frame away");
  }
}
