/** Painting and erasing masks: strokes, lassos (Shift) and the bucket (Ctrl), each one tx. */
import { geometryOn } from "../model/geometry.js";
import { brushOf } from "../model/brush.js";
import { countsOf } from "../model/mask.js";
import { sketch } from "../model/outline.js";
import { Bitmap, bucket, fillRings, stroke } from "../model/raster.js";
import { PaintLayer } from "../render/paint_layer.js";
import { whenStored } from "./large_masks.js";

/**
 * @typedef {import("./select.js").Press} Press
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Mask} Mask
 * @typedef {(bitmap: Bitmap) => import("../types.js").Bounds | null} Step part of a stroke, which can be done again on another bitmap
 */

/** The others see a stroke as an outline, made anew this often. */
const SKETCH_MS = 120;

export class BrushTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.renderer = renderer;
    this.brush = brushOf(editor);
    this.layer = new PaintLayer(renderer.stage, editor.view);
    this.erases = false;
    this.cursor = "none";
    /** @type {Gesture | null} */
    this.gesture = null;
    /** @type {Press | null} */
    this.over = null;
    this.active = false;
    this.brush.on("change", () => this._showTip());
    editor.view.on("change", () => this._showTip());
    editor.on("cursor", (/** @type {Point | null} */ at) => at || this.layer.showTip(null));
    editor.on("frame", () => this.cancel());
  }

  get busy() {
    return this.gesture !== null;
  }

  enter() {
    this.active = true;
    this.editor.setHover(null);
  }

  exit() {
    this.active = false;
    this.over = null;
    this.cancel();
    this.layer.showTip(null);
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    this.over = press;
    if (!editor.editable) return editor.emit("say", editor.refusal);
    const value = this._erasesNow(press) ? 0 : 1;
    const target = this._target(press, value);
    if (!target && !value) return editor.emit("say", "There is no mask to erase from here: select one, or start on it.");
    this.gesture = new Gesture(editor, target, value);
    if (!this.gesture.ready) {
      this.gesture = null;
      return editor.emit("say", "This large mask is still on its way: try again in a moment.");
    }
    const kind = press.ctrl ? "bucket" : press.shift ? "lasso" : "stroke";
    if (kind === "bucket") return this._bucket(press);
    this.lasso = kind === "lasso" ? [press.picture] : null;
    this._show();
    if (!this.lasso) this._pull([press.picture]);
  }

  /** @param {Press} press */
  move(press) {
    this.over = press;
    this._showTip();
    if (!this.gesture) return;
    const trail = press.trail?.() ?? [press.picture];
    if (!this.lasso) return this._pull(trail);
    this.lasso.push(...trail);
    this.editor.setDrafts(new Map([["new", { type: "polygon", rings: [this.lasso.map(([x, y], i) => [i, x, y])] }]]));
  }

  /** @param {Press} press */
  up(press) {
    const { gesture, lasso } = this;
    if (!gesture) return;
    if (lasso) gesture.take((bitmap) => fillRings(bitmap, [[...lasso, press.picture]], gesture.value));
    this._end();
    gesture.commit();
  }

  cancel() {
    if (this.gesture) this._end();
  }

  /** Alt and the wheel change the size. @param {WheelEvent} event @returns {boolean} whether it was for this tool */
  wheel(event) {
    if (!event.altKey) return false;
    this.brush.step(event.deltaY + event.deltaX < 0 ? 1 : -1);
    return true;
  }

  /** @param {Press} press */
  _erasesNow(press) {
    return this.erases !== press.alt;
  }

  /**
   * What is worked on: the one selected mask, unless it was just drawn and another class has been chosen since; an
   * eraser that has none takes the mask under it.
   * @param {Press} press @param {number} value @returns {Annotation | null}
   */
  _target(press, value) {
    const { editor } = this;
    const [one, ...more] = editor.selected();
    if (one && !more.length && maskOn(editor, one)) {
      if (editor.fresh !== one.id || one.label === editor.labelId || !value) return one;
    }
    const under = value ? null : this.renderer.hit(press.picture);
    const found = under ? editor.store.get(under) : undefined;
    if (found && maskOn(editor, found)) {
      editor.select([found.id]);
      return found;
    }
    if (value) editor.select([]);
    return null;
  }

  _show() {
    const { gesture, layer, editor } = this;
    if (!gesture) return;
    layer.show(gesture.bitmap, gesture.color);
    this.renderer.stage.dataset.painting = "true";
    this._tell({ id: gesture.target?.id ?? null, outline: null });
  }

  /** @param {Point[]} trail */
  _pull(trail) {
    const { gesture } = this;
    if (!gesture) return;
    for (const to of trail) {
      const tip = { size: this.brush.size, square: this.brush.square };
      const from = gesture.last ?? to;
      gesture.last = to;
      this.layer.update(gesture.take((bitmap) => stroke(bitmap, from, to, tip, gesture.value)));
    }
    this._sketch(gesture);
  }

  /** @param {Gesture} gesture */
  _sketch(gesture) {
    const now = performance.now();
    if (now - gesture.sketchedAt < SKETCH_MS) return;
    gesture.sketchedAt = now;
    this._tell({ id: gesture.target?.id ?? null, outline: sketch(gesture.bitmap) });
  }

  /** @param {Press} press */
  _bucket(press) {
    const gesture = /** @type {Gesture} */ (this.gesture);
    this.gesture = null;
    const [x, y] = press.picture.map(Math.floor);
    const filled = gesture.value && gesture.take((bitmap) => bucket(bitmap, x, y));
    if (filled) gesture.commit("Fill");
    else this.editor.emit("say", "Nothing is closed off here. Paint a closed outline first, then Ctrl-click inside it.");
  }

  _end() {
    this.gesture = null;
    this.lasso = null;
    this.layer.hide();
    delete this.renderer.stage.dataset.painting;
    this.editor.dropDrafts();
    this._tell(null);
  }

  /** @param {import("../editor.js").Editor["painting"]} painting */
  _tell(painting) {
    const ids = [this.editor.painting?.id, painting?.id].filter((id) => typeof id === "string");
    this.editor.painting = painting;
    this.editor.emit("drafts", new Set(ids));
  }

  _showTip() {
    if (this.active && this.over) this.layer.showTip(this.over.screen, this.brush, this._erasesNow(this.over));
  }
}

export class EraserTool extends BrushTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    super(editor, renderer);
    this.erases = true;
  }
}

/** From the pointer's going down to its going up. */
class Gesture {
  /** @param {import("../editor.js").Editor} editor @param {Annotation | null} target @param {number} value 1 paints, 0 erases */
  constructor(editor, target, value) {
    this.editor = editor;
    this.target = target;
    this.value = value;
    this.frame = editor.frame;
    const mask = target && maskOn(editor, target);
    this.before = mask && countsOf(mask);
    this.ready = !mask || this.before !== null;
    this.bitmap = mask ? Bitmap.of(mask) : new Bitmap(editor.item.width, editor.item.height);
    this.color = target ? editor.styles.of(target).color : (editor.label(editor.labelId)?.color ?? "#ffffff");
    /** @type {Step[]} */
    this.steps = [];
    /** @type {Point | null} */
    this.last = null;
    this.sketchedAt = -Infinity;
  }

  /** @param {Step} step */
  take(step) {
    this.steps.push(step);
    return step(this.bitmap);
  }

  /** One tx. What somebody else did to the mask meanwhile stays: the steps are done again on top. @param {string} [title] */
  commit(title = this.value ? "Paint" : "Erase") {
    const { editor } = this;
    const before = this._now();
    if (before !== this.before) {
      this.before = before;
      this.bitmap = before && this.target ? Bitmap.of(/** @type {Mask} */ (maskOn(editor, this._target()))) : new Bitmap(editor.item.width, editor.item.height);
      for (const step of this.steps) step(this.bitmap);
    }
    const mask = this.bitmap.toMask();
    if ((mask?.counts ?? null) === before) return;
    whenStored(editor, mask ? [mask] : [], (small) => {
      if (this._now() !== before) this.commit(title);
      else if (this.frame !== editor.frame) editor.emit("say", "The stroke was dropped: another frame is on screen.");
      else this._submit(/** @type {Mask | null} */ ((mask && small.get(mask)) ?? mask), title);
    });
  }

  /** @param {Mask | null} mask @param {string} title */
  _submit(mask, title) {
    const { editor } = this;
    const now = this.before !== null ? this._target() : null;
    if (now) editor.submit(reshaping(editor, now, mask), title);
    else if (mask) editor.draw(mask);
  }

  /** @returns {Annotation} */
  _target() {
    return /** @type {Annotation} */ (this.editor.store.get(this.target?.id ?? ""));
  }

  /** The run lengths that the mask has now; null when there is none. @returns {string | null} */
  _now() {
    const now = this._target();
    const mask = now ? maskOn(this.editor, now) : null;
    return mask && countsOf(mask);
  }
}

/** What is erased wholly is deleted; a track only ends its stay. @param {import("../editor.js").Editor} editor @param {Annotation} now @param {Mask | null} mask @returns {import("../types.js").Op[]} */
function reshaping({ frame, store }, now, mask) {
  const { id, keyframes, geom_rev } = now;
  if (keyframes && frame !== null) return [{ op: "keyframe", id, frame, set: mask ? { geometry: mask } : { outside: true } }];
  // As with outlines: what somebody else painted meanwhile must not go without a word.
  return mask ? [{ op: "update", id, set: { geometry: mask }, ...(store.isPending(id) ? {} : { geom_rev }) }] : [{ op: "delete", id }];
}

/** @param {import("../editor.js").Editor} editor @param {Annotation} annotation @returns {Mask | null} */
function maskOn(editor, annotation) {
  const geometry = geometryOn(annotation, editor.frame);
  return geometry?.type === "mask" ? geometry : null;
}
