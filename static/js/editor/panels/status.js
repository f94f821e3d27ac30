/** What became of one's work: the save state, the zoom, and short words. */
import { make } from "../../lib/dom.js";
import { put } from "../util.js";
import { later } from "./labels.js";

const HINT_MS = 4500;
/** Numbers that run are read a few times a second; each new one makes the page lay itself out. */
const TELL_MS = 100;
const SPEAK_MS = 800;
const TITLES = /** @type {Record<string, string>} */ ({
  offline: "Your work is kept on this machine and sent when the connection is back.",
  aside: "Some of your work was refused: look at the tray at the top right of the picture.",
});

/** Always in sight: the rev that is saved, when, and what waits. @param {HTMLElement} root @param {import("../model/op_client.js").OpClient} client */
export function saveState(root, client) {
  const text = make("span", { id: "save-state" });
  const ago = make("span", { class: "ed-ago", "aria-hidden": "true" });
  // Screen readers hear of a state that lasts, not of every rev.
  const spoken = make("span", { class: "ed-sr", role: "status" });
  root.append(make("span", { class: "ed-dot" }), text, ago, spoken);
  let [tried, wasOff] = [false, false];
  let [speaking, aging] = [0, 0];
  const age = () => {
    clearTimeout(aging);
    const [words, next] = root.dataset.state === "saved" && client.savedAt ? sinceSaved(client.clock.now() - client.savedAt) : ["", 0];
    if (ago.textContent !== words) ago.textContent = words;
    if (next) aging = window.setTimeout(age, next);
  };
  const show = () => {
    tried ||= client.state !== "offline";
    if (client.state === "live" || client.state === "offline") wasOff = tried && client.state === "offline";
    const [kind, words] = saveWords(client, wasOff);
    root.dataset.state = kind;
    if (text.textContent !== words) text.textContent = words;
    put(root, "title", client.stopReason || TITLES[kind] || "Every edit is saved at once.");
    clearTimeout(speaking);
    speaking = window.setTimeout(() => speak(spoken, words.replace(/ · rev \d+/, "")), kind === "saved" ? SPEAK_MS : 2 * SPEAK_MS);
    age();
  };
  client.on("state", show);
  client.store.on("change", later(show, TELL_MS));
  show();
}

/** @param {HTMLElement} region @param {string} words */
function speak(region, words) {
  if (region.textContent !== words) region.textContent = words;
}

/** @param {number} ms since the last save @returns {[string, number]} words, and after how many ms they are old */
export function sinceSaved(ms) {
  if (ms < 1000) return [`${(Math.max(100, ms) / 1000).toFixed(1)} s ago`, 1000];
  if (ms < 60_000) return [`${Math.floor(ms / 1000)} s ago`, ms < 10_000 ? 1000 : 10_000];
  return ms < 3_600_000 ? [`${Math.floor(ms / 60_000)} min ago`, 60_000] : ["", 0];
}

/** @param {import("../model/op_client.js").OpClient} client @param {boolean} [wasOff] trying again is not being back @returns {[string, string]} */
export function saveWords(client, wasOff = false) {
  const { state, waiting, keeping } = client;
  // Only what this browser has written down survives the closing of the page.
  const pending = keeping ? ", writing it down" : waiting ? `, ${waiting} waiting` : "";
  if (state === "stopped") return ["stopped", `Stopped${pending}`];
  if (state === "offline" || (wasOff && state !== "live")) return ["offline", `Offline${pending}`];
  if (state !== "live") return ["connecting", `Connecting${pending}`];
  if (waiting) return ["saving", waiting > 3 ? `Saving, ${waiting} waiting` : "Saving"];
  const aside = client.tray.length ? `, ${client.tray.length} not saved` : "";
  return [aside ? "aside" : "saved", `Saved · rev ${client.store.rev}${aside}`];
}

/** Short words at the foot of the stage. @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
export function hints(root, editor) {
  let timer = 0;
  const say = (/** @type {string} */ words) => {
    root.textContent = words;
    root.hidden = !words;
    clearTimeout(timer);
    timer = window.setTimeout(() => (root.hidden = true), HINT_MS);
  };
  editor.on("say", say);
  editor.client.on("error", say);
  editor.client.on("overwritten", (/** @type {any[]} */ list) => say(`Saved over ${list.length > 1 ? `${list.length} changes` : "a change"} of ${names(list)}.`));
  editor.client.on("skipped", (/** @type {any[]} */ list) => say(skippedText(list)));
}

/** An undo leaves alone what others wrote since. @param {{id: string, by: any}[]} list */
export function skippedText(list) {
  const shapes = new Set(list.map(({ id }) => id)).size;
  const [it, is] = shapes === 1 ? ["it", "it is"] : [`${shapes} shapes`, "they are"];
  const who = names(list);
  return `Not taken back: ${who} ${who.includes(", ") ? "have" : "has"} changed ${it} since, so left as ${is}.`;
}

/** @param {any[]} list entries with `by` */
function names(list) {
  const all = new Set(list.map(({ by }) => by?.name ?? by).filter(Boolean));
  return [...all].join(", ") || "somebody else";
}

/** The zoom and where the pointer is. @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
export function measures(root, editor) {
  const zoom = make("button", { type: "button", class: "ed-zoom", title: "Fit the picture (F)", "aria-label": "Zoom: fit the picture" });
  const at = make("span", { class: "ed-at" });
  const { width, height, kind } = editor.item;
  root.append(at, make("span", {}, `${width} × ${height}${kind === "video" ? ` · ${editor.item.fps.toFixed(2).replace(/\.?0+$/, "")} fps` : ""}`), zoom);
  zoom.addEventListener("click", () => editor.view.fit());
  const show = () => {
    const text = `${Math.round(editor.view.scale * 100)} %`;
    if (zoom.textContent !== text) zoom.textContent = text;
  };
  editor.view.on("change", later(show, TELL_MS));
  /** @type {[number, number] | null} */
  let cursor = null;
  const tell = later(() => (at.textContent = cursor ? `${Math.round(cursor[0])}, ${Math.round(cursor[1])}` : ""), TELL_MS);
  editor.on("cursor", (point) => {
    cursor = point;
    tell();
  });
  show();
}
