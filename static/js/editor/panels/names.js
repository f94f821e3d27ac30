/** Words for people and times. */

/** @param {import("../editor.js").Editor} editor @param {unknown} id */
export function nameOf(editor, id) {
  if (!id) return "somebody who left";
  if (id === editor.config.user.id) return "you";
  const peer = [...editor.peers.values()].find(({ user }) => user.id === id);
  return editor.config.people?.[String(id)] ?? peer?.user.name ?? "somebody who left";
}

/** @param {number} at milliseconds since 1970 @param {number} [now] */
export function agoText(at, now = Date.now()) {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 50) return "just now";
  const [count, unit] = seconds < 3000 ? [seconds / 60, "min"] : seconds < 72_000 ? [seconds / 3600, "h"] : [seconds / 86_400, "d"];
  return `${Math.max(1, Math.round(count))} ${unit} ago`;
}
