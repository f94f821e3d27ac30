/**
 * Arithmetic of regions: unite, subtract, intersect and cut. Polygons by polyclip, masks pixel by pixel. Each function
 * plans what becomes of the shapes; `opsOf` makes one tx of a plan. Pure.
 */
import { difference, intersection, union } from "../../vendor/polyclip.js";
import { round2, uuid7 } from "../util.js";
import { pointsOf } from "./geometry.js";
import { countsOf } from "./mask.js";
import { halves } from "./mask_cut.js";
import { distanceToSegment, inRing } from "./geometry.js";
import { doubleArea, partsOf } from "./outline.js";
import { Bitmap, combineBits, fillRings } from "./raster.js";
import { freshVertex } from "./vertices.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Polygon} Polygon
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Op} Op
 * @typedef {Point[][]} Region the first ring outer, the others holes; no ring repeats its first vertex
 * @typedef {{annotation: Annotation, geometry: Geometry}} Shape a shape as it is on the frame
 * @typedef {{width: number, height: number}} Size of the picture
 *
 * @typedef {object} Plan
 * @property {string} [refusal] why nothing can be done
 * @property {[Annotation, Geometry, {group?: string}?][]} [update] in place: the id and the history stay
 * @property {[Annotation, Geometry][]} [create] new shapes that are otherwise like the given one
 * @property {Annotation[]} [remove]
 */

/** What is smaller is the dust of rounded coordinates. Square pixels. */
const DUST = 0.5;

/** @param {Geometry} geometry whether it covers an area */
export function isRegion(geometry) {
  return ["box", "rbox", "polygon", "mask"].includes(geometry.type);
}

/** @param {Geometry} geometry @returns {Region[]} one for a polygon or box, one for each part of a mask */
export function regionsOf(geometry) {
  if (geometry.type === "mask") return partsOf(Bitmap.of(geometry));
  if (geometry.type === "polygon") return [geometry.rings.map((ring) => ring.map(([, x, y]) => [x, y]))];
  return [[pointsOf(geometry)]];
}

/** The pixels that a shape covers. @param {Geometry} geometry @param {Size} size @returns {Bitmap} */
export function bitsOf(geometry, { width, height }) {
  if (geometry.type === "mask") return Bitmap.of(geometry);
  const bitmap = new Bitmap(width, height);
  fillRings(bitmap, regionsOf(geometry)[0], 1);
  return bitmap;
}

/**
 * Polygons of regions. A vertex that lies where one of `sources` had one keeps its id, so that others' edits of it
 * still find it. Outlines without sources are numbered, which is short.
 * @param {Region[]} regions @param {Geometry[]} [sources] @returns {Polygon[]} the largest first
 */
export function polygonsOf(regions, sources = []) {
  const rings = sources.flatMap((geometry) => (geometry.type === "polygon" ? geometry.rings : []));
  const clean = regions.map((region) => region.map(tidied).filter((ring) => ring.length >= 3 && Math.abs(doubleArea(ring)) >= 2 * DUST));
  const kept = clean.filter((region, i) => region.length && tidied(regions[i][0]).length >= 3 && Math.abs(doubleArea(tidied(regions[i][0]))) >= 2 * DUST);
  kept.sort((a, b) => Math.abs(doubleArea(b[0])) - Math.abs(doubleArea(a[0])));
  return kept.map((region) => ({ type: "polygon", rings: named(region, rings) }));
}

/** @param {Region} region @param {import("../types.js").Vertex[][]} sources @returns {import("../types.js").Vertex[][]} */
function named(region, sources) {
  /** @type {Map<string, string | number>} */
  const known = new Map();
  const used = new Set();
  for (const [id, x, y] of sources.flat()) {
    const place = `${round2(x)} ${round2(y)}`;
    if (!known.has(place)) known.set(place, id);
  }
  let next = 0;
  const idOf = (/** @type {Point} */ [x, y]) => {
    const old = known.get(`${x} ${y}`);
    if (old === undefined || used.has(old)) return sources.length ? freshVertex() : next++;
    used.add(old);
    return old;
  };
  return region.map((ring) => ring.map((point) => [idOf(point), point[0], point[1]]));
}

/** Rounded to what is stored, without doubles. @param {Point[]} ring @returns {Point[]} */
function tidied(ring) {
  const points = ring.map(([x, y]) => /** @type {Point} */ ([round2(x), round2(y)]));
  return points.filter(([x, y], i) => {
    const [px, py] = points[(i + points.length - 1) % points.length];
    return x !== px || y !== py;
  });
}

/** @param {Region} region @returns {[number, number][][]} */
const closed = (region) => region.map((ring) => [...ring, ring[0]]);

/** @param {import("../../vendor/polyclip.js").MultiPolygon} result @returns {Region[]} */
const opened = (result) => result.map((region) => region.map((ring) => ring.slice(0, -1)));

/** @param {Geometry} geometry */
const multi = (geometry) => regionsOf(geometry).map(closed);

/**
 * All shapes as one, under the id of the first; where some do not touch, each group becomes one.
 * @param {Shape[]} shapes in the order in which they were selected @param {Size} size @returns {Plan}
 */
export function unite(shapes, size) {
  if (shapes[0].geometry.type === "mask") return withBits(shapes, size, "union", shapes.slice(1).map(({ annotation }) => annotation));
  const [first, ...others] = shapes.map(({ geometry }) => multi(geometry));
  const parts = opened(union(first, ...others));
  if (parts.length >= first.length + others.reduce((sum, each) => sum + each.length, 0)) return { refusal: "They do not touch: there is nothing to unite." };
  const polygons = polygonsOf(parts, shapes.map(({ geometry }) => geometry));
  /** @type {Required<Omit<Plan, "refusal">>} */
  const plan = { update: [], create: [], remove: [] };
  const taken = new Set();
  for (const { annotation, geometry } of shapes) {
    const home = polygons.length === 1 ? polygons[0] : polygons.find((each) => intersection(multi(each), multi(geometry)).length);
    if (!home || taken.has(home)) plan.remove.push(annotation);
    else if (taken.add(home)) plan.update.push([annotation, home]);
  }
  return plan;
}

/** The first without the others, which stay. @param {Shape[]} shapes @param {Size} size @returns {Plan} */
export function subtract(shapes, size) {
  const [first, ...others] = shapes;
  if (first.geometry.type === "mask") return withBits(shapes, size, "subtract");
  const result = difference(multi(first.geometry), ...others.map(({ geometry }) => multi(geometry)));
  return replaced(first, opened(result), "Nothing of it would remain: delete it instead.");
}

/** What the first has in common with all others, which stay. @param {Shape[]} shapes @param {Size} size @returns {Plan} */
export function intersect(shapes, size) {
  const [first, ...others] = shapes;
  if (first.geometry.type === "mask") return withBits(shapes, size, "intersect");
  const result = intersection(multi(first.geometry), ...others.map(({ geometry }) => multi(geometry)));
  return replaced(first, opened(result), "They have nothing in common.");
}

/** @param {Shape[]} shapes @param {Size} size @param {"union" | "subtract" | "intersect"} how @param {Annotation[]} [remove] @returns {Plan} */
function withBits([first, ...others], size, how, remove = []) {
  const bitmap = bitsOf(first.geometry, size);
  for (const { geometry } of others) combineBits(bitmap, bitsOf(geometry, size), how);
  const mask = bitmap.toMask();
  if (!mask) return { refusal: how === "subtract" ? "Nothing of it would remain: delete it instead." : "They have nothing in common." };
  if (first.geometry.type === "mask" && mask.counts === countsOf(first.geometry) && !remove.length) return { refusal: "They do not overlap: nothing changes." };
  return { update: [[first.annotation, mask]], remove };
}

/** The largest part keeps the id, the others are new shapes like it. @param {Shape} shape @param {Region[]} parts @param {string} refusal when nothing is left @returns {Plan} */
function replaced({ annotation, geometry }, parts, refusal) {
  const [largest, ...more] = polygonsOf(parts, [geometry]);
  if (!largest) return { refusal };
  const [before] = polygonsOf(regionsOf(geometry), [geometry]);
  if (!more.length && before && sameOutline(before, largest)) return { refusal: "They do not overlap: nothing changes." };
  return { update: [[annotation, largest]], create: more.map((polygon) => [annotation, polygon]) };
}

/** Whether two polygons have the same vertices in the same order, wherever their rings begin. @param {Polygon} a @param {Polygon} b */
function sameOutline(a, b) {
  const places = (/** @type {Polygon} */ { rings }) => rings.flat().map(([, x, y]) => `${x} ${y}`).sort().join();
  return a.rings.length === b.rings.length && places(a) === places(b);
}

/** Half the width of the gap by which a line parts a shape, until the gap is closed again. */
const GAP = 0.01;
/** New vertices this near to where the line meets an edge belong exactly there. */
const MEETS = 0.25;

const NOT_ACROSS = "The line has to cross the shape from one side to the other.";

/**
 * Cut a shape along a drawn line. Both sides of a polygon share the line's vertices; a mask becomes two masks, one for
 * each side of the line.
 * @param {Shape} shape @param {Point[]} line @param {number} [reach] pixels by which an end that lies inside is drawn on
 * @returns {Plan}
 */
export function cut(shape, line, reach = 0) {
  if (shape.geometry.type === "mask") return cutMask(shape.annotation, shape.geometry, line, reach);
  const regions = regionsOf(shape.geometry);
  const path = drawnOn(line, ([x, y]) => inRing(regions[0][0], x, y), reach);
  const blades = path.slice(1).map((to, i) => [closed([bladeOf(path[i], to)])]);
  const parts = opened(difference(regions.map(closed), ...blades));
  if (parts.length < 2) return { refusal: NOT_ACROSS };
  const corners = new Set(regions.flat(2).map(([x, y]) => `${round2(x)} ${round2(y)}`));
  const meetings = [...path, ...crossingsOf(path, regions.flat())];
  const joined = parts.map((region) => region.map((ring) => ring.map((point) => broughtTo(point, meetings, corners))));
  return replaced(shape, joined, "Nothing of it would remain.");
}

/** @param {Annotation} annotation @param {import("../types.js").Mask} mask @param {Point[]} line @param {number} reach @returns {Plan} */
function cutMask(annotation, mask, line, reach) {
  const bitmap = Bitmap.of(mask);
  const parts = halves(bitmap, drawnOn(line, ([x, y]) => Boolean(bitmap.get(Math.floor(x), Math.floor(y))), reach));
  const [larger, smaller] = parts?.map((part) => part.toMask()) ?? [];
  return larger && smaller ? { update: [[annotation, larger]], create: [[annotation, smaller]] } : { refusal: NOT_ACROSS };
}

/** @param {Point[]} line @param {(point: Point) => boolean} inside the shape @param {number} reach @returns {Point[]} */
function drawnOn(line, inside, reach) {
  const longer = (/** @type {Point} */ [x, y], /** @type {Point} */ [fromX, fromY]) => {
    const length = Math.hypot(x - fromX, y - fromY);
    const by = inside([x, y]) && length ? reach / length : 0;
    return /** @type {Point} */ ([x + (x - fromX) * by, y + (y - fromY) * by]);
  };
  return [longer(line[0], line[1]), ...line.slice(1, -1), longer(line[line.length - 1], line[line.length - 2])];
}

/** A segment with a little width, and a little longer at both ends. @param {Point} a @param {Point} b @returns {Point[]} */
function bladeOf([ax, ay], [bx, by]) {
  const length = Math.hypot(bx - ax, by - ay) || 1;
  const [dx, dy] = [((bx - ax) / length) * GAP, ((by - ay) / length) * GAP];
  return [[ax - dx - dy, ay - dy + dx], [bx + dx - dy, by + dy + dx], [bx + dx + dy, by + dy - dx], [ax - dx + dy, ay - dy - dx]];
}

/** Where a line meets the edges of rings. @param {Point[]} path @param {Point[][]} rings @returns {Point[]} */
function crossingsOf(path, rings) {
  /** @type {Point[]} */
  const found = [];
  for (let i = 0; i + 1 < path.length; i++) {
    for (const ring of rings) ring.forEach((from, n) => found.push(...meeting(path[i], path[i + 1], from, ring[(n + 1) % ring.length])));
  }
  return found;
}

/** @param {Point} a @param {Point} b @param {Point} c @param {Point} d @returns {Point[]} where the segments ab and cd cross, if they do */
function meeting([ax, ay], [bx, by], [cx, cy], [dx, dy]) {
  const across = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx);
  if (!across) return [];
  const t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / across;
  const s = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / across;
  return t >= 0 && t <= 1 && s >= 0 && s <= 1 ? [[ax + t * (bx - ax), ay + t * (by - ay)]] : [];
}

/** @param {Point} point @param {Point[]} meetings @param {Set<string>} corners that stay where they are @returns {Point} */
function broughtTo(point, meetings, corners) {
  if (corners.has(`${round2(point[0])} ${round2(point[1])}`)) return point;
  let [best, nearest] = [point, MEETS];
  for (const each of meetings) {
    const off = distanceToSegment(point, each, each);
    if (off < nearest) [best, nearest] = [each, off];
  }
  return best;
}

/**
 * The ops of a plan. A track gets a keyframe; what is created is like the shape that it comes from.
 * @param {Plan} plan @param {{frame: number | null, pending: (id: string) => boolean}} facts @returns {Op[]}
 */
export function opsOf({ update = [], create = [], remove = [] }, { frame, pending }) {
  const place = frame === null ? {} : { frame };
  return [
    ...update.map(([{ id, keyframes, geom_rev }, geometry, more]) => {
      if (keyframes && frame !== null) return { op: "keyframe", id, frame, set: { geometry } };
      return { op: "update", id, set: { geometry, ...more }, ...(pending(id) ? {} : { geom_rev }) };
    }),
    ...create.map(([{ label, attributes, group, z }, geometry]) => {
      return { op: "create", id: uuid7(), label, geometry, attributes, ...place, ...(group ? { group } : {}), ...(z ? { z } : {}) };
    }),
    ...remove.map(({ id }) => ({ op: "delete", id })),
  ];
}
