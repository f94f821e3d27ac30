/** What is typed about a watched place becomes what the interface is told. */

import assert from "node:assert/strict";
import test from "node:test";

import { placeOf } from "../../static/js/pages/watches.js";

const typed = { kind: "folder", folder: " /srv/a ", into: "", bucket: "b", prefix: "", endpoint: "", region: "", access_key: "K", secret_key: "S" };

test("a folder says nothing of a bucket", () => {
  assert.deepEqual(placeOf(typed), { kind: "folder", config: { folder: "/srv/a" } });
});

test("a bucket comes with its keys where there are some", () => {
  assert.deepEqual(placeOf({ ...typed, kind: "s3", into: "x" }), { kind: "s3", config: { bucket: "b", into: "x" }, keys: { access_key: "K", secret_key: "S" } });
  assert.deepEqual(placeOf({ ...typed, kind: "s3", access_key: "" }), { kind: "s3", config: { bucket: "b" } });
});
