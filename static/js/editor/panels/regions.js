/** Commands on regions and conversions, and the bar that offers them while shapes are selected. */
import { make } from "../../lib/dom.js";
import { convert } from "../model/conversions.js";
import { inOrder } from "../model/order.js";
import { intersect, isRegion, subtract, unite } from "../model/regions.js";
import { carryOut, selectedRegions, selectedShapes, shapesOf, together } from "../tools/carry_out.js";
import { contextBar } from "./context_bar.js";
import { later } from "./labels.js";
import { showRefusal } from "./toolbar.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../model/regions.js").Plan} Plan
 * @typedef {import("../model/regions.js").Shape} Shape
 */

/** Id, word on its button, title, key, and what it makes of the selection. */
const SEVERAL = /** @type {[string, string, string, string, typeof unite][]} */ ([
  ["unite", "Unite", "Unite the selection into the first selected shape", "Alt+KeyU", unite],
  ["subtract", "Subtract", "Subtract the others from the first selected shape; they stay", "Alt+Minus", subtract],
  ["intersect", "Intersect", "Keep of the first selected shape what the others cover too; they stay", "Alt+KeyI", intersect],
]);
const KINDS = /** @type {[import("../model/conversions.js").Kind, string, string][]} */ ([
  ["polygon", "polygon", "Alt+Shift+KeyP"],
  ["mask", "mask", "Alt+Shift+KeyM"],
  ["box", "box", "Alt+Shift+KeyB"],
  ["rbox", "rotated box (the smallest around it)", "Alt+Shift+KeyO"],
]);

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, renderer }) {
  const several = () => editor.refusal || (selectedRegions(editor).length > 1 ? "" : "Select two or more boxes, polygons or masks first.");
  const one = () => editor.refusal || (selectedRegions(editor).length ? "" : "Select a box, polygon or mask first.");
  for (const [id, , title, key, plan] of SEVERAL) {
    commands.add("Regions", id, title, [key], () => carryOut(editor, plan(selectedRegions(editor), editor.item), title.split(" ")[0]), several, { inLists: true });
  }
  commands.add("Regions", "no-overlap", "Take away from the selection what shapes above it cover", ["Alt+KeyO"], () => carryOut(editor, withoutOverlap(editor), "Remove overlap"), one, { inLists: true });
  for (const [kind, word, key] of KINDS) {
    const refusal = () => editor.refusal || (selectedShapes(editor).some(({ geometry }) => geometry.type !== kind) ? "" : `Select shapes that are no ${word.split(" (")[0]} first.`);
    commands.add("Regions", `to-${kind}`, `Convert to ${word}`, [key], () => carryOut(editor, convert(selectedShapes(editor), kind, editor.item), `Convert to ${word.split(" (")[0]}`), refusal, { inLists: true });
  }
  offer(editor, commands, contextBar(renderer.stage, "Regions"));
}

/** Of each selected shape what lies below others goes. @param {Editor} editor @returns {Plan} */
export function withoutOverlap(editor) {
  const order = inOrder(editor.store.onFrame(editor.frame));
  const all = shapesOf(editor, order).filter(({ geometry }) => isRegion(geometry));
  return together(
    selectedRegions(editor).map((shape) => {
      const above = all.slice(all.findIndex(({ annotation }) => annotation.id === shape.annotation.id) + 1);
      return above.length ? subtract([shape, ...above], editor.item) : { refusal: "Nothing lies above it." };
    }),
  );
}

/** @param {Editor} editor @param {import("../commands.js").Commands} commands @param {HTMLElement} bar */
function offer(editor, commands, bar) {
  const words = new Map([...SEVERAL.map(([id, word]) => /** @type {[string, string]} */ ([id, word])), ["no-overlap", "No overlap"], ["tool-cut", "Cut"], ...KINDS.map(([kind, word]) => /** @type {[string, string]} */ ([`to-${kind}`, `To ${word.split(" (")[0]}`]))]);
  const buttons = [...words].map(([id, word]) => {
    const command = commands.get(id);
    const button = make("button", { type: "button", class: "ed-small quiet", "data-command": id, "aria-label": command.title }, word);
    button.addEventListener("click", () => {
      const refusal = command.refusal();
      if (refusal) editor.emit("say", refusal);
      else command.run(false);
    });
    return { button, command };
  });
  bar.append(...buttons.map(({ button }) => button));
  const show = () => {
    const regions = selectedRegions(editor);
    bar.hidden = !editor.editable || editor.tool === "tag" || !(regions.length > 1 || (editor.tool === "select" && regions.some(({ geometry }) => geometry.type === "polygon" || geometry.type === "mask")));
    if (bar.hidden) return;
    for (const { button, command } of buttons) {
      showRefusal(button, command, commands);
      button.hidden = regions.length < 2 && SEVERAL.some(([id]) => id === command.id);
    }
  };
  const soon = later(show);
  for (const name of ["selection", "tool", "frame", "rights"]) editor.on(name, show);
  editor.store.on("change", soon);
  commands.on("change", soon);
  show();
}
