/** Short messages in the corner, read out by screen readers. */

import { icon, make } from "./dom.js";

const ICONS = { ok: "check", error: "alert", info: "info" };

/** In the top layer, so that toasts stay above open dialogs. @returns {HTMLElement} */
function shelf() {
  const found = document.getElementById("toasts");
  const shelf = found ?? make("div", { id: "toasts", class: "toasts", role: "status", "aria-live": "polite", popover: "manual" });
  if (!found) document.body.append(shelf);
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();
  return shelf;
}

/**
 * Show a message. Errors stay until they are closed, others go after six seconds unless the pointer rests on them.
 * @param {string} text
 * @param {"info" | "ok" | "error"} [kind]
 * @param {{label?: string, act?: () => void, seconds?: number}} [action] a button on the toast, for instance Undo
 * @returns {() => void} closes it
 */
export function toast(text, kind = "info", action = {}) {
  const close = () => box.remove();
  const box = make("div", { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : null }, icon(ICONS[kind]), make("p", {}, text));
  if (action.label) {
    const act = () => {
      close();
      action.act?.();
    };
    box.append(make("button", { type: "button", class: "btn btn-quiet btn-small", onclick: act }, action.label));
  }
  box.append(make("button", { type: "button", class: "icon-btn icon-btn-small", "aria-label": "Close the message", onclick: close }, icon("x")));
  shelf().append(box);
  if (kind !== "error") {
    let timer = setTimeout(close, (action.seconds ?? 6) * 1000);
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", () => (timer = setTimeout(close, 2000)));
  }
  return close;
}
