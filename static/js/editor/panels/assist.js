/** What surrounds the tools that suggest: their commands, what they wait for, and who proposed a suggestion. */
import { api, ApiError } from "../../lib/api.js";
import { icon, make } from "../../lib/dom.js";
import { isSuggestion } from "../editor.js";
import { assistantOf, FORMS } from "../tools/assist.js";
import { later } from "./labels.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {{frames: number, method: string}} Reach how far a shape is followed, and how
 * @typedef {{id: string, tool: string, model: string | null, name: string}} Origin
 */

const REACH_SETTING = "frameloop.assist.propagate";
const FRAMES_A_CALL = 50;
const MOST_FRAMES = 2000;
const TOOLS_WITH_FORM = new Set(["grabcut", "click"]);
const BY = /** @type {Record<string, string>} */ ({ grabcut: "cutting it out", click: "clicks", similar: "looks alike", propagate: "following it" });

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  waiting(part("extras"), editor);
  story(part("details"), editor, commands);
  actions(editor, commands);
  void readiness(editor, commands);
}

/** In the top bar: what the tools make of an outline, and what they wait for, with a way out. @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
function waiting(root, editor) {
  const assistant = assistantOf(editor);
  const form = /** @type {HTMLSelectElement} */ (make("select", { class: "ed-assist-form", "aria-label": "What outlines become" }, ...FORMS.map((value) => make("option", { value }, value))));
  form.addEventListener("change", () => (assistant.form = form.value));
  const label = make("label", { class: "ed-assist-as" }, "Outline as", form);
  const words = make("span", { role: "status" });
  const stop = make("button", { type: "button", class: "ed-small quiet" }, "Cancel");
  stop.addEventListener("click", () => assistant.cancel());
  const busy = make("span", { class: "ed-assist-busy" }, make("span", { class: "ed-assist-turn", "aria-hidden": "true" }), words, stop);
  root.prepend(label, busy);
  const show = () => {
    form.value = assistant.form;
    label.hidden = !TOOLS_WITH_FORM.has(editor.tool);
    words.textContent = assistant.doing;
    busy.hidden = !assistant.doing;
  };
  assistant.on("change", show);
  editor.on("tool", show);
  show();
}

/** Below the classes: the selected suggestions, who made them, and what can be done with them. @param {HTMLElement} details @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
function story(details, editor, commands) {
  const origins = new Origins(editor);
  const words = make("p", { class: "ed-suggested-by" });
  const button = (/** @type {string} */ id, /** @type {string} */ sign, /** @type {string} */ text) => {
    const made = make("button", { type: "button", class: `ed-small${id === "accept" ? "" : " quiet"}` }, icon(sign), text);
    made.addEventListener("click", () => commands.get(id).run(false));
    return made;
  };
  const act = make("div", { class: "ed-suggested-acts" }, button("accept", "check", "Accept"), button("delete", "x", "Refuse"));
  const root = make("section", { class: "ed-suggested", "aria-label": "Suggestion", hidden: true }, words, act);
  details.after(root);
  const show = later(() => {
    const shapes = editor.selected();
    const proposed = shapes.filter(isSuggestion);
    const [one] = shapes;
    root.hidden = !(proposed.length || (shapes.length === 1 && one.confidence != null));
    if (root.hidden) return;
    act.hidden = !proposed.length || !editor.editable;
    words.textContent = shapes.length > 1 ? `${proposed.length} suggestions are selected.` : sentence(one, origins.of(one.id));
  });
  for (const name of ["selection", "rights"]) editor.on(name, show);
  editor.store.on("change", show);
  origins.changed = show;
}

/** @param {Annotation} shape @param {Origin | null} origin */
export function sentence(shape, origin) {
  const by = origin?.tool === "model" ? origin.name || "a model that was deleted" : (BY[origin?.tool ?? ""] ?? "a model");
  const sure = typeof shape.confidence === "number" ? `, ${shape.confidence.toFixed(2)}` : "";
  return isSuggestion(shape) ? `Suggested by ${by}${sure}.` : `First suggested by ${by}${sure}.`;
}

/** Who proposed which shape, asked for when somebody looks at one. */
class Origins {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.url = `items/${editor.item.id}/assist/origins`;
    /** @type {Map<string, Origin | null>} null: the server does not know either */
    this.known = new Map();
    this._asking = false;
    this.changed = () => {};
  }

  /** @param {string} id @returns {Origin | null} */
  of(id) {
    if (!this.known.has(id) && !this._asking) void this._ask(id);
    return this.known.get(id) ?? null;
  }

  /** @param {string} id */
  async _ask(id) {
    this._asking = true;
    try {
      const { results } = await api("GET", this.url);
      for (const origin of results) this.known.set(origin.id, origin);
      if (!this.known.has(id)) this.known.set(id, null);
    } catch {
      return; // it is asked again when the next shape is selected
    } finally {
      this._asking = false;
    }
    this.changed();
  }
}

/** @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
function actions(editor, commands) {
  const assistant = assistantOf(editor);
  const one = () => assistant.refusal || (editor.selection.size === 1 ? "" : "Select one shape first.");
  const placed = () => one() || (editor.selected()[0]?.geometry.type === "tag" ? "A tag has no place in the picture." : "");
  const follow = () => (editor.isVideo ? placed() || (editor.frame === editor.item.frames - 1 ? "This is the last frame." : "") : "Only videos have a next frame.");
  commands.add("Edit", "similar", "Find more like the selected shape", ["KeyJ"], () => void findSimilar(editor), placed, { toolbar: "search" });
  if (!editor.isVideo) return;
  commands.add("Edit", "propagate", "Propagate the selected shape through the next frames", ["Shift+KeyR"], () => void askAndFollow(editor, false), follow, { toolbar: "⇥" });
  commands.add("Edit", "propagate-by", "Propagate it, and choose how far", ["Alt+Shift+KeyR"], () => void askAndFollow(editor, true), follow);
}

/** @param {import("../editor.js").Editor} editor */
async function findSimilar(editor) {
  const [shape] = editor.selected();
  const frame = editor.frame === null ? {} : { frame: editor.frame };
  const answer = await assistantOf(editor).ask("similar", "Looking for more like this.", { annotation: shape.id, ...frame });
  if (!answer) return;
  editor.emit("say", answer.note);
  const ids = answer.annotations.map(({ id }) => id);
  const same = () => editor.selection.size === 1 && editor.selection.has(shape.id);
  if (ids.length && (await assistantOf(editor).arrived(ids)) && same()) editor.select(ids);
}

/** @param {import("../editor.js").Editor} editor @param {boolean} anew ask although it is known */
async function askAndFollow(editor, anew) {
  const [shape] = editor.selected();
  const known = storedReach();
  const reach = known && !anew ? known : await askReach(known ?? { frames: 10, method: "flow" });
  if (reach && editor.store.get(shape.id)) await followShape(editor, shape, reach);
}

/** A long way goes in several calls, each of which continues the suggested track. @param {import("../editor.js").Editor} editor @param {Annotation} shape @param {Reach} reach */
async function followShape(editor, shape, { frames, method }) {
  const assistant = assistantOf(editor);
  const start = editor.frame ?? 0;
  let [id, last] = [shape.id, start];
  /** @type {{frame: number, reason: string} | null} */
  let stopped = null;
  while (!stopped && last - start < frames && last < editor.item.frames - 1) {
    const body = { annotation: id, frame: last, frames: Math.min(FRAMES_A_CALL, frames - (last - start)), method };
    const answer = await assistant.ask("propagate", `Following: ${last - start} of ${frames} frames.`, body);
    if (!answer) break;
    ({ annotation: id, last, stopped } = /** @type {any} */ (answer));
  }
  if (last === start) return;
  const why = stopped ? ` It is lost on frame ${stopped.frame}: ${stopped.reason}.` : "";
  editor.emit("say", `Suggested on frames ${start + 1} to ${last}; Enter accepts the whole track.${why}`);
  if (editor.frame === start && (await assistant.arrived([id]))) showTrack(editor, id, start + 1);
}

/** Go to where the suggested track begins, with it selected. @param {import("../editor.js").Editor} editor @param {string} id @param {number} frame */
function showTrack(editor, id, frame) {
  const off = editor.on("frame", () => {
    off();
    if (editor.frame === frame) editor.select([id]);
  });
  editor.goTo(frame);
}

/** @returns {Reach | null} */
function storedReach() {
  try {
    const { frames, method } = JSON.parse(localStorage.getItem(REACH_SETTING) ?? "");
    return Number.isInteger(frames) && frames > 0 ? { frames: Math.min(frames, MOST_FRAMES), method } : null;
  } catch {
    return null;
  }
}

/** @param {Reach} before @returns {Promise<Reach | null>} null when the person thought better of it */
function askReach(before) {
  const frames = /** @type {HTMLInputElement} */ (make("input", { type: "number", id: "reach-frames", min: "1", max: String(MOST_FRAMES), step: "1", required: true, value: String(before.frames), autofocus: true }));
  const method = /** @type {HTMLSelectElement} */ (make("select", { id: "reach-method" }, make("option", { value: "flow" }, "Its points (optical flow)"), make("option", { value: "template" }, "Its looks (template)")));
  method.value = before.method;
  const no = make("button", { type: "button", class: "ed-small quiet" }, "Cancel");
  const form = /** @type {HTMLFormElement} */ (make(
    "form",
    { method: "dialog", class: "ed-assist-ask" },
    make("h2", { id: "reach-title" }, "Propagate"),
    make("p", {}, "The shape is followed until it is lost, and suggested as one track. Your choice is remembered; Alt Shift R asks again."),
    make("label", { for: "reach-frames" }, "Frames"), frames,
    make("label", { for: "reach-method" }, "Follow"), method,
    make("div", { class: "ed-assist-foot" }, no, make("button", { class: "ed-small", value: "go" }, "Propagate")),
  ));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "ed-dialog ed-assist-dialog", "aria-labelledby": "reach-title" }, form));
  no.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      document.getElementById("stage")?.focus();
      if (dialog.returnValue !== "go") return resolve(null);
      const reach = { frames: Math.round(Number(frames.value)), method: method.value };
      localStorage.setItem(REACH_SETTING, JSON.stringify(reach));
      resolve(reach);
    });
  });
}

/** A tool whose weights the server lacks says how to get them. @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands */
async function readiness(editor, commands) {
  let missing = "";
  try {
    const { click } = await api("GET", `items/${editor.item.id}/assist`);
    missing = click.detail;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return; // the call itself will say what is wrong
  }
  const command = commands.all.find(({ id }) => id === "tool-click");
  if (!missing || !command) return;
  const before = command.refusal;
  command.refusal = () => before() || missing;
  editor.emit("rights");
}
