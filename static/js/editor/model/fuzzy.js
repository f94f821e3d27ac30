/** Finding by a few letters. Pure. */

/**
 * How well the letters of `query` come in `text` in their order: more for beginnings of words and for letters side by side.
 * @param {string} text @param {string} query
 * @returns {number} 0 or less when they do not
 */
export function score(text, query) {
  const [where, wanted] = [text.toLowerCase(), query.toLowerCase().replace(/\s+/g, "")];
  if (!wanted) return 1;
  const whole = where.indexOf(query.toLowerCase().trim());
  if (whole >= 0) return 1000 - Math.min(whole, 100) + (whole === 0 || isStart(where, whole) ? 200 : 0) - where.length / 100;
  let [points, at] = [0, -1];
  for (const letter of wanted) {
    const next = nextOf(where, letter, at);
    if (next < 0) return 0;
    points += next === at + 1 ? 6 : isStart(where, next) ? 8 : 1;
    at = next;
  }
  return Math.max(1, points - where.length / 50);
}

/** The next one at the beginning of a word if there is one soon. @param {string} where @param {string} letter @param {number} at */
function nextOf(where, letter, at) {
  const next = where.indexOf(letter, at + 1);
  if (next < 0 || next === at + 1) return next;
  for (let i = next; i >= 0 && i < where.length; i = where.indexOf(letter, i + 1)) if (isStart(where, i)) return i;
  return next;
}

/** @param {string} where @param {number} at */
function isStart(where, at) {
  return at === 0 || /[\s:,.(/-]/.test(where[at - 1]);
}

/**
 * The best first.
 * @template T @param {T[]} entries @param {string} query @param {(entry: T) => string} textOf @param {number} most
 * @returns {T[]}
 */
export function best(entries, query, textOf, most) {
  const rated = entries.map((entry, i) => ({ entry, i, points: score(textOf(entry), query) })).filter(({ points }) => points > 0);
  return rated.sort((a, b) => b.points - a.points || a.i - b.i).slice(0, most).map(({ entry }) => entry);
}
