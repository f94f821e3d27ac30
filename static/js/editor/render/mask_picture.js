/** Masks as small pictures in a colour, soft inside, with an edge of a pixel, and as outlines; kept for as long as the mask. */
import { decodeMask, eachStripe } from "../model/mask.js";
import { partsOf } from "../model/outline.js";
import { Bitmap } from "../model/raster.js";
import { pixelOf, rectangle } from "./style.js";

/** @typedef {import("../types.js").Mask} Mask */

const INSIDE = 0.42;
const EDGE = 0.9;

/** @type {WeakMap<Mask, {color: string, canvas: HTMLCanvasElement}>} */
const pictures = new WeakMap();

/** @param {Mask} mask @param {string} color #rrggbb @returns {HTMLCanvasElement | null} as large as the mask's bounds; null when it is empty */
export function maskPicture(mask, color) {
  const known = pictures.get(mask);
  if (known?.color === color) return known.canvas;
  const { runs, bounds } = decodeMask(mask);
  if (!bounds) return null;
  const canvas = document.createElement("canvas");
  canvas.width = bounds.maxX - bounds.minX;
  canvas.height = bounds.maxY - bounds.minY;
  const image = new ImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const inside = pixelOf(color, INSIDE);
  eachStripe(runs, mask.size[0], (x, top, bottom) => {
    for (let y = top - bounds.minY; y < bottom - bounds.minY; y++) pixels[y * canvas.width + x - bounds.minX] = inside;
  });
  drawEdge(pixels, canvas.width, canvas.height, pixelOf(color, EDGE));
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  pictures.set(mask, { color, canvas });
  return canvas;
}

/** @param {Uint32Array} pixels @param {number} width @param {number} height @param {number} edge */
function drawEdge(pixels, width, height, edge) {
  const last = width - 1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!pixels[at]) continue;
      const inner = x > 0 && x < last && y > 0 && y < height - 1 && pixels[at - 1] && pixels[at + 1] && pixels[at - width] && pixels[at + width];
      if (!inner) pixels[at] = edge;
    }
  }
}

/** The outline of a speckled mask would cost more than it says: it gets the rectangle around it. */
const MOST_RUNS = 20_000;
const MOST_VERTICES = 4000;

/** @type {WeakMap<import("../types.js").Mask, import("../types.js").Point[][]>} */
const outlines = new WeakMap();

/** The edges of a mask, kept for as long as the mask. @param {import("../types.js").Mask} mask */
export function outlinesOf(mask) {
  const known = outlines.get(mask);
  if (known) return known;
  const { runs, bounds } = decodeMask(mask);
  if (!bounds) return [];
  const exact = runs.length > MOST_RUNS ? [] : partsOf(Bitmap.of(mask), 1).flat();
  const tooMany = !exact.length || exact.reduce((sum, ring) => sum + ring.length, 0) > MOST_VERTICES;
  /** @type {import("../types.js").Point[][]} */
  const rings = tooMany ? [rectangle(bounds)] : exact;
  outlines.set(mask, rings);
  return rings;
}
