/** Boxes written as pixels: where their lines lie, what a clip leaves out, dashes and colours. */
import assert from "node:assert/strict";
import test from "node:test";

globalThis.ImageData ??= class {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(width * height * 4) });
  }
};
const { Raster, penOf } = await import("../../static/js/editor/render/raster.js");
const { pixelOf } = await import("../../static/js/editor/render/style.js");

const RED = penOf({ color: "#ff0000", dash: [] });

/** The picture as rows of text. */
function rows(raster) {
  const cells = Array.from(raster.pixels, (pixel) => (pixel ? "#" : "."));
  return Array.from({ length: raster.height }, (_, y) => cells.slice(y * raster.width, (y + 1) * raster.width).join(""));
}

const all = (raster) => ({ left: 0, top: 0, right: raster.width, bottom: raster.height });

test("a box is its outline, right and bottom lines included", () => {
  const raster = new Raster(6, 5);
  raster.box(1, 1, 4, 3, RED, all(raster));
  assert.deepEqual(rows(raster), ["......", ".####.", ".#..#.", ".####.", "......"]);
});

test("a colour lies in memory as red, green, blue, opaque", () => {
  const raster = new Raster(1, 1);
  raster.box(0, 0, 0, 0, penOf({ color: "#0a141e", dash: [] }), all(raster));
  assert.deepEqual([...raster.image.data], [10, 20, 30, 255]);
  assert.equal(pixelOf("nonsense") >>> 24, 255);
});

test("nothing is written beyond the clip, nor beyond the bitmap", () => {
  const raster = new Raster(6, 4);
  raster.box(-5, -5, 20, 20, RED, all(raster));
  raster.box(7, 0, 9, 2, RED, all(raster));
  assert.deepEqual(rows(raster), ["......", "......", "......", "......"]);
  raster.box(-2, 1, 9, 2, RED, { left: 2, top: 0, right: 4, bottom: 4 });
  assert.deepEqual(rows(raster), ["......", "..##..", "..##..", "......"]);
});

test("a part is cleared alone, so that it can be painted again", () => {
  const raster = new Raster(5, 3);
  raster.box(0, 0, 4, 2, RED, all(raster));
  raster.clear({ left: 1, top: 0, right: 3, bottom: 3 });
  assert.deepEqual(rows(raster), ["#..##", "#...#", "#..##"]);
  raster.box(0, 0, 4, 2, RED, { left: 1, top: 0, right: 3, bottom: 3 });
  assert.deepEqual(rows(raster), ["#####", "#...#", "#####"]);
  raster.clear(all(raster));
  assert.deepEqual(rows(raster), [".....", ".....", "....."]);
});

test("a path is its lines, both ends included, and only within the clip", () => {
  const raster = new Raster(7, 5);
  raster.path([0, 0, 4, 4, 6, 4, 6, 1], 4, RED, all(raster));
  assert.deepEqual(rows(raster), ["#......", ".#....#", "..#...#", "...#..#", "....###"]);
  const part = new Raster(7, 5);
  part.path([-3, -3, 4, 4, 60, 4], 3, RED, { left: 2, top: 0, right: 5, bottom: 5 });
  assert.deepEqual(rows(part), [".......", ".......", "..#....", "...#...", "....#.."]);
});

test("a dash goes on around the corners of a path, in a part as in the whole", () => {
  const dashed = penOf({ color: "#00ff00", dash: [3, 2] });
  const [whole, parts] = [new Raster(9, 9), new Raster(9, 9)];
  const places = [1, 1, 7, 2, 5, 8, 1, 1];
  whole.path(places, 4, dashed, all(whole));
  for (const [top, bottom] of [[0, 4], [4, 9]]) parts.path(places, 4, dashed, { left: 0, right: 9, top, bottom });
  assert.deepEqual(rows(parts), rows(whole));
  assert.equal(rows(whole)[1].slice(0, 4), ".###");
});

test("a dash runs along each line, the same in a part as in the whole", () => {
  const dashed = penOf({ color: "#00ff00", dash: [2, 1] });
  const [whole, parts] = [new Raster(8, 4), new Raster(8, 4)];
  whole.box(0, 0, 7, 3, dashed, all(whole));
  for (const [left, right] of [[0, 3], [3, 8]]) parts.box(0, 0, 7, 3, dashed, { left, right, top: 0, bottom: 4 });
  assert.equal(rows(whole)[0], "##.##.##");
  assert.deepEqual(rows(parts), rows(whole));
});
