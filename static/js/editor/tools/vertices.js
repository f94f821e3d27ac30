/** Work on the chosen vertices or keypoints of the one selected shape, by pointer and by keys alike. */
import { geometryOn } from "../model/geometry.js";
import { handlesOf, nextVisibility, visibilityText } from "../model/handles.js";
import { FEWEST, findVertex, freshVertex, ringsOf, withInserted, withMoved, withoutVertices } from "../model/vertices.js";
import { clamp, round2 } from "../util.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Keypoints} Keypoints
 * @typedef {import("../types.js").Point} Point
 * @typedef {string | number} Key a vertex's id, or a keypoint's place in the skeleton
 */

/** The one selected shape, as it is now. @param {Editor} editor @returns {{annotation: import("../types.js").Annotation, geometry: Geometry} | null} */
export function theOne(editor) {
  const [annotation, ...more] = editor.selected();
  const geometry = annotation && !more.length ? (editor.drafts.get(annotation.id) ?? geometryOn(annotation, editor.frame)) : null;
  return geometry && { annotation, geometry };
}

/** @param {Editor} editor @param {Iterable<Key>} keys */
export function choose(editor, keys) {
  editor.setGuides({ chosen: new Set(keys) });
}

/** The places of the chosen ones that are still there. @param {Editor} editor @param {Geometry} geometry @returns {Map<Key, Point>} */
export function chosenPlaces(editor, geometry) {
  const { chosen } = editor.guides;
  const found = handlesOf(geometry, 1).filter(({ kind, key }) => (kind === "vertex" || kind === "point") && chosen.has(key));
  return new Map(found.map(({ key, at }) => [key, at]));
}

/** @param {Geometry} geometry @param {Map<Key, Point>} places @param {{width: number, height: number}} picture @returns {Geometry} */
export function withPlaces(geometry, places, { width, height }) {
  const inside = new Map([...places].map(([key, [x, y]]) => [key, /** @type {Point} */ ([clamp(x, 0, width), clamp(y, 0, height)])]));
  if (geometry.type !== "keypoints") return withMoved(geometry, inside);
  const points = geometry.points.map(([x, y, visible], i) => {
    const [nextX, nextY] = inside.get(i) ?? [x, y];
    return /** @type {[number, number, number]} */ ([round2(nextX), round2(nextY), visible]);
  });
  return { ...geometry, points };
}

/** Change the one selected shape. @param {Editor} editor @param {string} id @param {Geometry} geometry @param {string} title */
function change(editor, id, geometry, title) {
  editor.setDrafts(new Map([[id, geometry]]));
  editor.commitDrafts(title);
}

/** @param {Editor} editor @param {Iterable<Key>} keys */
export function remove(editor, keys) {
  editor.commitDrafts();
  const one = theOne(editor);
  if (!one) return;
  const gone = new Set(keys);
  choose(editor, []);
  if (one.geometry.type === "keypoints") return setVisibility(editor, gone, () => 0);
  const left = withoutVertices(one.geometry, gone);
  if (left) return change(editor, one.annotation.id, left, gone.size > 1 ? `Delete ${gone.size} vertices` : "Delete vertex");
  const { type } = one.geometry;
  const fewest = type === "polyline" ? FEWEST.polyline : FEWEST.polygon;
  editor.emit("say", `A ${type} needs ${fewest} vertices: select the whole shape and press Delete to delete it.`);
}

/** @param {Editor} editor @param {Set<Key>} keys @param {(visible: number) => number} next */
export function setVisibility(editor, keys, next) {
  editor.commitDrafts();
  const one = theOne(editor);
  if (one?.geometry.type !== "keypoints") return;
  const middle = middleOf(one.geometry);
  const points = one.geometry.points.map((point, i) => (keys.has(i) ? seen(point, next(point[2]), middle) : point));
  if (points.every(([, , visible]) => visible === 0)) {
    return editor.emit("say", "One point at least has to be labelled: select the whole shape and press Delete to delete it.");
  }
  change(editor, one.annotation.id, { ...one.geometry, points }, "Visibility");
  const [first] = keys;
  const name = pointNames(editor, one.annotation.label)[Number(first)] ?? `Point ${Number(first) + 1}`;
  editor.emit("say", `${name}: ${visibilityText(points[Number(first)][2])}.`);
}

/** A point that was never placed comes to the middle of the others. @param {[number, number, number]} point @param {number} visible @param {Point} middle @returns {[number, number, number]} */
function seen([x, y, before], visible, middle) {
  const nowhere = !before && x === 0 && y === 0 && visible;
  return nowhere ? [middle[0], middle[1], visible] : [x, y, visible];
}

/** @param {Keypoints} geometry @returns {Point} */
function middleOf({ points }) {
  const placed = points.filter(([, , visible]) => visible);
  const sum = placed.reduce(([sx, sy], [x, y]) => [sx + x, sy + y], [0, 0]);
  return [round2(sum[0] / (placed.length || 1)), round2(sum[1] / (placed.length || 1))];
}

/** The names of a label's keypoints. @param {Editor} editor @param {string} label @returns {string[]} */
export function pointNames(editor, label) {
  const points = editor.label(label)?.skeleton?.points ?? [];
  return points.map((point, i) => (typeof point === "string" ? point : (point.name ?? `point ${i + 1}`)));
}

/** Choose the vertices or keypoints of the selected shape that lie in a rectangle. @param {Editor} editor @param {import("../types.js").Bounds} area @returns {boolean} whether there are any */
export function chooseWithin(editor, { minX, minY, maxX, maxY }) {
  const one = theOne(editor);
  const single = one ? handlesOf(one.geometry, 1).filter(({ kind }) => kind === "vertex" || kind === "point") : [];
  const inside = single.filter(({ at: [x, y] }) => x >= minX && x <= maxX && y >= minY && y <= maxY);
  if (inside.length) choose(editor, inside.map(({ key }) => key));
  return inside.length > 0;
}

/** Choose the vertex or keypoint after the chosen one. @param {Editor} editor @param {number} by */
export function chooseNext(editor, by) {
  const one = theOne(editor);
  const keys = one ? handlesOf(one.geometry, 1).filter(({ kind }) => kind === "vertex" || kind === "point") : [];
  if (!one || !keys.length) return;
  const at = keys.findIndex(({ key }) => editor.guides.chosen.has(key));
  const next = keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : (at + by + keys.length) % keys.length];
  choose(editor, [next.key]);
  const names = pointNames(editor, one.annotation.label);
  const name = next.kind === "point" ? `${names[next.index] ?? "Point"} ${Number(next.key) + 1}, ${visibilityText(next.index)}` : `Vertex ${next.index + 1}`;
  editor.emit("say", `${name} of ${keys.length}, at ${next.at.map(Math.round).join(", ")}.`);
}

/** Move the chosen ones by whole pixels. @param {Editor} editor @param {number} dx @param {number} dy @returns {boolean} whether there were any */
export function nudgeChosen(editor, dx, dy) {
  const one = theOne(editor);
  const places = one ? chosenPlaces(editor, one.geometry) : new Map();
  if (!one || !places.size) return false;
  for (const [key, [x, y]] of places) places.set(key, [x + dx, y + dy]);
  editor.settle(new Map([[one.annotation.id, withPlaces(one.geometry, places, editor.item)]]), "Move vertex");
  return true;
}

/** A new vertex in the middle of the edge after the chosen one. @param {Editor} editor */
export function insertAfterChosen(editor) {
  editor.commitDrafts();
  const one = theOne(editor);
  const [key] = editor.guides.chosen;
  const place = one && key !== undefined ? findVertex(one.geometry, key) : null;
  if (!one || !place) return editor.emit("say", "Choose a vertex first: E goes through them.");
  const ring = ringsOf(one.geometry)[place.ring];
  const [, x, y] = ring[(place.index + 1) % ring.length];
  const id = freshVertex();
  const next = withInserted(one.geometry, place.ring, key, [id, round2((place.at[0] + x) / 2), round2((place.at[1] + y) / 2)]);
  if (!next) return;
  change(editor, one.annotation.id, next, "Insert vertex");
  choose(editor, [id]);
}
