/**
 * Outlines by clicks or freehand: polygons, holes in them, and (see polyline.js) open lines. A point is set when the
 * button goes up, so that a second finger, which moves the view, sets none.
 */
import { borderBetween, isCorner, outlinesOf, ringsCross } from "../model/borders.js";
import { contains } from "../model/geometry.js";
import { FEWEST, atMost, freshVertex, named, numbered, ringsOf, simplified, straightened } from "../model/vertices.js";
import { clamp, round2 } from "../util.js";
import { far } from "./handles.js";
import { snapAt } from "./snap.js";
import { theOne } from "./vertices.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("./select.js").Press} Press
 * @typedef {import("./snap.js").Snap} Snap
 * @typedef {{at: Point, snap: Snap | null}} Corner a point that was set, and the neighbour's place that it lies on
 */

const CLICK_SLACK = 4;
const TOUCH_SLACK = 10;
/** So near to the first point, in screen pixels, a click closes the ring. */
const CLOSE_REACH = 9;
/** How far a freehand line may be from the hand's, in screen pixels. */
const ROUGH = 1.2;
/** A shape may have 64 KiB. */
const MOST_VERTICES = 1800;

export class PolygonTool {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer */
  constructor(editor, renderer) {
    this.editor = editor;
    this.renderer = renderer;
    this.cursor = "crosshair";
    this.kind = /** @type {"polygon" | "polyline"} */ ("polygon");
    /** @type {Corner[]} */
    this.corners = [];
    /** @type {Press | null} */
    this.pressed = null;
    /** @type {Press | null} where the hand is */
    this.over = null;
    /** @type {Point[] | null} */
    this.freehand = null;
    /** Whether the border is followed the longer way. */
    this.longer = false;
    editor.on("settings", () => this.busy && this._preview());
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {
    this.cancel();
  }

  /** Whether points are set that Escape would let go of. */
  get busy() {
    return this.corners.length > 0;
  }

  /** @param {Press} press */
  down(press) {
    if (!this.editor.editable) return this.editor.emit("say", this.editor.refusal);
    // What the arrow keys have moved becomes ops before the drawing takes the drafts' place.
    if (!this.busy) this.editor.commitDrafts();
    this.pressed = press;
    this.over = press;
  }

  /** @param {Press} press */
  move(press) {
    this.over = press;
    if (this.pressed) this._pull(press, this.pressed);
    if (this.busy || this.freehand) this._preview();
    else this._showSnap();
  }

  /** A drag draws freehand. @param {Press} press @param {Press} from */
  _pull(press, from) {
    if (!this.freehand) {
      if (far(press, from) < (press.touch ? TOUCH_SLACK : CLICK_SLACK)) return;
      if (!this.busy) this._begin();
      const place = this._corner(from);
      if (!this.busy) this.corners.push(place);
      this.freehand = [place.at];
    }
    this.freehand.push(...(press.trail?.() ?? [press.picture]).map((point) => this._inside(point)));
  }

  /** @param {Press} press */
  up(press) {
    const { pressed, freehand } = this;
    this.pressed = this.freehand = null;
    if (!pressed) return;
    if (freehand) return this._landed(freehand, press);
    if (this._closes(press)) return this.finish();
    if (!this.busy) this._begin();
    this._add(press);
    this._preview();
  }

  /** The first point of a new shape. */
  _begin() {
    this.editor.select([]);
  }

  /** @param {Point[]} freehand @param {Press} press */
  _landed(freehand, press) {
    const points = simplified(freehand, ROUGH / this.editor.view.scale).slice(1);
    const refusal = points.map((point) => this.refuses(point)).find(Boolean);
    if (refusal) this.editor.emit("say", refusal);
    else this.corners.push(...points.map((at) => ({ at: this._rounded(at), snap: null })));
    if (!refusal && this._closes(press)) {
      this.corners.pop();
      return this.finish();
    }
    this._preview();
  }

  /** @param {Press} press */
  _add(press) {
    const corner = this._corner(press);
    const last = this.corners.at(-1);
    if (last && last.at[0] === corner.at[0] && last.at[1] === corner.at[1]) return;
    const refusal = this.refuses(corner.at);
    if (refusal) return this.editor.emit("say", refusal);
    this.corners.push(...this._border(last, corner).map((at) => ({ at: this._rounded(at), snap: null })), corner);
    this.longer = false;
  }

  /** Why a point may not be set there; empty when it may. @param {Point} _point @returns {string} */
  refuses(_point) {
    return "";
  }

  /** Why the ring may not be closed so; empty when it may. @param {Point[]} _points @returns {string} */
  refusesRing(_points) {
    return "";
  }

  // -- where the next point lies -----------------------------------------------------------------------------------

  /** @param {Press} press @returns {Corner} */
  _corner(press) {
    const snap = snapAt(this.editor, this.renderer, press, this.skipped);
    if (snap) return { at: snap.at, snap };
    const last = this.corners.at(-1);
    return { at: this._inside(press.shift && last ? straightened(last.at, press.picture) : press.picture), snap: null };
  }

  /** The shape that is no neighbour. @returns {string | undefined} */
  get skipped() {
    return undefined;
  }

  /** @param {Point} point @returns {Point} */
  _inside([x, y]) {
    const { width, height } = this.editor.item;
    return this._rounded([clamp(x, 0, width), clamp(y, 0, height)]);
  }

  /** @param {Point} point @returns {Point} */
  _rounded([x, y]) {
    return [round2(x), round2(y)];
  }

  /** The way along a neighbour that both points lie on. @param {Corner | undefined} from @param {Corner} to @returns {Point[]} */
  _border(from, to) {
    const [start, end] = sharedRing(from, to);
    return start && end ? borderBetween(outlinesOf(end.geometry)[end.ring], start.along, end.along, this.longer) : [];
  }

  /** @param {Press} press */
  _closes(press) {
    const end = this.kind === "polygon" ? this.corners[0] : this.corners.at(-1);
    if (!end || this.corners.length < FEWEST[this.kind]) return false;
    const [x, y] = this.editor.view.toScreen(end.at);
    return Math.hypot(press.screen[0] - x, press.screen[1] - y) <= CLOSE_REACH * (press.touch ? 2 : 1);
  }

  // -- what is seen of it ------------------------------------------------------------------------------------------

  _showSnap() {
    const snap = this.over && snapAt(this.editor, this.renderer, this.over, this.skipped);
    if (snap || this.editor.guides.sketch) this.editor.setGuides({ sketch: snap && { dots: [], lines: [], snap: snap.at } });
  }

  _preview() {
    const { editor, over, freehand, corners } = this;
    const set = corners.map(({ at }) => at);
    const closes = over !== null && !freehand && this._closes(over);
    const next = over && !closes && !freehand ? this._corner(over) : null;
    const ahead = next ? [...this._border(corners.at(-1), next), next.at] : closes ? this._closing() : [];
    const points = [...set, ...(freehand?.slice(1) ?? []), ...ahead];
    editor.setDrafts(points.length > 1 ? new Map([["new", draftOf(this.kind, points.map(([x, y], i) => [i, x, y]))]]) : new Map());
    editor.setGuides({
      sketch: { dots: set, lines: [], snap: closes ? this._end() : (next?.snap?.at ?? null) },
      sizeAt: over && { text: closes ? "close" : "", at: over.screen },
    });
  }

  /** The way along a neighbour from the last point to the first, while snapping. @returns {Point[]} */
  _closing() {
    if (this.kind !== "polygon" || !this.editor.snapping || this.corners.length < 2) return [];
    return this._border(this.corners.at(-1), this.corners[0]).map((at) => this._rounded(at));
  }

  /** @returns {Point} where a click ends the drawing */
  _end() {
    return (this.kind === "polygon" ? this.corners[0] : this.corners[this.corners.length - 1]).at;
  }

  // -- the end -----------------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.busy) return false;
    if (event.ctrlKey || event.metaKey) return event.code === "KeyZ" && !event.shiftKey && this._takenBack();
    if (event.code === "Enter" || event.code === "NumpadEnter") this.finish();
    else if (event.code === "Backspace" || event.code === "Delete") this.back();
    else if (event.code === "Tab" && this._follows()) this._turnRound();
    else return false;
    return true;
  }

  /** Undo takes back what is being drawn before what was. */
  _takenBack() {
    this.back();
    return true;
  }

  /** Whether the next point would follow a border. */
  _follows() {
    if (this.over && this._closes(this.over)) return this._closing().length > 0;
    const next = this.over && this._corner(this.over);
    return next !== null && sharedRing(this.corners.at(-1), next).length > 0;
  }

  _turnRound() {
    this.longer = !this.longer;
    this._preview();
  }

  /** Take the last point back. */
  back() {
    this.corners.pop();
    if (this.busy) return this._preview();
    this.cancel();
  }

  /** The second click of a double click has set no point of its own. */
  twice() {
    if (this.busy) this.finish();
  }

  finish() {
    const { corners, editor } = this;
    if (corners.length < FEWEST[this.kind]) {
      return editor.emit("say", `A ${this.kind} needs ${FEWEST[this.kind]} points: click ${FEWEST[this.kind] - corners.length} more, or press Escape.`);
    }
    const whole = [...corners, ...this._closing().map((at) => ({ at, snap: null }))];
    const refusal = this.refusesRing(whole.map(({ at }) => at));
    if (refusal) return editor.emit("say", refusal);
    this.cancel();
    this.draw(whole);
  }

  /** @param {Corner[]} corners */
  draw(corners) {
    const joints = this._joints(corners);
    const points = atMost(corners.map(({ at }) => at), MOST_VERTICES, ROUGH / this.editor.view.scale);
    if (points.length < corners.length) this.editor.emit("say", `Drawn with ${points.length} points: more would be too large for one shape.`);
    // Others may be at work on the shape that is drawn again: its new vertices must not have names of the old ones.
    this.editor.draw(draftOf(this.kind, this.editor.redrawing ? named(points) : numbered(points)), joints);
  }

  /** Where a new point lies on a neighbour's edge, the neighbour gets a vertex too: no rounding opens a gap between them. @param {Corner[]} corners @returns {import("../types.js").Op[]} */
  _joints(corners) {
    const { store } = this.editor;
    const found = corners.flatMap(({ at, snap }) => (snap?.all ?? []).filter((each) => !isCorner(each)).map((each) => ({ at, snap: each })));
    // Places farther along an edge first: each goes in right after the vertex before the edge.
    found.sort((a, b) => b.snap.along - a.snap.along);
    return found.flatMap(({ at, snap }) => {
      const neighbour = store.get(snap.id);
      const before = ringsOf(snap.geometry)[snap.ring]?.[Math.floor(snap.along)];
      // Who changes the neighbour meanwhile has the last word on it.
      if (!before || neighbour?.geometry !== snap.geometry || neighbour.keyframes || neighbour.source === "model" || this.editor.locked.has(snap.id)) return [];
      return [{ op: "vertex", id: snap.id, ring: snap.ring, do: "insert", vertex: freshVertex(), after: before[0], x: at[0], y: at[1] }];
    });
  }

  /** The last press was none: a second finger came down. */
  interrupt() {
    this.pressed = this.freehand = null;
    if (this.busy) this._preview();
  }

  cancel() {
    this.corners = [];
    this.pressed = this.freehand = null;
    this.longer = false;
    this.editor.dropDrafts();
    this.editor.setGuides({ sketch: null, sizeAt: null });
  }
}

/** A ring inside of the one selected polygon. */
export class HoleTool extends PolygonTool {
  enter() {
    super.enter();
    if (!this.polygon) this.editor.emit("say", NO_POLYGON);
    else this.editor.emit("say", "Draw the hole inside of the selected polygon.");
  }

  /** @returns {{annotation: import("../types.js").Annotation, geometry: import("../types.js").Polygon} | null} */
  get polygon() {
    const one = theOne(this.editor);
    return one?.geometry.type === "polygon" ? { annotation: one.annotation, geometry: one.geometry } : null;
  }

  get skipped() {
    return this.polygon?.annotation.id;
  }

  /** @param {Press} press */
  down(press) {
    if (this.polygon) return super.down(press);
    const [id] = this.renderer.hits(press.picture, press.touch ? 12 : 5);
    if (id) this.editor.select([id]);
    this.editor.emit("say", this.polygon ? "Now draw the hole inside of it." : NO_POLYGON);
  }

  _begin() {}

  /** @param {Point} point */
  refuses(point) {
    const { polygon } = this;
    if (!polygon) return NO_POLYGON;
    const [outer, ...holes] = polygon.geometry.rings;
    if (!contains({ type: "polygon", rings: [outer] }, point, 0)) return "A hole lies inside of its shape: set its points there.";
    const taken = holes.some((hole) => contains({ type: "polygon", rings: [hole] }, point, 0));
    return taken ? "There is a hole already: two holes must not overlap." : "";
  }

  /** @param {Point[]} points */
  refusesRing(points) {
    const rings = this.polygon ? outlinesOf(this.polygon.geometry) : [];
    return rings.some((ring) => ringsCross(ring.points, points)) ? "The hole would cross an outline: take points back with Backspace." : "";
  }

  /** @param {{at: Point}[]} corners */
  draw(corners) {
    const { polygon, editor } = this;
    if (!polygon) return editor.emit("say", NO_POLYGON);
    const rings = [...polygon.geometry.rings, named(corners.map(({ at }) => at))];
    editor.setDrafts(new Map([[polygon.annotation.id, { ...polygon.geometry, rings }]]));
    editor.commitDrafts("Cut a hole");
  }
}

const NO_POLYGON = "Select one polygon first: a hole is cut into it.";

/** @param {"polygon" | "polyline"} kind @param {import("../types.js").Vertex[]} vertices @returns {Geometry} */
function draftOf(kind, vertices) {
  if (kind === "polygon" && vertices.length >= FEWEST.polygon) return { type: "polygon", rings: [vertices] };
  return { type: "polyline", points: vertices };
}

/** The places of two points on one ring of a neighbour; none where they share no neighbour. @param {Corner | undefined} from @param {Corner} to @returns {import("./snap.js").Touch[]} */
function sharedRing(from, to) {
  for (const start of from?.snap?.all ?? []) {
    const end = to.snap?.all.find(({ id, ring }) => id === start.id && ring === start.ring);
    if (end) return [start, end];
  }
  return [];
}
