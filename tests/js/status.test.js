import assert from "node:assert/strict";
import test from "node:test";

import { saveWords, sinceSaved, skippedText } from "../../static/js/editor/panels/status.js";

const client = (more = {}) => ({ state: "live", waiting: 0, tray: [], store: { rev: 7 }, ...more });

test("the save state names the rev, what waits, and what was refused", () => {
  assert.deepEqual(saveWords(client()), ["saved", "Saved · rev 7"]);
  assert.deepEqual(saveWords(client({ waiting: 1 })), ["saving", "Saving"]);
  assert.deepEqual(saveWords(client({ waiting: 14 })), ["saving", "Saving, 14 waiting"]);
  assert.deepEqual(saveWords(client({ tray: [1] })), ["aside", "Saved · rev 7, 1 not saved"]);
  assert.deepEqual(saveWords(client({ state: "stopped", waiting: 2 })), ["stopped", "Stopped, 2 waiting"]);
});

test("trying again is not being back", () => {
  assert.deepEqual(saveWords(client({ state: "connecting" })), ["connecting", "Connecting"]);
  assert.deepEqual(saveWords(client({ state: "connecting", waiting: 2 }), true), ["offline", "Offline, 2 waiting"]);
  assert.deepEqual(saveWords(client({ state: "live" }), true), ["saved", "Saved · rev 7"]);
});

test("the time since the last save runs slower the longer ago it was", () => {
  assert.deepEqual(sinceSaved(180), ["0.2 s ago", 1000]);
  assert.deepEqual(sinceSaved(4200), ["4 s ago", 1000]);
  assert.deepEqual(sinceSaved(42_000), ["42 s ago", 10_000]);
  assert.deepEqual(sinceSaved(150_000), ["2 min ago", 60_000]);
  assert.deepEqual(sinceSaved(4_000_000), ["", 0]);
});

test("an undo that leaves something alone says who changed it", () => {
  const bob = { id: "b", name: "Bob" };
  assert.equal(skippedText([{ id: "1", by: bob }, { id: "1", by: bob }]), "Not taken back: Bob has changed it since, so left as it is.");
  assert.equal(skippedText([{ id: "1", by: bob }, { id: "2", by: { id: "a", name: "Ann" } }]), "Not taken back: Bob, Ann have changed 2 shapes since, so left as they are.");
  assert.equal(skippedText([{ id: "1", by: null }]), "Not taken back: somebody else has changed it since, so left as it is.");
});
