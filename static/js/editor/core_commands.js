/** The commands that every editor has; extensions add theirs. */
import { isSuggestion, likeness } from "./editor.js";
import { boundsOf, geometryOn, union } from "./model/geometry.js";
import { isTrack, trackOf } from "./model/interpolation.js";
import { TOOLS } from "./tools/registry.js";
import { uuid7 } from "./util.js";

/** @param {import("./commands.js").Commands} commands @param {import("./editor.js").Editor} editor @param {import("./tools/stage.js").Stage} stage @param {Record<string, () => void>} open */
export function coreCommands(commands, editor, stage, open) {
  const edit = () => editor.refusal;
  const video = () => (editor.isVideo ? "" : "Only videos have frames.");
  const some = () => edit() || (editor.selection.size ? "" : "Select a shape first.");
  const any = () => (seen(editor).length ? "" : "There is no shape on this frame.");
  const add = commands.add.bind(commands);

  for (const { id, title, keys, sign, looks } of TOOLS) {
    const more = { toolbar: sign, pressed: () => editor.tool === id };
    add("Tools", `tool-${id}`, title, keys, () => editor.setTool(id), looks ? undefined : edit, more);
  }
  add("Tools", "repeat", "Draw another of the selection's class, or of the last", ["KeyN"], () => drawAnother(editor), edit);
  add("Tools", "redraw", "Draw the selected shape again", ["Shift+KeyN"], () => drawAgain(editor), () => edit() || (onlyDrawn(editor) ? "" : "Select one box, outline, line or skeleton first."));
  add("Tools", "box-here", "Put a box in the middle of the view: arrows move it, Ctrl with arrows resizes it", ["Alt+KeyB"], () => boxHere(editor, stage), edit);
  add("Tools", "pan", "Hold and drag to move the picture", ["Space"], () => stage.holdSpace(true), undefined, { release: () => stage.holdSpace(false) });
  add("Tools", "cancel", "Let go, or deselect", ["Escape"], () => letGo(editor, stage), undefined, { inLists: true });

  add("Edit", "undo", "Undo your own last edit", ["Ctrl+KeyZ"], () => editor.undo(), () => edit() || (editor.history.last ? "" : "Nothing of yours to undo."), { repeats: true, inLists: true, toolbar: "undo" });
  add("Edit", "redo", "Redo", ["Ctrl+Shift+KeyZ", "Ctrl+KeyY"], () => editor.redo(), () => edit() || (editor.history.next ? "" : "Nothing to redo."), { repeats: true, inLists: true, toolbar: "redo" });
  add("Edit", "delete", "Delete the selection, or refuse a suggestion", ["Delete", "Backspace"], () => editor.deleteSelected(), some, { inLists: true, toolbar: "trash" });
  add("Edit", "accept", "Accept the selected suggestion", ["Enter"], () => acceptAndGoOn(editor), () => some() || (editor.selected().some(isSuggestion) ? "" : "The selection is no suggestion."), { inLists: true });
  add("Edit", "accept-all", "Accept all suggestions of this frame", ["Shift+Enter"], () => editor.accept(editor.suggestions()), () => edit() || (editor.suggestions().length ? "" : "There are no suggestions here."), { inLists: true });
  add("Edit", "copy-before", "Copy the shapes of the last labelled frame", ["KeyR"], () => copyFromBefore(editor), () => edit() || video() || (frameToCopy(editor) === null ? "No frame before this one has shapes." : ""), { toolbar: "copy" });
  for (const [key, x, y, word] of /** @type {[string, number, number, string][]} */ ([["ArrowLeft", -1, 0, "left"], ["ArrowRight", 1, 0, "right"], ["ArrowUp", 0, -1, "up"], ["ArrowDown", 0, 1, "down"]])) {
    const family = (/** @type {string} */ title, /** @type {string} */ modifier) => ({ repeats: true, help: word === "left" ? { title, keys: [`${modifier}← → ↑ ↓`] } : null });
    add("Edit", `nudge-${word}`, `Move the selection ${word} by a pixel`, [key], () => editor.nudge(x, y), some, family("Move the selection by a pixel", ""));
    add("Edit", `nudge-10-${word}`, `Move it ${word} by ten`, [`Shift+${key}`], () => editor.nudge(10 * x, 10 * y), some, family("Move it by ten", "Shift "));
    add("Edit", `stretch-${word}`, `Resize it: ${word}`, [`Ctrl+${key}`], () => editor.nudge(x, y, true), some, family("Resize it", "Ctrl "));
  }

  add("Select", "next-shape", "Next shape", ["Tab"], () => selectNext(editor, 1), any, { repeats: true });
  add("Select", "previous-shape", "Previous shape", ["Shift+Tab"], () => selectNext(editor, -1), any, { repeats: true });
  add("Select", "all", "Select all on this frame", ["Ctrl+KeyA"], () => editor.select(seen(editor).map(({ id }) => id)), any, { inLists: true });
  add("Select", "hide", "Hide the selection; with nothing selected, show all", ["KeyH"], () => hide(editor), () => (editor.selection.size || editor.hiddenByHand.size ? "" : "Nothing is selected or hidden."), { toolbar: "eye-off", inLists: true });
  add("Select", "lock", "Lock the selection: the pointer passes over it; with nothing selected, unlock all", ["KeyL"], () => lock(editor), () => (editor.selection.size || editor.locked.size ? "" : "Nothing is selected or locked."), { inLists: true });
  add("Select", "find-label", "Find a class by name", ["Slash"], () => open.labels());
  for (let digit = 1; digit <= 9; digit++) {
    const name = editor.labels[digit - 1]?.name ?? digit;
    add("Select", `label-${digit}`, `Class: ${name}`, [`Digit${digit}`, `Numpad${digit}`], () => editor.setLabel(editor.labels[digit - 1].id), () => (editor.labels[digit - 1] ? "" : `The project has no class ${digit}.`), { inLists: true, help: digit === 1 ? { title: "Class of the next shape; with Select, of the selection", keys: ["1 … 9"] } : null });
  }

  const step = (/** @type {number} */ by) => () => (editor.isVideo ? editor.goTo(editor.wanted + by) : open[by < 0 ? "previous" : "next"]());
  const neighbour = (/** @type {number} */ by) => () => (editor.isVideo || (by < 0 ? editor.config.urls.previous : editor.config.urls.next) ? "" : "There is no further item.");
  add("Frames", "next", "Next frame, or next image", ["KeyD", "ArrowRight"], step(1), neighbour(1), { repeats: true });
  add("Frames", "previous", "Previous frame, or previous image", ["KeyA", "ArrowLeft"], step(-1), neighbour(-1), { repeats: true });
  add("Frames", "next-10", "Ten frames on", ["Shift+KeyD", "Shift+ArrowRight"], () => editor.goTo(editor.wanted + 10), video, { repeats: true });
  add("Frames", "previous-10", "Ten frames back", ["Shift+KeyA", "Shift+ArrowLeft"], () => editor.goTo(editor.wanted - 10), video, { repeats: true });
  add("Frames", "next-labelled", "Next labelled frame, or key frame of the selected tracks", ["BracketRight"], () => goToLabelled(editor, 1), video);
  add("Frames", "previous-labelled", "Previous labelled frame, or key frame of the selected tracks", ["BracketLeft"], () => goToLabelled(editor, -1), video);
  add("Frames", "first", "First frame", ["Home"], () => editor.goTo(0), video);
  add("Frames", "last", "Last frame", ["End"], () => editor.goTo(Infinity), video);

  add("View", "fit", "Fit the picture", ["KeyF"], () => editor.view.fit(), undefined, { toolbar: "fit" });
  add("View", "actual", "One pixel on one pixel", ["KeyZ"], () => editor.view.actualSize(), undefined, { toolbar: "1:1" });
  add("View", "zoom-in", "Zoom in (or turn the wheel)", ["Equal", "Shift+Equal", "NumpadAdd"], () => editor.view.zoom(1.25), undefined, { repeats: true, toolbar: "zoom-in" });
  add("View", "zoom-out", "Zoom out", ["Minus", "NumpadSubtract"], () => editor.view.zoom(0.8), undefined, { repeats: true, toolbar: "zoom-out" });
  add("View", "zoom-shape", "Zoom to the selection", ["Shift+KeyZ"], () => showSelection(editor), () => (editor.selection.size ? "" : "Select a shape first."));
  add("View", "crosshair", "Crosshair on or off", ["KeyG"], () => editor.setCrosshair(!editor.crosshair), undefined, { toolbar: "┼", pressed: () => editor.crosshair });
  add("View", "peek", "Hold to see the bare picture", ["KeyQ"], () => editor.emit("peek", true), undefined, { release: () => editor.emit("peek", false) });
  add("View", "help", "All keys", ["key:?"], () => open.help(), undefined, { inLists: true });
}

/** What is on this frame and neither hidden nor left out by the filter. @param {import("./editor.js").Editor} editor */
export function seen({ store, frame, hidden, filtered }) {
  return store.onFrame(frame).filter((each) => !hidden.has(each.id) && !filtered.has(each.id) && geometryOn(each, frame));
}

/** @param {import("./editor.js").Editor} editor @param {number} by */
export function selectNext(editor, by) {
  const shapes = seen(editor);
  if (!shapes.length) return;
  const at = shapes.findIndex(({ id }) => editor.selection.has(id));
  const next = at < 0 ? (by > 0 ? 0 : shapes.length - 1) : (at + by + shapes.length) % shapes.length;
  editor.select([shapes[next].id]);
}

/** @param {import("./editor.js").Editor} editor */
export function acceptAndGoOn(editor) {
  editor.accept(editor.selected());
  const next = editor.suggestions()[0];
  if (next) editor.select([next.id]);
}

/** @param {import("./editor.js").Editor} editor */
function hide(editor) {
  if (!editor.selection.size) return editor.setHidden(new Set());
  editor.setHidden(new Set([...editor.hiddenByHand, ...editor.selection]));
  editor.select([]);
}

/** @param {import("./editor.js").Editor} editor */
function lock(editor) {
  const chosen = [...editor.selection];
  const free = chosen.filter((id) => !editor.locked.has(id));
  if (free.length) editor.setLocked(new Set([...editor.locked, ...free]));
  else if (chosen.length) editor.setLocked(new Set([...editor.locked].filter((id) => !editor.selection.has(id))));
  else editor.setLocked(new Set());
  if (free.length) editor.select([]);
  editor.emit("say", free.length ? "Locked: the pointer passes over it. Tab still reaches it; L unlocks." : "Unlocked.");
}

/** @param {import("./editor.js").Editor} editor @param {import("./tools/stage.js").Stage} stage */
function letGo(editor, stage) {
  const redrawing = editor.redrawing !== null;
  editor.redrawing = null;
  if (!stage.cancel() && !redrawing) editor.select([]);
}

/** @param {import("./editor.js").Editor} editor */
function drawAnother(editor) {
  const [like] = editor.selected();
  editor.select([]);
  if (like) editor.setLabel(like.label);
  if (editor.tool === "select") editor.setTool((like && DRAWN_BY[like.geometry.type]) ?? "box");
  editor.emit("say", `Draw another ${editor.label(editor.labelId)?.name ?? "shape"}.`);
}

/** The tools by what they draw. */
const DRAWN_BY = /** @type {Record<string, string>} */ ({ box: "box", rbox: "rbox", polygon: "polygon", polyline: "polyline", keypoints: "keypoints" });

/** A quarter of what is seen of the picture, for who works without a pointer. @param {import("./editor.js").Editor} editor @param {import("./tools/stage.js").Stage} stage */
function boxHere(editor, stage) {
  const { width, height } = editor.item;
  const { minX, minY, maxX, maxY } = editor.view.visible();
  const [left, top] = [Math.max(0, minX), Math.max(0, minY)];
  const [w, h] = [Math.round((Math.min(width, maxX) - left) / 4), Math.round((Math.min(height, maxY) - top) / 4)];
  editor.draw({ type: "box", x: Math.round(left + 1.5 * w), y: Math.round(top + 1.5 * h), w, h });
  stage.host.focus({ preventScroll: true });
}

/** @param {import("./editor.js").Editor} editor */
function onlyDrawn(editor) {
  const [one, ...more] = editor.selected();
  const geometry = one && !more.length ? geometryOn(one, editor.frame) : null;
  return geometry && DRAWN_BY[geometry.type] ? one : undefined;
}

/** @param {import("./editor.js").Editor} editor */
function drawAgain(editor) {
  const one = onlyDrawn(editor);
  if (!one) return;
  const same = DRAWN_BY[geometryOn(one, editor.frame)?.type ?? ""];
  if (!(same === "box" && editor.tool === "extreme")) editor.setTool(same);
  editor.redrawing = one.id;
  editor.labelId = one.label;
  editor.emit("label");
  editor.emit("say", "Draw its new outline; Escape leaves it as it is.");
}

/** @param {import("./editor.js").Editor} editor @param {number} by */
function goToLabelled(editor, by) {
  const keys = editor.selected().filter(isTrack).flatMap((track) => trackOf(track).numbers);
  const frames = (keys.length ? keys : [...editor.store.labelledFrames().keys()]).sort((a, b) => (a - b) * by);
  const next = frames.find((n) => (n - editor.wanted) * by > 0);
  if (next !== undefined) editor.goTo(next);
}

/** @param {import("./editor.js").Editor} editor */
function showSelection(editor) {
  const bounds = editor.selected().flatMap((annotation) => {
    const geometry = geometryOn(annotation, editor.frame);
    const around = geometry && boundsOf(geometry);
    return around ? [around] : [];
  });
  if (bounds.length) editor.view.show(bounds.reduce(union));
}

/** The shapes of the last labelled frame before this one, drawn again here. @param {import("./editor.js").Editor} editor */
function copyFromBefore(editor) {
  const { store, frame } = editor;
  const before = frameToCopy(editor);
  if (before === null) return;
  const here = new Set(store.onFrame(frame).map(likeness));
  const shapes = store.onFrame(before).filter((each) => !each.keyframes && !isSuggestion(each) && !here.has(likeness(each)));
  const ops = shapes.map(({ label, geometry, attributes }) => ({ op: "create", id: uuid7(), label, geometry, attributes, frame }));
  if (!ops.length) return editor.emit("say", `The shapes of frame ${before} are here already.`);
  editor.submit(ops, `Copy ${ops.length} from frame ${before}`);
  editor.select(ops.map((op) => op.id));
}

/** @param {import("./editor.js").Editor} editor @returns {number | null} */
function frameToCopy({ store, frame }) {
  const earlier = store.framesOfSingles().filter((n) => frame !== null && n < frame);
  return earlier.length ? Math.max(...earlier) : null;
}
