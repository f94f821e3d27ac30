/** The vectors that `annotations/interpolation.py` runs too: the numbers must be equal to the last bit. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

import { geometryOn } from "../../static/js/editor/model/geometry.js";
import { stateOn, trackOf } from "../../static/js/editor/model/interpolation.js";

const folder = new URL("../vectors/interpolation/", import.meta.url);

for (const name of readdirSync(folder).filter((each) => each.endsWith(".json"))) {
  const vector = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  test(`${name}: ${vector.name}`, () => {
    for (const [frame, expected] of Object.entries(vector.states)) {
      assert.deepEqual(stateOn(vector.shape, Number(frame)), expected, `frame ${frame}`);
      assert.deepEqual(geometryOn(vector.shape, Number(frame)), expected && expected.geometry, `frame ${frame}`);
    }
  });
}

const box = (x) => ({ type: "box", x, y: 0, w: 10, h: 10 });
const track = (keyframes) => ({ id: "t", geometry: box(0), attributes: {}, frame: 0, keyframes });

test("a thousand tracks are asked for a frame without reading their keyframes again", () => {
  const frames = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [n * 10, { geometry: box(n) }]));
  const shapes = Array.from({ length: 50 }, () => track(frames));
  assert.equal(trackOf(shapes[3]), trackOf(shapes[3]));
  assert.equal(stateOn(shapes[0], 15), stateOn(shapes[0], 15), "the same answer for all who ask for one frame");
  for (const shape of shapes) assert.equal(stateOn(shape, 1995).geometry.x, 199);
});

test("the runs of a track end where it leaves, and at its last keyframe", () => {
  const shape = track({ 2: { geometry: box(0) }, 5: { outside: true }, 9: { geometry: box(1) }, 12: { geometry: box(2) } });
  assert.deepEqual(trackOf(shape).visible(), [[2, 4], [9, 12]]);
  assert.equal(trackOf(shape).holds(), true);
  assert.deepEqual(trackOf(track({ 0: { geometry: box(0) }, 3: { outside: true } })).visible(), [[0, 2]]);
});
