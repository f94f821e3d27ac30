import assert from "node:assert/strict";
import test from "node:test";

import { contains, pointsOf } from "../../static/js/editor/model/geometry.js";
import { cursorOf, handlesOf, nextVisibility, resizedRotated, rotatedFrom, stretched, turned } from "../../static/js/editor/model/handles.js";
import { placedIn, templateOf } from "../../static/js/editor/model/skeleton.js";
import { box } from "./helpers.js";

const turnedBox = { type: "rbox", cx: 50, cy: 50, w: 40, h: 20, angle: 90 };

function near(actual, wanted) {
  actual.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 0.02, `${actual} is not ${wanted}`));
}

test("every shape has the handles that it is mended by", () => {
  assert.deepEqual(handlesOf(box(0, 0, 10, 20), 1).map(({ name }) => name).join(" "), "nw n ne e se s sw w");
  const [northwest] = handlesOf(turnedBox, 1);
  near(northwest.at, [60, 30]);
  const knob = handlesOf(turnedBox, 2).at(-1);
  near(knob.at, [50 + 10 + 13, 50]);
  near(knob.foot, [60, 50]);
  const outline = { type: "polygon", rings: [[["a", 0, 0], ["b", 4, 0], ["c", 4, 4]], [["d", 1, 1], ["e", 2, 1], ["f", 2, 2]]] };
  assert.deepEqual(handlesOf(outline, 1).map(({ key, ring }) => `${key}${ring}`).join(" "), "a0 b0 c0 d1 e1 f1");
  assert.deepEqual(handlesOf({ type: "keypoints", points: [[1, 2, 2], [0, 0, 0]] }, 1).map(({ key, index }) => [key, index]), [[0, 2], [1, 0]]);
  assert.deepEqual(handlesOf({ type: "tag" }, 1), []);
});

test("a rotated box is pulled in its own axes, its other side stays", () => {
  const longer = resizedRotated(turnedBox, "e", 0, 10);
  near([longer.w, longer.h, longer.cx, longer.cy, longer.angle], [50, 20, 50, 55, 90]);
  const over = resizedRotated(turnedBox, "w", 0, 60);
  near([over.w, over.cy], [20, 80], "through the other side it turns over");
  const thin = resizedRotated(turnedBox, "w", 0, 40);
  near([thin.w, thin.cy], [1, 69.5]);
  const tilted = { ...turnedBox, angle: 30 };
  const corner = resizedRotated(tilted, "se", 7, -3);
  near(pointsOf(corner)[0], pointsOf(tilted)[0]);
});

test("the knob turns a box clockwise from upright", () => {
  assert.equal(turned(turnedBox, [50, 0]).angle, 0);
  assert.equal(turned(turnedBox, [100, 50]).angle, 90);
  assert.equal(turned(turnedBox, [0, 50]).angle, 270);
  assert.equal(turned(turnedBox, [57, 0], 15).angle, 15);
  assert.equal(turned(turnedBox, [49.9, 0], 15).angle, 0, "never 360: the server keeps angles below it");
});

test("three clicks make a rotated box whose side is the first two", () => {
  const a = [10, 10];
  const b = [40, 50];
  for (const c of [[60, 20], [-10, 60]]) {
    const made = rotatedFrom(a, b, c);
    near([made.w, made.angle], [50, 53.13]);
    const corners = pointsOf(made);
    for (const end of [a, b]) assert.ok(corners.some(([x, y]) => Math.hypot(x - end[0], y - end[1]) < 0.05), `${corners} has no ${end}`);
    assert.equal(contains(made, [25 + Math.sign(c[0] - 25), 30 - Math.sign(c[0] - 25)], 0), true, "it lies on the third click's side");
  }
  assert.equal(rotatedFrom(a, a, b), null);
  assert.deepEqual([rotatedFrom([0, 0], [0, -10], [5, 0]).angle, rotatedFrom([10, 0], [0, 0], [0, 5]).angle], [270, 180]);
});

test("arrow keys make a rotated box larger along its own sides", () => {
  const larger = stretched(turnedBox, 4, 2, 100, 100);
  near([larger.w, larger.h], [44, 22]);
  near(pointsOf(larger)[0], pointsOf(turnedBox)[0]);
  assert.equal(stretched({ type: "keypoints", points: [] }, 1, 1, 9, 9), null);
});

test("the cursor over a handle turns with the box", () => {
  assert.equal(cursorOf({ kind: "side", name: "n" }, box()), "n-resize");
  assert.equal(cursorOf({ kind: "side", name: "n" }, turnedBox), "e-resize");
  assert.equal(cursorOf({ kind: "corner", name: "nw" }, turnedBox), "ne-resize");
});

test("a skeleton stands in a box as the last one did, as people do, or on an oval", () => {
  const like = { type: "keypoints", points: [[10, 10, 2], [30, 50, 1], [0, 0, 0]] };
  assert.deepEqual(templateOf(["a", "b", "c"], like), [[0, 0], [1, 1], [0.5, 0.5]]);
  const [left, right] = templateOf(["Left shoulder", "right-shoulder"], null);
  assert.ok(left[0] > right[0], "their left is on our right");
  assert.deepEqual(templateOf(["x", "y"], like).map(([u, v]) => [Math.round(u * 10), Math.round(v * 10)]), [[5, 0], [5, 10]]);
  assert.deepEqual(placedIn([[0, 0], [0.5, 1]], box(10, 20, 40, 60)).points, [[10, 20, 2], [30, 80, 2]]);
});

test("visibility goes round: visible, hidden, not labelled", () => {
  assert.deepEqual([2, 1, 0].map(nextVisibility), [1, 0, 2]);
});
