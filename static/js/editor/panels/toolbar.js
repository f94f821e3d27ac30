/** Buttons of commands: each shows its keys, and why it cannot be pressed now. */
import { icon, make } from "../../lib/dom.js";
import { keyText } from "../commands.js";

const TOOLS = [
  ["tool-select", "cursor"], ["tool-box", "box"], ["tool-extreme", "✣"], null,
  ["undo", "undo"], ["redo", "redo"], ["delete", "trash"], ["copy-before", "copy"], null,
  ["zoom-in", "zoom-in"], ["zoom-out", "zoom-out"], ["fit", "fit"], ["actual", "1:1"], null,
  ["crosshair", "┼"], ["hide", "eye-off"],
];
const EVENTS = ["tool", "selection", "frame", "settings", "rights", "hidden"];

/**
 * @param {HTMLElement} root
 * @param {import("../editor.js").Editor} editor
 * @param {import("../commands.js").Commands} commands
 */
export function toolbar(root, editor, commands) {
  /** @type {[HTMLButtonElement, import("../commands.js").Command][]} */
  const buttons = [];
  for (const entry of TOOLS) {
    if (!entry) {
      root.append(make("hr", { role: "separator" }));
      continue;
    }
    const [id, sign] = entry;
    if (id === "copy-before" && !editor.isVideo) continue;
    const command = commands.get(id);
    const button = commandButton(command, sign);
    buttons.push([button, command]);
    root.append(button);
  }
  const show = () => {
    for (const [button, command] of buttons) showRefusal(button, command);
    for (const [button, command] of buttons) {
      if (command.group === "Tools") button.setAttribute("aria-pressed", String(command.id === `tool-${editor.tool}`));
      if (command.id === "crosshair") button.setAttribute("aria-pressed", String(editor.crosshair));
    }
  };
  for (const name of EVENTS) editor.on(name, show);
  editor.history.on("change", show);
  editor.client.on("state", show);
  show();
}

/** @param {import("../commands.js").Command} command @param {string} sign an icon's name, or text @returns {HTMLButtonElement} */
export function commandButton(command, sign) {
  const content = /^[a-z-]+$/.test(sign) ? icon(sign) : make("span", { class: "ed-sign" }, sign);
  const button = make("button", { type: "button", class: "ed-btn", "data-command": command.id, "aria-label": command.title }, content);
  button.addEventListener("click", () => {
    if (!command.refusal()) command.run(false);
  });
  return /** @type {HTMLButtonElement} */ (button);
}

/** @param {HTMLElement} button @param {import("../commands.js").Command} command */
export function showRefusal(button, command) {
  const refusal = command.refusal();
  const keys = command.keys.length ? ` (${keyText(command.keys[0])})` : "";
  button.title = refusal ? `${command.title}${keys}. ${refusal}` : `${command.title}${keys}`;
  // Not `disabled`: a disabled button could not be focused, and so could not say why.
  button.setAttribute("aria-disabled", String(Boolean(refusal)));
}
