/** What the page of items does with files before and while they are sent. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { addsAtOnce } from "../../static/js/pages/upload_bind.js";
import { chosen, dropped } from "../../static/js/pages/upload_drop.js";
import { firstOfEach, moved } from "../../static/js/pages/upload_review.js";
import { fingerprintOf, mayPass, retryDelays, sentence } from "../../static/js/pages/upload_transfer.js";

const file = (/** @type {string} */ name, path = "") => /** @type {any} */ ({ name, webkitRelativePath: path, size: 1, lastModified: 2 });
const leaf = (/** @type {string} */ name) => ({ name, isFile: true, file: (/** @type {any} */ give) => give(file(name)) });

/** A folder whose reader gives its entries two at a time, as browsers give a hundred. @param {string} name @param {any[]} inside @returns {any} */
function folder(name, inside) {
  const createReader = () => {
    const left = [...inside];
    return { readEntries: (/** @type {any} */ give) => give(left.splice(0, 2)) };
  };
  return { name, isFile: false, isDirectory: true, createReader };
}

test("folders are walked to their end, in the order of people, without what file managers leave", async () => {
  const day = folder("day 1", [leaf("b10.png"), leaf("b9.png"), leaf(".DS_Store"), folder("cam", [leaf("x.png")]), leaf("Thumbs.db"), folder(".git", [leaf("y")])]);
  const items = [day, leaf("top.png")].map((entry) => ({ webkitGetAsEntry: () => entry }));
  const { found, folders } = await dropped(/** @type {any} */ ({ items, files: [] }));
  assert.equal(folders, true);
  assert.deepEqual(found.map(({ path }) => path), ["day 1/b9.png", "day 1/b10.png", "day 1/cam/x.png", "top.png"]);
});

test("files without folders come as they are, also where a browser knows no entries", async () => {
  const transfer = /** @type {any} */ ({ items: [{}, { webkitGetAsEntry: () => null }], files: [file("b.png"), file("a.png")] });
  const { found, folders } = await dropped(transfer);
  assert.deepEqual([found.map(({ path }) => path), folders], [["b.png", "a.png"], false]);
  assert.deepEqual((await dropped(null)).found, []);
});

test("a chosen folder keeps its paths", () => {
  const list = /** @type {any} */ ([file("2.png", "set/2.png"), file("10.png", "set/10.png"), file(".x", "set/.x"), file("o", "set/.git/o")]);
  assert.deepEqual(chosen(list).map(({ path }) => path), ["set/2.png", "set/10.png"]);
  assert.deepEqual(chosen(/** @type {any} */ ([file(".hidden.png")])).map(({ path }) => path), [".hidden.png"]);
});

test("few files become items at once, many and folders are looked through, unless somebody says otherwise", () => {
  assert.deepEqual([addsAtOnce("few", 20, false), addsAtOnce("few", 21, false), addsAtOnce("few", 1, true)], [true, false, false]);
  assert.deepEqual([addsAtOnce("all", 5000, true), addsAtOnce("none", 1, false)], [true, false]);
});

test("a file is known again by its project, path, size and time", () => {
  const one = fingerprintOf("p", "a/x.png", { size: 1, lastModified: 2 });
  assert.equal(one, fingerprintOf("p", "a/x.png", { size: 1, lastModified: 2 }));
  for (const other of [fingerprintOf("q", "a/x.png", { size: 1, lastModified: 2 }), fingerprintOf("p", "b/x.png", { size: 1, lastModified: 2 }), fingerprintOf("p", "a/x.png", { size: 1, lastModified: 3 })]) assert.notEqual(one, other);
});

test("what may pass is tried again for minutes, a refusal is not", () => {
  assert.deepEqual([0, 408, 409, 423, 429, 460, 500, 502, 503].map(mayPass), Array(9).fill(true));
  assert.deepEqual([400, 401, 403, 404, 410, 412, 413, 415, 507].map(mayPass), Array(9).fill(false));
  const delays = retryDelays();
  assert.equal(delays[0], 500);
  assert.equal(Math.max(...delays), 10000);
  assert.ok(delays.reduce((sum, ms) => sum + ms) > 5 * 60_000);
});

test("a refusal says the server's own sentence", () => {
  const originalResponse = { getStatus: () => 413, getBody: () => '{"detail": "Too large: split it."}' };
  assert.equal(sentence({ originalResponse }), "Too large: split it.");
  assert.match(sentence(new Error("x")), /cannot be reached/);
});

test("the list of those that wait: the first of each content, and moving one", () => {
  const rows = [{ id: "a", asset: "1" }, { id: "b", asset: "1" }, { id: "c", asset: null }];
  assert.equal(firstOfEach(rows).get("1"), rows[0]);
  assert.equal(firstOfEach(rows).size, 1);
  assert.deepEqual(moved(["a", "b", "c"], "b", -1), ["b", "a", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], "c", 1), ["a", "b", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], "a", 1), ["b", "a", "c"]);
});
