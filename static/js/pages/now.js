/** Who works now: a part of the project's pages that follows its socket. */

import { find, findAll } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";

const BURST_MS = 300;
/** Minutes and figures grow without anybody coming or leaving. */
const AGAIN_MS = 30_000;

/** @param {HTMLElement} host with `data-now`, the part's address, and `data-project` */
function follow(host) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const renew = async () => {
    waiting = undefined;
    if (document.hidden) return;
    const response = await fetch(host.dataset.now ?? "", { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!response.ok || response.redirected) return;
    const fresh = find("section", new DOMParser().parseFromString(await response.text(), "text/html"));
    const focused = host.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    host.replaceChildren(...(fresh ? [document.adoptNode(fresh)] : []));
    if (focused) find(`a[href="${focused}"]`, host)?.focus();
  };
  const soon = () => (waiting ??= setTimeout(() => renew().catch(() => (waiting = undefined)), BURST_MS));
  openSocket(`/ws/projects/${host.dataset.project}/`, {
    onMessage: (message) => message.type === "session" && soon(),
    onState: (state) => state === "open" && soon(),
  });
  setInterval(soon, AGAIN_MS);
  document.addEventListener("visibilitychange", () => !document.hidden && soon());
}

for (const host of findAll("[data-now]")) follow(host);
