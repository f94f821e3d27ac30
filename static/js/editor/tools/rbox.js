/** A rotated box: two clicks for one side, a third for the width; or a drag upright, to be turned by the knob. */
import { boxBetween } from "../model/geometry.js";
import { rotatedFrom } from "../model/handles.js";
import { straightened } from "../model/vertices.js";
import { clamp } from "../util.js";
import { HandleDrag, far, sizeText } from "./handles.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").RotatedBox} RotatedBox
 * @typedef {import("./select.js").Press} Press
 */

const CLICK_SLACK = 4;
const TOUCH_SLACK = 10;
const HANDLE_REACH = 6;
const STEP = 15;
/** Thinner, in pixels of the screen, was a slip of the hand. */
const THINNEST = 2;

export class RotatedBoxTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.handles = new HandleDrag(editor, renderer, HANDLE_REACH, false);
    this.cursor = "crosshair";
    /** @type {Point[]} the ends of the first side */
    this.points = [];
    /** @type {Press | null} */
    this.pressed = null;
    this.holding = false;
    this.dragging = false;
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {
    this.cancel();
  }

  get busy() {
    return this.points.length > 0 || this.holding || this.dragging;
  }

  /** @param {Press} press */
  down(press) {
    if (!this.editor.editable) return this.editor.emit("say", this.editor.refusal);
    this.holding = !this.points.length && this.handles.down(press);
    if (this.holding) return;
    if (!this.points.length) this.editor.commitDrafts();
    this.pressed = press;
  }

  /** @param {Press} press */
  move(press) {
    if (this.holding) return this.handles.move(press);
    if (this.pressed && !this.points.length && far(press, this.pressed) >= slack(press)) this.dragging = true;
    if (this.dragging) this._show(this._upright(press), press);
    else if (this.points.length) this._show(this._turned(press), press);
    else this.cursor = this.handles.cursor(press) || "crosshair";
  }

  /** @param {Press} press */
  up(press) {
    if (this.holding) {
      this.holding = false;
      return this.handles.up();
    }
    if (!this.pressed) return;
    const box = this.dragging ? this._upright(press) : null;
    this.pressed = null;
    if (box) return this._draw(box);
    if (this.points.length < 2) return this._side(press);
    const third = this._turned(press);
    if (third) this._draw(third);
  }

  /** The next end of the first side. @param {Press} press */
  _side(press) {
    const point = this._point(press);
    const [first] = this.points;
    if (first && Math.hypot(point[0] - first[0], point[1] - first[1]) * this.editor.view.scale < THINNEST) return;
    if (!first) this.editor.select([]);
    this.points.push(point);
    this.move(press);
  }

  /** @param {Press} press @returns {Point} */
  _point(press) {
    const { width, height } = this.editor.item;
    const straight = press.shift && this.points.length === 1 ? straightened(this.points[0], press.picture, STEP) : press.picture;
    return [clamp(straight[0], 0, width), clamp(straight[1], 0, height)];
  }

  /** @param {Press} press @returns {RotatedBox | null} */
  _turned(press) {
    const point = this._point(press);
    const [a, b = point] = this.points;
    const box = rotatedFrom(a, b, point);
    return box && this._reaches(box) ? box : null;
  }

  /** The middle has to lie in the picture. @param {RotatedBox} box */
  _reaches({ cx, cy }) {
    const { width, height } = this.editor.item;
    return cx >= 0 && cy >= 0 && cx <= width && cy <= height;
  }

  /** @param {Press} press @returns {RotatedBox | null} */
  _upright(press) {
    if (!this.pressed) return null;
    const { width, height } = this.editor.item;
    const { x, y, w, h } = boxBetween(this.pressed.picture, press.picture, width, height);
    return { type: "rbox", cx: x + w / 2, cy: y + h / 2, w, h, angle: 0 };
  }

  /** @param {RotatedBox | null} box @param {Press} press */
  _show(box, press) {
    if (!box) return;
    this.editor.setDrafts(new Map([["new", box]]));
    const text = this.points.length === 1 ? `${Math.round(box.w)} · ${Math.round(box.angle)}°` : `${sizeText(box)} · ${Math.round(box.angle)}°`;
    this.editor.setGuides({ sizeAt: { text, at: press.screen }, sketch: { dots: this.points, lines: [], snap: null } });
  }

  /** @param {RotatedBox} box */
  _draw(box) {
    const thin = Math.min(box.w, box.h) * this.editor.view.scale < THINNEST;
    if (this.points.length && thin) return;
    this.cancel();
    if (!thin) this.editor.draw(box);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.code !== "Backspace" || !this.points.length) return false;
    this.points.pop();
    if (this.points.length) this.editor.setGuides({ sketch: { dots: this.points, lines: [], snap: null } });
    else this.cancel();
    return true;
  }

  interrupt() {
    this.pressed = null;
    this.dragging = false;
    if (this.holding) this.handles.cancel();
    this.holding = false;
  }

  cancel() {
    this.points = [];
    this.pressed = null;
    this.dragging = this.holding = false;
    this.handles.cancel();
  }
}

/** @param {Press} press */
function slack(press) {
  return press.touch ? TOUCH_SLACK : CLICK_SLACK;
}
