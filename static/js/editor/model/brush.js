/** The tip that masks are painted with: one an editor, kept in this browser. */
import { Emitter, clamp, safeStorage } from "../util.js";

const SETTING = "frameloop.editor.brush";
export const LARGEST_TIP = 1000;
/** A step is about this part of the size. */
const STEP = 0.15;

/** Emits `change`. */
export class Brush extends Emitter {
  constructor() {
    super();
    this._storage = safeStorage("localStorage");
    const [size, square] = (this._storage.get(SETTING) ?? "").split(" ");
    this.size = clamp(Math.round(Number(size)) || 24, 1, LARGEST_TIP);
    this.square = square === "square";
  }

  /** @param {{size?: number, square?: boolean}} changes size in pixels of the picture, across */
  set({ size = this.size, square = this.square }) {
    this.size = clamp(Math.round(size) || 1, 1, LARGEST_TIP);
    this.square = square;
    this._storage.set(SETTING, `${this.size} ${this.square ? "square" : "round"}`);
    this.emit("change");
  }

  /** @param {number} direction 1 larger, -1 smaller */
  step(direction) {
    this.set({ size: this.size + direction * Math.max(1, Math.round(this.size * STEP)) });
  }
}

/** @type {WeakMap<object, Brush>} */
const brushes = new WeakMap();

/** The brush of an editor, shared by its tools and panels. @param {object} editor */
export function brushOf(editor) {
  const brush = brushes.get(editor) ?? new Brush();
  brushes.set(editor, brush);
  return brush;
}
