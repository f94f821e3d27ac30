/**
 * Draws the editor: the picture as a CSS-transformed element, static shapes on a canvas, what moves in a small SVG.
 * The rest of the editor knows only `setPicture`, `hit`, `within` and `handleUnder`, so another way of drawing can take its place.
 */
import RBush from "../../vendor/rbush.js";
import { areaOf, boundsOf, contains, geometryOn, union } from "../model/geometry.js";
import { put } from "../util.js";
import { crowds, masks } from "./style.js";
import { ShapeLayer } from "./shape_layer.js";

/**
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Bounds} Bounds
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("./shape_layer.js").Entry} Entry
 */

/** While the view is zoomed, a bitmap at a scale so far from the view's is soon drawn anew, another one now and then. */
const FAR = 1.8;
const FAR_MS = 120;
const NEAR_MS = 400;
/** The bitmap is drawn anew when so much of it is left beside the stage, as a share of the stage's size. */
const SPARE = 0.04;
const REPAINT_MS = 100;
/** So many corners of a polygon cost as much as a box does. */
const CORNERS_OF_A_BOX = 8;
/** So long, and so many drawn frames, after the last move the view rests. */
const REST_MS = 90;
const REST_FRAMES = 3;
/** Frames that are further apart than this are not of one gesture. */
const GESTURE_MS = 300;
/** A zoom may spend one part in this many on drawing anew. */
const COST_SHARE = 40;
/** Above this many selected shapes only the frame around them all is drawn. */
const MOST_OUTLINED = 400;
const PIXELATED_FROM = 4;
/** The tools that take hold of the selected shape's handles; others have the first press for something else. */
const GRIPPING = new Set(["select", "box", "rbox", "keypoints"]);

export class Renderer {
  /** @param {import("../editor.js").Editor} editor @param {HTMLElement} stage */
  constructor(editor, stage) {
    this.editor = editor;
    this.stage = stage;
    this.view = editor.view;
    this.picture = /** @type {HTMLElement} */ (stage.querySelector(".ed-picture"));
    const canvas = /** @type {HTMLCanvasElement} */ (stage.querySelector("canvas"));
    /** @type {import("./overlay.js").Overlay | null} on its way while the first shapes are drawn */
    this.overlay = null;
    /** Resolves when all that hands need is here. */
    this.ready = this._fetchOverlay();
    /** @type {RBush<Entry>} */
    this.tree = new RBush();
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    this.layer = new ShapeLayer(canvas, {
      search: (bounds) => this.tree.search(bounds),
      styleOf: (annotation) => editor.styles.of(annotation, editor.frame),
      raised: () => this._raised > 0,
      dimmed: () => editor.dimmed,
      lifted: () => (editor.drafts.size || editor.hidden.size || editor.painting ? (id) => editor.drafts.has(id) || editor.hidden.has(id) || editor.painting?.id === id : null),
      bones: (label) => editor.label(label)?.skeleton?.edges ?? [],
    });
    /** @type {Bounds[]} */
    this._dirty = [];
    this._hurry = false;
    this._repaintedAt = 0;
    /** How many shapes have a z. */
    this._raised = 0;
    this._stale = true;
    this._drawnAt = 0;
    this._drawCost = 0;
    this._movedAt = -Infinity;
    this._asked = false;
    this._place = "";
    /** Whether a picture that is zoomed in far is smoothed, or shows its pixels. */
    this.smooth = false;
    this._listen();
    this.rebuild();
  }

  _listen() {
    const { editor } = this;
    const ask = () => this.ask();
    this.view.on("change", () => {
      this._stale = true;
      this.ask();
    });
    editor.store.on("change", ({ ids, reset }) => (reset ? this.rebuild() : this.update(ids)));
    editor.on("frame", () => this.rebuild());
    editor.on("drafts", (/** @type {Set<string>} */ ids) => {
      for (const id of ids) this._touch(this.entries.get(id));
      if (ids.size) this._hurry = true; // what is dragged and what lies still must change over in one frame
      this.ask();
    });
    // A shape and the preview of its drag change over in one frame, others' like one's own.
    editor.on("landed", () => (this._hurry = true));
    editor.on("hidden", () => this._anew());
    for (const late of [masks, crowds]) late.on("here", () => this._anew());
    for (const name of ["selection", "hover", "guides", "peers", "tool"]) editor.on(name, ask);
    new ResizeObserver(() => this.resize()).observe(this.stage);
  }

  async _fetchOverlay() {
    const { Overlay } = await import("./overlay.js");
    this.overlay = new Overlay(/** @type {SVGSVGElement} */ (this.stage.querySelector("svg.ed-overlay")));
    this.ask();
  }

  /** Draw everything again as soon as can be. */
  _anew() {
    this._stale = this._hurry = true;
    this._drawnAt = 0;
    this.ask();
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    this.view.resize(clientWidth, clientHeight);
    this._anew();
  }

  /** How things look has changed. @param {{smooth: boolean, fill: number, names: boolean}} look fill from 0 to 1 */
  setLook({ smooth, fill, names }) {
    this.smooth = smooth;
    this.layer.fill = fill;
    this.layer.names = names;
    this._place = "";
    this._anew();
  }

  /** Show a loaded picture: whatever was there goes in the same step. @param {HTMLElement} element */
  setPicture(element) {
    this.picture.replaceChildren(element);
    this.ask();
  }

  /** Read all shapes of the frame anew. */
  rebuild() {
    this.entries.clear();
    this._raised = 0;
    for (const annotation of this.editor.store.onFrame(this.editor.frame)) {
      const entry = this._entry(annotation);
      if (entry) this._put(entry);
    }
    this.tree.clear();
    this.tree.load([...this.entries.values()]);
    this._anew();
  }

  /** @param {Set<string>} ids */
  update(ids) {
    for (const id of ids) {
      const old = this.entries.get(id);
      if (old) {
        this.tree.remove(old);
        this.entries.delete(id);
        if (old.z) this._raised -= 1;
      }
      const annotation = this.editor.store.get(id);
      const entry = annotation && this._entry(annotation);
      if (entry) {
        this._put(entry);
        this.tree.insert(entry);
      }
      if (old && entry && overlap(old, entry)) this._dirty.push(union(old, entry));
      else this._dirty.push(...[old, entry].flatMap((each) => each ?? []));
    }
    this.ask();
  }

  /** @param {import("../types.js").Annotation} annotation @returns {Entry | null} */
  _entry(annotation) {
    const geometry = geometryOn(annotation, this.editor.frame);
    const bounds = geometry && boundsOf(geometry);
    return geometry && bounds && { ...bounds, id: annotation.id, z: annotation.z ?? 0, weight: weightOf(geometry), annotation, geometry };
  }

  /** @param {Entry} entry */
  _put(entry) {
    this.entries.set(entry.id, entry);
    if (entry.z) this._raised += 1;
  }

  /** @param {Entry | undefined} entry */
  _touch(entry) {
    if (entry) this._dirty.push(entry);
  }

  // -- questions of the tools ------------------------------------------------------------------------------------

  /** The shape under a point that a click means first. @param {Point} point @param {number} [reach] screen pixels @returns {string | null} */
  hit(point, reach = 5) {
    return this.hits(point, reach)[0] ?? null;
  }

  /** All shapes under a point: the topmost by z first, and of those the smallest. @param {Point} point @param {number} [reach] screen pixels @returns {string[]} */
  hits(point, reach = 5) {
    const slack = reach / this.view.scale;
    return this.near(point, slack)
      .filter(({ id, geometry }) => !this.editor.locked.has(id) && contains(geometry, point, slack, bonesOf(this.editor, id, geometry)))
      .map(({ id, z, geometry }) => ({ id, z, area: areaOf(geometry) }))
      .sort((a, b) => b.z - a.z || a.area - b.area)
      .map(({ id }) => id);
  }

  /** The shapes that lie in a rectangle as a whole. @param {Bounds} bounds @returns {string[]} */
  within(bounds) {
    return this.tree
      .search(bounds)
      .filter(({ minX, minY, maxX, maxY, id }) =>
        minX >= bounds.minX && minY >= bounds.minY && maxX <= bounds.maxX && maxY <= bounds.maxY && this._reachable(id) && !this.editor.locked.has(id))
      .map((entry) => entry.id);
  }

  /** The shapes whose surroundings hold a point, those under the pointer or not. @param {Point} point @param {number} slack pixels of the picture @returns {Entry[]} */
  near([x, y], slack) {
    const found = this.tree.search({ minX: x - slack, minY: y - slack, maxX: x + slack, maxY: y + slack });
    return found.filter(({ id }) => this._reachable(id));
  }

  /** Neither hidden nor left out by the filter. @param {string} id */
  _reachable(id) {
    return !this.editor.hidden.has(id) && !this.editor.dimmed.has(id);
  }

  /** @param {Geometry} geometry @param {Point} at of the stage @param {number} reach */
  handleUnder(geometry, at, reach) {
    return this.overlay?.handleUnder(geometry, at, this.view, reach) ?? null;
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  ask() {
    if (this._asked) return;
    this._asked = true;
    requestAnimationFrame((now) => {
      this._asked = false;
      this.drawFrame(now);
    });
  }

  /** @param {number} now */
  drawFrame(now) {
    const { x, y, scale } = this.view;
    const place = `translate(${x}px, ${y}px) scale(${scale})`;
    if (place !== this._place) {
      this._place = this.picture.style.transform = place;
      this.picture.classList.toggle("pixelated", !this.smooth && scale >= PIXELATED_FROM);
    }
    if (this._stale && this._due(now)) this._redraw(now);
    else if (this._stale) {
      this.layer.place(this.view);
      this._later(now);
    }
    this._repaint(now);
    this._drawOverlay(now);
    this._hurry = false;
  }

  /**
   * While a gesture runs: a moved bitmap is as sharp as a new one as long as it covers the stage; a zoomed one is
   * refreshed now and then, the less often the more it costs.
   * @param {number} now
   */
  _due(now) {
    if (!this._covers(0)) this._hurry = true;
    if (this._drawnAt === 0 || !this._covers(SPARE)) return true;
    const grown = this.view.scale / this.layer.drawn.scale;
    if (Math.abs(grown - 1) <= 1e-9) return false;
    const wait = grown > FAR || grown < 1 / FAR ? FAR_MS : NEAR_MS;
    return now - this._drawnAt >= Math.max(wait, COST_SHARE * this._drawCost);
  }

  /** What others change is painted some times a second: each change of the bitmap has it copied and composed as a whole. @param {number} now */
  _repaint(now) {
    if (!this._dirty.length) return;
    if (!this._hurry && now - this._repaintedAt < REPAINT_MS) {
      clearTimeout(this._soon);
      this._soon = setTimeout(() => this.ask(), REPAINT_MS);
      return;
    }
    this.layer.repaint(this._dirty, this._hurry);
    this._dirty = [];
    this._repaintedAt = now;
  }

  /** Whether the bitmap covers what there is to see of the picture, and so much around it. @param {number} spare share of the stage's size */
  _covers(spare) {
    const covered = this.layer.covered;
    if (!covered) return false;
    const { minX, minY, maxX, maxY } = this.view.visible(spare * Math.min(this.view.width, this.view.height));
    const { pictureWidth, pictureHeight } = this.view;
    return (
      covered.minX <= Math.max(minX, 0) && covered.minY <= Math.max(minY, 0) &&
      covered.maxX >= Math.min(maxX, pictureWidth) && covered.maxY >= Math.min(maxY, pictureHeight)
    );
  }

  /** @param {number} now */
  _redraw(now) {
    const began = performance.now();
    this.layer.draw(this.view, this._hurry);
    this._drawCost = performance.now() - began;
    this._drawnAt = now;
    this._stale = false;
    this._dirty = [];
  }

  /** A slow browser should not take the time between two frames of a gesture for its end. @param {number} now */
  _later(now) {
    const apart = now - this._movedAt;
    this._movedAt = now;
    clearTimeout(this._rest);
    this._rest = setTimeout(() => {
      this._drawnAt = 0;
      this.ask();
    }, Math.max(REST_MS, apart < GESTURE_MS ? REST_FRAMES * apart : 0));
  }

  /** @param {number} now */
  _drawOverlay(now) {
    const { editor, view, overlay } = this;
    if (!overlay) return;
    const hovered = editor.hover && !editor.drafts.has(editor.hover) ? this.entries.get(editor.hover) : undefined;
    overlay.showHover(hovered?.geometry ?? null, hovered ? editor.styles.of(hovered.annotation).color : "", view);
    const chosen = editor.selectedEntries(this.entries);
    const color = chosen.length === 1 ? editor.styles.of(chosen[0].annotation).color : "#ffffff";
    overlay.showSelected(outlines(chosen, editor), color, view);
    overlay.showHandles(chosen.length === 1 && editor.editable && GRIPPING.has(editor.tool) ? chosen[0].geometry : null, editor.guides.chosen, view);
    overlay.showDrafts(draftShapes(editor), view);
    const { cross, marquee, sizeAt, sketch } = editor.guides;
    overlay.showSketch(sketch, view);
    overlay.showCross(cross, view.width, view.height);
    overlay.showMarquee(marquee, view);
    overlay.showSize(sizeAt?.text ?? "", sizeAt?.at);
    const peers = [...editor.peers.values()].filter((peer) => (peer.frame ?? null) === editor.frame);
    overlay.showPeers(peers, (id) => this.entries.get(id)?.geometry ?? null, view, performance.timeOrigin + now, (id, geometry) => bonesOf(editor, id, geometry));
    put(this.stage, "data-peers", String(peers.length));
  }
}

/** @param {Bounds} a @param {Bounds} b */
function overlap(a, b) {
  return a.minX <= b.maxX && b.minX <= a.maxX && a.minY <= b.maxY && b.minY <= a.maxY;
}

/** What a shape costs to draw: a box is 1. @param {Geometry} geometry */
function weightOf(geometry) {
  if (geometry.type === "polygon") return Math.max(1, geometry.rings.reduce((sum, ring) => sum + ring.length, 0) / CORNERS_OF_A_BOX);
  return geometry.type === "polyline" ? Math.max(1, geometry.points.length / CORNERS_OF_A_BOX) : 1;
}

/** @param {Entry[]} entries @param {import("../editor.js").Editor} editor @returns {{geometry: Geometry, edges?: [number, number][]}[]} */
function outlines(entries, editor) {
  if (entries.length <= MOST_OUTLINED) return entries.map(({ geometry, annotation }) => ({ geometry, edges: editor.label(annotation.label)?.skeleton?.edges }));
  const { minX, minY, maxX, maxY } = entries.map((entry) => /** @type {Bounds} */ (entry)).reduce(union);
  return [{ geometry: { type: "box", x: minX, y: minY, w: maxX - minX, h: maxY - minY } }];
}

/** @param {import("../editor.js").Editor} editor @returns {{geometry: Geometry, color: string, edges?: [number, number][]}[]} */
function draftShapes(editor) {
  return [...editor.drafts].map(([id, geometry]) => {
    const annotation = editor.store.get(id);
    const label = editor.label(annotation?.label ?? editor.labelId);
    const color = annotation ? editor.styles.of(annotation).color : (label?.color ?? "#ffffff");
    return { geometry, color, edges: label?.skeleton?.edges };
  });
}

/** The lines of a skeleton: of the shape's class, or while it is being drawn, of a class with as many points. @param {import("../editor.js").Editor} editor @param {string} id @param {Geometry} geometry @returns {[number, number][]} */
function bonesOf(editor, id, geometry) {
  if (geometry.type !== "keypoints") return [];
  const known = editor.store.get(id);
  const label = known ? editor.label(known.label) : editor.labels.find(({ skeleton }) => skeleton?.points?.length === geometry.points.length);
  return label?.skeleton?.edges ?? [];
}
