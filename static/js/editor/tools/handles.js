/** Dragging what the one selected shape can be held by: sides, corners, the knob, vertices, edges and keypoints. */
import { geometryOn, resized } from "../model/geometry.js";
import { cursorOf, nextVisibility, resizedRotated, turned, visibilityText } from "../model/handles.js";
import { findVertex, freshVertex, nearestEdge, ringsOf, withInserted, withMoved } from "../model/vertices.js";
import { clamp, round2 } from "../util.js";
import { snapAt } from "./snap.js";
import { choose, chosenPlaces, pointNames, remove, setVisibility, withPlaces } from "./vertices.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../model/handles.js").Handle} Handle
 * @typedef {import("./select.js").Press} Press
 * @typedef {{kind: "edge", ring: number, index: number, at: Point, distance: number}} Edge
 */

const EDGE_REACH = 6;
const SNAP_DEGREES = 15;
const TITLES = { side: "Resize", corner: "Resize", knob: "Turn", vertex: "Move vertex", point: "Move point", edge: "Insert vertex" };

/** Tools that draw have it too, so that a fresh shape can be mended at once. */
export class HandleDrag {
  /**
   * @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer
   * @param {number} reach screen pixels around a handle's middle
   * @param {boolean} edges whether a press on an edge puts a vertex in
   */
  constructor(editor, renderer, reach = 9, edges = true) {
    this.editor = editor;
    this.renderer = renderer;
    this.reach = reach;
    this.edges = edges;
    /** @type {Handle | Edge | null} */
    this.grip = null;
    /** @type {string | number} the vertex that an edge has got */
    this.fresh = "";
    /** @type {Press | null} */
    this.last = null;
  }

  /** @param {Press} press @returns {Handle | Edge | null} */
  under(press) {
    const { editor } = this;
    const geometry = editor.selection.size === 1 && editor.editable && !editor.hidden.has(this._id()) && !editor.locked.has(this._id()) ? this._geometry() : null;
    if (!geometry) return null;
    const handle = this.renderer.handleUnder(geometry, press.screen, press.touch ? 2 * this.reach : this.reach);
    if (handle || !this.edges || press.alt || press.shift || press.ctrl) return handle;
    const edge = ringsOf(geometry).length ? nearestEdge(geometry, press.picture) : null;
    const reach = (press.touch ? 2 : 1) * EDGE_REACH;
    return edge && edge.distance * editor.view.scale <= reach ? { kind: "edge", ...edge } : null;
  }

  /** The CSS cursor; empty where nothing can be held. @param {Press} press */
  cursor(press) {
    const grip = this.under(press);
    const geometry = grip && this._geometry();
    if (!grip || !geometry) return "";
    return grip.kind === "edge" ? "copy" : cursorOf(grip, geometry);
  }

  /** @param {Press} press @returns {boolean} whether something was taken hold of */
  down(press) {
    this.grip = this.under(press);
    if (!this.grip) return false;
    this.editor.commitDrafts();
    this.last = null;
    this.start = press.picture;
    if (this._touchUp(press)) this.grip = null;
    else this._begin(press);
    return true;
  }

  /** What is done by the press itself: Alt takes a vertex away, or changes what is seen of a keypoint. @param {Press} press */
  _touchUp(press) {
    const grip = this.grip;
    if (!press.alt || !grip || grip.kind === "edge") return false;
    if (grip.kind === "vertex") remove(this.editor, [grip.key]);
    else if (grip.kind === "point") setVisibility(this.editor, new Set([grip.key]), nextVisibility);
    return true;
  }

  /** @param {Press} press */
  _begin(press) {
    const { grip, editor } = this;
    this.before = this._geometry();
    if (grip?.kind === "vertex" || grip?.kind === "point") this._choose(grip, press);
    else choose(editor, []);
    this.places = this.before ? chosenPlaces(editor, this.before) : new Map();
    if (grip?.kind !== "edge") return;
    this.fresh = freshVertex();
    this.move(press);
    choose(editor, [this.fresh]);
  }

  /** @param {Handle} grip @param {Press} press */
  _choose(grip, press) {
    const { chosen } = this.editor.guides;
    if (press.shift) choose(this.editor, chosen.has(grip.key) ? [...chosen].filter((key) => key !== grip.key) : [...chosen, grip.key]);
    else if (!chosen.has(grip.key)) choose(this.editor, [grip.key]);
  }

  /** @param {Press} press */
  move(press) {
    const { editor, grip } = this;
    const now = this._geometry(true);
    if (!grip || !now || !this.before) return;
    this.last = press;
    const next = this._dragged(now, press);
    if (!next) return;
    editor.setDrafts(new Map([[this._id(), next]]));
    editor.setGuides({ sizeAt: { text: this._words(next), at: press.screen } });
  }

  /** @param {Geometry} now @param {Press} press @returns {Geometry | null} */
  _dragged(now, press) {
    const { grip, before } = this;
    const { width, height } = this.editor.item;
    const [dx, dy] = this._by(press);
    if (grip?.kind === "edge") return this._inserted(now, grip, press);
    if (grip?.kind === "vertex" || grip?.kind === "point") return this._placed(now, grip, press);
    if (grip && before?.type === "box") return resized(before, grip.name, dx, dy, width, height);
    if (!grip || before?.type !== "rbox") return null;
    const next = grip.kind === "knob" ? turned(before, press.picture, press.shift ? SNAP_DEGREES : 0) : resizedRotated(before, grip.name, dx, dy);
    const inside = next.cx >= 0 && next.cy >= 0 && next.cx <= width && next.cy <= height;
    return inside ? next : null;
  }

  /** @param {Press} press @returns {Point} */
  _by(press) {
    const [x, y] = this.start ?? press.picture;
    return [press.picture[0] - x, press.picture[1] - y];
  }

  /** All chosen ones go along; the one that is held goes to the neighbour's outline while snapping. @param {Geometry} now @param {Handle} grip @param {Press} press */
  _placed(now, grip, press) {
    let [dx, dy] = this._by(press);
    const snap = snapAt(this.editor, this.renderer, press, this._id());
    this.editor.setGuides({ sketch: snap && { dots: [], lines: [], snap: snap.at } });
    if (snap) [dx, dy] = [snap.at[0] - grip.at[0], snap.at[1] - grip.at[1]];
    const places = new Map([...this.places ?? []].map(([key, [x, y]]) => [key, /** @type {Point} */ ([x + dx, y + dy])]));
    return withPlaces(now, places, this.editor.item);
  }

  /** @param {Geometry} now @param {Edge} edge @param {Press} press */
  _inserted(now, edge, press) {
    if (!this.before) return null;
    const { width, height } = this.editor.item;
    const after = ringsOf(this.before)[edge.ring][edge.index][0];
    const pulled = press.picture !== this.start;
    const snap = pulled ? snapAt(this.editor, this.renderer, press, this._id()) : null;
    const [x, y] = snap?.at ?? (pulled ? press.picture : edge.at);
    const place = /** @type {Point} */ ([round2(clamp(x, 0, width)), round2(clamp(y, 0, height))]);
    const wide = withInserted(now, edge.ring, after, [this.fresh, ...place]);
    return wide ?? withMoved(now, new Map());
  }

  /** @param {Geometry} geometry */
  _words(geometry) {
    if (geometry.type === "box") return sizeText(geometry);
    if (geometry.type === "rbox") return `${sizeText(geometry)} · ${Math.round(geometry.angle)}°`;
    if (this.grip?.kind !== "point") return "";
    const names = pointNames(this.editor, this.editor.store.get(this._id())?.label ?? "");
    return `${names[Number(this.grip.key)] ?? ""} ${visibilityText(this.grip.index)}`;
  }

  up() {
    const { editor, grip, last } = this;
    // Once more on what the shape is now: somebody else may have moved another vertex of it.
    if (last && editor.drafts.size) this.move(last);
    const gone = grip?.kind === "vertex" && last && !this._holds(grip.key);
    if (gone) editor.emit("say", "Somebody else took this vertex away meanwhile: the outline stays as they left it.");
    this.grip = null;
    editor.setGuides({ sizeAt: null, sketch: null });
    if (grip) editor.commitDrafts(TITLES[grip.kind]);
  }

  /** @param {string | number} key of a vertex */
  _holds(key) {
    const geometry = this._geometry(true);
    return geometry !== null && findVertex(geometry, key) !== null;
  }

  cancel() {
    this.grip = null;
    this.editor.dropDrafts();
    this.editor.setGuides({ sizeAt: null, sketch: null });
  }

  _id() {
    return [...this.editor.selection][0];
  }

  /** @param {boolean} [bare] without what is being dragged @returns {Geometry | null} */
  _geometry(bare = false) {
    const annotation = this.editor.store.get(this._id());
    if (!annotation) return null;
    return (bare ? undefined : this.editor.drafts.get(annotation.id)) ?? geometryOn(annotation, this.editor.frame);
  }
}

/** @param {{w: number, h: number}} box */
export function sizeText({ w, h }) {
  return `${Math.round(w)} × ${Math.round(h)}`;
}

/** How many pixels of the screen lie between two presses. @param {import("./select.js").Press} a @param {import("./select.js").Press} b */
export function far(a, b) {
  return Math.hypot(a.screen[0] - b.screen[0], a.screen[1] - b.screen[1]);
}
