/** Small helpers for pages: find, make, and say. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * The first element that matches.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement | null}
 */
export function find(selector, within = document) {
  return within.querySelector(selector);
}

/**
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement[]}
 */
export function findAll(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((found) => found instanceof HTMLElement);
}

/**
 * Make an element. `on*` keys are listeners, `class` and `data-*` attributes; false and null leave a key out.
 * Text children are text: nothing is ever parsed as HTML.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") Reflect.set(element, key, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * An icon of the sprite, hidden from screen readers.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons ?? "/static/icons.svg"}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Listen on `root` for events from elements that match `selector`, now or later.
 * @param {EventTarget} root
 * @param {string} type
 * @param {string} selector
 * @param {(event: any, target: HTMLElement) => void} listener
 */
export function on(root, type, selector, listener) {
  root.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target instanceof HTMLElement) listener(event, target);
  });
}

/** Say something to screen readers without moving the focus. @param {string} text */
export function announce(text) {
  const region = find("#announcer");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/** Whether keys typed now belong to a text field. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable]"));
}

/**
 * JSON that the template left in a `{{ value|json_script:id }}` element.
 * @param {string} id
 * @returns {any}
 */
export function embedded(id) {
  const text = document.getElementById(id)?.textContent;
  return text ? JSON.parse(text) : null;
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(unit && size < 10 ? 1 : 0)} ${units[unit]}`;
}
