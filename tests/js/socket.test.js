/** Parts of a page that listen to one path share one connection. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** @type {FakeSocket[]} */
let made = [];

class FakeSocket {
  static OPEN = 1;
  readyState = 0;
  /** @type {string[]} */
  sent = [];
  /** @type {any} */ onopen = null;
  /** @type {any} */ onmessage = null;
  /** @type {any} */ onclose = null;

  constructor() {
    made.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.readyState = 3;
  }

  opens() {
    this.readyState = 1;
    this.onopen();
  }
}

const browser = /** @type {any} */ (globalThis);
browser.WebSocket = FakeSocket;
browser.location = { href: "http://x.org/" };
browser.addEventListener = browser.removeEventListener = () => {};
const { openSocket } = await import("../../static/js/lib/socket.js");

function listener() {
  /** @type {any[]} */
  const heard = [];
  /** @type {string[]} */
  const states = [];
  return { heard, states, onMessage: (/** @type {any} */ message) => heard.push(message), onState: (/** @type {string} */ state) => states.push(state) };
}

beforeEach(() => {
  made = [];
});

test("two listeners share a connection, and who comes later hears that it is open", async () => {
  const [first, second] = [listener(), listener()];
  const one = openSocket("/a/", first);
  made[0].opens();
  const two = openSocket("/a/", second);
  assert.deepEqual(second.states, []);
  await Promise.resolve();
  assert.deepEqual([made.length, first.states, second.states], [1, ["connecting", "open"], ["open"]]);
  made[0].onmessage({ data: '{"n": 1}' });
  assert.deepEqual([first.heard, second.heard], [[{ n: 1 }], [{ n: 1 }]]);
  assert.equal(two.send({ hello: 1 }), true);
  assert.deepEqual(made[0].sent, ['{"hello":1}']);
  one.close();
  made[0].onmessage({ data: '{"n": 2}' });
  assert.deepEqual([first.heard.length, second.heard.length, made[0].readyState], [1, 2, 1]);
  two.close();
  assert.equal(made[0].readyState, 3);
  openSocket("/a/", listener()).close();
  assert.equal(made.length, 2);
});

test("other paths have connections of their own", () => {
  const sockets = [openSocket("/b/", listener()), openSocket("/c/", listener())];
  assert.equal(made.length, 2);
  for (const socket of sockets) socket.close();
});

test("one that is told to stay away does, and a new listener may try anew", () => {
  const first = listener();
  openSocket("/d/", first);
  made[0].opens();
  made[0].onclose({ code: 4403, reason: "No role here." });
  assert.deepEqual(first.states, ["connecting", "open", "closed"]);
  const second = openSocket("/d/", listener());
  assert.equal(made.length, 2);
  second.close();
});
