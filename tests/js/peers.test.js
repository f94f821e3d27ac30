/** Who is here: those who say so, and nobody for longer than that. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/js/editor/editor.js";
import { Store } from "../../static/js/editor/model/store.js";
import { Presence } from "../../static/js/editor/presence.js";
import { Emitter } from "../../static/js/editor/util.js";

class Client extends Emitter {
  state = "live";
  role = "annotator";
  stopReason = "";
  /** @type {any[]} */
  sent = [];

  /** @param {any} presence */
  sendPresence(presence) {
    this.sent.push(presence);
  }
}

function sitDown() {
  const client = new Client();
  const item = { id: "i", width: 100, height: 100, kind: "image", frames: 1, fps: 0, state: "to-do" };
  const config = { item, labels: [], role: "annotator", user: { id: "me", name: "Me" }, urls: {} };
  const editor = new Editor(/** @type {any} */ (config), new Store(), /** @type {any} */ (client), /** @type {any} */ ({}));
  return { client, editor };
}

const peer = (/** @type {string} */ conn) => ({ conn, user: { id: conn, name: conn }, cursor: null, frame: null, selection: [], tool: "box" });

test("a peer that says nothing for fifteen seconds is taken to be gone, one that speaks stays", () => {
  const { editor } = sitDown();
  let told = 0;
  editor.peersMoved([peer("a"), peer("b")]);
  const now = Date.now();
  editor.on("peers", () => (told += 1));
  editor.dropSilentPeers(now + 14_000);
  assert.deepEqual([[...editor.peers.keys()], told], [["a", "b"], 0]);
  editor.peers.get("b").seenAt = now + 9_000;
  editor.dropSilentPeers(now + 16_000);
  assert.deepEqual([[...editor.peers.keys()], told], [["b"], 1]);
});

test("who does nothing says so again at the server's beat, but not twice in a moment", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let time = 100_000;
  context.mock.method(performance, "now", () => time);
  const { client, editor } = sitDown();
  new Presence(editor);
  editor.emit("cursor", [5, 6]);
  context.mock.timers.tick(50);
  assert.equal(client.sent.length, 1);
  time += 1000;
  client.emit("head");
  context.mock.timers.tick(100);
  assert.equal(client.sent.length, 1);
  time += 4000;
  client.emit("head");
  context.mock.timers.tick(100);
  assert.equal(client.sent.length, 2);
  assert.deepEqual(client.sent[1], client.sent[0]);
});
