/** Commands on several shapes at once: group, order, copy and paste, choose alike ones, hide the others. */
import { boundsOf, geometryOn } from "./model/geometry.js";
import { seen } from "./core_commands.js";
import { likeness } from "./editor.js";
import { copyText, parse, pasteOps, refusedText } from "./model/clipboard.js";
import { reordered } from "./model/order.js";
import { safeStorage, uuid7 } from "./util.js";

/** @typedef {import("./editor.js").Editor} Editor */

const KEPT = "frameloop.clipboard";
const WAYS = /** @type {[import("./model/order.js").Way, string, string, string][]} */ ([
  ["up", "up", "Bring the selection one step forward", "PageUp"], ["down", "down", "Send it one step back", "PageDown"],
  ["front", "to-front", "Bring the selection to the front", "Shift+PageUp"], ["back", "to-back", "Send it to the back", "Shift+PageDown"],
]);

/** @param {import("./extensions.js").Context} context */
export function install({ editor, commands, stage }) {
  const some = () => editor.refusal || (editor.selection.size ? "" : "Select a shape first.");
  const chosen = () => (editor.selection.size ? "" : "Select a shape first.");
  const grouped = () => editor.selected().some(({ group }) => group);
  const clipboard = new Clipboard(editor, () => stage.cursor);
  const add = commands.add.bind(commands);

  add("Edit", "copy", "Copy the selection", ["Ctrl+KeyC"], () => clipboard.copy(), chosen, { native: true, inLists: true });
  add("Edit", "cut", "Cut the selection", ["Ctrl+KeyX"], () => clipboard.cut(), some, { native: true, inLists: true });
  add("Edit", "paste", "Paste at the same place", ["Ctrl+KeyV"], () => clipboard.paste(false), () => editor.refusal, { native: true, inLists: true });
  add("Edit", "paste-at-cursor", "Paste at the pointer", ["Shift+KeyV"], () => clipboard.paste(true), () => editor.refusal);
  add("Edit", "duplicate", "Duplicate the selection", ["Ctrl+KeyD"], () => clipboard.duplicate(), some, { inLists: true });
  add("Edit", "group", "Group the selection", ["Ctrl+KeyG"], () => group(editor), () => editor.refusal || (editor.selection.size > 1 ? "" : "Select two shapes or more first."), { inLists: true });
  add("Edit", "ungroup", "Take the group apart", ["Ctrl+Shift+KeyG"], () => ungroup(editor), () => some() || (grouped() ? "" : "The selection is in no group."), { inLists: true });
  for (const [way, id, title, key] of WAYS) add("Edit", id, title, [key], () => order(editor, way), some);

  add("Select", "same-class", "Select all of this class on this frame", ["Ctrl+Shift+KeyA"], () => selectAlike(editor), () => (seen(editor).length ? "" : "There is no shape on this frame."), { inLists: true });
  add("Select", "invert", "Select what is not selected", ["Ctrl+KeyI"], () => editor.select(seen(editor).filter(({ id }) => !editor.selection.has(id)).map(({ id }) => id)), () => (seen(editor).length ? "" : "There is no shape on this frame."), { inLists: true });
  add("Select", "hide-others", "Hide all others", ["Shift+KeyH"], () => hideOthers(editor), chosen, { inLists: true });
}

/** @param {Editor} editor */
function selectAlike(editor) {
  const labels = new Set(editor.selected().map(({ label }) => label));
  if (!labels.size) labels.add(editor.labelId);
  editor.select(seen(editor).filter(({ label }) => labels.has(label)).map(({ id }) => id));
}

/** @param {Editor} editor */
function hideOthers(editor) {
  const others = editor.store.onFrame(editor.frame).filter(({ id }) => !editor.selection.has(id));
  editor.setHidden(new Set(others.map(({ id }) => id)));
  editor.emit("say", `${others.length === 1 ? "1 shape is" : `${others.length} shapes are`} hidden. With nothing selected, H shows all.`);
}

/** @param {Editor} editor */
function group(editor) {
  const id = uuid7();
  editor.submit(editor.selected().map((each) => ({ op: "update", id: each.id, set: { group: id } })), `Group ${editor.selection.size} shapes`);
}

/** Of each group as a whole, whether all of it is selected or not. @param {Editor} editor */
function ungroup(editor) {
  const groups = new Set(editor.selected().map((each) => each.group).filter(Boolean));
  const members = editor.store.onFrame(editor.frame).filter((each) => each.group && groups.has(each.group));
  editor.submit(members.map(({ id }) => ({ op: "update", id, set: { group: null } })), "Ungroup");
}

/** @param {Editor} editor @param {import("./model/order.js").Way} way */
function order(editor, way) {
  const age = (/** @type {import("./types.js").Annotation} */ { created_rev: rev }) => rev ?? Infinity;
  const drawn = [...editor.store.onFrame(editor.frame)].sort((a, b) => (age(a) === age(b) ? 0 : age(a) - age(b)));
  const layers = drawn.map((each) => {
    const geometry = geometryOn(each, editor.frame);
    return { id: each.id, z: each.z ?? 0, bounds: geometry && boundsOf(geometry) };
  });
  const changes = [...reordered(layers, editor.selection, way)];
  if (!changes.length) return editor.emit("say", { up: "Nothing overlaps it from above.", down: "Nothing overlaps it from below.", front: "It is in front already.", back: "It is behind all already." }[way]);
  editor.submit(changes.map(([id, z]) => ({ op: "update", id, set: { z } })), "Order");
}

/**
 * The browser's own copy and paste events need no permission and work on every origin; where a command is given
 * another key, or is chosen from a list, the asynchronous clipboard does it, or else a copy kept in this browser.
 */
class Clipboard {
  /** @param {Editor} editor @param {() => [number, number] | null} cursor */
  constructor(editor, cursor) {
    this.editor = editor;
    this.cursor = cursor;
    this.storage = safeStorage("localStorage");
    for (const name of /** @type {const} */ (["copy", "cut", "paste"])) document.addEventListener(name, (event) => this._native(name, event));
  }

  /** @param {"copy" | "cut" | "paste"} name @param {ClipboardEvent} event */
  _native(name, event) {
    const target = event.target instanceof Element ? event.target : document.body;
    const words = String(getSelection() ?? "");
    if (target.closest("input, textarea, select, [contenteditable], dialog") || (name !== "paste" && words)) return;
    if (name === "paste") return this._take(event.clipboardData?.getData("text/plain") ?? "", false, () => event.preventDefault());
    const text = this._text();
    if (!text || !event.clipboardData) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    this._copied(text, name === "cut");
  }

  _text() {
    const shapes = this.editor.selected();
    return shapes.length ? copyText(shapes, this.editor) : "";
  }

  /** @param {string} text @param {boolean} cut */
  _copied(text, cut) {
    const { editor } = this;
    const many = editor.selection.size;
    this.storage.set(KEPT, text);
    if (cut && editor.editable) editor.deleteSelected();
    editor.emit("say", `${cut ? "Cut" : "Copied"} ${many === 1 ? "1 shape" : `${many} shapes`}.`);
  }

  copy(cut = false) {
    const text = this._text();
    navigator.clipboard?.writeText(text).catch(() => undefined);
    this._copied(text, cut);
  }

  cut() {
    this.copy(true);
  }

  duplicate() {
    this._take(this._text(), false);
  }

  /** @param {boolean} atCursor */
  async paste(atCursor) {
    const read = await (navigator.clipboard?.readText?.() ?? Promise.reject()).catch(() => "");
    this._take(parse(read) ? read : (this.storage.get(KEPT) ?? ""), atCursor);
  }

  /** @param {string} text @param {boolean} atCursor @param {() => void} [taken] called when it is ours */
  _take(text, atCursor, taken = () => undefined) {
    const { editor } = this;
    const copied = parse(text);
    if (!copied?.length) return editor.emit("say", "There are no copied shapes to paste.");
    taken();
    if (!editor.editable) return editor.emit("say", editor.refusal);
    const here = new Set(editor.store.onFrame(editor.frame).map(likeness));
    const { item, labels, frame } = editor;
    const { ops, refused } = pasteOps(copied, { labels, item, frame, taken: (shape) => here.has(likeness(shape)), at: atCursor ? this.cursor() : null });
    const many = ops.length === 1 ? "1 shape" : `${ops.length} shapes`;
    if (ops.length) {
      editor.submit(ops, `Paste ${many}`);
      editor.setTool("select");
      editor.select(ops.map(({ id }) => id));
    }
    editor.emit("say", `${ops.length ? `Pasted ${many}.` : "Nothing was pasted."} ${refusedText(refused)}`.trim());
  }
}
