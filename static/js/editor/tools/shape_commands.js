/** Commands for outlines and keypoints: choosing single points, putting them in, and snapping. */
import { nextVisibility } from "../model/handles.js";
import { choose, chooseNext, insertAfterChosen, setVisibility, theOne } from "./vertices.js";

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands }) {
  const edit = () => editor.refusal;
  const is = (/** @type {string[]} */ types, /** @type {string} */ words) => () => (types.includes(theOne(editor)?.geometry.type ?? "") ? "" : words);
  const pointed = is(["polygon", "polyline", "keypoints"], "Select one polygon, line or skeleton first.");
  const outlined = is(["polygon", "polyline"], "Select one polygon or line first.");
  const skeleton = is(["keypoints"], "Select one skeleton first.");
  const add = commands.add.bind(commands);
  const pick = (/** @type {number} */ by) => () => {
    editor.setTool("select");
    chooseNext(editor, by);
  };
  add("Select", "next-vertex", "Choose the next vertex or keypoint; arrows move it, Delete takes it away", ["KeyE"], pick(1), pointed, { repeats: true });
  add("Select", "previous-vertex", "Choose the previous vertex or keypoint", ["Shift+KeyE"], pick(-1), pointed, { repeats: true });
  add("Edit", "insert-vertex", "Insert a vertex after the chosen one (or click on an edge)", ["Insert", "KeyI"], () => insertAfterChosen(editor), () => edit() || outlined());
  add("Edit", "visibility", "Chosen keypoint: visible, hidden, not labelled (or Alt-click)", ["KeyU"], () => seen(editor), () => edit() || skeleton());

  const snap = (/** @type {boolean} */ on) => {
    if (editor.snapping === on) return;
    editor.snapping = on;
    editor.emit("settings");
  };
  let kept = false;
  const hold = { release: () => snap(kept) };
  add("View", "snap-hold", "Hold to snap to the outlines of neighbours; two vertices of one follow its border, Tab the other way", ["KeyS", "Alt+KeyS"], () => snap(true), undefined, hold);
  const toggle = () => snap((kept = !kept));
  add("View", "snap", "Snap to the outlines of neighbours, on or off", ["Shift+KeyS"], toggle, undefined, { toolbar: "magnet", pressed: () => kept });
  addEventListener("blur", () => snap(kept));
}

/** @param {import("../editor.js").Editor} editor */
function seen(editor) {
  const { chosen } = editor.guides;
  if (!chosen.size) return editor.emit("say", "Choose a keypoint first: E goes through them.");
  setVisibility(editor, new Set(chosen), nextVisibility);
  choose(editor, chosen);
}
