import assert from "node:assert/strict";
import { test } from "node:test";

import { Past, deedOf, difference } from "../../static/js/editor/model/past.js";
import { Store } from "../../static/js/editor/model/store.js";

const BOX = { type: "box", x: 1, y: 2, w: 3, h: 4 };
const ADA = { id: "ada", name: "Ada" };

/** A journal in which revision n draws the shape s(n), moves the one before it, and every tenth deletes one. */
function journal(length) {
  return Array.from({ length }, (_, i) => {
    const rev = i + 1;
    const ops = [{ op: "create", id: `s${rev}`, label: "car", geometry: BOX }];
    if (rev > 1) ops.push({ op: "update", id: `s${rev - 1}`, set: { geometry: { ...BOX, x: rev } } });
    if (rev % 10 === 0) ops[1] = { op: "delete", id: `s${rev - 1}` };
    return { rev, tx_id: `t${rev}`, client_id: "c", actor: ADA, at: `2026-01-01T00:00:${String(rev % 60).padStart(2, "0")}.000Z`, ops };
  });
}

/** @param {any[]} txs */
function served(txs) {
  const asked = [];
  const past = new Past(async (after, limit) => {
    asked.push(after);
    const page = txs.slice(after, after + Math.min(limit, 70));
    return { results: page, next: after + page.length < txs.length ? "more" : null };
  });
  return { past, asked };
}

test("it reads the whole journal in pages, once, and then only what is new", async () => {
  const txs = journal(150);
  const { past, asked } = served(txs);
  await Promise.all([past.load(), past.load()]);
  assert.equal(past.head, 150);
  assert.deepEqual(asked, [0, 70, 140, 150]);
  txs.push(...journal(152).slice(150));
  await past.load();
  assert.equal(past.head, 152);
});

test("a revision is the same whether reached in one go or step by step", async () => {
  const { past } = served(journal(235));
  await past.load();
  const store = new Store();
  for (const tx of past.txs) {
    store.commit(tx);
    if (tx.rev % 37 === 0 || tx.rev === 235) assert.deepEqual([...past.at(tx.rev)], [...store.confirmed]);
  }
  assert.equal(past.at(0).size, 0);
  assert.equal(past.at(9999).size, past.at(235).size);
});

test("transactions that come live follow without a gap", async () => {
  const txs = journal(5);
  const { past } = served(txs.slice(0, 3));
  await past.load();
  assert.equal(past.add(txs[4]), false);
  assert.equal(past.head, 3);
  assert.equal(past.add(txs[3]), true);
  assert.equal(past.add(txs[3]), true);
  assert.equal(past.head, 4);
});

test("the difference names what was added, removed and changed, and not who did it", async () => {
  const { past } = served(journal(10));
  await past.load();
  const found = difference(past.at(7), past.at(10));
  assert.deepEqual(found.added.map(({ id }) => id), ["s8", "s10"]);
  assert.deepEqual(found.removed, []);
  assert.deepEqual(found.changed.map(({ id, properties }) => [id, properties]), [["s7", ["geometry"]]]);
  assert.deepEqual(difference(past.at(10), past.at(8)).added.map(({ id }) => id), []);
  assert.deepEqual(difference(past.at(10), past.at(7)).removed.map(({ id }) => id), ["s8", "s10"]);
  const reordered = new Map([...past.at(7)].map(([id, shape]) => [id, { ...shape, updated_rev: 99, geometry: { h: 4, w: 3, y: 2, x: shape.geometry.x, type: "box" } }]));
  assert.deepEqual(difference(past.at(7), reordered), { added: [], removed: [], changed: [] });
});

test("while the past is looked at, the present goes on beneath it", () => {
  const store = new Store();
  const [first, second, third] = journal(3);
  store.commit(first);
  const then = new Map(store.confirmed);
  store.commit(second);
  store.showPast(then);
  assert.deepEqual([...store.shown.keys()], ["s1"]);
  assert.equal(store.get("s1")?.geometry.x, 1);
  store.commit(third);
  assert.deepEqual(store.onFrame(null).map(({ id }) => id), ["s1"]);
  store.showPast(null);
  assert.deepEqual(store.onFrame(null).map(({ id }) => id).sort(), ["s1", "s2", "s3"]);
  assert.equal(store.get("s2")?.geometry.x, 3);
});

test("a transaction is told in words", () => {
  const tx = journal(10)[9];
  assert.equal(deedOf(tx), "drew 1, deleted 1");
  assert.equal(deedOf({ ...tx, ops: [{ op: "update", id: "a", set: { source: "human" } }, { op: "vertex", id: "b" }, { op: "vertex", id: "b" }] }), "accepted 1, reshaped 1");
});
