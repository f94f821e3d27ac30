import assert from "node:assert/strict";
import test from "node:test";

import { copyText, parse, pasteOps, refusedText } from "../../static/js/editor/model/clipboard.js";
import { box } from "./helpers.js";

const LABELS = [{ id: "car-id", name: "Car", color: "#fff", attributes: [{ name: "seen", kind: "checkbox" }] }];
const ITEM = { width: 200, height: 100 };
const shape = (geometry = box(10, 10, 20, 20), more = {}) => ({ id: "s", label: "car-id", geometry, attributes: {}, frame: null, ...more });
const here = (more = {}) => ({ labels: LABELS, item: ITEM, frame: null, taken: () => false, ...more });
const paste = (shapes, more) => pasteOps(parse(copyText(shapes, { frame: null, labels: LABELS })), here(more));

test("shapes come back at the same place, under new ids, with their attributes", () => {
  const { ops, refused } = paste([shape(undefined, { attributes: { seen: true, note: "x" } })]);
  assert.equal(refused.size, 0);
  assert.notEqual(ops[0].id, "s");
  assert.deepEqual({ ...ops[0], id: 0 }, { op: "create", id: 0, label: "car-id", geometry: box(10, 10, 20, 20), attributes: { seen: true, note: "x" } });
});

test("in another project the class is found by its name, and what has none is named", () => {
  const other = [{ id: "other-id", name: " car", color: "#fff" }];
  assert.equal(paste([shape()], { labels: other }).ops[0].label, "other-id");
  const { ops, refused } = paste([shape(), shape()], { labels: [{ id: "x", name: "bus", color: "#fff" }] });
  assert.deepEqual([ops.length, refusedText(refused)], [0, "There is no class 'Car' here: 2 shapes were not pasted."]);
});

test("where the same shapes lie already they come beside them, keeping their places among each other", () => {
  const taken = ({ geometry }) => geometry.x === 10;
  const { ops } = paste([shape(), shape(box(40, 10, 20, 20))], { taken });
  assert.deepEqual(ops.map(({ geometry }) => [geometry.x, geometry.y]), [[22, 22], [52, 22]]);
});

test("a tag that is set stays the only one, and shapes pasted with it do not hide those that are there", () => {
  const taken = ({ geometry }) => geometry.type === "tag" || geometry.x === 10;
  const { ops, refused } = paste([shape({ type: "tag" }), shape()], { taken });
  assert.deepEqual(ops.map(({ geometry }) => geometry), [box(22, 22, 20, 20)]);
  assert.equal(refusedText(refused), "The tag 'Car' is set already: 1 shape was not pasted.");
  assert.equal(paste([shape({ type: "tag" })]).ops.length, 1);
});

test("at the pointer, and never outside the picture", () => {
  assert.deepEqual(paste([shape()], { at: [100, 50] }).ops[0].geometry, box(90, 40, 20, 20));
  assert.deepEqual(paste([shape()], { at: [199, 99] }).ops[0].geometry, box(180, 80, 20, 20));
});

test("a group stays a group, but not the same one", () => {
  const { ops } = paste([shape(undefined, { group: "g" }), shape(box(50, 5), { group: "g" }), shape(box(80, 5))]);
  assert.equal(ops[0].group, ops[1].group);
  assert.notEqual(ops[0].group, "g");
  assert.equal(ops[2].group, undefined);
});

test("a track comes as it is on the frame, onto the frame", () => {
  const track = shape(box(0, 0), { keyframes: { 3: { geometry: box(5, 5) } } });
  const text = copyText([track], { frame: 3, labels: LABELS });
  const { ops } = pasteOps(parse(text), here({ frame: 9 }));
  assert.deepEqual([ops[0].geometry, ops[0].frame], [box(5, 5), 9]);
  assert.equal(parse(copyText([track], { frame: 1, labels: LABELS })).length, 0);
});

test("text that is no shapes is no paste", () => {
  for (const text of ["", "hello", "{}", '{"frameloop": 1}', '{"frameloop":"shapes","shapes":{}}', '{"frameloop"']) assert.equal(parse(text), null, text);
});

test("nonsense within it is refused, and poison is left out", () => {
  const bad = [null, {}, { type: "box", x: "1" }, { type: "box", x: 0, y: 0, w: -1, h: 1 }, { type: "box", x: 0, y: 0, w: 1e9, h: 1 }, { type: "polygon", rings: [] }, { type: "constructor" }, { type: "mask", size: [1, 1], counts: "1" }, box(0, 0, 500, 5)];
  const text = JSON.stringify({ frameloop: "shapes", shapes: bad.map((geometry) => ({ label: "car-id", geometry })) });
  const { ops, refused } = pasteOps(parse(text), here());
  assert.deepEqual([ops.length, [...refused.values()].reduce((a, b) => a + b)], [0, bad.length]);
  const poison = '{"frameloop":"shapes","shapes":[{"label":"car-id","geometry":{"type":"tag"},"attributes":{"__proto__":1,"seen":"no","deep":{"a":1},"ok":2}}]}';
  assert.deepEqual(pasteOps(parse(poison), here()).ops[0].attributes, { ok: 2 });
});
