/** Shapes as text that another frame, item, project or browser can take in. What is pasted is never trusted. Pure. */
import { uuid7 } from "../util.js";
import { misfit } from "./attributes.js";
import { boundsOf, geometryOn, moved } from "./geometry.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Label} Label
 * @typedef {{label: string, name: string, geometry: Geometry, attributes: Record<string, unknown>, group: string | null}} Copied
 */

const MARK = "shapes";
const LONGEST = 8_000_000;
export const MOST_SHAPES = 2000;
const STEP = 12;
const MOST_ATTRIBUTES = 100;
const UNSAFE = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Tracks are copied as they are on the frame.
 * @param {Annotation[]} annotations @param {{frame: number | null, labels: Label[]}} editor
 */
export function copyText(annotations, { frame, labels }) {
  const names = new Map(labels.map(({ id, name }) => [id, name]));
  const shapes = annotations.flatMap((each) => {
    const geometry = geometryOn(each, frame);
    return geometry ? [{ label: each.label, name: names.get(each.label) ?? "", geometry, attributes: each.attributes ?? {}, group: each.group ?? null }] : [];
  });
  return JSON.stringify({ frameloop: MARK, shapes });
}

/** @param {string} text @returns {Copied[] | null} null when it is no copied shapes */
export function parse(text) {
  if (text.length > LONGEST || !text.includes('"frameloop"')) return null;
  try {
    const found = JSON.parse(text);
    if (found?.frameloop !== MARK || !Array.isArray(found.shapes)) return null;
    return found.shapes.slice(0, MOST_SHAPES).map((/** @type {any} */ each) => ({
      label: String(each?.label ?? ""),
      name: String(each?.name ?? ""),
      geometry: each?.geometry,
      attributes: typeof each?.attributes === "object" && each.attributes && !Array.isArray(each.attributes) ? each.attributes : {},
      group: typeof each?.group === "string" ? each.group : null,
    }));
  } catch {
    return null;
  }
}

/**
 * The ops that bring copied shapes in, and words for each that cannot come.
 * @param {Copied[]} copied
 * @param {object} here
 * @param {Label[]} here.labels @param {{width: number, height: number}} here.item @param {number | null} here.frame
 * @param {(shape: {label: string, geometry: Geometry}) => boolean} here.taken whether the same shape is there already
 * @param {import("../types.js").Point | null} [here.at] their middle comes here; null: the same place
 */
export function pasteOps(copied, { labels, item, frame, taken, at = null }) {
  /** @type {Map<string, number>} */
  const refused = new Map();
  const refuse = (/** @type {string} */ why) => refused.set(why, (refused.get(why) ?? 0) + 1);
  /** @type {{label: Label, geometry: Geometry, from: Copied}[]} */
  const fitting = [];
  for (const from of copied) {
    const label = labels.find(({ id }) => id === from.label) ?? labels.find(({ name }) => key(name) === key(from.name));
    const wrong = label ? unfit(from.geometry, item) : `There is no class '${from.name.slice(0, 60)}' here`;
    if (wrong || !label) refuse(wrong);
    else if (from.geometry.type === "tag" && taken({ label: label.id, geometry: from.geometry })) refuse(`The tag '${label.name}' is set already`);
    else fitting.push({ label, geometry: from.geometry, from });
  }
  const placed = arranged(fitting, item, at, taken);
  const groups = new Map(fitting.map(({ from }) => [from.group, uuid7()]));
  const ops = fitting.map(({ label, from }, i) => ({
    op: "create", id: uuid7(), label: label.id, geometry: placed[i], ...(frame === null ? {} : { frame }),
    attributes: fittingAttributes(from.attributes, label), ...(from.group ? { group: groups.get(from.group) } : {}),
  }));
  return { ops, refused };
}

/** @param {Map<string, number>} refused */
export function refusedText(refused) {
  return [...refused].map(([why, count]) => `${why}: ${count === 1 ? "1 shape was" : `${count} shapes were`} not pasted.`).join(" ");
}

/** @param {string} name */
const key = (name) => name.trim().replace(/\s+/g, " ").toLowerCase();

/**
 * Moved together, so that they keep their places among each other, and off those that they would hide.
 * @param {{label: Label, geometry: Geometry}[]} shapes @param {{width: number, height: number}} item @param {import("../types.js").Point | null} at
 * @param {(shape: {label: string, geometry: Geometry}) => boolean} taken @returns {Geometry[]}
 */
function arranged(shapes, { width, height }, at, taken) {
  const shift = (/** @type {number} */ dx, /** @type {number} */ dy) => shapes.map(({ geometry }) => moved(geometry, dx, dy, width, height));
  if (at) {
    const bounds = shapes.map(({ geometry }) => boundsOf(geometry)).filter((each) => each !== null);
    const middle = (/** @type {"minX" | "minY"} */ low, /** @type {"maxX" | "maxY"} */ high) => (Math.min(...bounds.map((b) => b[low])) + Math.max(...bounds.map((b) => b[high]))) / 2;
    return bounds.length ? shift(at[0] - middle("minX", "maxX"), at[1] - middle("minY", "maxY")) : shift(0, 0);
  }
  for (let n = 0; n < 20; n++) {
    const placed = shift(n * STEP, n * STEP);
    if (!shapes.some(({ label }, i) => taken({ label: label.id, geometry: placed[i] }))) return placed;
  }
  return shift(0, 0);
}

/** @param {Record<string, unknown>} attributes @param {Label} label */
function fittingAttributes(attributes, label) {
  const asked = new Map((label.attributes ?? []).map((each) => [each.name, each]));
  const kept = Object.entries(attributes).filter(([name, value]) => {
    if (!name || name.length > 100 || UNSAFE.has(name)) return false;
    const attribute = asked.get(name);
    return attribute ? !misfit(attribute, value) : scalar(value);
  });
  return Object.fromEntries(kept.slice(0, MOST_ATTRIBUTES));
}

/** @param {unknown} value */
function scalar(value) {
  return typeof value === "boolean" || (typeof value === "string" && value.length <= 2000) || (typeof value === "number" && Number.isFinite(value));
}

// -- what comes from outside -----------------------------------------------------------------------------------------

const finite = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 1e6;
const listOf = (/** @type {unknown} */ value, /** @type {number} */ least, /** @type {(each: any) => boolean} */ test) => Array.isArray(value) && value.length >= least && value.length <= 10_000 && value.every(test);
const vertex = (/** @type {any} */ each) => Array.isArray(each) && each.length === 3 && (typeof each[0] === "string" || Number.isInteger(each[0])) && finite(each[1]) && finite(each[2]);
const point = (/** @type {any} */ each) => Array.isArray(each) && each.length === 3 && finite(each[0]) && finite(each[1]) && [0, 1, 2].includes(each[2]);
const SOUND = /** @type {Record<string, (g: any) => boolean>} */ ({
  box: (g) => [g.x, g.y, g.w, g.h].every(finite) && g.w > 0 && g.h > 0,
  rbox: (g) => [g.cx, g.cy, g.w, g.h, g.angle].every(finite) && g.w > 0 && g.h > 0,
  polygon: (g) => listOf(g.rings, 1, (ring) => listOf(ring, 3, vertex)),
  polyline: (g) => listOf(g.points, 2, vertex),
  keypoints: (g) => listOf(g.points, 1, point),
  mask: (g) => listOf(g.size, 2, finite) && (typeof g.counts === "string" || typeof g.blob === "string"),
  tag: () => true,
});

/** Why a shape cannot be in a picture; empty when it can. @param {any} geometry @param {{width: number, height: number}} item */
function unfit(geometry, { width, height }) {
  if (typeof geometry !== "object" || !geometry || !Object.hasOwn(SOUND, geometry.type) || !SOUND[geometry.type](geometry)) return "Not readable as a shape";
  if (geometry.type === "mask" && (geometry.size[0] !== height || geometry.size[1] !== width)) return "A mask of a picture of another size";
  const bounds = geometry.type === "tag" || geometry.type === "mask" ? null : boundsOf(geometry);
  return bounds && (bounds.maxX - bounds.minX > width || bounds.maxY - bounds.minY > height) ? "Larger than this picture" : "";
}
