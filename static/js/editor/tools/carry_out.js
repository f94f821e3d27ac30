/** From a plan of model/regions.js to one tx, with a word where it cannot be done. */
import { geometryOn } from "../model/geometry.js";
import { isRegion, opsOf } from "../model/regions.js";
import { whenStored } from "./large_masks.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../model/regions.js").Plan} Plan
 * @typedef {import("../model/regions.js").Shape} Shape
 */

/** The selected shapes as they are on this frame, in the order in which they were selected. @param {Editor} editor @returns {Shape[]} */
export function selectedShapes(editor) {
  return shapesOf(editor, editor.selected());
}

/** @param {Editor} editor @param {import("../types.js").Annotation[]} annotations @returns {Shape[]} */
export function shapesOf(editor, annotations) {
  return annotations.flatMap((annotation) => {
    const geometry = geometryOn(annotation, editor.frame);
    return geometry && geometry.type !== "tag" ? [{ annotation, geometry }] : [];
  });
}

/** @param {Editor} editor @returns {Shape[]} */
export function selectedRegions(editor) {
  return selectedShapes(editor).filter(({ geometry }) => isRegion(geometry));
}

/** Several plans as one; what is refused is left out as long as anything can be done. @param {Plan[]} plans @returns {Plan} */
export function together(plans) {
  const done = plans.filter(({ refusal }) => !refusal);
  if (!done.length) return { refusal: plans[0]?.refusal ?? "There is nothing to do." };
  return { update: done.flatMap(({ update = [] }) => update), create: done.flatMap(({ create = [] }) => create), remove: done.flatMap(({ remove = [] }) => remove) };
}

/** @param {Editor} editor @param {Plan} plan @param {string} title @returns {boolean} whether it was done */
export function carryOut(editor, plan, title) {
  if (plan.refusal || !editor.editable) {
    editor.emit("say", plan.refusal || editor.refusal);
    return false;
  }
  const made = [...(plan.update ?? []), ...(plan.create ?? [])].map(([, geometry]) => geometry);
  whenStored(editor, made, (small) => {
    const ops = opsOf(withSmall(plan, small), { frame: editor.frame, pending: (id) => editor.store.isPending(id) });
    editor.submit(ops, title);
    editor.select(ops.filter(({ op }) => op !== "delete").map(({ id }) => id));
    const parts = plan.create?.length ?? 0;
    if (parts) editor.emit("say", `${title}: ${parts + (plan.update?.length ?? 0)} shapes. The largest part keeps its number, the others are new.`);
  });
  return true;
}

/** @param {Plan} plan @param {Map<import("../types.js").Geometry, import("../types.js").Geometry>} small what stands for large masks @returns {Plan} */
function withSmall({ update = [], create = [], remove }, small) {
  const smaller = (/** @type {import("../types.js").Geometry} */ geometry) => small.get(geometry) ?? geometry;
  return {
    update: update.map(([annotation, geometry, more]) => [annotation, smaller(geometry), more]),
    create: create.map(([annotation, geometry]) => [annotation, smaller(geometry)]),
    remove,
  };
}
