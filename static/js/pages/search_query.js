/** From the fields of the filter bar to the address that anybody can be sent. Pure. */

/** @typedef {Iterable<[string, FormDataEntryValue]>} Fields */

/** @param {Fields} fields @returns {Map<string, string>} without empty ones; several values of a list with commas */
function joined(fields) {
  /** @type {Map<string, string>} */
  const given = new Map();
  for (const [name, value] of fields) {
    const text = String(value).trim();
    const before = given.get(name);
    if (text) given.set(name, before === undefined ? text : `${before},${text}`);
  }
  return given;
}

/**
 * The query string of a form. A field shows one value where an address may hold several: one that was left as it was
 * keeps what the address held.
 * @param {Fields} fields
 * @param {Fields} atFirst the fields as the page showed them
 * @param {URLSearchParams} address what they were shown from
 * @returns {string}
 */
export function filterQuery(fields, atFirst, address) {
  const [now, then] = [joined(fields), joined(atFirst)];
  const query = new URLSearchParams();
  for (const name of new Set([...now.keys(), ...address.keys()])) {
    if (name === "after" || name === "sort") continue;
    const held = address.getAll(name).filter(Boolean);
    if (now.get(name) === then.get(name) && held.length) for (const value of held) query.append(name, value);
    else if (now.has(name)) query.append(name, /** @type {string} */ (now.get(name)));
  }
  return query.toString();
}
