/** Fetches the run lengths of large masks that are on screen: once each, since they never change. */
import { geometryOn } from "../model/geometry.js";
import { countsOf, keepBlob } from "../model/mask.js";
import { eachFrame, later } from "./labels.js";

/** @param {import("../extensions.js").Context} context */
export function install({ editor }) {
  /** @type {Set<string>} on their way */
  const asked = new Set();
  const fetchMissing = async () => {
    for (const annotation of editor.store.onFrame(editor.frame)) {
      if (annotation.geometry.type !== "mask" && !annotation.keyframes) continue;
      const geometry = geometryOn(annotation, editor.frame);
      if (geometry?.type !== "mask" || !geometry.blob || asked.has(geometry.blob) || countsOf(geometry) !== null) continue;
      asked.add(geometry.blob);
      void take(geometry.blob, annotation.id);
    }
  };
  const take = async (/** @type {string} */ blob, /** @type {string} */ id) => {
    try {
      const response = await fetch(`/api/v1/items/${editor.item.id}/blobs/${blob}`, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      keepBlob(blob, await response.text());
      editor.store.emit("change", { ids: new Set([id]), reset: false });
    } catch (error) {
      editor.emit("say", `A large mask could not be loaded: ${error instanceof Error ? error.message : error}. It is fetched again with the next change.`);
    } finally {
      asked.delete(blob);
    }
  };
  const soon = later(fetchMissing);
  editor.store.on("change", soon);
  eachFrame(editor, soon);
  soon();
}
