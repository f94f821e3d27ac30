/** Which frame is due while a video plays. */
import assert from "node:assert/strict";
import test from "node:test";

import { Player } from "../../static/js/editor/model/player.js";

const reel = (more = {}) => ({ count: 100, timeOf: (n) => n / 25, ready: () => true, ...more });

function started(frame = 0, more = {}) {
  const player = new Player(reel(more));
  player.start(frame, 10);
  return player;
}

test("a frame stays until the next one is due", () => {
  const player = started();
  assert.equal(player.next(0, 10.03), null);
  assert.deepEqual(player.next(0, 10.04), { frame: 1 });
  assert.deepEqual(player.next(1, 10.08), { frame: 2 });
});

test("late frames are left out, and counted", () => {
  const player = started();
  assert.deepEqual(player.next(0, 10.2), { frame: 5 });
  player.shown(5, 10.2);
  assert.equal(player.dropped, 4);
  player.shown(6, 10.24);
  assert.equal(player.dropped, 4);
  assert.equal(Math.round(player.rate), 25);
});

test("of those that are due the last one that is ready is shown, else the clock waits for the next one", () => {
  assert.deepEqual(started(0, { ready: (n) => n <= 3 }).next(0, 10.2), { frame: 3 });
  const slow = started(0, { ready: () => false });
  assert.deepEqual(slow.next(0, 10.2), { frame: 1 });
  slow.shown(1, 11);
  assert.equal(slow.dropped, 0);
  assert.equal(slow.next(1, 11.03), null);
  assert.equal(Math.round(slow.stays(1, 11.03) * 1000), 10);
  slow.setSpeed(4, 1, 12);
  assert.deepEqual(slow.next(1, 12.1), { frame: 5 }, "at four times the speed every fourth frame");
});

test("times of a variable rate are kept", () => {
  const at = [0, 0.01, 0.5, 0.51];
  const player = started(0, { count: 4, timeOf: (n) => at[n] });
  assert.deepEqual(player.next(0, 10.02), { frame: 1 });
  assert.equal(player.next(1, 10.49), null);
  assert.deepEqual(player.next(1, 10.505), { frame: 2 });
});

test("speed counts from the frame where it changed", () => {
  const player = started();
  player.setSpeed(4, 10, 20);
  assert.deepEqual(player.next(10, 20.1), { frame: 20 });
  player.setSpeed(0.25, 20, 21);
  assert.equal(player.next(20, 21.15), null);
  assert.deepEqual(player.next(20, 21.16), { frame: 21 });
});

test("it ends with the last frame, or begins the loop again once that has been seen", () => {
  const player = started(98);
  assert.deepEqual(player.next(98, 12), { frame: 99 });
  assert.equal(player.next(99, 12), "end");
  player.loop = [10, 20];
  player.start(19, 30);
  assert.deepEqual(player.next(19, 30.04), { frame: 20 });
  assert.equal(player.next(20, 30.05), null);
  assert.deepEqual(player.next(20, 30.09), { frame: 10, again: true });
  assert.deepEqual(player.next(3, 30.09), { frame: 10, again: true }, "from outside it goes to its beginning");
});
