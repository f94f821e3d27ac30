/** What hands do on the stage: the tool gets presses in picture pixels; wheel, Space, middle button and pinch move the view. */
import { TOOLS } from "./registry.js";

/**
 * @typedef {import("./select.js").Press} Press
 *
 * @typedef {object} Tool what the stage needs of a tool; presses are in picture pixels and in those of the stage
 * @property {string} cursor a CSS cursor
 * @property {boolean} [busy] whether something is begun that Escape should let go of
 * @property {() => void} enter
 * @property {() => void} exit
 * @property {(press: Press) => void} down
 * @property {(press: Press) => void} move
 * @property {(press: Press) => void} up
 * @property {() => void} cancel
 * @property {(press: Press) => void} [twice] a double click
 * @property {() => void} [interrupt] let go of the present press only: a second finger has come down; without it, `cancel`
 * @property {boolean} [takesRight] whether presses of the right button are for the tool
 * @property {(event: WheelEvent) => boolean} [wheel] the wheel before the view gets it; true when it was taken
 * @property {(event: KeyboardEvent) => boolean} [key] a key before any command gets it; true when it was taken
 */

/** In the hand until the first tool has come. @type {Tool} */
const NONE = { cursor: "default", enter() {}, exit() {}, down() {}, move() {}, up() {}, cancel() {} };

const WHEEL_STEP = 0.0016;
const LARGEST_WHEEL = 180;

export class Stage {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer @param {HTMLElement} host */
  constructor(editor, renderer, host) {
    this.editor = editor;
    this.host = host;
    this.renderer = renderer;
    /** @type {Map<string, Tool | Promise<Tool>>} those that were chosen so far */
    this.tools = new Map();
    this.tool = NONE;
    /** @type {Map<number, [number, number]>} pointers that are down, by id */
    this.pointers = new Map();
    /** @type {"tool" | "pan" | "pinch" | null} */
    this.gesture = null;
    this.space = false;
    /** @type {DOMRect | null} where the stage is in the window, until something may have moved it */
    this.place = null;
    /** @type {{at: [number, number], span: number} | null} two fingers */
    this.grip = null;
    /** @type {[number, number] | null} in picture pixels, for the other people */
    this.cursor = null;
    /** Resolves when the tool that was chosen last is in the hand. */
    this.ready = this._swap();
    editor.on("tool", () => (this.ready = this._swap()));
    this._listen();
  }

  _listen() {
    const { host } = this;
    host.addEventListener("pointerdown", (event) => this._down(event));
    host.addEventListener("pointermove", (event) => this._move(event));
    host.addEventListener("pointerup", (event) => this._up(event));
    host.addEventListener("pointercancel", (event) => this._up(event, true));
    host.addEventListener("pointerleave", () => this._leave());
    host.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    host.addEventListener("contextmenu", (event) => event.preventDefault());
    host.addEventListener("dblclick", (event) => this.tool.twice?.(this._press(/** @type {any} */ (event))));
    host.addEventListener("auxclick", (event) => event.preventDefault());
    addEventListener("blur", () => this.holdSpace(false));
    const forget = () => (this.place = null);
    host.addEventListener("pointerenter", forget);
    addEventListener("resize", forget);
    addEventListener("scroll", forget, { capture: true, passive: true });
    new ResizeObserver(forget).observe(host);
  }

  /** The chosen tool takes over; what is done while it is still on its way is done with it, and not with the last one. */
  async _swap() {
    const { tool: id } = this.editor;
    let next;
    try {
      const made = this._tool(id);
      if (made instanceof Promise) this._take(new Waiting());
      next = await made;
    } catch (error) {
      this.tools.delete(id);
      this.editor.emit("say", `The tool could not be loaded: ${error instanceof Error ? error.message : error}. Choose it again to retry.`);
      if (id !== "select") this.editor.setTool("select");
      return;
    }
    if (this.editor.tool !== id) return;
    const early = this.tool instanceof Waiting ? this.tool.presses : [];
    this._take(next);
    this.host.dataset.tool = id;
    for (const [what, press] of early) next[what](press);
    this._showCursor();
  }

  /** @param {Tool} next */
  _take(next) {
    this.tool.exit();
    this.tool = next;
    next.enter();
    this._showCursor();
  }

  /** @param {string} id @returns {Tool | Promise<Tool>} */
  _tool(id) {
    const known = this.tools.get(id);
    if (known) return known;
    const entry = TOOLS.find((each) => each.id === id);
    if (!entry) throw new Error(`there is no tool ${id}`);
    const made = (/** @type {any} */ kind) => {
      const tool = new kind(this.editor, this.renderer);
      this.tools.set(id, tool);
      return tool;
    };
    const tool = entry.load().then(made);
    this.tools.set(id, tool);
    return tool;
  }

  /** @param {boolean} held */
  holdSpace(held) {
    this.space = held;
    this._showCursor();
  }

  /** Let go of a gesture; true when there was one. */
  cancel() {
    const busy = this.gesture === "tool" || Boolean(this.tool.busy);
    this.tool.cancel();
    if (this.gesture === "tool") this.gesture = null;
    return busy;
  }

  /** @param {PointerEvent} event */
  _down(event) {
    this.host.focus({ preventScroll: true });
    this.place = null;
    const at = this._at(event);
    this.pointers.set(event.pointerId, at);
    this.host.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) return this._startPinch();
    if (this.pointers.size > 2) return;
    if (event.button === 1 || this.space) this.gesture = "pan";
    else if (event.button === 0 || (event.button === 2 && this.tool.takesRight)) {
      this.gesture = "tool";
      this.tool.down(this._press(event));
    }
    this._showCursor();
  }

  /** @param {PointerEvent} event */
  _move(event) {
    const at = this._at(event);
    const before = this.pointers.get(event.pointerId);
    if (before) this.pointers.set(event.pointerId, at);
    if (this.gesture === "pinch") return this._pinch();
    if (this.gesture === "pan" && before) return this.editor.view.pan(at[0] - before[0], at[1] - before[1]);
    const press = this._press(event);
    this.cursor = press.picture;
    this.tool.move(press);
    if (this.editor.crosshair) this.editor.setGuides({ cross: at });
    this.editor.emit("cursor", press.picture);
    this._showCursor();
  }

  /** @param {PointerEvent} event @param {boolean} [cancelled] */
  _up(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { gesture } = this;
    if (gesture === "pinch" && this.pointers.size) return;
    this.gesture = null;
    if (gesture === "tool" && cancelled) this._interrupt();
    else if (gesture === "tool") this.tool.up(this._press(event));
    this._showCursor();
  }

  _leave() {
    if (this.gesture) return;
    this.cursor = null;
    this.editor.setHover(null);
    if (this.editor.guides.cross) this.editor.setGuides({ cross: null });
    this.editor.emit("cursor", null);
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    if (this.tool.wheel?.(event)) return;
    const unit = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
    if (event.shiftKey && !event.ctrlKey) return this.editor.view.pan(-(event.deltaX || event.deltaY) * unit, 0);
    const delta = Math.max(-LARGEST_WHEEL, Math.min(LARGEST_WHEEL, event.deltaY * unit * (event.ctrlKey ? 4 : 1)));
    this.editor.view.zoom(Math.exp(-delta * WHEEL_STEP), this._at(event));
  }

  _startPinch() {
    if (this.gesture === "tool") this._interrupt();
    this.gesture = "pinch";
    this.grip = this._grip();
  }

  _interrupt() {
    if (this.tool.interrupt) this.tool.interrupt();
    else this.tool.cancel();
  }

  _pinch() {
    const [before, now] = [this.grip, this._grip()];
    if (before && now) {
      this.editor.view.pan(now.at[0] - before.at[0], now.at[1] - before.at[1]);
      this.editor.view.zoom(now.span / before.span, now.at);
    }
    this.grip = now;
  }

  /** @returns {{at: [number, number], span: number} | null} the middle of two fingers and how far apart they are */
  _grip() {
    const [a, b] = [...this.pointers.values()];
    return a && b ? { at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1) } : null;
  }

  /** Asking where the stage is would make the browser lay out the page at every move. @param {MouseEvent} event @returns {[number, number]} */
  _at(event) {
    const { left, top } = (this.place ??= this.host.getBoundingClientRect());
    return [event.clientX - left, event.clientY - top];
  }

  /** @param {PointerEvent} event @returns {Press} */
  _press(event) {
    const screen = this._at(event);
    return {
      screen,
      picture: this.editor.view.toPicture(screen),
      shift: event.shiftKey,
      alt: event.altKey,
      ctrl: event.ctrlKey || event.metaKey,
      touch: event.pointerType === "touch",
      right: event.button === 2,
      trail: () => this._trail(event),
    };
  }

  /** A pen reports more often than the page draws. @param {PointerEvent} event @returns {[number, number][]} in pixels of the picture */
  _trail(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    return (events.length ? events : [event]).map((each) => this.editor.view.toPicture(this._at(each)));
  }

  _showCursor() {
    const cursor = this.gesture === "pan" ? "grabbing" : this.space ? "grab" : this.tool.cursor;
    if (this.host.style.cursor !== cursor) this.host.style.cursor = cursor;
  }
}

/** Stands in for a tool whose code is being fetched, and remembers the hand. */
class Waiting {
  constructor() {
    this.cursor = "progress";
    /** @type {["down" | "move" | "up", Press][]} */
    this.presses = [];
  }

  enter() {}

  exit() {}

  /** @param {Press} press */
  down(press) {
    this.presses.push(["down", press]);
  }

  /** @param {Press} press */
  move(press) {
    if (this.presses.length) this.presses.push(["move", press]);
  }

  /** @param {Press} press */
  up(press) {
    this.presses.push(["up", press]);
  }

  cancel() {
    this.presses = [];
  }
}
