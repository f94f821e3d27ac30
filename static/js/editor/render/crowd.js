/** Thousands of shapes as outlines of one pixel: what would blur the picture anyway is not drawn at all. */
import { pointsOf } from "../model/geometry.js";
import { Raster, penOf } from "./raster.js";

export { Raster };

/**
 * @typedef {import("./shape_layer.js").Entry} Entry
 * @typedef {{scale: number, dx: number, dy: number}} Place from pixels of the picture to those of the bitmap
 * @typedef {import("./raster.js").Clip} Clip
 * @typedef {import("./raster.js").Pen} Pen
 */

/** Of the path that is being written; it grows as needed. */
let places = new Int32Array(256);

/**
 * @param {Raster} raster @param {Entry[]} entries
 * @param {(annotation: import("../types.js").Annotation) => import("./shape_layer.js").Style} styleOf
 * @param {Place} place @param {Clip} clip @param {number} [alpha] how opaque, 0 to 1
 * @returns {Entry[]} what has no outline: masks and keypoints
 */
export function rasterise(raster, entries, styleOf, place, clip, alpha = 1) {
  const { scale, dx, dy } = place;
  const others = [];
  for (const entry of entries) {
    const { minX, minY, maxX, maxY, geometry } = entry;
    if (geometry.type === "mask" || geometry.type === "keypoints") {
      others.push(entry);
      continue;
    }
    const pen = penOf(styleOf(entry.annotation), alpha);
    if (geometry.type === "box") {
      raster.box(Math.round(minX * scale + dx), Math.round(minY * scale + dy), Math.round(maxX * scale + dx), Math.round(maxY * scale + dy), pen, clip);
    } else trace(raster, geometry, pen, place, clip);
  }
  return others;
}

/** @param {Raster} raster @param {import("../types.js").Geometry} geometry @param {Pen} pen @param {Place} place @param {Clip} clip */
function trace(raster, geometry, pen, place, clip) {
  if (geometry.type === "polygon") for (const ring of geometry.rings) line(raster, ring, 1, true, pen, place, clip);
  else if (geometry.type === "polyline") line(raster, geometry.points, 1, false, pen, place, clip);
  else line(raster, pointsOf(geometry), 0, true, pen, place, clip);
}

/**
 * @param {Raster} raster @param {any[][]} points @param {number} at where a point's x stands, its y follows @param {boolean} closed
 * @param {Pen} pen @param {Place} place @param {Clip} clip
 */
function line(raster, points, at, closed, pen, { scale, dx, dy }, clip) {
  const count = points.length;
  if (!count) return;
  if (places.length < 2 * count + 2) places = new Int32Array(4 * count + 2);
  for (let i = 0; i < count; i++) {
    places[2 * i] = Math.round(points[i][at] * scale + dx);
    places[2 * i + 1] = Math.round(points[i][at + 1] * scale + dy);
  }
  if (closed) [places[2 * count], places[2 * count + 1]] = [places[0], places[1]];
  raster.path(places, closed ? count + 1 : count, pen, clip);
}
