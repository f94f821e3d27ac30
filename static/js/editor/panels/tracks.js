/** What is done with tracks: begin them, set keyframes, cut, join, and take them apart. */
import { make } from "../../lib/dom.js";
import { isTrack, stateOn, trackOf } from "../model/interpolation.js";
import { expandAll, keyframeOp } from "../model/tracks.js";
import { OpError, safeStorage, uuid7 } from "../util.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Keyframe} Keyframe
 * @typedef {import("../types.js").Op} Op
 */

const SETTING = "frameloop.editor.tracking";

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  const add = commands.add.bind(commands);
  const tracks = () => editor.selected().filter(isTrack);
  const edit = () => editor.refusal;
  const some = () => edit() || (tracks().length ? "" : "Select a track first.");
  const here = () => some() || (tracks().some((track) => stateOn(track, editor.frame)) ? "" : "The selected track is not on this frame.");
  const one = () => some() || (tracks().length === 1 ? "" : "Select one track.");
  const storage = safeStorage("localStorage");
  editor.tracking = storage.get(SETTING) === "on";

  const toggle = () => {
    editor.tracking = !editor.tracking;
    storage.set(SETTING, editor.tracking ? "on" : "off");
    editor.emit("settings");
    editor.emit("say", editor.tracking ? "What you draw goes on through the frames: move it on a later one." : "What you draw is on its own frame alone.");
  };
  add("Tracks", "tracking", "Draw tracks: shapes that go on through the frames", ["Shift+KeyT"], toggle, edit, { pressed: () => editor.tracking });
  add("Tracks", "track-make", "Make a track of the selected shapes, or join those of different frames", ["Alt+KeyT"], () => makeTracks(editor), () => edit() || (editor.selected().some((shape) => canBegin(shape)) ? "" : "Select a shape that is on one frame."), { inLists: true });
  add("Tracks", "keyframe", "Set a key frame here, or take it away", ["Shift+KeyK"], () => toggleKeyframe(editor), here, { inLists: true });
  add("Tracks", "outside", "Outside from here on, or back", ["Shift+KeyO"], () => toggleOutside(editor), some, { inLists: true });
  add("Tracks", "occluded", "Occluded from here on, or in full sight", ["Shift+KeyI"], () => toggleOccluded(editor), here, { inLists: true });
  add("Tracks", "track-split", "Split the track before this frame", ["Shift+KeyX"], () => cut(editor, "Split", (track) => ({ do: "split", frame: editor.frame, new: uuid7() })), one, { inLists: true });
  add("Tracks", "track-end", "End the track with this frame", ["Alt+BracketRight"], () => cut(editor, "End here", () => ({ do: "trim", first: null, last: editor.frame })), here, { inLists: true });
  add("Tracks", "track-begin", "Begin the track with this frame", ["Alt+BracketLeft"], () => cut(editor, "Begin here", () => ({ do: "trim", first: editor.frame, last: null })), here, { inLists: true });
  add("Tracks", "track-merge", "Join the two selected tracks into one", ["Shift+KeyJ"], () => merge(editor), () => edit() || (editor.selected().length === 2 && tracks().length ? "" : "Select two tracks."), { inLists: true });
  add("Tracks", "track-apart", "Turn the track into single shapes of its key frames", ["Alt+Shift+KeyT"], () => takeApart(editor), one, { inLists: true });
  trackSwitch(editor, commands, part("frame-bar"));
}

/** @param {Editor} editor @param {import("../commands.js").Commands} commands @param {HTMLElement} bar */
function trackSwitch(editor, commands, bar) {
  const command = commands.get("tracking");
  const button = make("button", { type: "button", class: "ed-btn ed-tracking", "data-command": "tracking", title: `${command.title} (Shift T)` }, "Track");
  const show = () => {
    button.setAttribute("aria-pressed", String(editor.tracking));
    button.setAttribute("aria-disabled", String(Boolean(command.refusal())));
  };
  button.addEventListener("click", () => !command.refusal() && command.run(false));
  for (const name of ["settings", "rights"]) editor.on(name, show);
  bar.querySelector(".ed-steps")?.after(button);
  show();
}

/** @param {Annotation} shape */
function canBegin(shape) {
  return !isTrack(shape) && typeof shape.frame === "number" && shape.geometry.type !== "tag";
}

/** Whoever cuts has seen the keyframes as they are; one's own that are on their way have no revision yet. @param {Editor} editor @param {Annotation} track @param {string} [name] */
function seen(editor, track, name = "track_rev") {
  return editor.store.isPending(track.id) ? {} : { [name]: track.track_rev };
}

/** @param {Editor} editor @param {Op[]} ops @param {string} title */
function attempt(editor, ops, title) {
  try {
    expandAll(ops, (id) => editor.store.get(id));
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    return editor.emit("say", error.message);
  }
  editor.submit(ops, title);
}

/** @param {Editor} editor @param {string} title @param {(track: Annotation) => Record<string, any>} how */
function cut(editor, title, how) {
  const ops = editor.selected().filter(isTrack).map((track) => ({ op: "track", id: track.id, ...how(track), ...seen(editor, track) }));
  attempt(editor, ops, title);
  const made = /** @type {any} */ (ops[0])?.new;
  if (made && editor.store.get(made)) editor.select([made]);
}

/** The track that begins first stays: it has the number that people know. @param {Editor} editor */
function merge(editor) {
  const [first, other] = editor.selected().sort((a, b) => trackOf(a).numbers[0] - trackOf(b).numbers[0]);
  if (first.label !== other.label) return editor.emit("say", "They are of different classes: give them the same one first.");
  attempt(editor, [{ op: "track", id: first.id, do: "merge", other: other.id, ...seen(editor, first), ...seen(editor, other, "other_rev") }], "Join tracks");
  editor.select([first.id]);
}

/** A keyframe where it is makes a track of a shape. @param {Editor} editor */
function makeTracks(editor) {
  const shapes = editor.selected().filter(canBegin);
  editor.submit(shapes.map(({ id, frame, geometry }) => ({ op: "keyframe", id, frame, set: { geometry } })), "Make a track");
}

/** @param {Editor} editor */
function toggleKeyframe(editor) {
  const frame = /** @type {number} */ (editor.frame);
  const tracks = editor.selected().filter((each) => isTrack(each) && stateOn(each, frame));
  const marked = tracks.filter(({ keyframes }) => keyframes?.[String(frame)]);
  if (marked.length < tracks.length) {
    const rest = tracks.filter((track) => !marked.includes(track));
    return editor.submit(rest.map((track) => keyframeOp(track, frame, {})), "Set a key frame");
  }
  const free = marked.filter((track) => trackOf(track).numbers.length > 1);
  if (!free.length) return editor.emit("say", "It is the track's only key frame: delete the track instead.");
  editor.submit(free.map(({ id }) => ({ op: "keyframe", id, frame, set: null })), "Take the key frame away");
}

/** @param {Editor} editor */
function toggleOutside(editor) {
  const frame = /** @type {number} */ (editor.frame);
  const tracks = editor.selected().filter(isTrack);
  const there = tracks.filter((track) => stateOn(track, frame));
  if (there.length) return editor.submit(there.map((track) => keyframeOp(track, frame, { outside: true })), "Outside from here");
  const later = tracks.filter((track) => trackOf(track).numbers[0] < frame);
  if (!later.length) return editor.emit("say", "The track begins on a later frame.");
  editor.submit(later.map((track) => ({ op: "keyframe", id: track.id, frame, set: { outside: false } })), "Back from here");
}

/** @param {Editor} editor */
function toggleOccluded(editor) {
  const frame = /** @type {number} */ (editor.frame);
  const tracks = editor.selected().filter((each) => isTrack(each) && stateOn(each, frame));
  const occluded = !tracks.every((track) => stateOn(track, frame)?.occluded);
  editor.submit(tracks.map((track) => keyframeOp(track, frame, { occluded })), occluded ? "Occluded from here" : "In full sight from here");
}

/** @param {Editor} editor */
function takeApart(editor) {
  const [track] = editor.selected().filter(isTrack);
  const known = trackOf(track);
  const single = known.numbers.flatMap((frame) => {
    const state = known.state(frame);
    return state ? [{ op: "create", id: uuid7(), label: track.label, frame, geometry: state.geometry, attributes: state.attributes }] : [];
  });
  editor.submit([...single, { op: "delete", id: track.id }], `Turn a track into ${single.length} shapes`);
  editor.select(single.filter(({ frame }) => frame === editor.frame).map(({ id }) => id));
}
