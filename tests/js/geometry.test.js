import assert from "node:assert/strict";
import test from "node:test";

import { areaOf, boundsOf, boxAround, boxBetween, contains, geometryOn, moved, resized } from "../../static/js/editor/model/geometry.js";
import { decodeMask, eachStripe, maskHolds, runLengths } from "../../static/js/editor/model/mask.js";
import { box } from "./helpers.js";

const triangle = { type: "polygon", rings: [[["a", 0, 0], ["b", 10, 0], ["c", 0, 10]]] };

test("bounds of every kind of shape", () => {
  assert.deepEqual(boundsOf(box(1, 2, 3, 4)), { minX: 1, minY: 2, maxX: 4, maxY: 6 });
  assert.deepEqual(boundsOf(triangle), { minX: 0, minY: 0, maxX: 10, maxY: 10 });
  const turned = boundsOf({ type: "rbox", cx: 10, cy: 10, w: 8, h: 2, angle: 90 });
  assert.deepEqual(Object.values(turned).map(Math.round), [9, 6, 11, 14]);
  assert.deepEqual(boundsOf({ type: "keypoints", points: [[5, 6, 2], [100, 100, 0]] }), { minX: 5, minY: 6, maxX: 5, maxY: 6 });
  assert.equal(boundsOf({ type: "tag" }), null);
});

test("a point in a triangle, beside it, and on a line", () => {
  assert.equal(contains(triangle, [2, 2], 0), true);
  assert.equal(contains(triangle, [8, 8], 0.5), false);
  assert.equal(contains({ type: "polyline", points: [["a", 0, 0], ["b", 10, 0]] }, [5, 2], 3), true);
  assert.equal(contains({ type: "polyline", points: [["a", 0, 0], ["b", 10, 0]] }, [5, 4], 3), false);
  assert.equal(areaOf(triangle), 50);
});

test("a skeleton is held by its bones too, as far as they are drawn", () => {
  const body = { type: "keypoints", points: [[0, 0, 2], [0, 40, 2], [0, 80, 0]] };
  const bones = [[0, 1], [1, 2]];
  assert.equal(contains(body, [3, 20], 4, bones), true);
  assert.equal(contains(body, [3, 60], 4, bones), false);
  assert.equal(contains(body, [3, 20], 4), false);
});

test("a moved shape stays in the picture as a whole", () => {
  assert.deepEqual(moved(box(5, 5), -20, 200, 100, 100), box(0, 90));
  assert.deepEqual(boundsOf(moved(triangle, 500, 0, 100, 100)), { minX: 90, minY: 0, maxX: 100, maxY: 10 });
});

test("a handle pulled through the other side turns the box over", () => {
  assert.deepEqual(resized(box(10, 10, 10, 10), "w", 15, 0, 100, 100), box(20, 10, 5, 10));
  assert.deepEqual(resized(box(10, 10, 10, 10), "se", 500, 500, 100, 100), box(10, 10, 90, 90));
});

test("a box is never thinner than a pixel, nor outside of the picture", () => {
  assert.deepEqual(boxBetween([50, 50], [50.2, 90], 100, 100), box(50, 50, 1, 40));
  assert.deepEqual(boxBetween([100, 100], [100, 100], 100, 100), box(99, 99, 1, 1));
  assert.deepEqual(boxBetween([-10, -10], [20, 20], 100, 100), box(0, 0, 20, 20));
});

test("a track moves between its keyframes, and is not there where it is outside", () => {
  const track = { geometry: box(), frame: 2, keyframes: { 2: { geometry: box(2) }, 5: { geometry: box(5) }, 8: { outside: true } } };
  assert.equal(geometryOn(track, 1), null);
  assert.equal(geometryOn(track, 4).x, 4);
  assert.equal(geometryOn(track, 7).x, 5);
  assert.equal(geometryOn(track, 9), null);
  assert.equal(geometryOn({ geometry: box(1), frame: 3 }, 4), null);
  assert.equal(geometryOn({ geometry: box(1), frame: 3 }, 3).x, 1);
});

test("a mask's runs are those of COCO", () => {
  assert.deepEqual(runLengths("04"), [0, 4]);
  // 4 x 5 pixels: rows 1-2 of columns 1-3.
  const mask = { type: "mask", size: [4, 5], counts: "5220003" };
  const stripes = [];
  eachStripe(decodeMask(mask).runs, 4, (x, top, bottom) => stripes.push([x, top, bottom]));
  assert.equal(decodeMask(mask).runs.reduce((sum, run) => sum + run), 20);
  assert.deepEqual(stripes, [[1, 1, 3], [2, 1, 3], [3, 1, 3]]);
  assert.deepEqual(boundsOf(mask), { minX: 1, minY: 1, maxX: 4, maxY: 3 });
  assert.equal(maskHolds(mask, 2.5, 1.5), true);
  assert.equal(maskHolds(mask, 2.5, 3.5), false);
});

test("a box around extreme points ends where the picture does", () => {
  assert.deepEqual(boxAround([[30, 5], [10, 20], [50, 25], [28, 60]], 100, 50), { type: "box", x: 10, y: 5, w: 40, h: 45 });
});
