/** Small bars over the top of the picture, for what is chosen or selected now. */
import { make } from "../../lib/dom.js";

/**
 * @param {HTMLElement} stage @param {string} name for screen readers
 * @returns {HTMLElement} a hidden bar
 */
export function contextBar(stage, name) {
  const middle = /** @type {HTMLElement} */ (stage.parentElement);
  const host = middle.querySelector(".ed-bars") ?? middle.appendChild(make("div", { class: "ed-bars" }));
  const bar = make("div", { class: "ed-bar", role: "toolbar", "aria-label": name, hidden: true });
  host.append(bar);
  return bar;
}
