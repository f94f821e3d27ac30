/** Native dialogs: confirmations, and dialogs that the template holds. */

import { make } from "./dom.js";

/**
 * Ask before something that cannot be taken back.
 * @param {{title: string, text?: string, action?: string, danger?: boolean, typed?: string}} question
 *     `typed` is a word that must be typed before the action can be chosen
 * @returns {Promise<boolean>} whether the person chose the action
 */
export function confirmDialog({ title, text = "", action = "Continue", danger = false, typed = "" }) {
  const yes = make("button", { value: "yes", class: `btn btn-primary${danger ? " btn-danger" : ""}`, disabled: Boolean(typed) }, action);
  const no = make("button", { value: "no", class: "btn", formnovalidate: true, autofocus: !typed }, "Cancel");
  const check = (/** @type {Event} */ event) => yes.toggleAttribute("disabled", /** @type {HTMLInputElement} */ (event.target).value.trim() !== typed);
  const field = typed
    ? make("div", { class: "field" }, make("label", { for: "confirm-word" }, `Type ${typed} to confirm`), make("input", { id: "confirm-word", autocomplete: "off", oninput: check }))
    : null;
  const form = make("form", { method: "dialog", class: "stack" }, make("h2", { id: "confirm-title" }, title), text ? make("p", { class: "muted" }, text) : null, field, make("div", { class: "dialog-foot" }, no, yes));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "dialog", "aria-labelledby": "confirm-title" }, form));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

/**
 * Open a dialog of the page; a click on the backdrop closes it.
 * @param {string} id
 */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.showModal();
  dialog.addEventListener("pointerdown", (event) => {
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (event.target === dialog && !inside) dialog.close();
  });
}
