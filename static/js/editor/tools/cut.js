/** Cut the selected shapes along a line: click its points across them, then Enter or a double click. */
import { cut } from "../model/regions.js";
import { carryOut, selectedRegions, together } from "./carry_out.js";

/** @typedef {import("./select.js").Press} Press */

/** An end that was set a little too early is drawn on by this many screen pixels. */
const REACH = 10;
const SAME_PLACE = 4;

export class CutTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.renderer = renderer;
    this.cursor = "crosshair";
    /** @type {import("../types.js").Point[]} */
    this.points = [];
    editor.on("frame", () => this.cancel());
  }

  get busy() {
    return this.points.length > 0;
  }

  enter() {
    this.editor.setHover(null);
    if (!selectedRegions(this.editor).length) this.editor.emit("say", "Click the shape to cut, then the line's points across it.");
  }

  exit() {
    this.cancel();
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    if (!editor.editable) return editor.emit("say", editor.refusal);
    if (!selectedRegions(editor).length) {
      const under = this.renderer.hit(press.picture);
      return under ? editor.select([under]) : editor.emit("say", "Click the shape to cut first.");
    }
    const last = this.points.at(-1);
    const again = last && Math.hypot(last[0] - press.picture[0], last[1] - press.picture[1]) * editor.view.scale < SAME_PLACE;
    if (again) return this.finish();
    this.points.push(press.picture);
    this.move(press);
  }

  /** @param {Press} press */
  move(press) {
    if (this.points.length) this.editor.setGuides({ sketch: { dots: this.points, lines: [[...this.points, press.picture]], snap: null } });
  }

  up() {}

  twice() {
    this.finish();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.points.length) return false;
    if (event.key === "Enter") this.finish();
    else if (event.key === "Backspace") this._takeBack();
    else return false;
    return true;
  }

  _takeBack() {
    this.points.pop();
    this.editor.setGuides({ sketch: this.points.length ? { dots: this.points, lines: [this.points], snap: null } : null });
  }

  finish() {
    const { editor, points } = this;
    if (points.length < 2) return;
    this.cancel();
    const plan = together(selectedRegions(editor).map((shape) => cut(shape, points, REACH / editor.view.scale)));
    carryOut(editor, plan, "Cut");
  }

  cancel() {
    if (!this.points.length) return;
    this.points = [];
    this.editor.setGuides({ sketch: null });
  }
}
