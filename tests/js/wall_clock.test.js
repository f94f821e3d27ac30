/** The clock on the wall may be a day wrong, and may be put right while somebody works: nothing depends on it. */
import assert from "node:assert/strict";
import test from "node:test";

import { OpClient } from "../../static/js/editor/model/op_client.js";
import { Store } from "../../static/js/editor/model/store.js";
import { uuid7 } from "../../static/js/editor/util.js";
import { Line, create, memoryQueue, settle } from "./helpers.js";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const TURNS = [DAY, -DAY];

/** The browser's own clocks, turned by hand: the one on the wall, and the one that only goes on. */
function turned(context) {
  const clocks = {
    wall: NOW,
    time: 50_000,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 50) {
        clocks.time += 50;
        clocks.wall += 50;
        context.mock.timers.tick(50);
        await settle();
      }
    },
  };
  context.mock.timers.enable({ apis: ["setTimeout"] });
  context.mock.method(Date, "now", () => clocks.wall);
  context.mock.method(performance, "now", () => clocks.time);
  return clocks;
}

async function sitDown(queue = memoryQueue()) {
  const lines = [];
  const connect = () => lines[lines.push(new Line()) - 1];
  const fetchSnapshot = async () => ({ rev: 0, results: [] });
  const client = new OpClient({ item: "i", user: "u", clientId: "c", epoch: "e", store: new Store(), queue, connect, fetchSnapshot, snapshotUrl: "/" });
  await client.start();
  const live = async () => {
    lines.at(-1).connect();
    lines.at(-1).say({ type: "welcome", conn: "n", epoch: "e", head: client.store.rev, role: "annotator", limits: {} });
    await settle();
  };
  return { client, queue, lines, live };
}

const sent = ({ lines }) => lines.flatMap((line) => line.of("tx").map(({ ops }) => ops[0].id));
const acknowledge = ({ lines }, rev) => lines.at(-1).say({ type: "ack", tx_id: lines.at(-1).of("tx").at(-1).tx_id, rev });

for (const turn of TURNS) {
  const way = turn > 0 ? "ahead" : "back";

  test(`work keeps its order and is taken up again when the clock is put ${way} a day`, async (context) => {
    const clocks = turned(context);
    const first = await sitDown();
    first.client.submit([create("a")]);
    clocks.wall += turn;
    first.client.submit([create("b")]);
    first.client.stop();
    clocks.wall += turn;
    const second = await sitDown(first.queue);
    second.client.submit([create("c")]);
    clocks.wall -= 3 * turn;
    second.client.submit([create("d")]);
    assert.deepEqual((await first.queue.all("i", "u")).map(({ ops }) => ops[0].id), ["a", "b", "c", "d"]);
    await second.live();
    for (let rev = 1; rev <= 4; rev++) acknowledge(second, rev);
    assert.deepEqual(sent(second), ["a", "b", "c", "d"]);
  });

  test(`a long queue and what is to be tried again go out all the same when the clock is put ${way} a day`, async (context) => {
    const clocks = turned(context);
    const desk = await sitDown();
    const ids = Array.from({ length: 30 }, (_, n) => `s${String(n).padStart(2, "0")}`);
    for (const id of ids) desk.client.submit([create(id)]);
    await desk.live();
    desk.lines.at(-1).say({ type: "nack", tx_id: desk.lines.at(-1).of("tx")[0].tx_id, code: "BUSY", retryable: true });
    clocks.wall += turn;
    await clocks.pass(3000);
    assert.deepEqual(sent(desk), ["s00", "s00"], "sent again");
    let rev = 0;
    for (const again of [0, 1, 2]) {
      for (; rev < sent(desk).length - 1; ) acknowledge(desk, ++rev);
      clocks.wall += again === 1 ? turn : 0;
      await clocks.pass(1000);
    }
    assert.deepEqual(sent(desk).slice(1), ids);
    assert.equal(desk.lines.length, 1, "the line is not taken for dead");
  });

  test(`a line that breaks is opened again when the clock is put ${way} a day`, async (context) => {
    const clocks = turned(context);
    const desk = await sitDown();
    await desk.live();
    const { length } = desk.lines;
    desk.lines.at(-1).drop();
    clocks.wall += turn;
    await clocks.pass(11_000);
    assert.ok(desk.lines.length > length);
  });
}

test("ids differ however often the clock shows the same time", (context) => {
  const clocks = turned(context);
  const ids = [0, DAY, -DAY, 0].flatMap((turn) => {
    clocks.wall = NOW + turn;
    return Array.from({ length: 2000 }, () => uuid7());
  });
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)));
});
