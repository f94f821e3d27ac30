/** Who did what to a shape, in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { deedsOf } from "../../static/js/editor/people_names.js";

const names = /** @type {Record<string, string>} */ ({ a: "Ada", b: "Ben" });
const words = (/** @type {any} */ shape) =>
  deedsOf({ source: "human", author: "a", updated_by: "a", updated_at: "T", created_rev: 1, updated_rev: 1, ...shape }, (id) => names[String(id)] ?? "?", (at) => `at ${at}`).map(({ what, who, when }) => [what, who, when]);

test("a drawing is dated as long as nobody changed it", () => {
  assert.deepEqual(words({}), [["Drawn", "Ada", "at T"]]);
  assert.deepEqual(words({ updated_by: "b", updated_rev: 2 }), [["Drawn", "Ada", ""], ["Changed", "Ben", "at T"]]);
  assert.deepEqual(words({ updated_at: null }), [["Drawn", "Ada", "just now"]]);
});

test("the source is named", () => {
  assert.deepEqual(words({ source: "model", confidence: 0.834 })[0][0], "Suggested by a model (83 % sure)");
  assert.deepEqual(words({ confidence: 0.5 })[0][0], "Suggested by a model (50 % sure), accepted");
  assert.deepEqual(words({ source: "import", author: null })[0], ["Imported", "", "at T"]);
  assert.deepEqual(words({ keyframes: { 1: {} } })[0][0], "Tracked");
});
