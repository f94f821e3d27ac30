/** How shapes look: colours of labels, dashes of suggestions, and the paths of geometries. */
import { boundsOf, pointsOf } from "../model/geometry.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {{color: string, dash: number[], name: string, ink: string}} Style
 */

const UNKNOWN = "#999999";
/** Beyond eight colours the eye needs a second mark. */
const DASHES = [[], [10, 3], [4, 3], [12, 3, 3, 3]];
const SUGGESTED = [5, 4];
const PEOPLE = ["#E69F00", "#56B4E9", "#2FBF91", "#F0E442", "#5AA5F5", "#F5824A", "#E08FBB", "#B8C4C6"];

/** The look of each label; labels may change while the editor is open. */
export class Styles {
  /** @param {import("../types.js").Label[]} labels */
  constructor(labels) {
    /** @type {Map<string, Style>} */
    this._styles = new Map();
    /** @type {Map<string, Style>} */
    this._suggested = new Map();
    this._unknown = { color: UNKNOWN, dash: [], name: "unknown label", ink: "#000" };
    this.set(labels);
  }

  /** @param {import("../types.js").Label[]} labels */
  set(labels) {
    this._styles.clear();
    this._suggested.clear();
    labels.forEach((label, i) => {
      const style = { color: label.color, dash: DASHES[Math.floor(i / 8) % 4], name: label.name, ink: inkOn(label.color) };
      this._styles.set(label.id, style);
      this._suggested.set(label.id, { ...style, dash: SUGGESTED });
    });
  }

  /** @param {Annotation} annotation @returns {Style} */
  of(annotation) {
    const styles = annotation.source === "model" ? this._suggested : this._styles;
    return styles.get(annotation.label) ?? this._unknown;
  }
}

/** Black or white, whichever is easier to read on a colour. @param {string} color #rrggbb */
export function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.22 ? "#0b1011" : "#ffffff";
}

/** A person's colour is the same in every browser. @param {string} userId */
export function personColor(userId) {
  let sum = 0;
  for (const letter of userId) sum = (sum * 31 + letter.charCodeAt(0)) % 1_000_003;
  return PEOPLE[sum % PEOPLE.length];
}

/**
 * The SVG path of a shape on the stage.
 * @param {Geometry} geometry @param {{x: number, y: number, scale: number}} view
 * @param {[number, number][]} [edges] lines between keypoints, by their places
 */
export function svgPath(geometry, view, edges = []) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    `${(x * view.scale + view.x).toFixed(1)} ${(y * view.scale + view.y).toFixed(1)}`;
  if (geometry.type === "polygon") {
    return geometry.rings.map((ring) => `M${ring.map(([, x, y]) => at(x, y)).join("L")}Z`).join("");
  }
  const bounds = geometry.type === "mask" ? boundsOf(geometry) : null;
  const points = bounds ? rectangle(bounds) : pointsOf(geometry);
  if (!points.length) return "";
  if (geometry.type === "keypoints") {
    const bones = edges.map((edge) => edge.map((end) => geometry.points[end])).filter((ends) => ends.every((end) => end?.[2]));
    const lines = bones.map(([a, b]) => `M${at(a[0], a[1])}L${at(b[0], b[1])}`);
    return lines.join("") + points.map(([x, y]) => `M${at(x, y)}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0`).join("");
  }
  return `M${points.map(([x, y]) => at(x, y)).join("L")}${geometry.type === "polyline" ? "" : "Z"}`;
}

/** @param {import("../types.js").Bounds} bounds @returns {import("../types.js").Point[]} */
function rectangle({ minX, minY, maxX, maxY }) {
  return [[minX, minY], [maxX, minY], [maxX, maxY], [minX, maxY]];
}
