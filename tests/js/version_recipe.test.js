import assert from "node:assert/strict";
import test from "node:test";

import { aliasTable, fieldOf, recipe } from "../../static/js/training/version_recipe.js";

const PLAIN = { name: " First ", val: "20", test: "10", split_seed: "3", stratify: true, near_duplicates: false, labels: [], sources: [], aliases: "" };

test("a plain form asks for a split alone", () => {
  assert.deepEqual(recipe(PLAIN, ["rotate"]), {
    name: "First", split: { val: 0.2, test: 0.1, seed: 3, stratify: true, near_duplicates: false },
    filters: {}, preprocess: {}, augment: {}, sources: [], aliases: {},
  });
});

test("what is switched on is asked for with its settings", () => {
  const values = {
    ...PLAIN, approved: true, only_labelled: true, labels: ["a"], sources: ["b"], aliases: "car = auto",
    tile: true, tile_size: "640", tile_overlap: "25", tile_keep: "20", greyscale: true, contrast: false,
    resize: true, resize_mode: "crop", resize_width: "320", resize_height: "240",
    copies: "3", seed: "7", rotate: true, rotate_amount: "15", rotate_chance: "0.5", flip: true, flip_amount: "both", flip_chance: "1", blur: false,
  };
  const body = recipe(values, ["flip", "rotate", "blur"]);
  assert.deepEqual(body.filters, { states: ["approved"], only_labelled: true, labels: ["a"] });
  assert.deepEqual(body.preprocess, {
    tile: { width: 640, height: 640, overlap: 0.25, keep: 0.2 }, resize: { mode: "crop", width: 320, height: 240 }, greyscale: true,
  });
  assert.deepEqual(body.augment, { copies: 3, seed: 7, flip: { amount: "both", chance: 1 }, rotate: { amount: 15, chance: 0.5 } });
  assert.deepEqual([body.sources, body.aliases], [["b"], { car: ["auto"] }]);
});

test("aliases are read a class a line, and what is no line of them is left out", () => {
  assert.deepEqual(aliasTable("car = automobile, Vehicle\n\nbus=\nnothing\n tree= Tree = big ,"), { car: ["automobile", "Vehicle"], tree: ["Tree = big"] });
});

test("a refusal is shown at the field that it is about", () => {
  const places = { "/augment/rotate/amount": "rotate_amount", "/augment/copies": "copies", "/preprocess/resize/width": "resize_width", "/preprocess/tile/height": "tile_size", "/preprocess/tile/overlap": "tile_overlap", "/split/val": "val", "/split/seed": "split_seed", "/aliases/car": "aliases" };
  for (const [pointer, field] of Object.entries(places)) assert.equal(fieldOf(pointer), field);
});
