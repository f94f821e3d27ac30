/** The select tool: click, shift-click, marquee, move, and resize by the handles. */
import { boundsOf, geometryOn, moved, resized } from "../model/geometry.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {{picture: Point, screen: Point, shift: boolean, alt: boolean, ctrl: boolean, touch: boolean}} Press
 */

/** A hand trembles: below this many screen pixels a press is a click. */
const CLICK_SLACK = 3;

export class SelectTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.renderer = renderer;
    this.cursor = "default";
    /** @type {any} */
    this.gesture = null;
  }

  enter() {}

  exit() {
    this.cancel();
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    this.resize = new HandleDrag(editor, this.renderer);
    if (this.resize.down(press)) {
      this.gesture = "resize";
      return;
    }
    const id = press.alt ? null : this.renderer.hit(press.picture, press.touch ? 12 : 5);
    this.start = press;
    this.gesture = id ? "press" : "marquee";
    if (id && press.shift) editor.toggle(id);
    else if (id && !editor.selection.has(id)) editor.select([id]);
    this.pressedId = id;
  }

  /** @param {Press} press */
  move(press) {
    if (this.gesture === "resize") return this.resize?.move(press);
    if (!this.gesture) return this._hover(press);
    if (!this.start || this._within(press)) return;
    if (this.gesture === "press") this.gesture = this.editor.editable && this.editor.selection.size ? "drag" : "";
    if (this.gesture === "drag") this._drag(press);
    if (this.gesture === "marquee") this.editor.setGuides({ marquee: between(this.start.picture, press.picture) });
  }

  /** @param {Press} press */
  up(press) {
    const { editor, gesture, start } = this;
    this.gesture = null;
    if (gesture === "resize") return this.resize?.up();
    if (gesture === "drag") return editor.commitDrafts(editor.drafts.size > 1 ? `Move ${editor.drafts.size} shapes` : "Move");
    if (gesture === "marquee" && start) this._marquee(start, press);
    else if (gesture === "press" && !press.shift && this.pressedId) editor.select([this.pressedId]);
  }

  cancel() {
    this.gesture = null;
    this.editor.dropDrafts();
    this.editor.setGuides({ marquee: null, sizeAt: null });
  }

  /** @param {Press} press */
  _within(press) {
    const [x, y] = this.start?.screen ?? [0, 0];
    return this.gesture !== "drag" && Math.hypot(press.screen[0] - x, press.screen[1] - y) < CLICK_SLACK;
  }

  /** @param {Press} press */
  _hover(press) {
    const handle = new HandleDrag(this.editor, this.renderer).under(press);
    this.editor.setHover(handle ? null : this.renderer.hit(press.picture));
    const over = this.editor.hover && this.editor.selection.has(this.editor.hover) && this.editor.editable;
    this.cursor = handle ? `${handle}-resize` : over ? "move" : this.editor.hover ? "pointer" : "default";
  }

  /** @param {Press} press */
  _drag(press) {
    const { editor } = this;
    const [x, y] = /** @type {Press} */ (this.start).picture;
    const { width, height } = editor.item;
    const drafts = new Map();
    for (const annotation of editor.selected()) {
      const geometry = geometryOn(annotation, editor.frame);
      if (geometry && boundsOf(geometry)) drafts.set(annotation.id, moved(geometry, press.picture[0] - x, press.picture[1] - y, width, height));
    }
    editor.setDrafts(drafts);
  }

  /** @param {Press} start @param {Press} press */
  _marquee(start, press) {
    const { editor } = this;
    editor.setGuides({ marquee: null });
    const far = Math.hypot(press.screen[0] - start.screen[0], press.screen[1] - start.screen[1]) >= CLICK_SLACK;
    const found = far ? this.renderer.within(between(start.picture, press.picture)) : [];
    if (start.shift) editor.select([...editor.selection, ...found]);
    else editor.select(found);
  }
}

/** Dragging a handle of the one selected box; the box tool has it too, so that a fresh box can be mended at once. */
export class HandleDrag {
  /**
   * @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer
   * @param {number} reach screen pixels around a handle's middle
   */
  constructor(editor, renderer, reach = 9) {
    this.editor = editor;
    this.renderer = renderer;
    this.reach = reach;
  }

  /** @param {Press} press @returns {string} the handle's name */
  under(press) {
    const { editor } = this;
    if (editor.selection.size !== 1 || !editor.editable) return "";
    const geometry = this._geometry();
    return geometry ? this.renderer.handleUnder(geometry, press.screen, press.touch ? 2 * this.reach : this.reach) : "";
  }

  /** @param {Press} press */
  down(press) {
    this.handle = this.under(press);
    this.start = press.picture;
    this.editor.commitDrafts();
    this.before = this._geometry();
    return this.handle !== "";
  }

  /** @param {Press} press */
  move(press) {
    if (this.before?.type !== "box" || !this.start) return;
    const { width, height } = this.editor.item;
    const [dx, dy] = [press.picture[0] - this.start[0], press.picture[1] - this.start[1]];
    const box = resized(this.before, this.handle ?? "", dx, dy, width, height);
    this.editor.setDrafts(new Map([[this._id(), box]]));
    this.editor.setGuides({ sizeAt: { text: sizeText(box), at: press.screen } });
  }

  up() {
    this.editor.setGuides({ sizeAt: null });
    this.editor.commitDrafts("Resize");
  }

  _id() {
    return [...this.editor.selection][0];
  }

  /** @returns {Geometry | null} */
  _geometry() {
    const annotation = this.editor.store.get(this._id());
    return annotation ? (this.editor.drafts.get(annotation.id) ?? geometryOn(annotation, this.editor.frame)) : null;
  }
}

/** @param {{w: number, h: number}} box */
export function sizeText({ w, h }) {
  return `${Math.round(w)} × ${Math.round(h)}`;
}

/** @param {Point} a @param {Point} b */
function between([ax, ay], [bx, by]) {
  return { minX: Math.min(ax, bx), minY: Math.min(ay, by), maxX: Math.max(ax, bx), maxY: Math.max(ay, by) };
}
