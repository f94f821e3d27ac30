/** A picture with its shapes drawn over it: outlines come as SVG paths in pixels of the picture. */

import { make } from "../lib/dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{label: string, color: string, kind: string, path: string, open: boolean}} Outline */

/** @param {Outline[]} outlines @param {number} width @param {number} height */
export function overlay(outlines, width, height) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "shape-overlay");
  svg.setAttribute("aria-hidden", "true");
  for (const outline of outlines) {
    if (!outline.path) continue;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline.path);
    path.setAttribute("stroke", outline.color);
    path.setAttribute("fill", outline.open ? "none" : outline.color);
    svg.append(path);
  }
  return svg;
}

/** "2 car, 1 person" for who cannot see it. @param {Outline[]} outlines */
export function shapeWords(outlines) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { label } of outlines) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts.size ? [...counts].map(([label, n]) => `${n} ${label}`).join(", ") : "nothing in it";
}

/**
 * @param {{width: number, height: number, src: string, outlines: Outline[], name: string}} picture
 * @param {string} caption
 */
export function figure({ width, height, src, outlines, name }, caption) {
  const words = shapeWords(outlines);
  const image = make("img", { src, width: String(width), height: String(height), alt: `${name}: ${words}`, loading: "lazy", decoding: "async" });
  const frame = make("span", { class: "shape-frame" }, image);
  frame.append(overlay(outlines, width, height));
  const tags = outlines.filter((outline) => outline.kind === "tag").map((outline) => outline.label);
  return make("figure", { class: "shape-figure" }, frame, make("figcaption", { class: "small spread" }, make("span", { class: "cut" }, caption), make("span", { class: "muted num" }, tags.length ? tags.join(", ") : `${outlines.length}`)));
}
