/** Tracks in the browser: what an editor shows before the server has answered, and what the timeline reckons. */
import assert from "node:assert/strict";
import test from "node:test";

import { geometryOps } from "../../static/js/editor/model/drafts.js";
import { stateOn } from "../../static/js/editor/model/interpolation.js";
import { Store } from "../../static/js/editor/model/store.js";
import { Scale, barsOf, markBeside, markNear, marksOf, moveOps } from "../../static/js/editor/model/timeline.js";
import { beginning, expandAll, keyframeOp } from "../../static/js/editor/model/tracks.js";
import { box, create } from "./helpers.js";

const stamp = { rev: 1, actor: { id: "u" }, at: "then" };
const key = (x, more = {}) => ({ geometry: box(x), ...more });

function storeOf(...ops) {
  const store = new Store();
  store.commit({ ...stamp, tx_id: "t", client_id: "c", ops });
  return store;
}

const pending = (store, ops) => store.addPending({ tx_id: "p", client_id: "c", user: "u", ops, preview: expandAll(ops, (id) => store.get(id)), undo_of: "" });

test("a track is on the frames where it is to be seen, and nowhere else", () => {
  const store = storeOf(create("a", box(), { keyframes: { 3: key(0), 8: { outside: true } }, frame: 3 }), create("s", box(), { frame: 5 }));
  assert.deepEqual([2, 3, 5, 8].map((n) => store.onFrame(n).map(({ id }) => id)), [[], ["a"], ["s", "a"], []]);
  assert.deepEqual([...store.labelledFrames()].sort(), [[3, 1], [5, 1], [8, 1]]);
  assert.deepEqual(store.framesOfSingles(), [5]);
});

test("a split is shown at once, and again when it is confirmed", () => {
  const store = storeOf(create("a", box(), { keyframes: { 0: key(0), 10: key(100) }, frame: 0 }));
  pending(store, [{ op: "track", id: "a", do: "split", frame: 5, new: "b" }]);
  assert.deepEqual(store.tracks().map(({ id }) => id), ["a", "b"]);
  assert.equal(stateOn(store.get("b"), 5).geometry.x, 50);
  assert.equal(stateOn(store.get("a"), 5), null);
  store.dropPending("p");
  assert.deepEqual(store.tracks().map(({ id }) => id), ["a"]);
  assert.equal(stateOn(store.get("a"), 5).geometry.x, 50);
});

test("a merge that waits takes the other away", () => {
  const store = storeOf(create("a", box(), { keyframes: { 0: key(0) }, frame: 0 }), create("b", box(), { keyframes: { 9: key(5) }, frame: 9 }));
  pending(store, [{ op: "track", id: "a", do: "merge", other: "b" }]);
  assert.deepEqual(store.tracks().map(({ id, keyframes }) => [id, Object.keys(keyframes)]), [["a", ["0", "1", "9"]]]);
});

test("a drag on a frame without a key frame keeps that the shape is occluded", () => {
  const track = storeOf(create("a", box(), { keyframes: { 0: key(0, { occluded: true }), 10: key(10) }, frame: 0 })).get("a");
  const [op] = geometryOps(track, box(77), { frame: 4, pending: false });
  assert.deepEqual(op, { op: "keyframe", id: "a", frame: 4, set: { geometry: box(77), occluded: true } });
  assert.deepEqual(geometryOps(track, box(7), { frame: 0, pending: false })[0].set, { geometry: box(7) });
});

test("a key frame that is set holds what was to be seen; one that ends the sight holds no place", () => {
  const track = storeOf(create("a", box(), { keyframes: { 0: key(0, { attributes: { k: 1 } }), 10: key(10) }, frame: 0 })).get("a");
  assert.deepEqual(keyframeOp(track, 5, {}).set, { geometry: box(5), attributes: { k: 1 } });
  assert.deepEqual(keyframeOp(track, 5, { outside: true }).set, { outside: true });
  assert.deepEqual(beginning(4, box()), { keyframes: { 4: { geometry: box() } } });
  assert.deepEqual(beginning(4, { type: "tag" }), {});
});

test("a key frame moves with all that it says, and replaces what was there", () => {
  const track = storeOf(create("a", box(), { keyframes: { 0: key(0), 5: { outside: true }, 9: key(9, { occluded: true }) }, frame: 0 })).get("a");
  assert.deepEqual(moveOps(track, 9, 5).map(({ frame, set }) => [frame, set]), [[5, { outside: false, geometry: box(9), occluded: true }], [9, null]]);
  assert.deepEqual(moveOps(track, 9, 9), []);
  assert.deepEqual(moveOps(track, 4, 9), []);
});

test("the timeline's scale shows a whole hour, and frames one by one", () => {
  const hour = new Scale(108_000, 1000);
  assert.equal(hour.frame(0), 0);
  assert.equal(hour.frame(1000), 107_999);
  assert.equal(hour.step(), 10_000);
  const near = hour.zoomed(2000, 500);
  assert.ok(near.scale > 10 && Math.abs(near.frame(500) - 54_000) <= 1, "the frame under the pointer stays");
  assert.equal(near.frame(near.x(54_010)), 54_010);
  assert.equal(near.moved(1e9).last, 108_000);
  assert.equal(near.showing(54_000), near);
  assert.ok(near.showing(3).first === 0);
  assert.equal(hour.resized(500).scale, hour.scale / 2, "the whole stays the whole");
  assert.equal(new Scale(5, 1000).frame(999), 4);
});

test("bars, marks and the nearest of them", () => {
  const track = storeOf(create("a", box(), { keyframes: { 10: key(0), 20: { outside: true }, 30: key(1), 31: key(2) }, frame: 10 })).get("a");
  assert.deepEqual(barsOf(track, 100), [[10, 19], [30, 99]]);
  assert.deepEqual(marksOf(track, 15, 40, 1), [{ frame: 20, outside: true }, { frame: 30, outside: false }, { frame: 31, outside: false }]);
  assert.deepEqual(marksOf(track, 0, 99, 5).map(({ frame }) => frame), [10, 20, 30]);
  assert.deepEqual([markNear(track, 22, 3), markNear(track, 25, 3), markNear(track, 0, 20)], [20, null, 10]);
  assert.deepEqual([markBeside(track, 20, 1), markBeside(track, 20, -1), markBeside(track, 31, 1)], [30, 10, null]);
});
