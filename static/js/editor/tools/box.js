/** Two ways to a box: drag, or click two corners; and click its four extreme points. */
import { boxAround, boxBetween } from "../model/geometry.js";
import { HandleDrag, sizeText } from "./handles.js";

/** @typedef {import("./select.js").Press} Press */

const CLICK_SLACK = 4;
/** Only right on a handle: the next object may begin where the last one ends. */
const HANDLE_REACH = 5;
/** A drag that ends as a sliver was a slip of the hand. */
const THINNEST = 2;

export class BoxTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.handles = new HandleDrag(editor, renderer, HANDLE_REACH, false);
    this.cursor = "crosshair";
    /** @type {Press | null} the first corner */
    this.first = null;
    this.resizing = false;
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {
    this.cancel();
  }

  /** @param {Press} press */
  down(press) {
    if (!this.editor.editable) return this.editor.emit("say", this.editor.refusal);
    if (this.first) return;
    this.resizing = this.handles.down(press);
    if (this.resizing) return;
    this.editor.select([]);
    this.first = press;
  }

  /** @param {Press} press */
  move(press) {
    if (this.resizing) return this.handles.move(press);
    if (this.first) return this._preview(press);
    this.cursor = this.handles.cursor(press) || "crosshair";
  }

  /** @param {Press} press */
  up(press) {
    if (this.resizing) {
      this.resizing = false;
      return this.handles.up();
    }
    if (!this.first) return;
    const [x, y] = this.first.screen;
    const [w, h] = [Math.abs(press.screen[0] - x), Math.abs(press.screen[1] - y)];
    if (Math.hypot(w, h) < CLICK_SLACK) return;
    const box = this._box(press);
    this.cancel();
    if (box && w >= THINNEST && h >= THINNEST) this.editor.draw(box);
  }

  cancel() {
    this.first = null;
    this.resizing = false;
    this.editor.dropDrafts();
    this.editor.setGuides({ sizeAt: null });
  }

  /** Whether a first corner waits for its second. */
  get busy() {
    return this.first !== null || this.resizing;
  }

  /** @param {Press} press */
  _box(press) {
    const { width, height } = this.editor.item;
    return this.first && boxBetween(this.first.picture, press.picture, width, height);
  }

  /** @param {Press} press */
  _preview(press) {
    const box = this._box(press);
    if (!box) return;
    this.editor.setDrafts(new Map([["new", box]]));
    this.editor.setGuides({ sizeAt: { text: sizeText(box), at: press.screen } });
  }
}

const EXTREMES = 4;

/** Click the object's topmost, leftmost, lowest and rightmost point, in any order: no corner lies on the object itself. */
export class ExtremeTool {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.cursor = "crosshair";
    /** @type {import("../types.js").Point[]} */
    this.points = [];
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {
    this.cancel();
  }

  /** @param {Press} press */
  down(press) {
    if (!this.editor.editable) return this.editor.emit("say", this.editor.refusal);
    if (!this.points.length) this.editor.select([]);
    this.points.push(press.picture);
    if (this.points.length < EXTREMES) return this.move(press);
    const box = this._box([]);
    this.cancel();
    if (box && Math.min(box.w, box.h) * this.editor.view.scale >= THINNEST) this.editor.draw(box);
  }

  /** @param {Press} press */
  move(press) {
    if (!this.points.length) return;
    const box = this._box([press.picture]);
    this.editor.setDrafts(new Map([["new", box]]));
    this.editor.setGuides({ sizeAt: { text: `${EXTREMES - this.points.length} more`, at: press.screen } });
  }

  up() {}

  cancel() {
    this.points = [];
    this.editor.dropDrafts();
    this.editor.setGuides({ sizeAt: null });
  }

  get busy() {
    return this.points.length > 0;
  }

  /** @param {import("../types.js").Point[]} more */
  _box(more) {
    const { width, height } = this.editor.item;
    return boxAround([...this.points, ...more], width, height);
  }
}
