/** A job's status as a badge, in the words and colours of the templates. */

const BADGES = /** @type {Record<string, [string, string]>} */ ({
  queued: ["Queued", ""], starting: ["Starting", "badge-live"], running: ["Running", "badge-live"], cancelling: ["Cancelling", "badge-warn"],
  cancelled: ["Cancelled", "badge-warn"], pausing: ["Pausing", "badge-warn"], paused: ["Paused", "badge-warn"],
  succeeded: ["Succeeded", "badge-ok"], failed: ["Failed", "badge-bad"], lost: ["Lost", "badge-bad"],
});

/** @param {HTMLElement} badge @param {string} status */
export function statusBadge(badge, status) {
  const [words, tone] = BADGES[status] ?? [status, ""];
  if (badge.textContent !== words) badge.textContent = words;
  badge.className = `badge ${tone}`;
}
