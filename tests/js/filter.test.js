import assert from "node:assert/strict";
import test from "node:test";

import { EVERYTHING, isEverything, matcher, readFilter } from "../../static/js/editor/model/filter.js";

const NAMES = { c: "Car", p: "Person" };
const SHAPES = [
  { id: "1", label: "c", detection_id: 7, author: "ann", source: "human", confidence: null, attributes: { colour: "Dark red", parked: true } },
  { id: "2", label: "c", detection_id: 17, author: "bob", source: "model", confidence: 0.4, attributes: {} },
  { id: "3", label: "p", detection_id: 2, author: "bob", source: "import", confidence: 0.9, attributes: { colour: "blue" } },
];
const left = (filter) => SHAPES.filter(matcher({ ...EVERYTHING, ...filter }, (id) => NAMES[id], (each) => each.attributes)).map(({ id }) => id).join("");

test("each part narrows, and all have to match", () => {
  assert.equal(left({}), "123");
  assert.equal(left({ label: "c" }), "12");
  assert.equal(left({ author: "bob" }), "23");
  assert.equal(left({ source: "model" }), "2");
  assert.equal(left({ label: "c", author: "bob", source: "import" }), "");
});

test("people's shapes count as sure", () => {
  assert.equal(left({ from: 0.5 }), "13");
  assert.equal(left({ to: 0.5 }), "2");
  assert.equal(left({ from: 0.3, to: 0.95 }), "23");
});

test("attributes by name and value; what is not said is off", () => {
  assert.equal(left({ attribute: "colour" }), "13");
  assert.equal(left({ attribute: "colour", value: "BLUE" }), "3");
  assert.equal(left({ attribute: "parked", value: "true" }), "1");
  assert.equal(left({ attribute: "parked", value: "false" }), "23");
});

test("words are found in the class, the number and the values", () => {
  assert.equal(left({ text: "car" }), "12");
  assert.equal(left({ text: "7" }), "1");
  assert.equal(left({ text: "car 17" }), "2");
  assert.equal(left({ text: "red car" }), "1");
  assert.equal(left({ text: "colour=blue" }), "3");
  assert.equal(left({ text: "colour=red" }), "");
  assert.equal(left({ text: "lorry" }), "");
});

test("what was remembered is read as far as it makes sense", () => {
  assert.equal(isEverything(readFilter(null)), true);
  assert.equal(isEverything(readFilter("{nonsense")), true);
  assert.deepEqual(readFilter('{"label":"c","from":"x","away":true,"evil":1}'), { ...EVERYTHING, label: "c", away: true });
  assert.equal(isEverything(readFilter('{"away":true}')), true);
});
