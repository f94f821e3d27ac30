import assert from "node:assert/strict";
import { test } from "node:test";

import { inkOn, place } from "../../static/js/streaming/boxes.js";
import { countLabels, figure, stateWords } from "../../static/js/streaming/state.js";
import { expired, forConnection, fragmentOf, iceServersOf, waitBefore } from "../../static/js/streaming/whep.js";

test("candidates become a fragment of their media section", () => {
  const candidates = /** @type {any[]} */ ([{ candidate: "candidate:1 1 udp 1 10.0.0.5 5000 typ host", sdpMid: "0" }]);
  assert.equal(fragmentOf(candidates), "a=mid:0\r\na=candidate:1 1 udp 1 10.0.0.5 5000 typ host\r\na=end-of-candidates\r\n");
});

test("waits double up to a bound, with jitter", () => {
  assert.equal(waitBefore(0, () => 0.5), 500);
  assert.equal(waitBefore(3, () => 0.5), 4000);
  assert.equal(waitBefore(60, () => 1), 18750);
  assert.ok(waitBefore(2, () => 0) < waitBefore(2, () => 1));
});

test("ICE servers come from the Link header, those that ask for it with their login", () => {
  const header =
    '<stun:a.example:3478>; rel="ice-server", </style.css>; rel="preload", ' +
    '<turn:b.example?transport=udp>; rel="ice-server"; username="1700003600:7"; credential="x/y+z="; credential-type="password", ' +
    "<turn:c.example>;rel=ice-server";
  const servers = iceServersOf(header);
  assert.deepEqual(servers[1], { url: "turn:b.example?transport=udp", username: "1700003600:7", credential: "x/y+z=" });
  assert.deepEqual(forConnection(servers), [
    { urls: "stun:a.example:3478" },
    { urls: "turn:b.example?transport=udp", username: "1700003600:7", credential: "x/y+z=" },
    { urls: "turn:c.example" },
  ]);
  assert.deepEqual(iceServersOf(null), []);
});

test("a login runs out at the second that its user name begins with", () => {
  const servers = iceServersOf('<turn:b.example>; rel="ice-server"; username="1700003600:7"; credential="c", <stun:a.example>; rel="ice-server"');
  assert.equal(expired(servers, 1700003599_999), false);
  assert.equal(expired(servers, 1700003600_000), true);
  assert.equal(expired(iceServersOf('<stun:a.example>; rel="ice-server"'), 1700003600_000), false);
});

test("labels are counted, most first", () => {
  const seen = ["car", "person", "car"].map((label) => ({ label, color: "#000000" }));
  assert.deepEqual(countLabels(seen).map(({ label, count }) => [label, count]), [["car", 2], ["person", 1]]);
});

test("figures are short", () => {
  assert.equal(figure(1.25), "1.3");
  assert.equal(figure(24.6), "25");
  assert.equal(figure(0), "0");
  assert.equal(figure(null), "–");
});

test("states have words", () => {
  assert.equal(stateWords("passthrough"), "Running without a model");
  assert.equal(stateWords("unheard-of"), "unheard-of");
});

test("text on a colour is readable", () => {
  assert.equal(inkOn("#F0E442"), "#000");
  assert.equal(inkOn("#0072B2"), "#fff");
});

test("a label goes where it is seen whole and covers no other", () => {
  const [plate, picture] = [{ w: 40, h: 12 }, { w: 200, h: 100 }];
  const box = { x: 10, y: 30, w: 50, h: 60 };
  assert.deepEqual(place(box, plate, picture, []), { ...plate, x: 10, y: 18 });
  assert.deepEqual(place(box, plate, picture, [{ x: 0, y: 10, w: 30, h: 12 }]), { ...plate, x: 10, y: 30 });
  assert.deepEqual(place({ x: 180, y: 5, w: 80, h: 85 }, plate, picture, []), { ...plate, x: 160, y: 5 });
  const full = [{ x: 0, y: 0, w: 200, h: 100 }];
  assert.deepEqual(place(box, plate, picture, full), { ...plate, x: 10, y: 18 }, "better over another than nowhere");
});
