/** 'Next item' on the pages of a project. */

import { api } from "../lib/api.js";
import { toast } from "../lib/toast.js";

/** @param {HTMLElement} button with `data-next-item` annotate or review, and `data-project` */
export async function goToNext(button) {
  const { nextItem: role, project } = button.dataset;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await api("POST", `projects/${project}/next-item`, { role });
    if (answer.url) return location.assign(answer.url);
    toast(answer.detail, "ok");
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "error");
  } finally {
    button.removeAttribute("aria-busy");
  }
}
