/** Which of the two canvases is drawn on, what of it is to be drawn, and what people see meanwhile; on a page that only counts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Sheet } from "../../static/js/editor/render/sheet.js";

class Canvas {
  constructor() {
    this.width = this.height = 0;
    this.style = { visibility: "", transform: "", width: "", height: "" };
    this.classList = { add() {} };
    /** @type {string[]} */
    this.drawn = [];
    this.shown = 0;
  }

  cloneNode() {
    return new Canvas();
  }

  after() {}

  before() {}

  /** @param {string} kind */
  getContext(kind) {
    if (kind === "bitmaprenderer") return { transferFromImageBitmap: () => (this.shown += 1) };
    return { canvas: this, setTransform() {}, drawImage: () => this.drawn.push("all of the other") };
  }
}

const LIE = { left: -10, top: 20, width: 100, height: 50, x: 0, y: 0, scale: 1 };
const A = { minX: 0, minY: 0, maxX: 1, maxY: 1 };
const B = { minX: 5, minY: 5, maxX: 6, maxY: 6 };
const C = { minX: 8, minY: 8, maxX: 9, maxY: 9 };

/** @type {((copy: any) => void)[]} copies that are being made */
let making = [];
Object.assign(globalThis, { createImageBitmap: () => new Promise((resolve) => making.push(resolve)) });

/** The copies are there now. */
async function made() {
  const those = making;
  making = [];
  for (const resolve of those) resolve({ close() {} });
  await new Promise((resolve) => setImmediate(resolve));
}

/** A sheet that was drawn once and whose copy is seen. */
async function seen() {
  making = [];
  const sheet = new Sheet(/** @type {any} */ (new Canvas()));
  sheet.lay({ ...LIE }, 1);
  sheet.changed(false);
  await made();
  assert.equal(sheet.seen, sheet.still);
  return sheet;
}

test("the canvas that a copy shares its pixels with is left alone, and the other one gets what it missed", async () => {
  const sheet = await seen();
  const first = sheet.face;
  assert.deepEqual(sheet.mend([A]), [A]);
  const second = sheet.face;
  assert.notEqual(second, first);
  assert.deepEqual(/** @type {any} */ (second.canvas).drawn, ["all of the other"]);
  sheet.changed(false);
  await made();
  assert.deepEqual(sheet.mend([B]), [A, B]);
  assert.equal(sheet.face, first);
  sheet.changed(false);
  assert.deepEqual(sheet.mend([C]), [B, C]); // copied, if not shown yet
  assert.equal(sheet.face, second);
  assert.deepEqual(/** @type {any} */ (second.canvas).drawn, ["all of the other"]);
});

test("after a drawing of all the other canvas has missed everything", async () => {
  const sheet = await seen();
  sheet.mend([A]);
  sheet.changed(false);
  await made();
  sheet.lay({ ...LIE, width: 70 }, 2);
  sheet.changed(false);
  await made();
  assert.deepEqual([sheet.face.canvas.width, sheet.face.canvas.height], [140, 100]);
  assert.deepEqual(sheet.mend([B]), [B]);
  assert.deepEqual(/** @type {any} */ (sheet.face.canvas).drawn.at(-1), "all of the other");
  assert.equal(sheet.face.canvas.width, 140);
});

test("what must not be late is seen at once, and no copy of before comes over it", async () => {
  const sheet = await seen();
  sheet.mend([A]);
  sheet.changed(false);
  assert.equal(sheet.seen, sheet.still);
  sheet.mend([B]);
  sheet.changed(true);
  assert.equal(sheet.seen, sheet.face.canvas);
  await made();
  assert.equal(sheet.seen, sheet.face.canvas);
  clearTimeout(sheet._resting);
  sheet._rest();
  await made();
  assert.equal(sheet.seen, sheet.still);
});

test("a copy that is a change behind is seen where it lies, and followed by the next", async () => {
  const sheet = await seen();
  sheet.place({ x: 30, y: 0, scale: 2 });
  assert.equal(sheet.still.style.transform, "translate(10px, 40px) scale(2)");
  sheet.lay({ left: 0, top: 0, width: 200, height: 100, x: 30, y: 0, scale: 2 }, 1);
  sheet.changed(false);
  assert.equal(sheet.still.style.transform, "translate(10px, 40px) scale(2)");
  sheet.mend([A]);
  sheet.changed(false);
  await made();
  assert.equal(sheet.still.style.transform, "translate(0px, 0px)");
  await made();
  assert.equal(/** @type {any} */ (sheet.still).shown, 3);
});
