/** The bar of the brush and the eraser: which of the two, the tip's form and size, with commands for the size. */
import { icon, make } from "../../lib/dom.js";
import { LARGEST_TIP, brushOf } from "../model/brush.js";
import { contextBar } from "./context_bar.js";

const PAINTING = ["brush", "eraser"];

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, renderer }) {
  const brush = brushOf(editor);
  const paints = () => (PAINTING.includes(editor.tool) ? "" : "Choose the brush (M) or the eraser (Shift M) first.");
  commands.add("Tools", "tip-larger", "Larger brush (or Alt and the wheel)", ["Alt+ArrowUp"], () => brush.step(1), paints, { repeats: true });
  commands.add("Tools", "tip-smaller", "Smaller brush", ["Alt+ArrowDown"], () => brush.step(-1), paints, { repeats: true });
  commands.add("Tools", "tip-form", "Round or square brush", ["Alt+KeyM"], () => brush.set({ square: !brush.square }), paints);

  const bar = contextBar(renderer.stage, "Brush");
  const tools = PAINTING.map((id) => pressable(id === "brush" ? "Brush (M)" : "Eraser (Shift M, or hold Alt)", icon(id), () => editor.setTool(id)));
  const forms = [false, true].map((square) => pressable(square ? "Square tip" : "Round tip", make("span", { class: square ? "ed-tip-form square" : "ed-tip-form" }), () => brush.set({ square })));
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", class: "ed-tip-slider", min: "0", max: "100", step: "1", "aria-label": "Size of the tip" }));
  const number = /** @type {HTMLInputElement} */ (make("input", { type: "number", class: "ed-number", min: "1", max: String(LARGEST_TIP), "aria-label": "Size of the tip in pixels", title: "Size in pixels of the picture (Alt ↑ and Alt ↓)" }));
  bar.append(...tools, make("span", { class: "ed-bar-line" }), ...forms, make("span", { class: "ed-bar-line" }), slider, number, make("span", {}, "px"));
  slider.addEventListener("input", () => brush.set({ size: LARGEST_TIP ** (slider.valueAsNumber / 100) }));
  number.addEventListener("change", () => brush.set({ size: number.valueAsNumber || 1 }));

  const show = () => {
    bar.hidden = !PAINTING.includes(editor.tool) || !editor.editable;
    tools.forEach((button, i) => button.setAttribute("aria-pressed", String(editor.tool === PAINTING[i])));
    forms.forEach((button, i) => button.setAttribute("aria-pressed", String(brush.square === (i === 1))));
    slider.value = String((100 * Math.log(brush.size)) / Math.log(LARGEST_TIP));
    slider.setAttribute("aria-valuetext", `${brush.size} pixels`);
    if (document.activeElement !== number || number.valueAsNumber !== brush.size) number.value = String(brush.size);
  };
  for (const name of ["tool", "rights"]) editor.on(name, show);
  brush.on("change", show);
  show();
}

/** @param {string} title @param {Node} content @param {() => void} act */
function pressable(title, content, act) {
  const button = make("button", { type: "button", class: "ed-btn", title, "aria-label": title }, content);
  button.addEventListener("click", act);
  return button;
}
