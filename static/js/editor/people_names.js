/** Who did what to a shape, and when, in words. Pure. */

/**
 * @typedef {import("./types.js").Annotation} Annotation
 * @typedef {{what: string, who: string, when: string}} Deed
 */

/**
 * How a shape came to be, and its last change when that was another deed. A person's drawing has no time of its own:
 * only the last change of a shape is dated.
 * @param {Annotation} shape
 * @param {(id: unknown) => string} nameOf
 * @param {(at: string) => string} whenText a time in words
 * @returns {Deed[]}
 */
export function deedsOf(shape, nameOf, whenText) {
  const when = shape.updated_at ? whenText(shape.updated_at) : "just now";
  const changed = shape.updated_rev !== shape.created_rev;
  const first = { what: originOf(shape), who: shape.author ? nameOf(shape.author) : "", when: changed ? "" : when };
  if (!changed) return [first];
  return [first, { what: "Changed", who: nameOf(shape.updated_by), when }];
}

/** @param {Annotation} shape */
function originOf({ source, confidence, keyframes }) {
  const sure = typeof confidence === "number" ? ` (${Math.round(confidence * 100)} % sure)` : "";
  if (source === "model") return `Suggested by a model${sure}`;
  if (source === "import") return `Imported${sure}`;
  if (sure) return `Suggested by a model${sure}, accepted`;
  return keyframes ? "Tracked" : "Drawn";
}
