/** The bell of every page, in the editor's bar: the item's own socket carries its notices. */
import { Bell } from "../../lib/bell.js";
import { icon, make } from "../../lib/dom.js";

/** @param {import("../extensions.js").Context} context */
export function install({ editor, part }) {
  const count = make("span", { class: "bell-count", "aria-hidden": "true" });
  const rows = make("div", { class: "bell-rows" });
  const all = make("a", { class: "menu-item", href: "/notices/" }, "All notices");
  const root = make("details", { class: "bell", id: "bell" }, make("summary", { class: "ed-btn", title: "Notices" }, icon("bell"), count), make("div", { class: "menu-list bell-list" }, rows, all));
  part("people").before(root);
  const bell = new Bell(root);
  editor.client.on("message", (message) => bell.heard(message));
  editor.client.on("welcome", () => bell.refresh());
  void bell.refresh();
  document.addEventListener("pointerdown", (event) => !root.contains(/** @type {Node} */ (event.target)) && root.removeAttribute("open"));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.hasAttribute("open")) return;
    root.removeAttribute("open");
    bell.summary.focus();
    event.stopPropagation();
  });
}
