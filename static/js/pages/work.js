/** The work pages: go to the next item, set the share of ground truth, merge a consensus and take that back. */

import { api } from "../lib/api.js";
import { confirmDialog } from "../lib/dialog.js";
import { find, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { goToNext } from "./work_next.js";

on(document, "click", "[data-next-item]", (_event, button) => void goToNext(button));

on(document, "submit", "#work-rules", async (event, form) => {
  event.preventDefault();
  const rate = /** @type {HTMLInputElement} */ (find("#rate", form));
  const project = find("#work-page")?.dataset.project;
  await attempt(async () => {
    await api("PATCH", `projects/${project}/work-rules`, { ground_truth_rate: Number(rate.value) / 100 });
    toast("Saved.", "ok");
  });
});

const item = find("#consensus-page")?.dataset.item;

on(document, "click", "[data-merge]", () =>
  attempt(async () => {
    await api("POST", `items/${item}/consensus/merge`);
    location.reload();
  }),
);

on(document, "click", "[data-unmerge]", () =>
  attempt(async () => {
    await api("DELETE", `items/${item}/consensus/merge`);
    location.reload();
  }),
);

on(document, "click", "[data-stop]", async () => {
  const text = "The blind copies go, with what was drawn on them. The original stays as it is. This cannot be undone.";
  if (!(await confirmDialog({ title: "End this consensus?", text, action: "End it", danger: true }))) return;
  await attempt(async () => {
    await api("DELETE", `items/${item}/consensus`);
    location.assign(/** @type {HTMLAnchorElement} */ (find("[data-name=work]")).href);
  });
});

/** @param {() => Promise<void>} act */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "error");
  }
}
