import assert from "node:assert/strict";
import test from "node:test";

import { History } from "../../static/js/editor/model/history.js";

function storage() {
  const kept = new Map();
  return { get: (key) => kept.get(key) ?? null, set: (key, value) => kept.set(key, value) };
}

const step = (tx_id) => ({ tx_id, title: tx_id, inverse: [{ op: "delete", id: tx_id }], forward: [{ op: "restore", id: tx_id }] });

test("undo names the tx, redo names the undo, and so on for ever", () => {
  const history = new History(storage(), "k");
  history.push(step("t1"));
  assert.equal(history.last.tx_id, "t1");
  history.undo("u1");
  assert.equal(history.last, undefined);
  assert.deepEqual(history.next, { tx_id: "u1", title: "t1", inverse: step("t1").forward, forward: step("t1").inverse });
  history.redo("r1");
  assert.equal(history.last.tx_id, "r1");
  assert.deepEqual(history.last.inverse, step("t1").inverse);
});

test("new work ends what could be redone", () => {
  const history = new History(storage(), "k");
  history.push(step("t1"));
  history.undo("u1");
  history.push(step("t2"));
  assert.equal(history.next, undefined);
});

test("it survives a reload, and unreadable history is an empty one", () => {
  const kept = storage();
  new History(kept, "k").push(step("t1"));
  assert.equal(new History(kept, "k").last.tx_id, "t1");
  kept.set("k", "{nonsense");
  assert.equal(new History(kept, "k").last, undefined);
});

test("refused work is no step", () => {
  const history = new History(storage(), "k");
  history.push(step("t1"));
  history.push(step("t2"));
  history.forget("t2");
  assert.equal(history.last.tx_id, "t1");
});
