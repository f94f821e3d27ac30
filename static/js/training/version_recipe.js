/** What the form of a new version asks for, as the interface takes it. Pure. */

/** @typedef {Record<string, string | boolean | string[]>} Values the form's fields by name; boxes are true or false */

/** @param {Values} values @param {string} name */
function number(values, name) {
  const value = Number(values[name]);
  return values[name] === "" || !Number.isFinite(value) ? undefined : value;
}

/** @param {Values} values @param {string} name */
const share = (values, name) => (number(values, name) ?? 0) / 100;

/**
 * `car = automobile, Vehicle` a line -> `{car: ["automobile", "Vehicle"]}`.
 * @param {string} text
 * @returns {Record<string, string[]>}
 */
export function aliasTable(text) {
  /** @type {Record<string, string[]>} */
  const table = {};
  for (const line of text.split("\n")) {
    const [name, rest] = line.split(/=(.*)/s).map((part) => part.trim());
    const others = (rest ?? "").split(",").map((other) => other.trim()).filter(Boolean);
    if (name && others.length) table[name] = [...(table[name] ?? []), ...others];
  }
  return table;
}

/** @param {Values} values */
function preprocess(values) {
  /** @type {Record<string, any>} */
  const recipe = {};
  if (values.tile) {
    const size = number(values, "tile_size");
    recipe.tile = { width: size, height: size, overlap: share(values, "tile_overlap"), keep: share(values, "tile_keep") };
  }
  if (values.resize) recipe.resize = { mode: values.resize_mode, width: number(values, "resize_width"), height: number(values, "resize_height") };
  if (values.greyscale) recipe.greyscale = true;
  if (values.contrast) recipe.contrast = { clip: number(values, "contrast_clip") };
  return recipe;
}

/** @param {Values} values @param {string[]} steps */
function augment(values, steps) {
  const chosen = steps.filter((name) => values[name]);
  if (!chosen.length) return {};
  const amount = (/** @type {string} */ name) => (name === "flip" ? values.flip_amount : number(values, `${name}_amount`));
  const made = chosen.map((name) => [name, { amount: amount(name), chance: number(values, `${name}_chance`) }]);
  return { copies: number(values, "copies") ?? 1, seed: number(values, "seed") ?? 0, ...Object.fromEntries(made) };
}

/**
 * The body of `POST projects/{id}/versions`.
 * @param {Values} values
 * @param {string[]} steps names of the augmentation's steps
 */
export function recipe(values, steps) {
  /** @type {Record<string, any>} */
  const filters = {};
  if (values.approved) filters.states = ["approved"];
  if (values.only_labelled) filters.only_labelled = true;
  if (Array.isArray(values.labels) && values.labels.length) filters.labels = values.labels;
  return {
    name: String(values.name ?? "").trim(),
    split: {
      val: share(values, "val"), test: share(values, "test"), seed: number(values, "split_seed") ?? 0,
      stratify: Boolean(values.stratify), near_duplicates: Boolean(values.near_duplicates),
    },
    filters,
    preprocess: preprocess(values),
    augment: augment(values, steps),
    sources: Array.isArray(values.sources) ? values.sources : [],
    aliases: aliasTable(String(values.aliases ?? "")),
  };
}

/** Where the fields of a pointer are in the form: `/augment/rotate/amount` -> "rotate_amount". @param {string} pointer */
export function fieldOf(pointer) {
  const [part, ...rest] = pointer.split("/").filter(Boolean);
  if (part === "split" && rest[0] === "seed") return "split_seed";
  if (part === "split") return rest[0] ?? "val";
  if (part === "preprocess" && rest[0] === "tile") return ["width", "height"].includes(rest[1] ?? "") ? "tile_size" : `tile_${rest[1] ?? "size"}`;
  if (part === "preprocess" || part === "augment") return rest.join("_");
  return part ?? "";
}
