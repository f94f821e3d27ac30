/** Threads of comments: what is listed, where a pin stands, and whom a text names. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ago } from "../../static/js/lib/bell.js";
import { Threads, beingNamed, mayResolve, named, partsOf, pinOf } from "../../static/js/editor/model/threads.js";

const ada = { id: "ada", name: "Ada Lovelace" };
const ben = { id: "ben", name: "Ben" };

function comment(/** @type {any} */ author, more = {}) {
  return { id: "c", author, text: "Hm", mentions: [], created_at: "", edited_at: null, deleted: false, ...more };
}

function thread(/** @type {string} */ id, more = {}) {
  return { id, annotation: null, frame: null, x: 3, y: 4, created_by: ada, created_at: "", resolved_by: null, resolved_at: null, comments: [comment(ada)], ...more };
}

test("filters: open, resolved, mine; a thread without words is gone", () => {
  const threads = new Threads();
  threads.load({ results: [
    thread("a"), thread("b", { resolved_at: "now" }), thread("c", { comments: [comment(ada, { deleted: true })] }),
    thread("d", { comments: [comment(ada, { mentions: [ben] })] }),
  ] });
  const ids = (/** @type {any} */ filter) => threads.list(filter, "ben").map(({ id }) => id);
  assert.deepEqual([ids("open"), ids("resolved"), ids("mine"), ids("all")], [["a", "d"], ["b"], ["d"], ["a", "b", "d"]]);
  assert.equal(threads.open, 2);
  threads.put(thread("a", { resolved_at: "now" }));
  assert.equal(threads.open, 1);
});

test("a pin stands on its shape, where the shape is; else at its point, on its frame", () => {
  const bounds = { minX: 1, minY: 2, maxX: 9, maxY: 8 };
  assert.deepEqual(pinOf(thread("a", { annotation: "s", frame: 7 }), 12, () => bounds), [9, 2]);
  assert.equal(pinOf(thread("a", { annotation: "s", frame: 7 }), 7, () => null), null);
  assert.deepEqual(pinOf(thread("a", { annotation: "s", frame: 7 }), 7, () => undefined), [3, 4]);
  assert.equal(pinOf(thread("a", { frame: 7 }), 8, () => undefined), null);
  assert.deepEqual(pinOf(thread("a"), null, () => undefined), [3, 4]);
  assert.equal(pinOf(thread("a", { x: null, y: null }), null, () => undefined), null);
});

test("reviewers resolve anything, annotators what they spoke in, viewers nothing", () => {
  const answered = thread("a", { comments: [comment(ada), comment(ben)] });
  assert.equal(mayResolve(thread("a"), "ben", "annotator"), false);
  assert.equal(mayResolve(answered, "ben", "annotator"), true);
  assert.equal(mayResolve(thread("a"), "ben", "reviewer"), true);
  assert.equal(mayResolve(answered, "ben", "viewer"), false);
});

test("names in a text are found whatever their case, the longest first", () => {
  const parts = partsOf("Is it, @ada lovelace? @Ben: @Benny", [ben, ada]);
  assert.deepEqual(parts.map(({ text, person }) => [text, person?.id]), [["Is it, ", undefined], ["@ada lovelace", "ada"], ["? ", undefined], ["@Ben", "ben"], [": @Benny", undefined]]);
  assert.deepEqual(partsOf("plain <b>", []), [{ text: "plain <b>" }]);
});

test("what is typed after an @ is a name, an address is not", () => {
  assert.equal(beingNamed("ask @Ad", 7), "Ad");
  assert.equal(beingNamed("ask @", 5), "");
  assert.equal(beingNamed("@Ada Lo", 7), "Ada Lo");
  assert.equal(beingNamed("mail a@b", 8), null);
  assert.equal(beingNamed("@Ada is here", 12), null);
  assert.deepEqual(named([ada, ben], "love"), [ada]);
  assert.deepEqual(named([ada, ben], ""), [ada, ben]);
});

test("how long ago, shortly", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.deepEqual(["2026-01-01T23:59:30Z", "2026-01-01T23:58:00Z", "2026-01-01T21:00:00Z", "2025-12-30T00:00:00Z"].map((at) => ago(at, now)), ["just now", "2 min ago", "3 h ago", "3 d ago"]);
});
