/** Keypoints in the order of the label's skeleton, click by click; or all at once by dragging a box around the object. */
import { geometryOn, boxBetween } from "../model/geometry.js";
import { placedIn, templateOf } from "../model/skeleton.js";
import { clamp, round2 } from "../util.js";
import { HandleDrag, far } from "./handles.js";
import { pointNames } from "./vertices.js";

/**
 * @typedef {import("../types.js").Keypoints} Keypoints
 * @typedef {import("./select.js").Press} Press
 * @typedef {[number, number, number]} Keypoint x, y, visibility
 */

const CLICK_SLACK = 5;
const TOUCH_SLACK = 12;
const HANDLE_REACH = 6;
const [UNLABELLED, HIDDEN, VISIBLE] = [0, 1, 2];

export class KeypointsTool {
  takesRight = true;

  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.handles = new HandleDrag(editor, renderer, HANDLE_REACH);
    this.cursor = "crosshair";
    /** @type {Keypoint[]} */
    this.points = [];
    /** @type {Press | null} */
    this.pressed = null;
    /** @type {Press | null} */
    this.over = null;
    this.holding = false;
    this.boxing = false;
    editor.on("label", () => this.editor.tool === "keypoints" && this._newLabel());
  }

  enter() {
    this.editor.setHover(null);
    if (!this.names.length) this.editor.emit("say", this._noSkeleton());
  }

  exit() {
    this.cancel();
  }

  _newLabel() {
    if (this.busy) this.cancel();
    if (!this.names.length) this.editor.emit("say", this._noSkeleton());
  }

  get busy() {
    return this.points.length > 0 || this.holding || this.boxing;
  }

  /** @returns {string[]} */
  get names() {
    return pointNames(this.editor, this.editor.labelId);
  }

  _noSkeleton() {
    const name = this.editor.label(this.editor.labelId)?.name;
    return name ? `The class ${name} has no skeleton: name its points in the project's settings, under Labels.` : "The project has no labels yet: add one in its settings.";
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    if (!editor.editable) return editor.emit("say", editor.refusal);
    this.holding = !this.points.length && !press.right && this.handles.down(press);
    if (this.holding) return;
    if (!this.names.length) return editor.emit("say", this._noSkeleton());
    if (!this.points.length) editor.commitDrafts();
    this.pressed = press;
  }

  /** @param {Press} press */
  move(press) {
    this.over = press;
    if (this.holding) return this.handles.move(press);
    if (this.pressed && !this.points.length && !press.right && far(press, this.pressed) >= (press.touch ? TOUCH_SLACK : CLICK_SLACK)) this.boxing = true;
    if (this.boxing) return this._showBox(press);
    if (!this.points.length) this.cursor = this.handles.cursor(press) || "crosshair";
    this._preview();
  }

  /** @param {Press} press */
  up(press) {
    if (this.holding) {
      this.holding = false;
      return this.handles.up();
    }
    const { pressed, boxing } = this;
    this.pressed = null;
    if (!pressed) return;
    if (boxing) return this._placeAll(pressed, press);
    const { width, height } = this.editor.item;
    const [x, y] = press.picture;
    this._set([round2(clamp(x, 0, width)), round2(clamp(y, 0, height)), pressed.right || pressed.shift ? HIDDEN : VISIBLE]);
  }

  /** @param {Keypoint} point */
  _set(point) {
    if (!this.points.length) this.editor.select([]);
    this.points.push(point);
    if (this.points.length === this.names.length) this.finish();
    else this._preview();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const begun = this.points.length > 0;
    if (event.code === "KeyU" && (begun || (!this.editor.selection.size && this.names.length))) this._set([0, 0, UNLABELLED]);
    else if (begun && (event.code === "Enter" || event.code === "NumpadEnter")) this.finish();
    else if (begun && event.code === "Backspace") this._back();
    else return false;
    return true;
  }

  _back() {
    this.points.pop();
    if (this.points.length) this._preview();
    else this.cancel();
  }

  /** What was not set is not labelled. */
  finish() {
    const { editor } = this;
    const points = this._filled(this.points);
    this.cancel();
    if (points.some(([, , visible]) => visible)) editor.draw({ type: "keypoints", points });
    else editor.emit("say", "No point was set, so there is no shape: click the points that can be seen.");
  }

  /** @param {Keypoint[]} points */
  _filled(points) {
    return this.names.map((_, i) => points[i] ?? /** @type {Keypoint} */ ([0, 0, UNLABELLED]));
  }

  // -- all at once -------------------------------------------------------------------------------------------------

  /** @param {Press} from @param {Press} to @returns {Keypoints} */
  _inBox(from, to) {
    const { width, height } = this.editor.item;
    return placedIn(templateOf(this.names, this._like()), boxBetween(from.picture, to.picture, width, height));
  }

  /** The last shape of the class, whose pose the next one probably has. @returns {Keypoints | null} */
  _like() {
    const { store, frame, labelId } = this.editor;
    const shapes = store.onFrame(frame).filter(({ label }) => label === labelId).map((each) => geometryOn(each, frame));
    return /** @type {Keypoints | undefined} */ (shapes.findLast((geometry) => geometry?.type === "keypoints")) ?? null;
  }

  /** @param {Press} press */
  _showBox(press) {
    if (this.pressed) this.editor.setDrafts(new Map([["new", this._inBox(this.pressed, press)]]));
    this.editor.setGuides({ sizeAt: { text: `${this.names.length} points`, at: press.screen } });
  }

  /** @param {Press} from @param {Press} to */
  _placeAll(from, to) {
    const shape = this._inBox(from, to);
    this.cancel();
    this.editor.draw(shape);
    this.editor.emit("say", "Drag each point to its place; Alt-click, or U, changes whether it is seen.");
  }

  // -- what is seen of it ------------------------------------------------------------------------------------------

  _preview() {
    const { editor, over, points, names } = this;
    const fresh = points.length === 0 && editor.selection.size > 0;
    const next = names[points.length];
    const shown = over && next && points.length ? [...points, /** @type {Keypoint} */ ([...over.picture, VISIBLE])] : points;
    const visible = shown.some(([, , seen]) => seen);
    // With nothing begun the drafts are those of the arrow keys.
    if (points.length) editor.setDrafts(visible ? new Map([["new", { type: "keypoints", points: this._filled(shown) }]]) : new Map());
    const text = next && !fresh ? `${next} (${points.length + 1} of ${names.length})` : "";
    editor.setGuides({ sizeAt: over && { text, at: over.screen } });
  }

  interrupt() {
    this.pressed = null;
    if (this.boxing) this.editor.dropDrafts();
    this.boxing = false;
    if (this.holding) this.handles.cancel();
    this.holding = false;
    this._preview();
  }

  cancel() {
    this.points = [];
    this.pressed = null;
    this.boxing = this.holding = false;
    this.handles.cancel();
  }
}
