import assert from "node:assert/strict";
import test from "node:test";

import { Store } from "../../static/js/editor/model/store.js";
import { tagsOn, toggled } from "../../static/js/editor/model/tags.js";
import { box, create } from "./helpers.js";

const TAG = { type: "tag" };
const tag = (id, label, more = {}) => ({ id, label, geometry: TAG, source: "human", frame: null, keyframes: null, attributes: {}, deleted: false, ...more });

test("a frame has its own tags and those of the whole video", () => {
  const store = new Store();
  store.load(1, [tag("all", "a"), tag("third", "b", { frame: 3 }), tag("fourth", "c", { frame: 4 }), { ...tag("box", "a", { frame: 3 }), geometry: box() }]);
  store.commit({ rev: 2, tx_id: "t", client_id: "c", actor: null, at: "", ops: [create("track", box(), { frame: 3, keyframes: { 3: { geometry: box() } } })] });
  assert.deepEqual(tagsOn(store, 3).map(({ id }) => id), ["all", "third"]);
  assert.deepEqual(tagsOn(store, 5).map(({ id }) => id), ["all"]);
  assert.deepEqual(tagsOn(store, null).map(({ id }) => id), ["all"]);
});

test("a tag is set where it counts, with what its class says of it, and taken away again", () => {
  const { ops: [op], on } = toggled([], "a", { place: 7, single: false, attributes: { sure: true } });
  assert.equal(on, true);
  assert.deepEqual({ ...op, id: "" }, { op: "create", id: "", label: "a", geometry: TAG, frame: 7, attributes: { sure: true } });
  assert.equal("frame" in toggled([], "a", { place: null, single: true }).ops[0], false);
  assert.deepEqual(toggled([tag("x", "a")], "a", { place: null, single: true }), { ops: [{ op: "delete", id: "x" }], on: false });
});

test("of tags that exclude each other one takes the place of the other, in one tx", () => {
  const { ops } = toggled([tag("x", "a"), tag("y", "b")], "c", { place: null, single: true });
  assert.deepEqual(ops, [{ op: "update", id: "x", set: { label: "c" } }, { op: "delete", id: "y" }]);
  assert.equal(toggled([tag("x", "a")], "c", { place: null, single: false }).ops[0].op, "create");
});

test("a model's tag is accepted first", () => {
  const suggested = tag("x", "a", { source: "model" });
  assert.deepEqual(toggled([suggested], "a", { place: null, single: true }), { ops: [{ op: "update", id: "x", set: { source: "human" } }], on: true });
});
