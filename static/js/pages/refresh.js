/** Parts of a page that follow what happens elsewhere: fetched again and put in place of the old ones. */

import { find, findAll } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";

const POLL_MS = 15000;
const BURST_MS = 1500;

/** Fetch this page again and renew each `[data-live]` part that changed, except one that is being used. */
export async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
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

/**
 * Keep the page's live parts fresh: by the sockets of the given projects, and by a slow poll beside them.
 * @param {string[]} projects ids
 * @param {(message: any) => void} [onMessage] every message of the sockets
 */
export function keepFresh(projects, onMessage = () => {}) {
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (!document.hidden) refresh().catch(() => {});
    }, BURST_MS);
  };
  for (const id of projects) {
    openSocket(`/ws/projects/${id}/`, {
      onMessage: (message) => {
        onMessage(message);
        if (message.type !== "events") soon();
      },
    });
  }
  setInterval(soon, POLL_MS);
  document.addEventListener("visibilitychange", () => !document.hidden && soon());
}
