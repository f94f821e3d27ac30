/** A person in a circle: initials in their colour. */
import { make } from "../../lib/dom.js";
import { inkOn, personColor } from "../render/style.js";

/**
 * @template {"button" | "span"} T
 * @param {{id: string, name: string} | null} person null: somebody who left
 * @param {T} tag @param {Record<string, string>} attributes
 */
export function face(person, tag, attributes) {
  const color = personColor(person?.id ?? "");
  const initials = (person?.name ?? "").split(/\s+/).map((word) => word[0] ?? "").join("").slice(0, 2).toUpperCase();
  const element = make(tag, attributes, initials || "?");
  element.style.background = color;
  element.style.color = inkOn(color);
  return element;
}
