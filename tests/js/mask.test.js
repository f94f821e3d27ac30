import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { areaOf, boundsOf, moved } from "../../static/js/editor/model/geometry.js";
import { countsOf, decodeMask, encodeRuns, keepBlob, movedMask, runLengths } from "../../static/js/editor/model/mask.js";
import { doubleArea, outlines, partsOf, simplified, sketch } from "../../static/js/editor/model/outline.js";
import { Bitmap, bucket, fillRings, stroke } from "../../static/js/editor/model/raster.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/masks/${name}.json`, import.meta.url), "utf8")).cases;
const RUNS = read("runs");

/** A picture drawn with # and ., as a bitmap that covers all of it. */
function drawn(...rows) {
  const bitmap = new Bitmap(rows[0].length, rows.length);
  rows.forEach((row, y) => [...row].forEach((sign, x) => sign === "#" && stroke(bitmap, [x + 0.5, y + 0.5], [x + 0.5, y + 0.5], { size: 1, square: true }, 1)));
  return bitmap;
}

function rowsOf(bitmap) {
  return Array.from({ length: bitmap.height }, (_, y) => Array.from({ length: bitmap.width }, (_, x) => (bitmap.get(x, y) ? "#" : ".")).join(""));
}

function iou(a, b) {
  let [both, either] = [0, 0];
  for (let x = 0; x < a.width; x++) {
    for (let y = 0; y < a.height; y++) {
      both += a.get(x, y) & b.get(x, y);
      either += a.get(x, y) | b.get(x, y);
    }
  }
  return both / either;
}

for (const { name, size, counts, area, bbox, rows } of RUNS) {
  test(`run lengths as COCO writes them: ${name}`, () => {
    const mask = { type: "mask", size, counts };
    assert.equal(encodeRuns(runLengths(counts)), counts);
    assert.equal(areaOf(mask), area);
    const bounds = decodeMask(mask).bounds;
    assert.deepEqual(bounds ? [bounds.minX, bounds.minY, bounds.maxX - bounds.minX, bounds.maxY - bounds.minY] : [0, 0, 0, 0], bbox);
    const bitmap = Bitmap.of(mask);
    assert.equal(bitmap.toMask()?.counts ?? null, area ? counts : null);
    if (rows) assert.deepEqual(rowsOf(bitmap), rows);
    if (rows && area) assert.equal(drawn(...rows).toMask().counts, counts);
  });
}

for (const { name, size: [height, width], ring, counts, area } of read("polygons")) {
  test(`a filled outline is what COCO makes of it: ${name}`, () => {
    const bitmap = new Bitmap(width, height);
    fillRings(bitmap, [ring], 1);
    const theirs = Bitmap.of({ type: "mask", size: [height, width], counts });
    assert.ok(iou(bitmap, theirs) > 0.97, `IoU ${iou(bitmap, theirs)}`);
    assert.ok(Math.abs(areaOf(bitmap.toMask()) - area) / area < 0.02);
  });

  test(`there and back again keeps the shape: ${name}`, () => {
    const bitmap = new Bitmap(width, height);
    fillRings(bitmap, [ring], 1);
    const [part, ...more] = partsOf(bitmap);
    assert.equal(more.length, 0);
    const again = new Bitmap(width, height);
    fillRings(again, part, 1);
    assert.ok(iou(bitmap, again) > 0.98, `IoU ${iou(bitmap, again)}`);
    assert.ok(part[0].length < 90, `${part[0].length} vertices`);
  });
}

test("tips cover whole pixels: one, four, a disc, a square", () => {
  const bitmap = new Bitmap(12, 7);
  stroke(bitmap, [0.2, 0.9], [0.2, 0.9], { size: 1, square: false }, 1);
  stroke(bitmap, [3.1, 0.9], [3.1, 0.9], { size: 2, square: false }, 1);
  stroke(bitmap, [2.5, 4.5], [2.5, 4.5], { size: 5, square: false }, 1);
  stroke(bitmap, [9.5, 3.5], [9.5, 3.5], { size: 3, square: true }, 1);
  assert.deepEqual(rowsOf(bitmap), [
    "#.##........",
    "..##........",
    ".###....###.",
    "#####...###.",
    "#####...###.",
    "#####.......",
    ".###........",
  ]);
});

test("a line of any slope has no gap, and a wide one is the distance from the line", () => {
  for (const end of [[28.3, 3.1], [3.9, 28.2], [28, 28], [15, 2], [2, 15]]) {
    const bitmap = new Bitmap(30, 30);
    stroke(bitmap, [2, 2], end, { size: 1, square: false }, 1);
    assert.equal(partsOf(bitmap).length, 1, String(end));
  }
  const bitmap = new Bitmap(60, 40);
  stroke(bitmap, [12.5, 10.5], [45.5, 28.5], { size: 9, square: false }, 1);
  for (let x = 0; x < 60; x++) {
    for (let y = 0; y < 40; y++) {
      const along = Math.min(1, Math.max(0, ((x - 12) * 33 + (y - 10) * 18) / (33 * 33 + 18 * 18)));
      const off = Math.hypot(x - 12 - along * 33, y - 10 - along * 18);
      if (Math.abs(off - 4.5) > 1e-6) assert.equal(bitmap.get(x, y), off < 4.5 ? 1 : 0, `${x} ${y}`);
    }
  }
});

test("strokes end at the picture's border, and an eraser makes no room", () => {
  const bitmap = new Bitmap(10, 8);
  assert.equal(stroke(bitmap, [-40, -40], [-30, -30], { size: 5, square: false }, 1), null);
  assert.equal(stroke(bitmap, [5, 5], [6, 6], { size: 3, square: false }, 0), null);
  stroke(bitmap, [-3, 4], [13, 4], { size: 40, square: true }, 1);
  assert.equal(areaOf(bitmap.toMask()), 80);
  stroke(bitmap, [0, 0], [10, 8], { size: 40, square: true }, 0);
  assert.equal(bitmap.toMask(), null);
});

test("a bitmap grows with its strokes and keeps what it has", () => {
  const bitmap = new Bitmap(4000, 3000);
  stroke(bitmap, [2000, 1500], [2000, 1500], { size: 10, square: true }, 1);
  const room = bitmap.w * bitmap.h;
  stroke(bitmap, [100, 100], [100, 100], { size: 10, square: true }, 1);
  stroke(bitmap, [3900, 2900], [3900, 2900], { size: 10, square: true }, 1);
  assert.ok(room < 400_000, `${room} pixels for a dot`);
  const mask = bitmap.toMask();
  assert.equal(areaOf(mask), 300);
  assert.deepEqual(boundsOf(mask), { minX: 95, minY: 95, maxX: 3905, maxY: 2905 });
});

test("the bucket fills what is closed off, and nothing that is open", () => {
  const closed = drawn(".......", ".#####.", ".#...#.", ".#..##.", ".#####.");
  assert.deepEqual(bucket(closed, 3, 2), { minX: 2, minY: 2, maxX: 5, maxY: 4 });
  assert.deepEqual(rowsOf(closed), [".......", ".#####.", ".#####.", ".#####.", ".#####."]);
  assert.equal(bucket(closed, 0, 0), null);
  assert.equal(bucket(closed, 3, 3), null);
  const open = drawn(".......", ".##.##.", ".#...#.", ".#####.");
  assert.equal(bucket(open, 3, 2), null);
  assert.equal(areaOf(open.toMask()), 11);
});

test("outlines run along the pixels' edges, clockwise around what is set", () => {
  const bitmap = drawn("....", ".##.", ".##.");
  assert.deepEqual(outlines(bitmap), [[[3, 1], [3, 3], [1, 3], [1, 1]]]);
  assert.equal(doubleArea(outlines(bitmap)[0]), 8);
  assert.deepEqual(outlines(new Bitmap(5, 5)), []);
});

test("parts have their holes, the largest first; an island in a hole is a part", () => {
  const bitmap = drawn(
    "#######...",
    "#.....#.##",
    "#.###.#.##",
    "#.###.#...",
    "#.....#...",
    "#######...",
  );
  const parts = partsOf(bitmap, 0);
  assert.deepEqual(parts.map((part) => part.map(doubleArea)), [[84, -40], [12], [8]]);
  assert.deepEqual(partsOf(drawn("#..", ".#.", "..#"), 0).length, 1);
});

test("every outline together encloses what is set", () => {
  for (const { size, counts, area } of RUNS.filter((each) => each.rows)) {
    const rings = outlines(Bitmap.of({ type: "mask", size, counts }));
    assert.equal(rings.reduce((sum, ring) => sum + doubleArea(ring), 0), 2 * area);
    const again = new Bitmap(size[1], size[0]);
    fillRings(again, rings, 1);
    assert.equal(again.toMask()?.counts ?? null, area ? counts : null);
  }
});

test("a simplified ring lies within its tolerance, and stays a ring", () => {
  const circle = Array.from({ length: 400 }, (_, i) => [100 + 80 * Math.cos((i * Math.PI) / 200), 100 + 80 * Math.sin((i * Math.PI) / 200)]);
  const few = simplified(circle, 0.5);
  assert.ok(few.length < 40 && few.length > 12, String(few.length));
  assert.ok(Math.abs(doubleArea(few) / 2 - Math.PI * 6400) < 0.5 * 2 * Math.PI * 80);
  assert.equal(simplified([[0, 0], [5, 0.1], [10, 0], [5, -0.1], [4, -0.1]], 1).length, 3);
});

test("straight sides stay straight where a round end begins", () => {
  const bitmap = new Bitmap(300, 100);
  stroke(bitmap, [50, 50], [250, 50], { size: 40, square: false }, 1);
  const [[ring]] = partsOf(bitmap, 1);
  const upper = ring.filter(([x, y]) => x > 60 && x < 240 && y < 50);
  assert.deepEqual([...new Set(upper.map(([, y]) => y))].filter((y) => y !== 30), []);
  const nearest = (to) => Math.min(...ring.map(([x, y]) => Math.hypot(x - to, y - 30)));
  assert.ok(nearest(50) < 6 && nearest(250) < 6);
});

test("what the others see of a stroke is small", () => {
  const bitmap = new Bitmap(4000, 3000);
  for (let i = 0; i < 40; i++) stroke(bitmap, [100 + i * 90, 1500 + 1300 * Math.sin(i)], [190 + i * 90, 1500 + 1300 * Math.sin(i + 1)], { size: 60, square: false }, 1);
  const outline = sketch(bitmap);
  assert.ok(JSON.stringify(outline).length < 6000, String(JSON.stringify(outline).length));
  assert.ok(outline.rings[0].length >= 3);
  assert.equal(sketch(new Bitmap(10, 10)), null);
});

test("a mask moves as a whole, as far as the picture goes", () => {
  const mask = drawn(".....", ".##..", "..#..", ".....").toMask();
  assert.deepEqual(rowsOf(Bitmap.of(movedMask(mask, 1, -1))), ["..##.", "...#.", ".....", "....."]);
  assert.deepEqual(rowsOf(Bitmap.of(moved(mask, 99, 99, 5, 4))), [".....", ".....", "...##", "....#"]);
  assert.deepEqual(rowsOf(Bitmap.of(moved(mask, -99, -99, 5, 4))), ["##...", ".#...", ".....", "....."]);
  assert.equal(movedMask(mask, 0.2, 0.4), mask);
  for (const { size: [height, width], counts, area } of RUNS.filter((each) => each.rows && each.area)) {
    const back = moved(moved({ type: "mask", size: [height, width], counts }, 3, 2, width, height), -99, -99, width, height);
    assert.equal(areaOf(back), area);
    assert.equal(boundsOf(back).minX + boundsOf(back).minY, 0);
  }
});

test("a large mask is empty until its blob is here, and old blobs make room", () => {
  const { size, counts, area } = RUNS.find(({ name }) => name === "a ring");
  const mask = { type: "mask", size, blob: "ring" };
  assert.equal(boundsOf(mask), null);
  assert.equal(countsOf(mask), null);
  keepBlob("ring", counts);
  assert.equal(areaOf(mask), area);
  const big = "0".repeat(16 * 1024 * 1024);
  for (let i = 0; i < 6; i++) keepBlob(`big ${i}`, big);
  assert.equal(countsOf(mask), null);
  assert.equal(countsOf({ type: "mask", size, blob: "big 5" }).length, big.length);
  assert.equal(countsOf({ type: "mask", size, blob: "big 0" }), null);
  assert.equal(areaOf(mask), area, "what was decoded stays");
});
