import assert from "node:assert/strict";
import test from "node:test";

import { inOrder, reordered } from "../../static/js/editor/model/order.js";
import { uuid7 } from "../../static/js/editor/util.js";

const layer = (id, z, minX, maxX = minX + 10) => ({ id, z, bounds: { minX, maxX, minY: 0, maxY: 10 } });

/** Names from the lowest up after a reordering. */
function after(layers, chosen, way) {
  const changes = reordered(layers, new Set(chosen), way);
  return inOrder(layers.map((each) => ({ ...each, z: changes.get(each.id) ?? each.z }))).map(({ id }) => id).join("");
}

const PILE = [layer("a", 0, 0), layer("b", 0, 2), layer("c", 0, 4)];

test("a step passes one neighbour and leaves the others as they were", () => {
  assert.equal(after(PILE, ["a"], "up"), "bac");
  assert.equal(after(PILE, ["b"], "up"), "acb");
  assert.equal(after(PILE, ["c"], "down"), "acb");
  assert.equal(after(PILE, ["a", "b"], "up"), "cab");
});

test("to the front and back, as a block", () => {
  assert.equal(after(PILE, ["a", "b"], "front"), "cab");
  assert.equal(after(PILE, ["c"], "back"), "cab");
  const spread = [layer("a", 3, 0), layer("b", 0, 2), layer("c", 5, 4)];
  assert.equal(after(spread, ["a", "b"], "front"), "cba");
});

test("only shapes that overlap are passed, and nothing is sent where nothing changes", () => {
  const apart = [layer("a", 0, 0), layer("far", 0, 500), layer("b", 0, 5)];
  assert.deepEqual([...reordered(apart, new Set(["a"]), "up")], [["a", 1]]);
  assert.equal(reordered(apart, new Set(["far"]), "up").size, 0);
  assert.equal(reordered(PILE, new Set(["c"]), "front").size, 0);
});

test("steps up and down again end where they began, however the orders lie", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 200; round++) {
    const layers = Array.from({ length: 6 }, (_, i) => layer("abcdef"[i], random(3), random(20)));
    const before = inOrder(layers).map(({ id }) => id);
    const who = "abcdef"[random(6)];
    const changes = reordered(layers, new Set([who]), "up");
    const now = inOrder(layers.map((each) => ({ ...each, z: changes.get(each.id) ?? each.z }))).map(({ id }) => id);
    const meets = (x, y) => Math.abs(layers.find(({ id }) => id === x).bounds.minX - layers.find(({ id }) => id === y).bounds.minX) <= 10;
    // Among the others, no two that overlap change places; and the shape passes exactly one that it overlaps.
    for (const x of before) for (const y of before) if (x !== y && x !== who && y !== who && meets(x, y)) assert.equal(before.indexOf(x) < before.indexOf(y), now.indexOf(x) < now.indexOf(y));
    const under = (list) => list.filter((x) => x !== who && meets(x, who) && list.indexOf(x) < list.indexOf(who)).length;
    assert.equal(under(now) - under(before), changes.size ? 1 : 0);
  }
});

test("ids that are made at once sort as they were made, also when the clock is set back", () => {
  const now = Date.now() + 1000;
  const ids = [...Array.from({ length: 5000 }, () => uuid7(now)), uuid7(now - 3_600_000), uuid7(now + 10)];
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  assert.match(ids[4999], /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
