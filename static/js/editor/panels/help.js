/** All commands with their keys; fetched when somebody asks for it. */
import { icon, make } from "../../lib/dom.js";
import { keyText } from "../commands.js";

/** @param {HTMLDialogElement} dialog @param {import("../commands.js").Commands} commands */
export function openHelp(dialog, commands) {
  /** @type {Map<string, import("../commands.js").Command[]>} */
  const groups = new Map();
  for (const command of commands.all.filter(({ help }) => help !== null)) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  const close = make("button", { type: "button", class: "ed-btn", "aria-label": "Close", title: "Close (Esc)" }, icon("x"));
  close.addEventListener("click", () => dialog.close());
  const gestures = [
    ["Turn the wheel", "Zoom at the pointer; with Shift, move sideways"],
    ["Space and drag, or the middle button", "Move the picture"],
    ["Two fingers", "Zoom and move"],
    ["Shift and click", "Add to the selection"],
    ["Alt and drag", "Select all inside a rectangle, also from inside a shape"],
  ];
  const hands = section("Hands", gestures.map(([what, does]) => line(does, [make("span", {}, what)])));
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  dialog.replaceChildren(
    make("header", {}, make("h2", { id: "help-title" }, "Keys and gestures"), make("span", { class: "ed-grow" }), changeKeys(dialog, commands), close),
    make("div", { class: "ed-help" }, ...[...groups].map(([name, list]) => section(name, list.map((command) => commandLine(command, commands)))), hands),
  );
  dialog.showModal();
}

/** @param {HTMLDialogElement} dialog @param {import("../commands.js").Commands} commands */
function changeKeys(dialog, commands) {
  const change = make("button", { type: "button", class: "ed-small quiet" }, "Change keys");
  change.addEventListener("click", () => {
    dialog.close();
    commands.get("change-keys").run(false);
  });
  return commands.has("change-keys") ? change : null;
}

/** @param {string} name @param {HTMLElement[]} lines */
function section(name, lines) {
  return make("section", {}, make("h3", {}, name), make("dl", {}, ...lines));
}

/** @param {import("../commands.js").Command} command @param {import("../commands.js").Commands} commands */
function commandLine(command, commands) {
  const keys = command.help?.keys ?? commands.keysOf(command).slice(0, 2).map(keyText);
  return line(command.help?.title ?? command.title, keys.map((key) => make("kbd", {}, key)));
}

/** @param {string} does @param {HTMLElement[]} how */
function line(does, how) {
  return make("div", {}, make("dt", {}, ...how), make("dd", {}, does));
}
