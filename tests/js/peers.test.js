/** Who is here: those who say so, and nobody for longer than that. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/js/editor/editor.js";
import { DRAWING, LANDING_MS } from "../../static/js/editor/model/peers.js";
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

const at = (/** @type {number} */ x) => ({ type: "box", x, y: 0, w: 10, h: 10 });
const dragged = (/** @type {number} */ x, id = "s") => ({ ...peer("a"), drag: { id, geometry: at(x) } });
const released = () => ({ ...peer("a"), drag: null });
const committed = (/** @type {any} */ op, rev = 1, actor = "a") => ({ rev, tx_id: `t${rev}`, client_id: "other", actor: { id: actor, name: "A" }, at: "2026-01-01T00:00:00Z", ops: [op] });
const create = (/** @type {string} */ id) => ({ op: "create", id, label: "l", geometry: at(0) });
const move = { op: "update", id: "s", set: { geometry: at(5) } };

test("what a peer dragged stays where they put it until its op is here", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { editor } = sitDown();
  editor.store.commit(committed(create("s")));
  editor.peersMoved([dragged(3), peer("b")]);
  editor.peersMoved([dragged(5)]);
  editor.peersMoved([released()]);
  editor.store.commit(committed(move, 2, "b"));
  assert.equal(editor.peers.get("a").drag.geometry.x, 5, "somebody else's edit of the shape is not theirs");
  let landed = 0;
  editor.on("landed", () => (landed += 1));
  editor.store.commit(committed(move, 3));
  assert.deepEqual([editor.peers.get("a").drag, landed], [null, 1]);
  context.mock.timers.tick(LANDING_MS);
  assert.equal(landed, 1);
});

test("a drag that comes to nothing is shown for a moment only, and not on another frame", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { editor } = sitDown();
  editor.peersMoved([dragged(3)]);
  editor.peersMoved([released()]);
  context.mock.timers.tick(LANDING_MS - 100);
  editor.peersMoved([{ ...released(), cursor: [1, 1] }]);
  assert.ok(editor.peers.get("a").drag, "moving on does not prolong it");
  context.mock.timers.tick(100);
  assert.equal(editor.peers.get("a").drag, null);
  editor.peersMoved([dragged(4)]);
  editor.peersMoved([{ ...released(), frame: 7 }]);
  assert.equal(editor.peers.get("a").drag, null);
});

test("a drag that was given up goes at once, and the word of it is said until the next one", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let time = 100_000;
  context.mock.method(performance, "now", () => (time += 1000));
  const hand = sitDown();
  const { editor } = sitDown();
  new Presence(hand.editor);
  const hold = (/** @type {[string, any][]} */ ...drafts) => {
    hand.editor.setDrafts(new Map(drafts));
    context.mock.timers.tick(50);
    editor.peersMoved([{ ...peer("a"), ...hand.client.sent.at(-1) }]);
    return [hand.client.sent.at(-1).given_up ?? false, editor.peers.get("a").drag?.geometry.x];
  };
  const id = "01964f5e-7a10-7cc1-8c2b-0c1f7a3f9e01";
  assert.deepEqual(hold(), [false, undefined]);
  assert.deepEqual(hold([id, at(3)]), [false, 3]);
  assert.deepEqual(hold(), [true, undefined]);
  hand.editor.emit("cursor", [1, 2]);
  assert.deepEqual(hold(), [true, undefined]);
  assert.deepEqual(hold([id, at(4)]), [false, 4]);
  hand.editor.emit("submit");
  assert.deepEqual(hold(), [false, 4], "its op is on its way");
});

test("an op that comes before the word that its drag ended needs no waiting, and a new drag is none of it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { editor } = sitDown();
  editor.peersMoved([dragged(5)]);
  editor.store.commit(committed(create("s")));
  editor.peersMoved([{ ...dragged(5), cursor: [2, 2] }]);
  editor.peersMoved([released()]);
  assert.equal(editor.peers.get("a").drag, null);
  editor.peersMoved([dragged(6)]);
  editor.peersMoved([released()]);
  editor.peersMoved([dragged(7)]);
  context.mock.timers.tick(LANDING_MS);
  assert.equal(editor.peers.get("a").drag.geometry.x, 7);
});

test("a shape that a peer draws stays until it is created, and all that is awaited goes with a snapshot", () => {
  const { editor } = sitDown();
  editor.peersMoved([dragged(3, DRAWING), { ...dragged(9), conn: "b" }]);
  editor.peersMoved([released(), { ...released(), conn: "b" }]);
  editor.store.commit(committed(create("new one")));
  assert.deepEqual(["a", "b"].map((conn) => Boolean(editor.peers.get(conn).drag)), [false, true]);
  editor.store.load(9, []);
  assert.equal(editor.peers.get("b").drag, null);
});
