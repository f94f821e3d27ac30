/** Labels as people type them: `bolt #E69F00, gear`, one a line or separated by commas. */

/**
 * @param {string} text
 * @param {string[]} palette colours for labels that name none, in turn
 * @returns {{name: string, color: string}[]} each name once
 */
export function parseLabels(text, palette) {
  /** @type {Map<string, {name: string, color: string}>} */
  const found = new Map();
  for (const part of text.split(/[\n,;]/)) {
    const words = part.split(/\s+/).filter(Boolean);
    const color = /^#[0-9a-f]{6}$/i.test(words.at(-1) ?? "") ? words.pop() : undefined;
    const name = words.join(" ");
    if (name && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), { name, color: color ?? palette[found.size % palette.length] });
  }
  return [...found.values()];
}
