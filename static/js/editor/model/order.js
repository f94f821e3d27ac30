/** What lies above what: shapes with a higher z are drawn later, of equal ones the later drawn. Pure. */
import { overlap } from "./geometry.js";

/**
 * @typedef {{id: string, z: number, bounds: import("../types.js").Bounds | null}} Layer
 * @typedef {"front" | "back" | "up" | "down"} Way
 */

/** The lowest first. @template {{z?: number}} T @param {T[]} shapes in the order they were drawn @returns {T[]} */
export function inOrder(shapes) {
  return shapes.some(({ z }) => z) ? [...shapes].sort((a, b) => (a.z ?? 0) - (b.z ?? 0)) : shapes;
}

/**
 * The orders to set so that the chosen shapes go to the front or back, or past the next shape that they overlap.
 * Others get another one only where they would change places with a shape that they overlap.
 * @param {Layer[]} layers in the order they were drawn @param {Set<string>} chosen @param {Way} way
 * @returns {Map<string, number>} new z by id; empty when nothing lies that way
 */
export function reordered(layers, chosen, way) {
  // Downwards is upwards in a mirror.
  if (way === "back" || way === "down") {
    const mirrored = reordered(layers.map((each) => ({ ...each, z: -each.z })).reverse(), chosen, way === "back" ? "front" : "up");
    return new Map([...mirrored].map(([id, z]) => [id, -z]));
  }
  const sorted = inOrder(layers);
  return way === "front" ? toFront(sorted, chosen) : oneUp(sorted, layers, chosen);
}

/** @param {Layer[]} sorted @param {Set<string>} chosen */
function toFront(sorted, chosen) {
  const moving = sorted.filter(({ id }) => chosen.has(id));
  const others = sorted.filter(({ id }) => !chosen.has(id));
  const inFront = sorted.slice(-moving.length).every(({ id }) => chosen.has(id));
  if (!others.length || inFront) return new Map();
  const top = others[others.length - 1].z;
  const spread = new Set(moving.map(({ z }) => z)).size > 1;
  return new Map(moving.map(({ id }, i) => [id, top + 1 + (spread ? i : 0)]));
}

/** @param {Layer[]} sorted @param {Layer[]} drawn @param {Set<string>} chosen */
function oneUp(sorted, drawn, chosen) {
  const moving = sorted.filter(({ id }) => chosen.has(id));
  const lowest = sorted.findIndex(({ id }) => chosen.has(id));
  const over = sorted.findIndex((each, i) => i > lowest && !chosen.has(each.id) && moving.some((one) => touch(one, each)));
  if (over < 0) return new Map();
  const place = new Map(drawn.map(({ id }, i) => [id, i]));
  /** @type {{layer: Layer, z: number}[]} what has got another order, the lowest first */
  const changed = [];
  const lift = (/** @type {Layer} */ layer, /** @type {{layer: Layer, z: number}[]} */ below) => {
    const at = /** @type {number} */ (place.get(layer.id));
    const least = Math.max(layer.z, ...below.map((each) => each.z + (Number(place.get(each.layer.id)) < at ? 0 : 1)));
    if (least > layer.z) changed.push({ layer, z: least });
  };
  const next = { layer: sorted[over], z: sorted[over].z };
  for (const layer of moving) if (sorted.indexOf(layer) < over) lift(layer, [next, ...changed]);
  for (const layer of sorted.slice(over + 1)) {
    const below = changed.filter((each) => each.layer !== layer && touch(each.layer, layer));
    if (below.length) lift(layer, below);
  }
  return new Map(changed.map(({ layer, z }) => [layer.id, z]));
}

/** @param {Layer} a @param {Layer} b */
function touch(a, b) {
  return Boolean(a.bounds && b.bounds && overlap(a.bounds, b.bounds));
}
