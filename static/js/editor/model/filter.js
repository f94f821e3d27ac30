/** Which shapes somebody wants to see: by class, author, source, confidence, attribute and words. Pure. */

/**
 * @typedef {import("../types.js").Annotation} Annotation
 *
 * @typedef {object} Filter
 * @property {string} text words that all have to be found in the class, the number, or an attribute's value; or `name=value`
 * @property {string} label @property {string} author @property {string} source ids; empty for any
 * @property {number} from @property {number} to confidence, 0 to 1; people's own shapes have none and count as sure
 * @property {string} attribute @property {string} value of it; empty for any value
 * @property {boolean} away whether the others are hidden, not only dimmed
 */

/** @type {Filter} */
export const EVERYTHING = Object.freeze({ text: "", label: "", author: "", source: "", from: 0, to: 1, attribute: "", value: "", away: false });

/** @param {Filter} filter */
export function isEverything(filter) {
  return !filter.text.trim() && !filter.label && !filter.author && !filter.source && !filter.attribute && filter.from <= 0 && filter.to >= 1;
}

/**
 * What was remembered, as far as it can be read.
 * @param {string | null} text @returns {Filter}
 */
export function readFilter(text) {
  try {
    const stored = JSON.parse(text ?? "{}") ?? {};
    const kept = Object.entries(EVERYTHING).map(([name, usual]) => [name, typeof stored[name] === typeof usual ? stored[name] : usual]);
    return Object.fromEntries(kept);
  } catch {
    return EVERYTHING;
  }
}

/**
 * @param {Filter} filter @param {(labelId: string) => string} nameOf the class
 * @param {(annotation: Annotation) => Record<string, unknown>} attributesOf on the frame in view
 * @returns {(annotation: Annotation) => boolean}
 */
export function matcher(filter, nameOf, attributesOf) {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return (annotation) =>
    (!filter.label || annotation.label === filter.label) &&
    (!filter.author || annotation.author === filter.author) &&
    (!filter.source || annotation.source === filter.source) &&
    sureEnough(annotation, filter) &&
    says(attributesOf, annotation, filter.attribute, filter.value) &&
    words.every((word) => mentions(annotation, word, nameOf, attributesOf));
}

/** @param {Annotation} annotation @param {Filter} filter */
function sureEnough({ confidence }, { from, to }) {
  const sure = confidence ?? 1;
  return sure >= from && sure <= to;
}

/** @param {(annotation: Annotation) => Record<string, unknown>} attributesOf @param {Annotation} annotation @param {string} name @param {string} value */
function says(attributesOf, annotation, name, value) {
  if (!name) return true;
  const attributes = attributesOf(annotation);
  if (!Object.hasOwn(attributes, name)) return value === "false";
  return value === "" || String(attributes[name]).toLowerCase() === value.toLowerCase();
}

/** @param {Annotation} annotation @param {string} word @param {(labelId: string) => string} nameOf @param {(annotation: Annotation) => Record<string, unknown>} attributesOf */
function mentions(annotation, word, nameOf, attributesOf) {
  const attributes = Object.entries(attributesOf(annotation));
  const [name, value] = word.split("=");
  if (value !== undefined) return attributes.some(([key, each]) => key.toLowerCase() === name && String(each).toLowerCase().startsWith(value));
  // A number is the number of a shape: 7 does not mean 17.
  if (/^\d+$/.test(word) && annotation.detection_id === Number(word)) return true;
  return nameOf(annotation.label).toLowerCase().includes(word) || attributes.some(([, each]) => String(each).toLowerCase().includes(word));
}
