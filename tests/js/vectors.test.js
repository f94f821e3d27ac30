/** The vectors that the Python reducer runs too. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

import { OpError, fold } from "../../static/js/editor/model/ops.js";

const folder = new URL("../vectors/ops/", import.meta.url);

for (const name of readdirSync(folder).filter((each) => each.endsWith(".json"))) {
  const content = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  for (const vector of Array.isArray(content) ? content : [content]) {
    test(`${name}: ${vector.name}`, () => {
      const before = new Map(vector.before.map((shape) => [shape.id, shape]));
      const kept = structuredClone(vector.before);
      if (vector.error) {
        const code = typeof vector.error === "string" ? vector.error : vector.error.code;
        assert.throws(() => fold(before, vector.txs), (error) => error instanceof OpError && error.code === code);
      } else {
        const after = [...fold(before, vector.txs).values()];
        assert.deepEqual(sorted(after), sorted(vector.after));
      }
      assert.deepEqual(vector.before, kept, "the document given was changed");
    });
  }
}

function sorted(shapes) {
  return [...shapes].sort((a, b) => (a.id < b.id ? -1 : 1));
}
