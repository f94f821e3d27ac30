/** The few things that move: hovered, selected and dragged shapes, handles, guides, and the other people. */
import { handlesOf, isNowhere } from "../model/handles.js";
import { put } from "../util.js";
import { personColor, svgPath } from "./style.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../model/handles.js").Handle} Handle
 * @typedef {{x: number, y: number, scale: number}} View
 * @typedef {[number, number][]} Bones lines between the keypoints of a skeleton, by their places
 */

const SVG = "http://www.w3.org/2000/svg";
const HANDLE = 9;
/** Vertices that stand closer on screen than this are not all marked; they can be dragged nevertheless. */
const APART = 7;
const DOT = 3;
/** A person whose tab sleeps should not leave a frozen arrow behind. */
const CURSOR_FADES_MS = 20_000;

/** @param {string} tag @param {Record<string, string | number>} attributes @returns {SVGElement} */
function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

export class Overlay {
  /** @param {SVGSVGElement} root */
  constructor(root) {
    this.root = root;
    this.peers = svg("g", { class: "ov-peers" });
    this.hover = svg("path", { class: "ov-hover" });
    this.halo = svg("path", { class: "ov-halo" });
    this.selected = svg("path", { class: "ov-selected" });
    this.drafts = svg("g", { class: "ov-drafts" });
    this.marquee = svg("path", { class: "ov-marquee" });
    this.cross = svg("path", { class: "ov-cross" });
    this.handles = svg("g", { class: "ov-handles" });
    this.size = svg("text", { class: "ov-size" });
    this.cursors = svg("g", { class: "ov-cursors" });
    this.stem = svg("path", { class: "ov-stem" });
    this.marks = svg("path", { class: "ov-handle" });
    this.hollow = svg("path", { class: "ov-handle ov-hollow" });
    this.chosen = svg("path", { class: "ov-handle ov-chosen" });
    this.handles.append(this.stem, this.marks, this.hollow, this.chosen);
    this.ghost = svg("path", { class: "ov-ghost" });
    this.sketch = svg("path", { class: "ov-sketch" });
    this.snap = svg("path", { class: "ov-snap" });
    root.append(
      this.peers, this.hover, this.halo, this.selected, this.drafts, this.ghost, this.sketch, this.marquee, this.cross, this.handles, this.snap, this.size, this.cursors,
    );
    /** @type {Map<string, {outline: SVGElement, drag: SVGElement, cursor: SVGElement}>} */
    this._people = new Map();
  }

  /** @param {Geometry | null} geometry @param {string} color @param {any} view */
  showHover(geometry, color, view) {
    put(this.hover, "d", geometry ? svgPath(geometry, view) : "");
    if (geometry) put(this.hover, "stroke", color);
  }

  /** All selected shapes as one path, however many. @param {{geometry: Geometry, edges?: Bones}[]} shapes @param {string} color @param {View} view */
  showSelected(shapes, color, view) {
    const path = shapes.map(({ geometry, edges }) => svgPath(geometry, view, edges)).join("");
    put(this.halo, "d", path);
    put(this.selected, "d", path);
    put(this.selected, "stroke", color);
  }

  /** @param {{geometry: Geometry, color: string, edges?: Bones}[]} drafts @param {View} view */
  showDrafts(drafts, view) {
    while (this.drafts.childNodes.length > drafts.length) this.drafts.lastChild?.remove();
    drafts.forEach(({ geometry, color, edges }, i) => {
      const path = /** @type {SVGElement} */ (this.drafts.childNodes[i] ?? this.drafts.appendChild(svg("path", { class: "ov-draft" })));
      put(path, "d", svgPath(geometry, view, edges));
      put(path, "stroke", color);
      put(path, "fill", geometry.type === "polyline" ? "none" : `${color}26`);
    });
  }

  /** @param {Geometry | null} geometry @param {Set<string | number>} chosen vertices or keypoints @param {View} view */
  showHandles(geometry, chosen, view) {
    const all = geometry ? handlesOf(geometry, view.scale) : [];
    put(this.handles, "display", all.length ? "inline" : "none");
    if (!all.length) return;
    const paths = { stem: "", marks: "", hollow: "", chosen: "" };
    /** @type {Point} */
    let last = [-1e9, -1e9];
    for (const handle of all) {
      if (isNowhere(handle)) continue;
      const [x, y] = toScreen(handle.at, view);
      const picked = chosen.has(handle.key);
      if (handle.kind === "vertex" && !picked && Math.abs(x - last[0]) + Math.abs(y - last[1]) < APART) continue;
      last = [x, y];
      const kind = picked ? "chosen" : handle.kind === "point" && handle.index < 2 ? "hollow" : "marks";
      paths[kind] += markOf(handle, x, y);
      if (handle.foot) paths.stem = `M${toScreen(handle.foot, view).map(tenth).join(" ")}L${tenth(x)} ${tenth(y)}`;
    }
    put(this.stem, "d", paths.stem);
    put(this.marks, "d", paths.marks);
    put(this.hollow, "d", paths.hollow);
    put(this.chosen, "d", paths.chosen);
  }

  /** Which handle of a shape lies under a point of the stage. @param {Geometry} geometry @param {Point} at @param {View} view @param {number} reach @returns {Handle | null} */
  handleUnder(geometry, at, view, reach) {
    let best = null;
    let nearest = reach;
    for (const handle of handlesOf(geometry, view.scale)) {
      if (isNowhere(handle)) continue;
      const [x, y] = toScreen(handle.at, view);
      // Corners win over sides where a small box has them side by side.
      const distance = Math.max(Math.abs(x - at[0]), Math.abs(y - at[1])) + (handle.kind === "side" ? 1 : 0);
      if (distance < nearest) [best, nearest] = [handle, distance];
    }
    return best;
  }

  /** What a tool shows of a drawing that is begun. @param {import("../types.js").Sketch | null} sketch @param {View} view */
  showSketch(sketch, view) {
    const lines = (sketch?.lines ?? []).map((line) => `M${line.map((point) => toScreen(point, view).map(tenth).join(" ")).join("L")}`);
    const dots = (sketch?.dots ?? []).map((point) => squareAt(toScreen(point, view), DOT));
    put(this.ghost, "d", lines.join(""));
    put(this.sketch, "d", dots.join(""));
    put(this.snap, "d", sketch?.snap ? circleAt(toScreen(sketch.snap, view), 7) : "");
  }

  /** @param {string} text @param {[number, number]} [at] */
  showSize(text, at) {
    if (this.size.textContent !== text) this.size.textContent = text;
    if (!at) return;
    put(this.size, "x", String(at[0] + 14));
    put(this.size, "y", String(at[1] + 24));
  }

  /** @param {import("../types.js").Bounds | null} bounds @param {any} view */
  showMarquee(bounds, view) {
    const box = bounds && { type: /** @type {const} */ ("box"), x: bounds.minX, y: bounds.minY, w: bounds.maxX - bounds.minX, h: bounds.maxY - bounds.minY };
    put(this.marquee, "d", box ? svgPath(box, view) : "");
  }

  /** @param {[number, number] | null} at @param {number} width @param {number} height */
  showCross(at, width, height) {
    put(this.cross, "d", at ? `M0 ${at[1]}H${width}M${at[0]} 0V${height}` : "");
  }

  /**
   * @param {(import("../types.js").Peer & {seenAt: number})[]} peers on this frame
   * @param {(id: string) => Geometry | null} geometryOf
   * @param {any} view @param {number} now
   * @param {(id: string, geometry: Geometry) => Bones} bonesOf of a shape that is dragged, or that is being drawn
   */
  showPeers(peers, geometryOf, view, now, bonesOf = () => []) {
    const gone = new Set(this._people.keys());
    for (const peer of peers) {
      gone.delete(peer.conn);
      const parts = this._person(peer);
      const chosen = (peer.selection ?? []).filter((id) => id !== peer.drag?.id).map(geometryOf);
      put(parts.outline, "d", chosen.map((geometry) => (geometry ? svgPath(geometry, view) : "")).join(""));
      put(parts.drag, "d", peer.drag ? svgPath(peer.drag.geometry, view, bonesOf(peer.drag.id, peer.drag.geometry)) : "");
      put(parts.drag, "fill-opacity", peer.drag?.geometry.type === "polyline" ? "0" : "1");
      const seen = peer.cursor && !peer.away && now - peer.seenAt < CURSOR_FADES_MS;
      put(parts.cursor, "display", seen ? "inline" : "none");
      if (peer.cursor) {
        const [x, y] = [peer.cursor[0] * view.scale + view.x, peer.cursor[1] * view.scale + view.y];
        put(parts.cursor, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      }
    }
    for (const conn of gone) {
      const parts = this._people.get(conn);
      if (parts) for (const element of Object.values(parts)) element.remove();
      this._people.delete(conn);
    }
  }

  /** @param {import("../types.js").Peer} peer */
  _person(peer) {
    const known = this._people.get(peer.conn);
    if (known) return known;
    const color = personColor(peer.user.id);
    const outline = svg("path", { class: "ov-peer", stroke: color });
    const drag = svg("path", { class: "ov-peer-drag", stroke: color, fill: `${color}33` });
    const cursor = svg("g", { class: "ov-cursor", "data-name": peer.user.name });
    const label = svg("text", { x: 16, y: 25 });
    label.textContent = peer.user.name.slice(0, 24);
    const plate = svg("rect", { x: 10, y: 12, height: 19, rx: 4, fill: color, width: Math.min(24, peer.user.name.length) * 6.6 + 13 });
    cursor.append(svg("path", { d: "M0 0l4.6 15 3.2-6.2 6.5-2.3z", fill: color }), plate, label);
    this.peers.append(outline, drag);
    this.cursors.append(cursor);
    const parts = { outline, drag, cursor };
    this._people.set(peer.conn, parts);
    return parts;
  }
}

/** @param {Point} point @param {View} view @returns {Point} */
function toScreen([x, y], view) {
  return [x * view.scale + view.x, y * view.scale + view.y];
}

/** @param {number} value */
function tenth(value) {
  return value.toFixed(1);
}

/** @param {Point} middle @param {number} half */
function squareAt([x, y], half) {
  return `M${tenth(x - half)} ${tenth(y - half)}h${2 * half}v${2 * half}h${-2 * half}z`;
}

/** @param {Point} middle @param {number} radius */
function circleAt([x, y], radius) {
  return `M${tenth(x - radius)} ${tenth(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`;
}

/** @param {Handle} handle @param {number} x @param {number} y */
function markOf({ kind }, x, y) {
  if (kind === "knob" || kind === "point") return circleAt([x, y], kind === "knob" ? HANDLE / 2 + 1 : HANDLE / 2);
  return squareAt([x, y], kind === "vertex" ? HANDLE / 2 - 0.5 : HANDLE / 2);
}
