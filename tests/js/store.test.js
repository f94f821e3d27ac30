import assert from "node:assert/strict";
import test from "node:test";

import { Store } from "../../static/js/editor/model/store.js";
import { box, create } from "./helpers.js";

const AT = "2026-01-01T00:00:00Z";
const committed = (rev, ops, tx_id = `t${rev}`, client_id = "other") => ({ rev, tx_id, client_id, actor: { id: "u2", name: "Bob" }, at: AT, ops });
const pending = (tx_id, ops, more = {}) => ({ key: tx_id, item: "i", user: "u1", client_id: "me", seq: 1, epoch: "e", tx_id, base_rev: 0, ops, undo_of: "", title: "", ...more });
const update = (id, geometry) => ({ op: "update", id, set: { geometry } });

test("pending work is shown on top of what is confirmed, and goes without a trace", () => {
  const store = new Store();
  store.commit(committed(1, [create("a", box(1))]));
  store.addPending(pending("p1", [update("a", box(5)), create("b")]));
  assert.equal(store.get("a").geometry.x, 5);
  assert.ok(store.get("b"));
  store.dropPending("p1");
  assert.equal(store.get("a").geometry.x, 1);
  assert.equal(store.get("b"), undefined);
});

test("somebody else's edit of another property shows through one's own pending one", () => {
  const store = new Store();
  store.commit(committed(1, [create("a")]));
  store.addPending(pending("p1", [update("a", box(5))]));
  store.commit(committed(2, [{ op: "update", id: "a", set: { label: "new" } }]));
  assert.equal(store.get("a").geometry.x, 5);
  assert.equal(store.get("a").label, "new");
});

test("one's own tx stops being pending in the step in which it is confirmed", () => {
  const store = new Store();
  store.addPending(pending("p1", [create("a", box(3))]));
  const seen = [];
  store.on("change", () => seen.push(store.get("a")?.geometry.x));
  assert.equal(store.commit(committed(1, [create("a", box(3))], "p1", "me")), true);
  assert.deepEqual(seen, [3]);
  assert.equal(store.pending.length, 0);
});

test("an edit of a shape that somebody deleted is not shown, and nothing breaks", () => {
  const store = new Store();
  store.commit(committed(1, [create("a")]));
  store.addPending(pending("p1", [update("a", box(5))]));
  store.commit(committed(2, [{ op: "delete", id: "a" }]));
  assert.equal(store.get("a"), undefined);
  store.commit(committed(3, [{ op: "restore", id: "a", shape: store.confirmed.get("a") }]));
  assert.equal(store.get("a").geometry.x, 5);
});

test("an op on a shape that was never seen asks for a snapshot", () => {
  const store = new Store();
  assert.equal(store.commit(committed(1, [{ op: "delete", id: "nobody" }])), false);
});

test("shapes are found by their frame, and move with it", () => {
  const store = new Store();
  store.load(1, []);
  store.commit(committed(2, [create("a", box(), { frame: 3 }), create("b", box(), { frame: 4 })]));
  assert.deepEqual(store.onFrame(3).map(({ id }) => id), ["a"]);
  assert.deepEqual([...store.labelledFrames()], [[3, 1], [4, 1]]);
  store.commit(committed(3, [{ op: "update", id: "a", set: { frame: 4 } }]));
  assert.deepEqual(store.onFrame(4).map(({ id }) => id).sort(), ["a", "b"]);
  assert.deepEqual(store.onFrame(3), []);
});

test("a snapshot keeps pending work on top", () => {
  const store = new Store();
  store.addPending(pending("p1", [create("mine")]));
  let reset = false;
  store.on("change", (change) => (reset = change.reset));
  store.load(7, [{ ...structuredClone(create("theirs")), frame: null, attributes: {}, deleted: false, source: "human" }]);
  assert.equal(reset, true);
  assert.equal(store.rev, 7);
  assert.deepEqual([...store.shown.keys()].sort(), ["mine", "theirs"]);
});

test("an undo shows its likely effect until the server says what it did", () => {
  const store = new Store();
  store.commit(committed(1, [create("a", box(1))]));
  store.commit(committed(2, [update("a", box(9))], "m1", "me"));
  store.addPending(pending("u1", [], { undo_of: "m1", preview: [update("a", box(1))] }));
  assert.equal(store.get("a").geometry.x, 1);
  // Bob had moved it meanwhile, so the server took nothing back.
  store.commit(committed(3, [update("a", box(20))]));
  store.commit(committed(4, [], "u1", "me"));
  assert.equal(store.get("a").geometry.x, 20);
});

test("an edited shape keeps its place in the order", () => {
  const store = new Store();
  store.commit(committed(1, [create("a"), create("b")]));
  store.commit(committed(2, [update("a", box(9))]));
  assert.deepEqual(store.onFrame(null).map(({ id }) => id), ["a", "b"]);
});
