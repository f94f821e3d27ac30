/** Buttons of commands: each shows its keys, and why it cannot be pressed now. */
import { icon, make } from "../../lib/dom.js";
import { keyText } from "../commands.js";
import { later } from "./labels.js";

const GROUPS = ["Tools", "Edit", "View", "Select"];
const EVENTS = ["tool", "selection", "frame", "settings", "rights", "hidden"];

/**
 * @param {HTMLElement} root
 * @param {import("../editor.js").Editor} editor
 * @param {import("../commands.js").Commands} commands
 */
export function toolbar(root, editor, commands) {
  /** @type {[HTMLElement, import("../commands.js").Command][]} */
  let buttons = [];
  const build = () => {
    const had = document.activeElement instanceof HTMLElement && root.contains(document.activeElement) ? document.activeElement.dataset.command : undefined;
    buttons = [];
    root.replaceChildren();
    for (const group of GROUPS) {
      const those = commands.all.filter((command) => command.toolbar && command.group === group);
      if (root.childElementCount && those.length) root.append(make("hr", { role: "separator" }));
      for (const command of those) {
        const button = commandButton(command, command.toolbar ?? "");
        buttons.push([button, command]);
        root.append(button);
      }
    }
    rove(buttons.map(([button]) => button), null);
    if (had) buttons.find(([, command]) => command.id === had)?.[0].focus();
    show();
  };
  const show = () => {
    for (const [button, command] of buttons) {
      showRefusal(button, command, commands);
      if (command.pressed) button.setAttribute("aria-pressed", String(command.pressed()));
    }
  };
  for (const name of EVENTS) editor.on(name, show);
  editor.history.on("change", show);
  editor.client.on("state", show);
  commands.on("change", later(build));
  root.addEventListener("keydown", (event) => walk(event, buttons.map(([button]) => button)));
  root.addEventListener("focusin", (event) => rove(buttons.map(([button]) => button), event.target));
  build();
}

/** One stop of the Tab key for all buttons; arrows go on from there. @param {HTMLElement[]} buttons @param {EventTarget | null} current */
function rove(buttons, current) {
  const stop = buttons.find((button) => button === current) ?? buttons[0];
  for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} buttons */
function walk(event, buttons) {
  const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (at < 0 || to === undefined || event.ctrlKey || event.altKey) return;
  buttons.at(to % buttons.length)?.focus();
  event.preventDefault();
  event.stopPropagation();
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

/** @param {HTMLElement} button @param {import("../commands.js").Command} command @param {import("../commands.js").Commands} [commands] */
export function showRefusal(button, command, commands) {
  const refusal = command.refusal();
  const [first] = commands ? commands.keysOf(command) : command.keys;
  const keys = first ? ` (${keyText(first)})` : "";
  button.title = refusal ? `${command.title}${keys}. ${refusal}` : `${command.title}${keys}`;
  // Not `disabled`: a disabled button could not be focused, and so could not say why.
  button.setAttribute("aria-disabled", String(Boolean(refusal)));
}
