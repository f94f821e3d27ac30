import assert from "node:assert/strict";
import test from "node:test";

import { Commands, keyText, readKeys } from "../../static/js/editor/commands.js";
import { best, score } from "../../static/js/editor/model/fuzzy.js";
import { changed, rivals } from "../../static/js/editor/panels/keys.js";
import { USUAL, filterOf, gridStep, readLook } from "../../static/js/editor/panels/view.js";

function three() {
  const commands = new Commands();
  const done = [];
  commands.add("Tools", "box", "Draw boxes", ["KeyB"], () => done.push("box"));
  commands.add("Edit", "nudge", "Move left", ["ArrowLeft"], () => done.push("nudge"), () => "Select a shape first.");
  commands.add("Frames", "previous", "Previous frame", ["ArrowLeft", "KeyA"], () => done.push("previous"));
  return { commands, done };
}

const press = (code, key = code.replace("Key", "").toLowerCase(), more = {}) => ({ code, key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("of two commands with one key the first that can be done is found", () => {
  const { commands } = three();
  assert.equal(commands.find(press("ArrowLeft", "ArrowLeft")).id, "previous");
  assert.equal(commands.find(press("KeyQ")), undefined);
});

test("a command has other keys for this person, and gets its own back", () => {
  const { commands } = three();
  const box = commands.get("box");
  commands.remap(changed(commands.own, box, ["Ctrl+KeyB"]));
  assert.equal(commands.find(press("KeyB")), undefined);
  assert.equal(commands.find(press("KeyB", "b", { ctrlKey: true })), box);
  commands.remap(changed(commands.own, box, ["KeyB"]));
  assert.deepEqual(commands.own, {});
  assert.equal(commands.find(press("KeyB")), box);
});

test("rivals are those that would answer too, unless they share the key from the start", () => {
  const { commands } = three();
  assert.deepEqual(rivals(commands, commands.get("box"), "KeyA").map(({ id }) => id), ["previous"]);
  assert.deepEqual(rivals(commands, commands.get("nudge"), "ArrowLeft"), []);
});

test("keys of one sign can be switched off; others go on", () => {
  const { commands } = three();
  commands.remap({}, false);
  assert.equal(commands.find(press("KeyB")), undefined);
  assert.equal(commands.find(press("ArrowLeft", "ArrowLeft")).id, "previous");
});

test("stored and imported keys are read only when they are keys", () => {
  assert.deepEqual(readKeys('{"box": ["Ctrl+Shift+KeyB"], "help": ["key:?"], "none": []}'), { box: ["Ctrl+Shift+KeyB"], help: ["key:?"], none: [] });
  for (const bad of ["[]", "3", "nonsense", '{"box": "KeyB"}', '{"box": ["<b>"]}', '{"box": [1]}', '{"box": ["Shift+Ctrl+KeyB"]}']) assert.equal(readKeys(bad), null, bad);
  assert.deepEqual(readKeys(null), {});
  assert.equal(keyText("Ctrl+Shift+KeyZ"), "Ctrl Shift Z");
});

test("a few letters find: whole words first, then beginnings of words", () => {
  const entries = ["Redraw the box", "Draw boxes: drag, or click two corners", "Hide all others", "Undo your own last edit"];
  const found = (query) => best(entries, query, (each) => each, 9);
  assert.deepEqual(found("draw"), [entries[1], entries[0]]);
  assert.equal(found("hao")[0], entries[2]);
  assert.deepEqual(found("xyzzy"), []);
  assert.equal(score("abc", ""), 1);
});

test("the look is remembered as far as it makes sense, and costs nothing where it is as usual", () => {
  assert.deepEqual(readLook(null), { ...USUAL });
  assert.deepEqual(readLook("{nonsense"), { ...USUAL });
  const look = readLook('{"brightness": 9999, "contrast": "x", "grid": true, "spacing": 0.2, "names": "sometimes"}');
  assert.deepEqual([look.brightness, look.contrast, look.grid, look.spacing, look.names], [300, 100, true, 1, "always"]);
  assert.equal(filterOf(readLook(null)), "");
  assert.equal(filterOf({ ...USUAL, brightness: 150, saturation: 0 }), "brightness(1.5) saturate(0)");
  assert.deepEqual([gridStep(50, 1), gridStep(10, 0.25)], [50, 40]);
});
