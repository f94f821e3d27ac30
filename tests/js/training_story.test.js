/** A job's events folded into its page: the same live and replayed, in any portions. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { accuracyColumns, duration, emptyStory, lossColumns, lossOf, tell } from "../../static/js/training/story.js";

const at = (seq) => `2026-01-05T10:00:${String(seq % 60).padStart(2, "0")}.000000+00:00`;
const event = (seq, kind, rest) => ({ seq, kind, at: at(seq), ...rest });
const EVENTS = [
  event(1, "status", { status: "queued" }),
  event(2, "status", { status: "starting" }),
  event(3, "progress", { phase: "train", progress: 0.03 }),
  event(4, "batch", { epoch: 1, epochs: 2, batch: 1, batches: 2, loss: 8, eta_s: 9, images_per_s: 4, progress: 0.2 }),
  event(5, "batch", { epoch: 1, epochs: 2, batch: 2, batches: 2, loss: 6, progress: 0.4 }),
  event(6, "metrics", { epoch: 1, epochs: 2, box_loss: 3, cls_loss: 2, dfl_loss: 1, val_box_loss: 4, map50: 0.5, map50_95: 0.2, progress: 0.5 }),
  event(7, "log", { text: "WARNING something" }),
  event(8, "metrics", { epoch: 2, epochs: 2, box_loss: 1, cls_loss: 1, dfl_loss: 1, map50: 0.6, map50_95: 0.1, progress: 0.9 }),
  event(9, "status", { status: "succeeded", result: { model: "m" }, progress: 1 }),
];

function told(events) {
  const story = emptyStory();
  for (const one of events) tell(story, one);
  return story;
}

test("the story of a run", () => {
  const story = told(EVENTS);
  assert.equal(story.status, "succeeded");
  assert.equal(story.progress, 1);
  assert.equal(story.best, 0.5, "of the epoch whose weights are kept");
  assert.equal(story.started, at(2));
  assert.equal(story.ended, at(9));
  assert.equal(story.eta, null);
  assert.deepEqual(story.result, { model: "m" });
  assert.deepEqual(accuracyColumns(story), [[1, 2], [0.5, 0.6], [0.2, 0.1], [null, null], [null, null]]);
  assert.deepEqual(story.log.map((line) => line.tone), ["status", "status", "status", "epoch", "warn", "epoch", "status"]);
});

test("events that come twice change nothing", () => {
  const twice = told([...EVENTS.slice(0, 6), ...EVENTS.slice(2), ...EVENTS]);
  assert.deepEqual(twice, told(EVENTS));
  assert.equal(tell(twice, EVENTS[0]), false);
});

test("batches and epochs share one axis", () => {
  const columns = lossColumns(told(EVENTS));
  assert.deepEqual(columns, [[0.5, 1, 2], [8, 6, null], [null, 6, 3], [null, 4, null]]);
});

test("an epoch that is done again after a lost worker replaces its row", () => {
  const again = event(10, "metrics", { epoch: 2, epochs: 2, map50: 0.7 });
  assert.deepEqual(accuracyColumns(told([...EVENTS, again])).slice(0, 2), [[1, 2], [0.5, 0.7]]);
});

test("a run that goes on has not ended", () => {
  const story = told([...EVENTS.slice(0, 6), event(7, "status", { status: "lost" }), event(8, "status", { status: "queued" })]);
  assert.equal(story.ended, null);
  assert.equal(story.status, "queued");
});

test("a loss that ran away is not drawn", () => {
  assert.ok(Number.isNaN(lossOf({ box_loss: null }, "")));
  const story = told([event(1, "batch", { epoch: 1, epochs: 1, batch: 1, batches: 1, progress: 0 })]);
  assert.deepEqual(lossColumns(story)[0], []);
});

test("what is kept is bounded", () => {
  const story = emptyStory();
  for (let seq = 1; seq <= 5000; seq += 1) {
    tell(story, event(seq * 2, "batch", { epoch: 1, epochs: 1, batch: seq, batches: 5000, loss: 1, progress: 0 }));
    tell(story, event(seq * 2 + 1, "log", { text: "x" }));
  }
  assert.ok(story.batches.length <= 1200 && story.log.length <= 600);
});

test("durations read well", () => {
  assert.deepEqual([0, 9.4, 65, 3725, null, NaN].map(duration), ["0 s", "9 s", "1 min 05 s", "1 h 02 min", "\u2013", "\u2013"]);
});
