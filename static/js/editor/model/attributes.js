/** Attributes of shapes: what a class asks for, what a shape says, and the ops that change it. Pure. */

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Attribute} Attribute
 * @typedef {import("../types.js").Label} Label
 * @typedef {import("../types.js").Op} Op
 */

/**
 * What a class says of a shape before anybody has looked, as far as the shape does not say it already.
 * @param {Label | undefined} label @param {Annotation} [annotation]
 * @returns {{attributes?: Record<string, unknown>}} to be part of an op
 */
export function defaultsOf(label, annotation) {
  const given = (/** @type {unknown} */ value) => value !== undefined && value !== null && value !== "";
  const missing = (label?.attributes ?? []).filter((each) => given(each.default) && !(each.name in (annotation?.attributes ?? {})));
  return missing.length ? { attributes: Object.fromEntries(missing.map((each) => [each.name, each.default])) } : {};
}

/**
 * The attributes of a shape on a frame: of a track, what its keyframes up to there say on top of its own.
 * @param {Annotation} annotation @param {number | null} frame
 * @returns {Record<string, unknown>}
 */
export function attributesOn({ attributes, keyframes }, frame) {
  if (!keyframes || frame === null) return attributes ?? {};
  const until = Object.keys(keyframes).map(Number).filter((n) => n <= frame).sort((a, b) => a - b);
  return Object.assign({}, attributes, ...until.map((n) => keyframes[String(n)].attributes ?? {}));
}

/**
 * The ops by which shapes say something: on a track, what may change from frame to frame goes into a keyframe.
 * @param {Annotation[]} annotations @param {Pick<Attribute, "name" | "mutable">} attribute @param {unknown} value null takes it out
 * @param {number | null} frame
 * @returns {Op[]}
 */
export function attributeOps(annotations, { name, mutable }, value, frame) {
  return annotations
    .filter((each) => (attributesOn(each, frame)[name] ?? null) !== value)
    .map((each) => {
      const set = { attributes: { [name]: value } };
      if (each.keyframes && mutable && frame !== null) return { op: "keyframe", id: each.id, frame, set };
      return { op: "update", id: each.id, set };
    });
}

/**
 * Why a value does not fit; empty when it does. An absent one always fits.
 * @param {Attribute} attribute @param {unknown} value
 */
export function misfit({ name, kind, values }, value) {
  if (value === null || value === undefined) return "";
  if (kind === "checkbox") return typeof value === "boolean" ? "" : `${name} is on or off.`;
  if (kind === "number") return typeof value === "number" && Number.isFinite(value) ? "" : `${name} is a number.`;
  if (typeof value !== "string" || value.length > 2000) return `${name} is a text of at most 2000 characters.`;
  if (kind === "select" && !values?.includes(value)) return `${name} is one of ${(values ?? []).join(", ")}.`;
  return "";
}

/** The one value that all have in common. @template T @param {T[]} values @returns {{same: boolean, value: T | undefined}} */
export function common(values) {
  const same = values.every((value) => value === values[0]);
  return { same, value: same ? values[0] : undefined };
}
