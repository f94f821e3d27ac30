/** Masks as COCO's compressed run lengths: background first, then foreground, column by column. */

/** @typedef {{runs: number[], bounds: import("../types.js").Bounds | null, area: number}} Decoded */

/** @typedef {import("../types.js").Mask} Mask */

/** @type {WeakMap<Mask, Decoded>} */
const decoded = new WeakMap();
/** Run lengths of large masks by the names of their blobs, the latest used last. @type {Map<string, string>} */
const kept = new Map();
const MOST_KEPT = 64 * 1024 * 1024;
let size = 0;

/** Keep what a blob holds; long unused ones make room. @param {string} blob @param {string} counts */
export function keepBlob(blob, counts) {
  if (kept.has(blob)) return;
  kept.set(blob, counts);
  size += counts.length;
  for (const [name, text] of kept) {
    if (size <= MOST_KEPT || name === blob) break;
    kept.delete(name);
    size -= text.length;
  }
}

/** @param {Mask} mask @returns {string | null} null while its blob has not arrived */
export function countsOf(mask) {
  if (mask.counts !== undefined) return mask.counts;
  const blob = mask.blob ?? "";
  const counts = kept.get(blob);
  if (counts === undefined) return null;
  kept.delete(blob);
  kept.set(blob, counts);
  return counts;
}

/**
 * @param {Mask} mask
 * @returns {Decoded} its runs, the smallest rectangle around what is set, and how many pixels are
 */
export function decodeMask(mask) {
  const known = decoded.get(mask);
  if (known) return known;
  const counts = countsOf(mask);
  if (counts === null) return { runs: [], bounds: null, area: 0 };
  const runs = runLengths(counts);
  const area = runs.reduce((sum, run, i) => (i % 2 ? sum + run : sum), 0);
  const result = { runs, bounds: boundsOfRuns(runs, mask.size[0]), area };
  decoded.set(mask, result);
  return result;
}

/**
 * Five bits a character, offset 48, bit 5 for 'more follows', signed; from the fourth run on the difference to the
 * one two before (cocoapi, `rleFrString`).
 * @param {string} counts
 */
export function runLengths(counts) {
  /** @type {number[]} */
  const runs = [];
  let value = 0;
  let factor = 1; // arithmetic instead of shifts: a run may be longer than 31 bits hold
  for (let i = 0; i < counts.length; i++) {
    const code = counts.charCodeAt(i) - 48;
    value += (code & 31) * factor;
    factor *= 32;
    if (code & 32) continue;
    if (code & 16) value -= factor;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    value = 0;
    factor = 1;
  }
  return runs;
}

/**
 * The other way (cocoapi, `rleToString`).
 * @param {number[]} runs
 */
export function encodeRuns(runs) {
  /** @type {string[]} */
  const letters = [];
  runs.forEach((run, i) => {
    let value = i > 2 ? run - runs[i - 2] : run;
    for (let more = true; more; ) {
      const bits = ((value % 32) + 32) % 32; // arithmetic as above
      value = Math.floor(value / 32);
      more = bits & 16 ? value !== -1 : value !== 0;
      letters.push(String.fromCharCode(48 + bits + (more ? 32 : 0)));
    }
  });
  return letters.join("");
}

/** @param {number[]} runs @param {number} height @returns {import("../types.js").Bounds | null} */
function boundsOfRuns(runs, height) {
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  eachStripe(runs, height, (x, top, bottom) => {
    bounds.minX = Math.min(bounds.minX, x);
    bounds.maxX = Math.max(bounds.maxX, x + 1);
    bounds.minY = Math.min(bounds.minY, top);
    bounds.maxY = Math.max(bounds.maxY, bottom);
  });
  return bounds.minX === Infinity ? null : bounds;
}

/**
 * What is set, as vertical stripes.
 * @param {number[]} runs @param {number} height @param {(x: number, top: number, bottom: number) => void} act
 */
export function eachStripe(runs, height, act) {
  let at = 0;
  runs.forEach((run, i) => {
    const end = at + run;
    if (i % 2) {
      for (let from = at; from < end; ) {
        const x = Math.floor(from / height);
        const to = Math.min(end, (x + 1) * height);
        act(x, from - x * height, to - x * height);
        from = to;
      }
    }
    at = end;
  });
}

/** @param {Mask} mask @param {number} x @param {number} y */
export function maskHolds(mask, x, y) {
  const [height, width] = mask.size;
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const place = Math.floor(x) * height + Math.floor(y);
  let at = 0;
  for (const [i, run] of decodeMask(mask).runs.entries()) {
    at += run;
    if (place < at) return i % 2 === 1;
  }
  return false;
}

/**
 * The mask moved as a whole, by whole pixels; what is set has to stay in the picture.
 * @param {Mask} mask @param {number} dx @param {number} dy @returns {Mask}
 */
export function movedMask(mask, dx, dy) {
  const [height, width] = mask.size;
  const way = Math.round(dx) * height + Math.round(dy);
  const { runs, bounds } = decodeMask(mask);
  if (!bounds || !way) return mask;
  // Whatever moves within the picture moves by as much in the order of its pixels.
  const ends = runs.length % 2 ? runs.slice(1, -1) : runs.slice(1);
  const first = runs[0] + way;
  const last = width * height - first - ends.reduce((sum, run) => sum + run, 0);
  return { type: "mask", size: mask.size, counts: encodeRuns([first, ...ends, ...(last ? [last] : [])]) };
}
