/** The select tool: click, shift-click, marquee, move, and drag by the handles. */
import { geometriesOf } from "../model/drafts.js";
import { movedTogether } from "../model/geometry.js";
import { HandleDrag } from "./handles.js";
import { choose, chooseWithin, nudgeChosen, remove } from "./vertices.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 *
 * @typedef {object} Press
 * @property {Point} picture
 * @property {Point} screen
 * @property {boolean} shift
 * @property {boolean} alt
 * @property {boolean} ctrl
 * @property {boolean} touch
 * @property {boolean} [right] the right button
 * @property {() => Point[]} [trail] where the pointer was since the last press or move, in pixels of the picture
 */

export { sizeText } from "./handles.js";

/** A hand trembles: below this many screen pixels a press is a click. */
const CLICK_SLACK = 3;
const TOUCH_SLACK = 8;
const ARROWS = /** @type {Record<string, Point>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

export class SelectTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.renderer = renderer;
    this.handles = new HandleDrag(editor, renderer);
    this.cursor = "default";
    /** @type {"handle" | "press" | "drag" | "marquee" | null} */
    this.gesture = null;
    /** @type {Press | null} */
    this.start = null;
    /** @type {string | null} */
    this.pressedId = null;
    /** @type {{at: Point, id: string} | null} the last click on a shape */
    this.clicked = null;
    editor.on("selection", () => editor.guides.chosen.size && choose(editor, []));
  }

  enter() {}

  exit() {
    this.cancel();
    choose(this.editor, []);
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    if (this.handles.down(press)) {
      this.gesture = "handle";
      return;
    }
    choose(editor, []);
    const found = press.alt ? [] : this.renderer.hits(press.picture, press.touch ? 12 : 5);
    this.start = press;
    this.gesture = found.length ? "press" : "marquee";
    // What is selected already can be dragged, even where another shape lies above it.
    this.pressedId = found.find((id) => editor.selection.has(id)) ?? found[0] ?? null;
    this.next = found[0] && this._next(found, press);
    if (!found.length) return;
    if (press.shift) this._toggle(found[0]);
    else if (!editor.selection.has(found[0]) && this.pressedId === found[0]) editor.select(this._together(found[0], press));
  }

  /** A click where the last one was goes on to the shape below. @param {string[]} found @param {Press} press */
  _next(found, press) {
    const [x, y] = this.clicked?.at ?? [Infinity, Infinity];
    const again = Math.hypot(press.screen[0] - x, press.screen[1] - y) <= CLICK_SLACK;
    const before = this.clicked && again ? found.indexOf(this.clicked.id) : -1;
    return found[(before + 1) % found.length];
  }

  /** A shape with its group; with Ctrl by itself. @param {string} id @param {Press} press @returns {string[]} */
  _together(id, press) {
    const group = this.editor.store.get(id)?.group;
    if (!group || press.ctrl) return [id];
    const { store, frame, hidden, locked } = this.editor;
    return store.onFrame(frame).filter((each) => each.group === group && !hidden.has(each.id) && !locked.has(each.id)).map((each) => each.id);
  }

  /** @param {string} id */
  _toggle(id) {
    const { editor } = this;
    const those = this._together(id, /** @type {Press} */ (this.start));
    const left = [...editor.selection].filter((each) => !those.includes(each));
    editor.select(editor.selection.has(id) ? left : [...left, ...those]);
  }

  /** @param {Press} press */
  move(press) {
    if (this.gesture === "handle") return this.handles.move(press);
    if (!this.gesture) return this._hover(press);
    if (!this.start || this._within(press)) return;
    if (this.gesture === "press") this.gesture = this.editor.editable && this.editor.selection.size ? "drag" : null;
    if (this.gesture === "drag") this._drag(press);
    if (this.gesture === "marquee") this.editor.setGuides({ marquee: between(this.start.picture, press.picture) });
  }

  /** @param {Press} press */
  up(press) {
    const { editor, gesture, start } = this;
    this.gesture = null;
    if (gesture === "handle") return this.handles.up();
    if (gesture === "drag") return this._drop(press);
    if (gesture === "marquee" && start) this._marquee(start, press);
    else if (gesture === "press" && this.next && !press.shift) {
      this.clicked = { at: press.screen, id: this.next };
      editor.select(this._together(this.next, press));
    }
  }

  /** @param {Press} press */
  _drop(press) {
    const { editor } = this;
    if (editor.drafts.size) this._drag(press);
    editor.commitDrafts(editor.drafts.size > 1 ? `Move ${editor.drafts.size} shapes` : "Move");
  }

  /** Keys for the chosen vertices, which come before those for the whole shape. @param {KeyboardEvent} event */
  key(event) {
    const { editor } = this;
    if (!editor.guides.chosen.size || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.code === "Escape" && this.gesture !== "handle") {
      choose(editor, []);
      return true;
    }
    if (!editor.editable) return false;
    if (event.code === "Delete" || event.code === "Backspace") {
      remove(editor, editor.guides.chosen);
      return true;
    }
    const [dx, dy] = ARROWS[event.code] ?? [0, 0];
    const far = event.shiftKey ? 10 : 1;
    return Boolean(dx || dy) && nudgeChosen(editor, dx * far, dy * far);
  }

  cancel() {
    this.gesture = null;
    this.handles.cancel();
    this.editor.setGuides({ marquee: null });
  }

  /** @param {Press} press */
  _within(press) {
    const [x, y] = this.start?.screen ?? [0, 0];
    return this.gesture !== "drag" && Math.hypot(press.screen[0] - x, press.screen[1] - y) < (press.touch ? TOUCH_SLACK : CLICK_SLACK);
  }

  /** @param {Press} press */
  _hover(press) {
    const cursor = this.handles.cursor(press);
    this.editor.setHover(cursor ? null : this.renderer.hit(press.picture));
    const over = this.editor.hover && this.editor.selection.has(this.editor.hover) && this.editor.editable;
    this.cursor = cursor || (over ? "move" : this.editor.hover ? "pointer" : "default");
  }

  /** @param {Press} press */
  _drag(press) {
    const { editor } = this;
    const [x, y] = /** @type {Press} */ (this.start).picture;
    const { width, height } = editor.item;
    const shapes = geometriesOf(editor.selected(), editor.frame);
    editor.setDrafts(movedTogether(shapes, press.picture[0] - x, press.picture[1] - y, width, height));
  }

  /** @param {Press} start @param {Press} press */
  _marquee(start, press) {
    const { editor } = this;
    editor.setGuides({ marquee: null });
    const far = Math.hypot(press.screen[0] - start.screen[0], press.screen[1] - start.screen[1]) >= CLICK_SLACK;
    const area = between(start.picture, press.picture);
    const found = far ? this.renderer.within(area) : [];
    if (start.alt && far && !found.length && chooseWithin(editor, area)) return;
    if (start.shift) editor.select([...editor.selection, ...found]);
    else editor.select(found);
  }
}

/** @param {Point} a @param {Point} b */
function between([ax, ay], [bx, by]) {
  return { minX: Math.min(ax, bx), minY: Math.min(ay, by), maxX: Math.max(ax, bx), maxY: Math.max(ay, by) };
}
