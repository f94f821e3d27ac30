import assert from "node:assert/strict";
import test from "node:test";

import { OpClient } from "../../static/js/editor/model/op_client.js";
import { Store } from "../../static/js/editor/model/store.js";
import { Clock, Line, box, create, memoryQueue, settle } from "./helpers.js";

const AT = "2026-01-01T00:00:00Z";
const ME = "client-1";

function setUp({ queue = memoryQueue(), snapshot = { rev: 0, results: [] }, start = true } = {}) {
  const clock = new Clock();
  const lines = [];
  const store = new Store();
  const fetched = [];
  const client = new OpClient({
    item: "item", user: "u1", clientId: ME, epoch: "e1", store, queue, clock,
    snapshotUrl: "/annotations",
    fetchSnapshot: async (url) => {
      fetched.push(url);
      return snapshot;
    },
    connect: () => {
      lines.push(new Line());
      return lines.at(-1);
    },
  });
  const world = {
    client, store, clock, queue, lines, fetched,
    get line() {
      return lines.at(-1);
    },
    async live(head = store.rev, more = {}) {
      world.line.connect();
      world.line.say({ type: "welcome", conn: "c1", epoch: "e1", head, role: "annotator", limits: {}, ...more });
      await settle();
    },
  };
  return start ? client.start().then(() => world) : world;
}

const ops = (from, ...txs) => ({ type: "ops", from, to: from + txs.length - 1, txs });
const tx = (rev, list, tx_id = `t${rev}`, client_id = "other") => ({ rev, tx_id, client_id, actor: { id: "u2", name: "Bob" }, at: AT, ops: list });

test("hello says what this client holds, and welcome makes it live", async () => {
  const world = await setUp();
  assert.equal(world.client.state, "connecting");
  await world.live();
  assert.deepEqual(world.line.sent[0], { type: "hello", proto: 1, item: "item", client_id: ME, epoch: "e1", last_rev: 0 });
  assert.equal(world.client.state, "live");
});

test("one tx is in flight; the next one goes when the first is acknowledged", async () => {
  const world = await setUp();
  await world.live();
  const first = world.client.submit([create("a")]);
  const second = world.client.submit([create("b")]);
  assert.deepEqual(world.line.of("tx").map((each) => each.tx_id), [first.tx_id]);
  assert.equal(world.client.waiting, 2);
  assert.ok(world.store.get("b"), "it is shown at once");
  world.line.say({ type: "ack", tx_id: first.tx_id, rev: 1 });
  assert.deepEqual(world.line.of("tx").map((each) => each.tx_id), [first.tx_id, second.tx_id]);
  world.line.say(ops(1, tx(1, [create("a")], first.tx_id, ME)));
  assert.equal(world.client.waiting, 1);
  assert.deepEqual([...world.queue.records.values()].map((each) => each.tx_id), [second.tx_id]);
});

test("what was in flight when the line broke is sent again under the same id, and the rest after it", async () => {
  const world = await setUp();
  await world.live();
  const first = world.client.submit([create("a")]);
  world.line.drop();
  const second = world.client.submit([create("b")]);
  assert.equal(world.client.state, "offline");
  assert.equal(world.client.waiting, 2);
  await world.clock.pass(11_000);
  assert.equal(world.lines.length, 2);
  await world.live();
  assert.equal(world.line.of("tx")[0].tx_id, first.tx_id);
  world.line.say({ type: "ack", tx_id: first.tx_id, rev: 1 });
  assert.equal(world.line.of("tx")[1].tx_id, second.tx_id);
});

test("a replay that holds one's own tx confirms it: it is not sent again", async () => {
  const world = await setUp();
  await world.live();
  const first = world.client.submit([create("a")]);
  world.line.drop();
  await world.clock.pass(11_000);
  await world.live(1);
  assert.equal(world.client.state, "syncing");
  assert.equal(world.line.of("tx").length, 0);
  world.line.say(ops(1, tx(1, [create("a")], first.tx_id, ME)));
  assert.equal(world.client.state, "live");
  assert.equal(world.line.of("tx").length, 0);
  assert.equal(world.client.waiting, 0);
  assert.equal(world.queue.records.size, 0);
});

test("pending work survives a reload and goes out under its old ids", async () => {
  const queue = memoryQueue();
  const before = await setUp({ queue });
  const lost = before.client.submit([create("a")]);
  before.client.submit([create("b")]);
  await settle();
  const after = await setUp({ queue });
  assert.ok(after.store.get("a") && after.store.get("b"), "shown before the line is up");
  await after.live();
  assert.equal(after.line.of("tx")[0].tx_id, lost.tx_id);
  const third = after.client.submit([create("c")]);
  assert.ok(third.seq > 2);
});

test("revs are applied in order; a gap is pulled after half a second", async () => {
  const world = await setUp();
  await world.live();
  world.line.say(ops(2, tx(2, [create("b")])));
  assert.equal(world.store.rev, 0);
  await world.clock.pass(400);
  assert.equal(world.line.of("pull").length, 0);
  await world.clock.pass(200);
  assert.deepEqual(world.line.of("pull"), [{ type: "pull", from: 1 }]);
  world.line.say(ops(1, tx(1, [create("a")])));
  assert.equal(world.store.rev, 2);
  assert.deepEqual([...world.store.shown.keys()], ["a", "b"]);
});

test("a repeated rev changes nothing", async () => {
  const world = await setUp();
  await world.live();
  world.line.say(ops(1, tx(1, [create("a")])));
  world.line.say(ops(1, tx(1, [create("a")]), tx(2, [create("b")])));
  assert.equal(world.store.rev, 2);
  assert.equal(world.fetched.length, 0);
});

test("a head beyond what was heard exposes a lost broadcast", async () => {
  const world = await setUp();
  await world.live();
  world.line.say({ type: "head", rev: 3 });
  await world.clock.pass(600);
  assert.deepEqual(world.line.of("pull"), [{ type: "pull", from: 1 }]);
});

test("refused work is taken back and waits in the tray, over a reload too", async () => {
  const queue = memoryQueue();
  const world = await setUp({ queue });
  await world.live();
  const refused = [];
  world.client.on("refused", (each) => refused.push(each));
  const sent = world.client.submit([create("a")], { title: "Draw car" });
  world.line.say({ type: "nack", tx_id: sent.tx_id, code: "CONFLICT", detail: "Bob was first.", current: null, retryable: false });
  assert.equal(world.store.get("a"), undefined);
  assert.equal(refused[0].refused.detail, "Bob was first.");
  await settle();
  const after = await setUp({ queue });
  assert.equal(after.client.tray[0].title, "Draw car");
  assert.equal(after.store.get("a"), undefined);
  await after.live();
  assert.deepEqual(after.client.dismiss(sent.tx_id).ops, [create("a")]);
  assert.equal(after.client.tray.length, 0);
  await settle();
  assert.equal(queue.records.size, 0);
});

test("a refusal that may pass is tried again under the same id", async () => {
  const world = await setUp();
  await world.live();
  const sent = world.client.submit([create("a")]);
  world.line.say({ type: "nack", tx_id: sent.tx_id, code: "BUSY", detail: "", current: null, retryable: true });
  assert.ok(world.store.get("a"));
  await world.clock.pass(3100);
  assert.deepEqual(world.line.of("tx").map((each) => each.tx_id), [sent.tx_id, sent.tx_id]);
});

test("an undo that cannot be done is said, and needs no tray", async () => {
  const world = await setUp();
  await world.live();
  const words = [];
  world.client.on("error", (each) => words.push(each));
  const sent = world.client.submit([], { undo_of: "x", preview: [{ op: "delete", id: "a" }] });
  assert.deepEqual(world.line.of("tx")[0], { type: "tx", tx_id: sent.tx_id, base_rev: 0, ops: [], undo_of: "x" });
  world.line.say({ type: "nack", tx_id: sent.tx_id, code: "NOTHING_TO_UNDO", detail: "Bob changed it.", current: null, retryable: false });
  assert.deepEqual(words, ["Not taken back: Bob changed it."]);
  assert.equal(world.client.tray.length, 0);
  assert.equal(world.queue.records.size, 0);
});

test("after a restored backup pending work is set aside, never replayed unasked", async () => {
  const world = await setUp({ snapshot: { rev: 4, results: [] } });
  await world.live();
  world.line.drop();
  world.client.submit([create("a")]);
  await world.clock.pass(11_000);
  await world.live(4, { epoch: "e2" });
  assert.equal(world.client.tray[0].refused.code, "RESTORED");
  assert.deepEqual(world.fetched, ["/annotations"]);
  assert.equal(world.client.state, "live");
  assert.equal(world.store.rev, 4);
  assert.equal(world.line.of("tx").length, 0);
});

test("a snapshot is fetched, and what came meanwhile is applied on it", async () => {
  const world = await setUp({ snapshot: { rev: 5, results: [] } });
  await world.live(6);
  world.line.say({ type: "snapshot", rev: 5, url: "/snap" });
  world.line.say(ops(6, tx(6, [create("f")])));
  await settle();
  assert.deepEqual(world.fetched, ["/snap"]);
  assert.equal(world.store.rev, 6);
  assert.ok(world.store.get("f"));
  assert.equal(world.client.state, "live");
});

test("a dead line is noticed, and coming back waits longer each time", async () => {
  const world = await setUp();
  await world.live();
  await world.clock.pass(5500);
  assert.equal(world.line.of("ping").at(-1).rev, 0);
  await world.clock.pass(6500);
  assert.equal(world.client.state, "offline");
  const waits = [];
  for (let i = 0; i < 6; i++) {
    const [before, at] = [world.lines.length, world.clock.time];
    while (world.lines.length === before) await world.clock.pass(50);
    waits.push(world.clock.time - at);
    world.line.drop();
  }
  assert.ok(waits.at(-1) > waits[0] && Math.max(...waits) <= 10_050, String(waits));
});

test("somebody whose access ended is told so, and their work is kept", async () => {
  const world = await setUp();
  await world.live();
  world.client.submit([create("a", box(2))]);
  world.line.drop(4403, "removed");
  assert.equal(world.client.state, "stopped");
  assert.match(world.client.stopReason, /no longer have access/);
  await world.clock.pass(60_000);
  assert.equal(world.lines.length, 1);
  assert.equal(world.queue.records.size, 1);
});

test("a message that the server cannot read goes to the tray instead of being sent for ever", async () => {
  const world = await setUp();
  await world.live();
  world.client.submit([create("a")]);
  world.line.drop(4413, "A message may have at most 262144 bytes.");
  assert.match(world.client.tray[0].refused.detail, /262144/);
  await world.clock.pass(11_000);
  await world.live();
  assert.equal(world.line.of("tx").length, 0);
});

test("a long queue goes out slower than the server's limit", async () => {
  const world = await setUp();
  await world.live();
  for (let i = 0; i < 40; i++) world.client.submit([create(`s${i}`)]);
  for (let acked = 0; acked < world.line.of("tx").length; acked++) {
    world.line.say({ type: "ack", tx_id: world.line.of("tx")[acked].tx_id, rev: acked + 1 });
  }
  assert.equal(world.line.of("tx").length, 18);
  await world.clock.pass(1001);
  assert.ok(world.line.of("tx").length > 18);
});

test("one's own presence is not shown to oneself", async () => {
  const world = await setUp();
  await world.live();
  const batches = [];
  world.client.on("presence", (batch) => batches.push(batch));
  world.line.say({ type: "presence", batch: [{ conn: "c1" }] });
  assert.equal(batches.length, 0, "nothing of the others, and nothing to be done");
  world.line.say({ type: "presence", batch: [{ conn: "c1" }, { conn: "c2", user: { id: "u2", name: "Bob" } }] });
  assert.deepEqual(batches[0].map((each) => each.conn), ["c2"]);
});
