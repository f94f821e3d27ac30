import assert from "node:assert/strict";
import test from "node:test";

import { convert, smallestBox } from "../../static/js/editor/model/conversions.js";
import { areaOf, boundsOf } from "../../static/js/editor/model/geometry.js";
import { doubleArea } from "../../static/js/editor/model/outline.js";
import { Bitmap, fillRings } from "../../static/js/editor/model/raster.js";
import { bitsOf, cut, intersect, opsOf, polygonsOf, regionsOf, subtract, unite } from "../../static/js/editor/model/regions.js";
import { box } from "./helpers.js";

const SIZE = { width: 200, height: 150 };
const FACTS = { frame: null, pending: () => false };

let count = 0;
function shape(geometry, more = {}) {
  const id = `shape-${++count}`;
  return { annotation: { id, label: "car", geometry, attributes: { colour: "red" }, keyframes: null, geom_rev: 7, group: null, z: 2, ...more }, geometry };
}

function polygon(...rings) {
  let id = 0;
  return { type: "polygon", rings: rings.map((ring) => ring.map(([x, y]) => [`v${id++}`, x, y])) };
}

const square = (x, y, s) => [[x, y], [x + s, y], [x + s, y + s], [x, y + s]];
const area = ({ rings }) => rings.reduce((sum, ring, i) => sum + (i ? -1 : 1) * Math.abs(doubleArea(ring.map(([, x, y]) => [x, y]))) / 2, 0);
const places = ({ rings }) => rings.map((ring) => ring.map(([, x, y]) => `${x},${y}`).sort());

function intersectionOf(a, b) {
  const [left, right] = [Bitmap.of(a), Bitmap.of(b)];
  const both = new Bitmap(SIZE.width, SIZE.height);
  for (let x = 0; x < SIZE.width; x++) {
    for (let y = 0; y < SIZE.height; y++) if (left.get(x, y) && right.get(x, y)) fillRings(both, [square(x, y, 1)], 1);
  }
  return both.toMask() ?? { ...a, counts: "" };
}

function maskOf(...rings) {
  const bitmap = new Bitmap(SIZE.width, SIZE.height);
  fillRings(bitmap, rings, 1);
  return bitmap.toMask();
}

test("a united polygon keeps the first one's id, and the ids of the vertices that survive", () => {
  const [a, b] = [shape(polygon(square(10, 10, 40))), shape(polygon(square(30, 30, 40)))];
  const plan = unite([a, b], SIZE);
  const [[updated, united]] = plan.update;
  assert.equal(updated, a.annotation);
  assert.deepEqual(plan.remove, [b.annotation]);
  assert.equal(area(united), 1600 + 1600 - 400);
  const ids = Object.fromEntries(united.rings[0].map(([id, x, y]) => [`${x},${y}`, id]));
  assert.equal(ids["10,10"], "v0");
  assert.equal(ids["50,10"], "v1");
  assert.notEqual(ids["50,30"], undefined);
  assert.equal(new Set(united.rings[0].map(([id]) => id)).size, 8);
  const ops = opsOf(plan, FACTS);
  assert.deepEqual(ops.map((op) => [op.op, op.id, op.geom_rev]), [["update", a.annotation.id, 7], ["delete", b.annotation.id, undefined]]);
});

test("neighbours with a shared border become one without it; what does not touch is left as it is", () => {
  const plan = unite([shape(box(10, 10, 20, 20)), shape(box(30, 10, 20, 20))], SIZE);
  assert.deepEqual(places(plan.update[0][1]), [["10,10", "10,30", "50,10", "50,30"]]);
  assert.match(unite([shape(box(0, 0, 10, 10)), shape(box(50, 0, 10, 10))], SIZE).refusal, /do not touch/);
  const [a, b, c] = [shape(box(0, 0, 10, 10)), shape(box(100, 0, 10, 10)), shape(box(5, 0, 10, 10))];
  const groups = unite([a, b, c], SIZE);
  assert.deepEqual(groups.update.map(([annotation]) => annotation.id), [a.annotation.id, b.annotation.id]);
  assert.deepEqual(groups.remove, [c.annotation]);
});

test("what is subtracted from the middle leaves a hole, and stays itself", () => {
  const [outer, inner] = [shape(polygon(square(10, 10, 60))), shape(box(30, 30, 10, 10))];
  const plan = subtract([outer, inner], SIZE);
  assert.deepEqual(plan.update[0][1].rings.map((ring) => ring.length), [4, 4]);
  assert.equal(area(plan.update[0][1]), 3500);
  assert.equal(plan.remove, undefined);
  assert.match(subtract([inner, outer], SIZE).refusal, /delete it/);
  assert.match(subtract([shape(box(0, 0, 5, 5)), shape(box(50, 50, 5, 5))], SIZE).refusal, /do not overlap/);
});

test("a shape that is parted becomes several: the largest keeps the id, the others are like it", () => {
  const beam = shape(box(10, 40, 100, 20), { group: "g" });
  const plan = subtract([beam, shape(box(40, 0, 10, 100))], SIZE);
  const ops = opsOf(plan, { ...FACTS, frame: 4 });
  assert.deepEqual(ops.map(({ op }) => op), ["update", "create"]);
  assert.deepEqual(boundsOf(ops[0].set.geometry), { minX: 50, minY: 40, maxX: 110, maxY: 60 });
  assert.deepEqual(boundsOf(ops[1].geometry), { minX: 10, minY: 40, maxX: 40, maxY: 60 });
  const { label, attributes, group, z, frame } = ops[1];
  assert.deepEqual({ label, attributes, group, z, frame }, { label: "car", attributes: { colour: "red" }, group: "g", z: 2, frame: 4 });
});

test("an intersection is what all have in common", () => {
  const plan = intersect([shape(polygon(square(0, 0, 40))), shape(box(20, 20, 40, 40)), shape(box(0, 30, 100, 100))], SIZE);
  assert.deepEqual(boundsOf(plan.update[0][1]), { minX: 20, minY: 30, maxX: 40, maxY: 40 });
  assert.match(intersect([shape(box(0, 0, 5, 5)), shape(box(50, 50, 5, 5))], SIZE).refusal, /nothing in common/);
});

test("a hole stays a hole in what is made of a polygon with one", () => {
  const ring = shape(polygon(square(10, 10, 80), square(40, 40, 20)));
  const united = unite([ring, shape(box(80, 80, 30, 30))], SIZE).update[0][1];
  assert.deepEqual(united.rings.map((each) => each.length), [8, 4]);
  assert.equal(united.rings[1].map(([id]) => id).sort().join(), "v4,v5,v6,v7");
  const halves = cut(ring, [[50, 0], [50, 120]]);
  assert.equal(area(halves.update[0][1]) + area(halves.create[0][1]), 6400 - 400);
});

test("a cut along a drawn line gives two polygons that share the line", () => {
  const blob = shape(polygon(square(20, 20, 80)));
  const plan = cut(blob, [[10, 50], [60, 70.5], [110, 45]]);
  const [[, large], [, small]] = [plan.update[0], plan.create[0]];
  assert.equal(plan.create.length, 1);
  assert.ok(Math.abs(area(large) + area(small) - 6400) < 0.5, `${area(large)} + ${area(small)}`);
  const shared = places(large)[0].filter((place) => places(small)[0].includes(place));
  assert.equal(shared.length, 3);
  assert.ok(shared.includes("60,70.5"));
  assert.equal(plan.update[0][0], blob.annotation);
});

test("a cut that ends a little inside still goes through; one that only enters does not", () => {
  const target = shape(box(20, 20, 80, 80));
  assert.match(cut(target, [[10, 50], [60, 50]]).refusal, /cross the shape/);
  assert.equal(cut(target, [[22, 50], [97, 50]], 6).create.length, 1);
  const bay = shape(polygon([[10, 10], [110, 10], [110, 110], [80, 110], [80, 40], [40, 40], [40, 110], [10, 110]]));
  assert.equal(cut(bay, [[0, 90], [120, 90]]).create.length, 2);
  assert.equal(cut(bay, [[0, 90], [60, 90]]).create.length, 1);
});

test("a slanted cut closes its gap wherever it meets an edge", () => {
  for (let turn = 5; turn < 180; turn += 13) {
    const [dx, dy] = [100 * Math.cos((turn * Math.PI) / 180), 100 * Math.sin((turn * Math.PI) / 180)];
    const plan = cut(shape(polygon(square(40, 40, 60))), [[70.3 - dx, 69.1 - dy], [70.3 + dx, 69.1 + dy]]);
    const parts = [plan.update[0][1], ...plan.create.map(([, each]) => each)];
    assert.equal(parts.length, 2, `${turn} degrees`);
    assert.ok(Math.abs(area(parts[0]) + area(parts[1]) - 3600) < 0.5, `${turn} degrees: ${area(parts[0]) + area(parts[1])}`);
    assert.equal(places(parts[0])[0].filter((place) => places(parts[1])[0].includes(place)).length, 2, `${turn} degrees`);
  }
});

test("masks are reckoned pixel by pixel, and stay masks", () => {
  const [a, b] = [shape(maskOf(square(10, 10, 40))), shape(polygon(square(30, 30, 40)))];
  assert.equal(areaOf(unite([a, b], SIZE).update[0][1]), 2800);
  assert.equal(areaOf(subtract([a, b], SIZE).update[0][1]), 1200);
  assert.equal(areaOf(intersect([a, b], SIZE).update[0][1]), 400);
  assert.equal(unite([a, b], SIZE).remove.length, 1);
  assert.match(subtract([a, shape(box(100, 100, 5, 5))], SIZE).refusal, /do not overlap/);
  const left = subtract([b, a], SIZE).update[0][1];
  assert.equal(left.type, "polygon");
  assert.ok(Math.abs(area(left) - 1200) < 2);
});

test("a mask that is cut becomes two masks, and no pixel is lost", () => {
  const before = maskOf([[40, 30], [110, 30], [110, 70], [40, 70]]);
  for (const [line, smallest] of [
    [[[0, 60], [150, 60]], 700], // along pixels' edges
    [[[45.5, 0], [45.5, 150]], 240], // through pixels' middles
    [[[20, 10], [100, 90]], 800 + 20],
    [[[20, 25], [60, 51.3], [55, 60], [110, 120]], null], // with bends
    [[[50, 0], [50, 55], [60, 60], [60, 150]], null],
  ]) {
    const plan = cut(shape(before), line);
    const [larger, smaller] = [plan.update[0][1], plan.create[0][1]];
    assert.deepEqual([larger.type, smaller.type, plan.create.length], ["mask", "mask", 1]);
    assert.equal(areaOf(larger) + areaOf(smaller), areaOf(before));
    assert.equal(areaOf(intersectionOf(larger, smaller)), 0);
    if (smallest) assert.equal(areaOf(smaller), smallest);
    assert.equal(regionsOf(larger).length + regionsOf(smaller).length, 2);
  }
});

test("a cut mask keeps what the line does not touch with its larger half; a line that only enters is refused", () => {
  const mask = maskOf(square(10, 10, 40), square(80, 10, 20), square(80, 60, 20));
  const plan = cut(shape(mask), [[0, 20], [150, 20]]); // through two of its parts
  assert.deepEqual([areaOf(plan.update[0][1]), areaOf(plan.create[0][1])], [40 * 30 + 20 * 10 + 400, 40 * 10 + 20 * 10]);
  const [updated, created] = opsOf(plan, FACTS);
  assert.deepEqual([updated.op, updated.geom_rev, created.op, created.attributes], ["update", 7, "create", { colour: "red" }]);
  for (const line of [[[0, 5], [150, 5]], [[0, 20], [30, 20]]]) assert.match(cut(shape(mask), line).refusal, /cross the shape/);
  assert.equal(cut(shape(maskOf(square(10, 10, 40))), [[12, 20], [47, 20]], 6).create.length, 1, "ends that lie a little inside");
});

test("a mask of several parts becomes polygons of one group; a ring becomes one with a hole", () => {
  const mask = maskOf(square(10, 10, 30), square(80, 10, 60), square(100, 30, 20));
  const ops = opsOf(convert([shape(mask)], "polygon", SIZE), FACTS);
  assert.deepEqual(ops.map(({ op }) => op), ["update", "create"]);
  assert.deepEqual(ops[0].set.geometry.rings.map((ring) => ring.length), [4, 4]);
  assert.equal(ops[0].set.group, ops[1].group);
  assert.ok(ops[1].group);
  assert.deepEqual(boundsOf(ops[1].geometry), { minX: 10, minY: 10, maxX: 40, maxY: 40 });
});

test("there and back again: polygon, mask, polygon", () => {
  const blob = Array.from({ length: 60 }, (_, i) => [100 + (50 + 8 * Math.sin(i)) * Math.cos(i / 9.55), 75 + (50 + 8 * Math.sin(i)) * Math.sin(i / 9.55)]);
  const before = polygon(blob);
  const mask = convert([shape(before)], "mask", SIZE).update[0][1];
  const after = convert([shape(mask)], "polygon", SIZE).update[0][1];
  const [x, y] = [bitsOf(before, SIZE), bitsOf(after, SIZE)];
  let [both, either] = [0, 0];
  for (let px = 0; px < 200; px++) {
    for (let py = 0; py < 150; py++) {
      both += x.get(px, py) & y.get(px, py);
      either += x.get(px, py) | y.get(px, py);
    }
  }
  assert.ok(both / either > 0.98, String(both / either));
});

test("boxes and smallest rectangles; what is a box already is left alone", () => {
  const tilted = polygon([[50, 20], [90, 60], [70, 80], [30, 40]]);
  const plan = convert([shape(tilted), shape(box(1, 1, 5, 5))], "box", SIZE);
  assert.equal(plan.update.length, 1);
  assert.deepEqual(plan.update[0][1], { type: "box", x: 30, y: 20, w: 60, h: 60 });
  const [turned] = smallestBox(regionsOf(tilted)[0][0]);
  assert.deepEqual(turned, { type: "rbox", cx: 60, cy: 50, w: 56.57, h: 28.28, angle: 45 });
  assert.deepEqual(smallestBox([[0, 0], [5, 5], [9, 9]]), []);
  const again = convert([shape(turned)], "polygon", SIZE).update[0][1];
  assert.ok(Math.abs(area(again) - 1600) < 1);
  assert.match(convert([shape(box())], "box", SIZE).refusal, /can be made/);
});

test("a track keeps its kind, since its other keyframes have it", () => {
  const track = shape(box(), { keyframes: { 0: { geometry: box() } } });
  assert.match(convert([track], "polygon", SIZE).refusal, /track/i);
});

test("dust of rounded coordinates is no shape", () => {
  const dusty = [[[0, 0], [10, 0], [10, 10], [0, 10]], [[20, 20], [20.001, 20], [20, 20.3]]].map((ring) => [ring]);
  assert.equal(polygonsOf(dusty).length, 1);
});
