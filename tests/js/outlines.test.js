import assert from "node:assert/strict";
import test from "node:test";

import { borderBetween, isCorner, nearestPlace, outlinesOf, ringsCross } from "../../static/js/editor/model/borders.js";
import { geometryOps, vertexOps } from "../../static/js/editor/model/drafts.js";
import { movedTogether } from "../../static/js/editor/model/geometry.js";
import { stretchedAll } from "../../static/js/editor/model/handles.js";
import { applyOp } from "../../static/js/editor/model/ops.js";
import { atMost, freshVertex, nearestEdge, numbered, simplified, straightened, thinned, withInserted, withMoved, withoutVertices } from "../../static/js/editor/model/vertices.js";
import { box } from "./helpers.js";

const square = { type: "polygon", rings: [[["a", 0, 0], ["b", 10, 0], ["c", 10, 10], ["d", 0, 10]]] };
const holed = { type: "polygon", rings: [...square.rings, [["e", 2, 2], ["f", 4, 2], ["g", 4, 4]]] };
const line = { type: "polyline", points: [["a", 0, 0], ["b", 10, 0], ["c", 10, 10]] };
const stamp = { rev: 9, actor: "me", at: "" };

function names(geometry) {
  return geometry.rings.map((ring) => ring.map(([id]) => id).join("")).join("/");
}

test("a vertex is moved, put in and taken away", () => {
  assert.deepEqual(withMoved(square, new Map([["c", [12.345, 11]], ["gone", [1, 1]]])).rings[0][2], ["c", 12.35, 11]);
  assert.equal(names(withInserted(holed, 1, "g", ["h", 3, 5])), "abcd/efgh");
  assert.equal(withInserted(square, 0, "gone", ["h", 3, 5]), null);
  assert.equal(names(withoutVertices(holed, new Set(["b"]))), "acd/efg");
  assert.equal(names(withoutVertices(holed, new Set(["f"]))), "abcd", "a hole of two vertices is none");
  assert.equal(withoutVertices(square, new Set(["a", "b"])), null);
  assert.equal(withoutVertices(line, new Set(["a", "b"])), null);
});

test("ops of single vertices lead from one outline to another", () => {
  const steps = [
    withMoved(square, new Map([["b", [11, 1]]])),
    withInserted(withInserted(square, 0, "d", ["x", 1, 12]), 0, "d", ["y", 2, 12]),
    withoutVertices(withMoved(holed, new Map([["e", [2.5, 2]]])), new Set(["a"])),
  ];
  const starts = [square, square, holed];
  steps.forEach((wanted, i) => {
    const ops = vertexOps(starts[i], wanted);
    const end = ops.reduce((shape, op) => applyOp(shape, { ...op, id: "s" }, stamp), { id: "s", geometry: starts[i] });
    assert.deepEqual(end.geometry, wanted);
  });
  assert.equal(vertexOps(square, movedTogether(new Map([["s", square]]), 1, 1, 99, 99).get("s")), null, "all moved: a whole outline");
  assert.equal(vertexOps(square, holed), null, "a new ring: a whole outline");
  assert.equal(vertexOps(square, { type: "polygon", rings: [[...square.rings[0]].reverse()] }), null);
});

test("a dragged vertex leaves alone what somebody else did meanwhile", () => {
  const base = { id: "s", geometry: square, geom_rev: 3 };
  const now = { id: "s", geometry: withMoved(square, new Map([["a", [1, 1]]])), geom_rev: 4 };
  const mine = withMoved(square, new Map([["c", [12, 12]]]));
  const [op, ...more] = geometryOps(now, mine, { frame: null, pending: false, base });
  assert.deepEqual([op.do, op.vertex, op.x, more.length], ["move", "c", 12, 0]);
  const whole = movedTogether(new Map([["s", square]]), 5, 5, 99, 99).get("s");
  const facts = { frame: null, pending: false, base };
  assert.equal(geometryOps(now, whole, facts)[0].geom_rev, 3, "it replaces what was seen, so the server refuses it");
  assert.equal(geometryOps({ ...base, geom_rev: 7 }, whole, facts)[0].geom_rev, 7, "confirmed meanwhile, and otherwise the same");
  assert.equal("geom_rev" in geometryOps(now, whole, { ...facts, pending: true })[0], false);
  const track = { id: "s", frame: 2, keyframes: { 2: { geometry: square } }, geometry: square };
  const [key] = geometryOps(track, mine, { frame: 4, pending: false });
  assert.deepEqual([key.op, key.frame, key.set.geometry], ["keyframe", 4, mine]);
});

test("fresh vertices have ids of their own that the server takes", () => {
  const ids = new Set(Array.from({ length: 500 }, freshVertex));
  assert.equal(ids.size, 500);
  for (const id of ids) assert.match(id, /^[a-z0-9]{8}$/);
});

test("the nearest edge, the closing one included", () => {
  assert.deepEqual(nearestEdge(square, [-1, 4]), { ring: 0, index: 3, at: [0, 4], distance: 1 });
  assert.equal(nearestEdge(holed, [3, 1.9]).ring, 1);
  assert.equal(nearestEdge(line, [-1, 4]).index, 0, "an open line has no closing edge");
});

test("a freehand line keeps its corners and loses its tremble", () => {
  const walk = [...Array.from({ length: 50 }, (_, i) => [i, (i % 2) * 0.2]), ...Array.from({ length: 50 }, (_, i) => [50, i])];
  const kept = simplified(walk, 0.5);
  assert.ok(kept.length < 6, `${kept.length} points`);
  for (const [x, y] of walk) assert.ok(nearestEdge({ type: "polyline", points: kept.map(([a, b]) => ["", a, b]) }, [x, y]).distance <= 0.5);
  assert.deepEqual(straightened([0, 0], [10, 1]), [10, 0]);
  assert.deepEqual(straightened([0, 0], [6, 5]).map((value) => Math.round(value * 10)), [55, 55]);
});

test("shapes that move together stay as they lie to each other, inside the picture", () => {
  const shapes = new Map([["a", box(0, 0, 10, 10)], ["b", square], ["c", { type: "rbox", cx: 80, cy: 50, w: 20, h: 20, angle: 0 }]]);
  const moved = movedTogether(shapes, 50, -5, 100, 100);
  assert.deepEqual([moved.get("a").x, moved.get("b").rings[0][0][1], moved.get("c").cx], [10, 10, 90]);
  assert.deepEqual([moved.get("a").y, moved.get("c").cy], [0, 50]);
  const wider = stretchedAll(shapes, 3, 2, { width: 100, height: 100 });
  assert.deepEqual([...wider.keys()], ["a", "c"], "an outline has no sides");
  assert.deepEqual([wider.get("a").w, wider.get("c").w, wider.get("c").h], [13, 23, 22]);
});

test("a keypoint that was never placed does not move", () => {
  const pose = { type: "keypoints", points: [[5, 5, 2], [0, 0, 0], [7, 7, 0]] };
  assert.deepEqual(movedTogether(new Map([["p", pose]]), 2, 3, 100, 100).get("p").points, [[7, 8, 2], [0, 0, 0], [9, 10, 0]]);
});

test("the nearest place of an outline is a vertex where one is in reach", () => {
  const corner = nearestPlace(square, [9, 1], 2);
  assert.deepEqual([corner.along, corner.at, isCorner(corner)], [1, [10, 0], true]);
  const edge = nearestPlace(square, [5, 1], 2);
  assert.deepEqual([edge.along, edge.at, isCorner(edge)], [0.5, [5, 0], false]);
  assert.equal(nearestPlace(square, [5, 5], 2), null);
  assert.equal(nearestPlace(holed, [3, 2.1], 1).ring, 1);
  assert.deepEqual(nearestPlace(box(0, 0, 10, 10), [10.5, 10.5], 1).at, [10, 10]);
  assert.equal(nearestPlace(line, [2, 7], 3), null);
});

test("the border between two vertices goes the shorter way, or the other", () => {
  const [ring] = outlinesOf({ type: "polygon", rings: [[["a", 0, 0], ["b", 10, 0], ["c", 20, 0], ["d", 20, 10], ["e", 0, 10]]] });
  assert.deepEqual(borderBetween(ring, 0, 2), [[10, 0]]);
  assert.deepEqual(borderBetween(ring, 2, 0), [[10, 0]]);
  assert.deepEqual(borderBetween(ring, 0, 2, true), [[0, 10], [20, 10]]);
  assert.deepEqual(borderBetween(ring, 2, 0, true), [[20, 10], [0, 10]]);
  assert.deepEqual(borderBetween(ring, 0.5, 1.5), [[10, 0]], "between two edges");
  assert.deepEqual(borderBetween(ring, 0.2, 0.8), [], "on one edge");
  assert.deepEqual(borderBetween(ring, 0.8, 0.2, true).length, 5, "and all round");
  assert.deepEqual(borderBetween(ring, 4.5, 0.5), [[0, 0]], "over the first vertex");
  const [open] = outlinesOf(line);
  assert.deepEqual(borderBetween(open, 2, 0), [[10, 0]]);
  assert.deepEqual(borderBetween(open, 2, 0, true), [[10, 0]], "an open line has one way only");
});

test("a line of too many points gets rougher until it has few enough", () => {
  const wave = Array.from({ length: 4000 }, (_, i) => [i / 10, 20 * Math.sin(i / 7)]);
  const kept = atMost(wave, 300, 0.1);
  assert.ok(kept.length <= 300 && kept.length > 50, `${kept.length} points`);
  assert.equal(atMost(wave, 4000, 0.1), wave);
  assert.deepEqual(numbered([[1.234, 5]]), [[0, 1.23, 5]]);
});

test("rings that cross, and rings that only touch", () => {
  const ring = [[0, 0], [10, 0], [10, 10], [0, 10]];
  assert.equal(ringsCross(ring, [[5, 5], [15, 5], [15, 8]]), true);
  assert.equal(ringsCross(ring, [[2, 2], [8, 2], [5, 8]]), false);
  assert.equal(ringsCross(ring, [[0, 0], [5, 5], [0, 5]]), false);
});

test("others see a large outline with fewer vertices while it is dragged", () => {
  const round = { type: "polygon", rings: [Array.from({ length: 950 }, (_, i) => [i, Math.cos(i), Math.sin(i)]), square.rings[0]] };
  assert.deepEqual(thinned(round, 100).rings.map((ring) => ring.length), [95, 4]);
  assert.equal(thinned(square, 100), square);
});
