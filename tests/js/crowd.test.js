/** Who is here, whom one follows next, and who holds a shape. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HOLD_MS, Holds, crowd, nextToFollow, tabOf } from "../../static/js/editor/model/crowd.js";
import { colourPeople, personColor } from "../../static/js/editor/render/style.js";


const me = { id: "me", name: "Me" };
const box = { type: "box", x: 0, y: 0, w: 5, h: 5 };

function peer(/** @type {string} */ conn, /** @type {string} */ name, more = {}) {
  return /** @type {any} */ ({ conn, user: { id: name.toLowerCase(), name }, seenAt: 0, cursor: null, frame: null, ...more });
}

test("one entry a person: oneself first, then by name, those who are away last", () => {
  const people = crowd(me, [peer("1", "Zoe"), peer("2", "Ada", { away: true }), peer("3", "Ben"), peer("4", "Zoe", { away: true }), { ...peer("5", "Me"), user: me }]);
  assert.deepEqual(people.map(({ user, tabs, away }) => [user.name, tabs.length, away]), [["Me", 1, false], ["Ben", 1, false], ["Zoe", 2, false], ["Ada", 1, true]]);
});

test("the tab to follow is one in sight that shows its view, the latest of them", () => {
  const view = { x: 1, y: 1, w: 10 };
  const tabs = [peer("1", "Ada", { away: true, view, seenAt: 9 }), peer("2", "Ada", { seenAt: 8 }), peer("3", "Ada", { view, seenAt: 2 }), peer("4", "Ada", { view, seenAt: 3 })];
  assert.equal(tabOf(tabs, "ada")?.conn, "4");
  assert.equal(tabOf(tabs, "ben"), undefined);
});

test("one follows each in turn, and then nobody", () => {
  const people = crowd(me, [peer("1", "Ada"), peer("2", "Ben")]);
  assert.deepEqual([nextToFollow(people, null), nextToFollow(people, "ada"), nextToFollow(people, "ben"), nextToFollow(crowd(me, []), null)], ["ada", "ben", null, null]);
});

test("a hand holds for fifteen seconds after it moved last", () => {
  const holds = new Holds();
  const drag = (/** @type {number} */ x) => peer("1", "Ada", { drag: { id: "s", geometry: { ...box, x } } });
  const names = (/** @type {any} */ peers, /** @type {number} */ now) => holds.of(peers, now).map(({ user }) => user.name);
  assert.deepEqual(names([drag(0), peer("2", "Ben")], 0), ["Ada"]);
  assert.deepEqual(names([drag(0)], HOLD_MS - 1), ["Ada"]);
  assert.deepEqual(names([drag(0)], HOLD_MS), []);
  assert.deepEqual(names([drag(1)], HOLD_MS + 1), ["Ada"]);
  assert.deepEqual(names([peer("1", "Ada")], HOLD_MS + 2), []);
  assert.deepEqual(names([drag(1)], HOLD_MS + 3), ["Ada"]);
});

test("people of one project have colours that differ, the same whoever asks and in whatever order", () => {
  const ids = Array.from({ length: 8 }, (_, n) => `person ${n * 7}`);
  colourPeople(ids);
  const colours = ids.map(personColor);
  assert.equal(new Set(colours).size, 8);
  colourPeople([...ids].reverse());
  assert.deepEqual(ids.map(personColor), colours);
  colourPeople([...ids, "zz", "zzz"]);
  assert.deepEqual(ids.map(personColor), colours);
  assert.match(personColor("zzz"), /^#[0-9A-F]{6}$/);
  colourPeople([]);
});
