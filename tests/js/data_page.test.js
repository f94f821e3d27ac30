/** What a person chooses on the data page becomes what the interface is told. */

import assert from "node:assert/strict";
import test from "node:test";

import { countWords, progressWords, untilWords } from "../../static/js/pages/data_jobs.js";
import { choicesOf, firstChoice } from "../../static/js/pages/data_mapping.js";

const matched = { name: "Car", count: 3, match: { id: "c1", name: "car" }, how: "name" };
const unknown = { name: "bicicle", count: 2, match: null, how: "create" };
const refused = { name: "\u0000", count: 0, match: null, how: "refused" };

test("a row begins with what goes by itself", () => {
  assert.deepEqual([matched, unknown, refused].map(firstChoice), ["c1", "create", "ignore"]);
});

test("what goes by itself is not said, what was chosen is", () => {
  const untouched = [matched, unknown].map((row) => ({ row, choice: firstChoice(row), name: row.name, remember: true }));
  assert.deepEqual(choicesOf(untouched), {});
  assert.deepEqual(choicesOf([{ row: unknown, choice: "create", name: "bicycle" }]), { bicicle: { create: "bicycle" } });
  assert.deepEqual(choicesOf([{ row: matched, choice: "create", name: "" }]), { Car: { create: "Car" } });
  assert.deepEqual(choicesOf([{ row: unknown, choice: "ignore" }]), { bicicle: { ignore: true } });
  assert.deepEqual(choicesOf([{ row: unknown, choice: "b1", remember: true }]), { bicicle: { alias: "b1" } });
  assert.deepEqual(choicesOf([{ row: unknown, choice: "b1", remember: false }]), { bicicle: { label: "b1" } });
});

test("figures are words", () => {
  assert.equal(countWords({ images: 1, videos: 2, frames: 0, shapes: 1234 }), "1 image, 2 videos, 1,234 shapes");
  assert.equal(countWords({ images: 0, videos: 0, frames: 0, shapes: 1 }), "no pictures, 1 shape");
  assert.equal(progressWords({ status: "queued" }), "Waiting for its turn");
  assert.equal(progressWords({ progress: 0.427, phase: "media" }), "42 %, copying pictures");
  assert.equal(untilWords(new Date(Date.now() + 2.5 * 86_400_000).toISOString()), "kept for 2 days");
  assert.equal(untilWords(new Date(Date.now() - 1).toISOString()), "expired");
});
