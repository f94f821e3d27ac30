/** What is typed as addresses, and what a job that brings items is told to have come to. */

import assert from "node:assert/strict";
import test from "node:test";

import { addressLines, endWords, framesWish } from "../../static/js/pages/item_jobs.js";

test("one address a line, empty lines are none", () => {
  assert.deepEqual(addressLines(" http://a.org/1.jpg\n\n  http://a.org/2.jpg \r\n"), ["http://a.org/1.jpg", "http://a.org/2.jpg"]);
});

test("what came of the work is one sentence", () => {
  assert.deepEqual(endWords({ status: "succeeded", result: { items: 1 } }), { text: "1 item added.", kind: "ok" });
  assert.equal(endWords({ status: "succeeded", result: { items: 2, already: 1 } }).text, "2 items added. 1 frame had items already.");
  assert.deepEqual(endWords({ status: "failed", error: { detail: "The disk is full." } }), { text: "The disk is full.", kind: "error" });
});

test("refused addresses are named, three of many", () => {
  const refused = [1, 2, 3, 4, 5].map((n) => ({ url: `u${n}`, detail: "No file." }));
  const { text, kind } = endWords({ status: "succeeded", result: { items: 0, refused } });
  assert.equal(kind, "error");
  assert.equal(text, "0 items added. 5 addresses gave no file. u1: No file. u2: No file. u3: No file. And 2 more.");
  assert.match(endWords({ status: "succeeded", result: { items: 0, refused: refused.slice(1, 2) } }).text, /1 address gave no file/);
});

test("frames by step, all of a range, or by scene", () => {
  const typed = { step: "25", first: "0", last: "99" };
  assert.deepEqual(framesWish({ how: "step", ...typed }), { scenes: false, step: 25, range: [0, 99] });
  assert.deepEqual(framesWish({ how: "all", ...typed }), { scenes: false, step: 1, range: [0, 99] });
  assert.deepEqual(framesWish({ how: "scenes", ...typed }), { scenes: true, step: 1, range: [0, 99] });
});
