/** How shapes look: colours of labels, dashes of suggestions, and the paths of geometries. */
import { boundsOf, pointsOf } from "../model/geometry.js";
import { Part } from "../util.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {{color: string, dash: number[], name: string, ink: string}} Style
 */

/** Parts of the drawing that few pictures need; what was drawn without one is drawn again when it is here. */
export const masks = new Part(() => import("./mask_picture.js"));
/** Thousands of outlines at once. */
export const crowds = new Part(() => import("./crowd.js"));

const UNKNOWN = "#999999";
/** Beyond eight colours the eye needs a second mark. */
const DASHES = [[], [10, 3], [4, 3], [12, 3, 3, 3]];
const SUGGESTED = [5, 4];
const BETWEEN = [2, 3];
const PEOPLE = ["#E69F00", "#56B4E9", "#2FBF91", "#F0E442", "#5AA5F5", "#F5824A", "#E08FBB", "#B8C4C6"];

/** The look of each label; labels may change while the editor is open. */
export class Styles {
  /** @param {import("../types.js").Label[]} labels */
  constructor(labels) {
    /** @type {Map<string, Style>} */
    this._styles = new Map();
    /** @type {Map<string, Style>} */
    this._suggested = new Map();
    /** @type {Map<string, Style>} tracks on frames where nobody has placed them */
    this._between = new Map();
    this._unknown = { color: UNKNOWN, dash: [], name: "unknown label", ink: "#000" };
    this.set(labels);
  }

  /** @param {import("../types.js").Label[]} labels */
  set(labels) {
    this._styles.clear();
    this._suggested.clear();
    this._between.clear();
    labels.forEach((label, i) => {
      const style = { color: label.color, dash: DASHES[Math.floor(i / 8) % 4], name: label.name, ink: inkOn(label.color) };
      this._styles.set(label.id, style);
      this._suggested.set(label.id, { ...style, dash: SUGGESTED });
      this._between.set(label.id, { ...style, dash: BETWEEN });
    });
  }

  /** @param {Annotation} annotation @param {number | null} [frame] where it is looked at @returns {Style} */
  of(annotation, frame = null) {
    const between = frame !== null && annotation.keyframes && !(String(frame) in annotation.keyframes);
    const styles = annotation.source === "model" ? this._suggested : between ? this._between : this._styles;
    return styles.get(annotation.label) ?? this._unknown;
  }
}

/** A colour as one pixel of an ImageData read as 32-bit numbers: its bytes lie in memory as red, green, blue, alpha. @param {string} color #rrggbb @param {number} [opacity] 0 to 1 */
export function pixelOf(color, opacity = 1) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) || 0);
  return ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Black or white, whichever is easier to read on a colour. @param {string} color #rrggbb */
export function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.22 ? "#0b1011" : "#ffffff";
}

/** @type {Map<string, string>} as many as a project has people; each call of `colourPeople` begins anew */
const given = new Map();

/** Give the people of a project colours that differ as long as there are enough: each their own, or else the next free one. @param {string[]} ids */
export function colourPeople(ids) {
  given.clear();
  [...ids].sort().forEach((id, n) => {
    const free = PEOPLE.filter((color) => n >= PEOPLE.length || ![...given.values()].includes(color));
    given.set(id, free.includes(ownColor(id)) ? ownColor(id) : free[0]);
  });
}

/** A person's colour is the same in every browser. @param {string} userId */
export function personColor(userId) {
  return given.get(userId) ?? ownColor(userId);
}

/** @param {string} userId */
function ownColor(userId) {
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
  if (geometry.type === "mask") return maskRings(geometry).map((ring) => `M${ring.map(([x, y]) => at(x, y)).join("L")}Z`).join("");
  const points = pointsOf(geometry);
  if (!points.length) return "";
  if (geometry.type === "keypoints") {
    const bones = edges.map((edge) => edge.map((end) => geometry.points[end])).filter((ends) => ends.every((end) => end?.[2]));
    const lines = bones.map(([a, b]) => `M${at(a[0], a[1])}L${at(b[0], b[1])}`);
    return lines.join("") + points.map(([x, y]) => `M${at(x, y)}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0`).join("");
  }
  return `M${points.map(([x, y]) => at(x, y)).join("L")}${geometry.type === "polyline" ? "" : "Z"}`;
}

/** The edges of a mask; until they can be found, the rectangle around it. @param {import("../types.js").Mask} mask @returns {import("../types.js").Point[][]} */
function maskRings(mask) {
  const drawing = masks.get();
  if (drawing) return drawing.outlinesOf(mask);
  const bounds = boundsOf(mask);
  return bounds ? [rectangle(bounds)] : [];
}

/** @param {import("../types.js").Bounds} bounds @returns {import("../types.js").Point[]} */
export function rectangle({ minX, minY, maxX, maxY }) {
  return [[minX, minY], [maxX, minY], [maxX, maxY], [minX, maxY]];
}
