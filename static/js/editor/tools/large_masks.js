/** Masks that are too large for an op: their run lengths are stored first, and the op names them. */
import { api } from "../../lib/api.js";
import { countsOf, keepBlob } from "../model/mask.js";

/**
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Mask} Mask
 */

/** The server takes 64 KiB a shape; a little is left for the rest of it. */
export const LARGEST_INLINE = 62_000;

/** @param {Geometry | null} geometry @returns {geometry is Mask & {counts: string}} */
export function isLarge(geometry) {
  return geometry?.type === "mask" && (geometry.counts?.length ?? 0) > LARGEST_INLINE;
}

/** @param {import("../editor.js").Editor} editor @param {Mask} mask @returns {Promise<Mask>} the same mask, small enough for an op */
export async function stored({ item }, mask) {
  const counts = countsOf(mask);
  if (!isLarge(mask) || counts === null) return mask;
  const { blob } = await api("POST", `items/${item.id}/blobs`, new Blob([counts], { type: "text/plain" }));
  keepBlob(blob, counts);
  return { type: "mask", size: mask.size, blob };
}

/**
 * Do `act` once large masks are stored; nothing is done where that fails, and a sentence says why.
 * @param {import("../editor.js").Editor} editor @param {Geometry[]} geometries
 * @param {(small: Map<Geometry, Geometry>) => void} act gets those that were large, with what stands for them
 */
export function whenStored(editor, geometries, act) {
  const large = geometries.filter(isLarge);
  if (!large.length) return act(new Map());
  editor.emit("say", "Storing a large mask…");
  Promise.all(large.map(async (mask) => /** @type {[Geometry, Geometry]} */ ([mask, await stored(editor, mask)]))).then(
    (pairs) => act(new Map(pairs)),
    (error) => editor.emit("say", `The mask is too large for one message, and could not be stored: ${error.message} Try again, or paint it in several parts.`),
  );
}
