/** A pipeline's state as words and badges; the same on cards and on the viewer. */

/** @type {Record<string, [string, string]>} */
const STATES = {
  stopped: ["Stopped", ""],
  starting: ["Starting", "badge-info"],
  running: ["Running", "badge-live"],
  passthrough: ["Running without a model", "badge-info"],
  reconnecting: ["Reconnecting", "badge-warn"],
  failed: ["Failed", "badge-bad"],
};

/** @param {string} state */
export const stateWords = (state) => STATES[state]?.[0] ?? state;

/** @param {HTMLElement} badge @param {string} state */
export function showState(badge, state) {
  badge.className = `badge ${STATES[state]?.[1] ?? ""}`.trim();
  badge.textContent = stateWords(state);
}

/** Labels with how often each was found, most first. @param {{label: string, color: string}[]} detections */
export function countLabels(detections) {
  /** @type {Map<string, {label: string, color: string, count: number}>} */
  const counts = new Map();
  for (const { label, color } of detections) {
    const entry = counts.get(label) ?? { label, color, count: 0 };
    entry.count += 1;
    counts.set(label, entry);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || a.label.localeCompare(b.label));
}

/** 1.25 -> "1.3", 0 -> "0", null -> "–". @param {number | null | undefined} value @param {string} [unit] */
export function figure(value, unit = "") {
  if (value === null || value === undefined) return "–";
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10}${unit && ` ${unit}`}`;
}
