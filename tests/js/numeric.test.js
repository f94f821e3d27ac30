import assert from "node:assert/strict";
import test from "node:test";

import { attributeOps, attributesOn, common, defaultsOf, misfit } from "../../static/js/editor/model/attributes.js";
import { numbersOf, withNumber } from "../../static/js/editor/model/numeric.js";
import { box } from "./helpers.js";

const SIZE = [200, 100];

test("a box is moved and resized by typed numbers, within the picture", () => {
  const shape = box(10, 20, 30, 40);
  assert.deepEqual(numbersOf(shape), { x: 10, y: 20, w: 30, h: 40 });
  assert.deepEqual(withNumber(shape, "x", 55.5, ...SIZE), { ...shape, x: 55.5 });
  assert.deepEqual(withNumber(shape, "x", 999, ...SIZE), { ...shape, x: 170 });
  assert.deepEqual(withNumber(shape, "w", 999, ...SIZE), { ...shape, w: 190 });
  assert.deepEqual(withNumber(shape, "h", -5, ...SIZE), { ...shape, h: 1 });
  assert.equal(withNumber(shape, "y", NaN, ...SIZE), shape);
});

test("a rotated box is turned", () => {
  const shape = { type: "rbox", cx: 50, cy: 50, w: 40, h: 20, angle: 10 };
  assert.equal(withNumber(shape, "angle", -90, ...SIZE).angle, 270);
  assert.equal(withNumber(shape, "cx", 500, ...SIZE).cx, 200);
});

test("an outline is stretched from its top left corner, and keeps its vertices' ids", () => {
  const shape = { type: "polygon", rings: [[["a", 10, 10], ["b", 30, 10], ["c", 10, 50]]] };
  assert.deepEqual(withNumber(shape, "w", 40, ...SIZE).rings[0], [["a", 10, 10], ["b", 50, 10], ["c", 10, 50]]);
  assert.deepEqual(withNumber(shape, "y", 0, ...SIZE).rings[0], [["a", 10, 0], ["b", 30, 0], ["c", 10, 40]]);
  assert.deepEqual(withNumber(shape, "h", 500, ...SIZE).rings[0][2], ["c", 10, 100]);
});

test("a level line has no height to stretch", () => {
  const shape = { type: "polyline", points: [["a", 10, 10], ["b", 30, 10]] };
  assert.equal(withNumber(shape, "h", 40, ...SIZE), shape);
});

const COLOUR = { name: "colour", kind: "select", values: ["red", "blue"], default: "red" };
const MOVES = { name: "moves", kind: "checkbox", mutable: true };

test("new shapes say what their class assumes, others keep what they say", () => {
  const label = { id: "l", name: "car", color: "#fff", attributes: [COLOUR, MOVES] };
  assert.deepEqual(defaultsOf(label), { attributes: { colour: "red" } });
  assert.deepEqual(defaultsOf(label, { attributes: { colour: "blue" } }), {});
  assert.deepEqual(defaultsOf(undefined), {});
});

test("values are checked by their kind", () => {
  assert.equal(misfit(COLOUR, "blue"), "");
  assert.match(misfit(COLOUR, "green"), /one of red, blue/);
  assert.match(misfit(MOVES, "yes"), /on or off/);
  assert.match(misfit({ name: "age", kind: "number" }, NaN), /number/);
  assert.equal(misfit({ name: "age", kind: "number" }, null), "");
});

test("on a track, what may change goes into a keyframe, and what it says holds until the next one", () => {
  const track = { id: "t", attributes: { colour: "red" }, keyframes: { 0: { attributes: { moves: false } }, 10: { attributes: { moves: true } } } };
  assert.deepEqual(attributesOn(track, 5), { colour: "red", moves: false });
  assert.deepEqual(attributesOn(track, 12), { colour: "red", moves: true });
  assert.deepEqual(attributeOps([track], MOVES, true, 5), [{ op: "keyframe", id: "t", frame: 5, set: { attributes: { moves: true } } }]);
  assert.deepEqual(attributeOps([track], MOVES, true, 12), []);
  assert.deepEqual(attributeOps([track], COLOUR, "blue", 5), [{ op: "update", id: "t", set: { attributes: { colour: "blue" } } }]);
  assert.deepEqual(common([1, 1]), { same: true, value: 1 });
  assert.deepEqual(common([1, 2]), { same: false, value: undefined });
});
