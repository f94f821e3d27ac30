/** Figures that follow what people do: read again when the project's socket says so, and every few seconds. */

import { find } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";

const BURST_MS = 500;
const AGAIN_MS = 5000;

const host = find("#statistics");
if (host) follow(host);

/** @param {HTMLElement} host with `data-follow`, the part's address, and `data-project` */
function follow(host) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const renew = async () => {
    waiting = undefined;
    if (document.hidden) return;
    const response = await fetch(host.dataset.follow ?? "", { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    // Nothing under a reader's hand moves unless it has changed.
    if (!fresh || fresh.outerHTML === host.firstElementChild?.outerHTML || host.contains(document.activeElement)) return;
    host.replaceChildren(document.adoptNode(fresh));
  };
  const soon = () => (waiting ??= setTimeout(() => renew().catch(() => (waiting = undefined)), BURST_MS));
  openSocket(`/ws/projects/${host.dataset.project}/`, {
    onMessage: (message) => (message.type === "figures" || message.type === "item" || message.type === "labels") && soon(),
    onState: (state) => state === "open" && soon(),
  });
  setInterval(soon, AGAIN_MS);
}
