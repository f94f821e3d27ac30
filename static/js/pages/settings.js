/** Project settings: a label's Save button shows once there is something to save. */

import { on } from "../lib/dom.js";

on(document, "input", "[data-label-form] input", (_event, field) => field.closest("form")?.setAttribute("data-changed", ""));
// A colour is chosen in a picker of the system, so closing it is the decision.
on(document, "change", "[data-label-form] input[type=color]", (_event, field) => {
  const form = field.closest("form");
  /** @type {HTMLButtonElement | null | undefined} */ (form?.querySelector("[value=save]"))?.click();
});
