/** Small bars over the top of the picture, for what is chosen or selected now. */
import { make } from "../../lib/dom.js";

/**
 * @param {HTMLElement} stage @param {string} name for screen readers
 * @returns {HTMLElement} a hidden bar
 */
export function contextBar(stage, name) {
  const bar = make("div", { class: "ed-bar", role: "toolbar", "aria-label": name, hidden: true });
  overPicture(stage).append(bar);
  return bar;
}

/** Where bars and banners stand under each other, so that none lies on another. @param {HTMLElement} stage @returns {Element} */
export function overPicture(stage) {
  const middle = /** @type {HTMLElement} */ (stage.parentElement);
  return middle.querySelector(".ed-bars") ?? middle.appendChild(make("div", { class: "ed-bars" }));
}
