/** The few things that move: hovered, selected and dragged shapes, handles, guides, and the other people. */
import { HANDLES, boundsOf } from "../model/geometry.js";
import { put } from "../util.js";
import { personColor, svgPath } from "./style.js";

/** @typedef {import("../types.js").Geometry} Geometry */

const SVG = "http://www.w3.org/2000/svg";
const HANDLE = 9;
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
    for (const [name] of HANDLES) {
      this.handles.append(svg("rect", { class: `ov-handle ov-${name}`, width: HANDLE, height: HANDLE, rx: 2 }));
    }
    root.append(
      this.peers, this.hover, this.halo, this.selected, this.drafts, this.marquee, this.cross, this.handles, this.size, this.cursors,
    );
    /** @type {Map<string, {outline: SVGElement, drag: SVGElement, cursor: SVGElement}>} */
    this._people = new Map();
  }

  /** @param {Geometry | null} geometry @param {string} color @param {any} view */
  showHover(geometry, color, view) {
    put(this.hover, "d", geometry ? svgPath(geometry, view) : "");
    if (geometry) put(this.hover, "stroke", color);
  }

  /** All selected shapes as one path, however many. @param {Geometry[]} geometries @param {string} color @param {any} view */
  showSelected(geometries, color, view) {
    const path = geometries.map((geometry) => svgPath(geometry, view)).join("");
    put(this.halo, "d", path);
    put(this.selected, "d", path);
    put(this.selected, "stroke", color);
  }

  /** @param {{geometry: Geometry, color: string}[]} drafts @param {any} view */
  showDrafts(drafts, view) {
    while (this.drafts.childNodes.length > drafts.length) this.drafts.lastChild?.remove();
    drafts.forEach(({ geometry, color }, i) => {
      const path = /** @type {SVGElement} */ (this.drafts.childNodes[i] ?? this.drafts.appendChild(svg("path", { class: "ov-draft" })));
      put(path, "d", svgPath(geometry, view));
      put(path, "stroke", color);
      put(path, "fill", `${color}26`);
    });
  }

  /** @param {Geometry | null} geometry a box gets handles @param {any} view */
  showHandles(geometry, view) {
    const bounds = geometry?.type === "box" ? boundsOf(geometry) : null;
    put(this.handles, "display", bounds ? "inline" : "none");
    if (!bounds) return;
    HANDLES.forEach(([, dx, dy], i) => {
      const [x, y] = handleAt(bounds, dx, dy, view);
      const rect = /** @type {SVGElement} */ (this.handles.childNodes[i]);
      put(rect, "x", String(x - HANDLE / 2));
      put(rect, "y", String(y - HANDLE / 2));
    });
  }

  /** Which handle of a box lies under a point of the stage. @param {Geometry} geometry @param {[number, number]} at @param {any} view @param {number} reach */
  handleUnder(geometry, at, view, reach) {
    const bounds = geometry.type === "box" ? boundsOf(geometry) : null;
    if (!bounds) return "";
    let best = "";
    let nearest = reach;
    for (const [name, dx, dy] of HANDLES) {
      const [x, y] = handleAt(bounds, dx, dy, view);
      // Corners win over edges where a small box has them side by side.
      const distance = Math.max(Math.abs(x - at[0]), Math.abs(y - at[1])) + (dx && dy ? 0 : 1);
      if (distance < nearest) [best, nearest] = [name, distance];
    }
    return best;
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
   */
  showPeers(peers, geometryOf, view, now) {
    const gone = new Set(this._people.keys());
    for (const peer of peers) {
      gone.delete(peer.conn);
      const parts = this._person(peer);
      const chosen = (peer.selection ?? []).filter((id) => id !== peer.drag?.id).map(geometryOf);
      put(parts.outline, "d", chosen.map((geometry) => (geometry ? svgPath(geometry, view) : "")).join(""));
      put(parts.drag, "d", peer.drag ? svgPath(peer.drag.geometry, view) : "");
      const seen = peer.cursor && now - peer.seenAt < CURSOR_FADES_MS;
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

/** @param {import("../types.js").Bounds} bounds @param {number} dx @param {number} dy @param {any} view */
function handleAt(bounds, dx, dy, view) {
  const [x, y] = [(bounds.minX + bounds.maxX + dx * (bounds.maxX - bounds.minX)) / 2, (bounds.minY + bounds.maxY + dy * (bounds.maxY - bounds.minY)) / 2];
  return [x * view.scale + view.x, y * view.scale + view.y];
}
