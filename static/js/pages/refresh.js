/** Parts of a page that follow what happens elsewhere: fetched again and put in place of the old ones. */

import { find, findAll } from "../lib/dom.js";

const POLL_MS = 15000;

/** @param {string} url @returns {Promise<Document>} a page of this server @throws {Error} with a sentence for the page */
export async function load(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error("The page could not be loaded again. Try again, or sign in again.");
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Renew each `[data-live]` part that differs in a fresh copy of the page, except one that is being used. @param {Document} fresh */
export function renewParts(fresh) {
  for (const part of findAll("[data-live]")) {
    const next = part.id ? find(`#${part.id}`, fresh) : null;
    const busy = part.contains(document.activeElement) || find("details[open]", part);
    if (next && !busy && comparable(next) !== comparable(part)) part.replaceWith(document.adoptNode(next));
  }
}

/** Markup without what differs in every answer: form tokens. @param {HTMLElement} part */
function comparable(part) {
  return part.innerHTML.replaceAll(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}

/** Do something every while, and when somebody comes back to the page; never where nobody looks. @param {() => Promise<unknown>} act @param {number} [ms] */
export function whileSeen(act, ms = POLL_MS) {
  const look = () => {
    if (!document.hidden) act().catch(() => {});
  };
  setInterval(look, ms);
  document.addEventListener("visibilitychange", look);
  // Back by the browser's own button: the page is as it was left.
  addEventListener("pageshow", (event) => event.persisted && look());
}
