/** What the pages' scripts do without a page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, apiUrl, readBody } from "../../static/js/lib/api.js";
import { sizeText } from "../../static/js/lib/dom.js";
import { retryDelay } from "../../static/js/lib/socket.js";
import { parseLabels } from "../../static/js/pages/labels.js";

const PALETTE = ["#111111", "#222222"];

test("labels are read as typed, each name once, colours in turn", () => {
  const names = (/** @type {string} */ text) => parseLabels(text, PALETTE).map(({ name }) => name);
  assert.deepEqual(names(""), []);
  assert.deepEqual(names("bolt,Bolt;  BOLT "), ["bolt"]);
  assert.deepEqual(names("traffic light #00FF00\n\n stop sign"), ["traffic light", "stop sign"]);
  assert.deepEqual(names("#123456"), []);
  assert.deepEqual(names("#12345"), ["#12345"]);
  assert.deepEqual(parseLabels("a, b #ABCDEF, c", PALETTE).map(({ color }) => color), ["#111111", "#ABCDEF", "#111111"]);
});

test("a socket waits longer each time, never in step with others, never over 15 s", () => {
  assert.equal(retryDelay(0, () => 0), 200);
  assert.equal(retryDelay(0, () => 1), 400);
  assert.equal(retryDelay(3, () => 1), 3200);
  assert.equal(retryDelay(50, () => 1), 15000);
});

test("paths are of the interface unless they say otherwise", () => {
  assert.equal(apiUrl("jobs/1/cancel"), "/api/v1/jobs/1/cancel");
  assert.equal(apiUrl("/healthz"), "/healthz");
  assert.equal(apiUrl("http://x.org/api/v1/items?cursor=a"), "http://x.org/api/v1/items?cursor=a");
});

test("an error says what the server said, or what came instead", () => {
  assert.equal(new ApiError(415, { detail: "This is no picture.", code: "unsupported-type" }).message, "This is no picture.");
  assert.equal(new ApiError(502, readBody(502, "<html>")).message, "The server answered 502 with something that is no JSON. Reload the page and try again.");
  assert.equal(new ApiError(500, {}).detail, "The server answered 500.");
  assert.equal(readBody(204, ""), null);
});

test("sizes are told in two or three figures", () => {
  assert.equal(sizeText(0), "0 B");
  assert.equal(sizeText(999), "999 B");
  assert.equal(sizeText(1500), "1.5 KB");
  assert.equal(sizeText(8131690), "8.1 MB");
  assert.equal(sizeText(45e9), "45 GB");
});
