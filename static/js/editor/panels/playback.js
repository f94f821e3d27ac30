/** Playing a video in the frame bar: play and pause, speed, loop, and the rate that is really reached. */
import { icon, make } from "../../lib/dom.js";
import { isTrack, trackOf } from "../model/interpolation.js";
import { Player } from "../model/player.js";
import { safeStorage } from "../util.js";
import { eachFrame } from "./labels.js";

/** @typedef {import("../editor.js").Editor} Editor */

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const SETTING = "frameloop.editor.speed";
/** A Space that is held longer moves the picture. */
const TAP_MS = 300;
/** Timers are late by some milliseconds, and drawing waits for the screen. */
const EARLY_MS = 20;
/** A change of speed or a jump is heeded within. */
const LONGEST_MS = 100;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  const playback = new Playback(editor, part("frame-bar"));
  const add = commands.add.bind(commands);
  add("Frames", "play", "Play or pause (or tap Space)", ["KeyY"], () => playback.toggle(), undefined, { inLists: true });
  add("Frames", "loop", "Play the selected tracks, or all, again and again", ["Shift+KeyY"], () => playback.setLoop(!playback.player.loop), undefined, { inLists: true });
  add("Frames", "faster", "Play faster", ["Alt+Period"], () => playback.faster(1), undefined, { inLists: true });
  add("Frames", "slower", "Play slower", ["Alt+Comma"], () => playback.faster(-1), undefined, { inLists: true });
  listenToSpace(editor, playback, part("stage"));
}

/** A tap of Space plays; held, it moves the picture. @param {Editor} editor @param {Playback} playback @param {HTMLElement} stage */
function listenToSpace(editor, playback, stage) {
  let since = 0;
  const mine = (/** @type {KeyboardEvent} */ event) => event.code === "Space" && (event.target === document.body || event.target === stage);
  document.addEventListener("keydown", (event) => {
    if (mine(event) && !event.repeat && !event.ctrlKey && !event.altKey && !event.shiftKey) since = performance.now();
  });
  stage.addEventListener("pointerdown", () => {
    since = 0;
    playback.pause();
  });
  document.addEventListener("keyup", (event) => {
    if (mine(event) && since && performance.now() - since < TAP_MS) playback.toggle();
    since = 0;
  });
  editor.on("drafts", () => editor.drafts.size && playback.pause());
}

class Playback {
  /** @param {Editor} editor @param {HTMLElement} bar */
  constructor(editor, bar) {
    this.editor = editor;
    const fps = editor.item.fps || 25;
    this.player = new Player({
      count: editor.item.frames,
      timeOf: (n) => editor.frames?.timeOf(n) ?? n / fps,
      ready: (n) => editor.frames?.ready(n) ?? false,
    });
    this.storage = safeStorage("localStorage");
    const stored = Number(this.storage.get(SETTING));
    this.player.speed = SPEEDS.includes(stored) ? stored : 1;
    this._jumped = false;
    this._asking = false;
    this.button = make("button", { type: "button", class: "ed-btn ed-play", "data-command": "play" });
    this.speeds = /** @type {HTMLSelectElement} */ (make("select", { class: "ed-speed", "aria-label": "Speed", title: "Speed (Alt . and Alt ,)" }, ...SPEEDS.map((speed) => make("option", { value: String(speed) }, `${speed} ×`))));
    this.looping = make("button", { type: "button", class: "ed-btn", "data-command": "loop", title: "Play the selected tracks, or all, again and again (Shift Y)", "aria-label": "Loop" }, icon("refresh"));
    this.rate = make("span", { class: "ed-rate" });
    this._build(bar);
    editor.on("frame", () => editor.playing && this.player.shown(editor.frame ?? 0, performance.now() / 1000));
    eachFrame(editor, () => this._say());
    editor.on("wanted", () => {
      if (!this._asking) this._jumped = true;
    });
  }

  /** @param {HTMLElement} bar */
  _build(bar) {
    this.button.addEventListener("click", () => this.toggle());
    this.speeds.value = String(this.player.speed);
    this.speeds.addEventListener("change", () => this.setSpeed(Number(this.speeds.value)));
    this.looping.addEventListener("click", () => this.setLoop(!this.player.loop));
    bar.prepend(make("div", { class: "ed-player", role: "group", "aria-label": "Playing" }, this.button, this.speeds, this.looping));
    bar.append(this.rate);
    this._show();
  }

  _show() {
    const { playing } = this.editor;
    const words = playing ? "Pause" : "Play";
    this.button.replaceChildren(icon(playing ? "pause" : "play"));
    this.button.setAttribute("aria-label", words);
    this.button.title = `${words} (Y, or tap Space)`;
    this.looping.setAttribute("aria-pressed", String(Boolean(this.player.loop)));
    if (!playing) this.rate.textContent = "";
  }

  toggle() {
    if (this.editor.playing) this.pause();
    else this.play();
  }

  play() {
    const { editor, player } = this;
    editor.commitDrafts();
    editor.playing = true;
    this._jumped = true;
    if ((editor.frame ?? 0) >= player.last || (editor.frame ?? 0) < player.first) this._ask(player.first);
    this._show();
    requestAnimationFrame(() => this._tick());
  }

  pause() {
    const { editor } = this;
    if (!editor.playing) return;
    editor.playing = false;
    if (editor.wanted !== editor.frame) this._ask(editor.frame ?? 0);
    this._show();
    editor.emit("frame"); // what waited for the picture to stand still
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.player.setSpeed(speed, this.editor.frame ?? 0, performance.now() / 1000);
    this.speeds.value = String(speed);
    this.storage.set(SETTING, String(speed));
  }

  /** @param {number} by */
  faster(by) {
    const at = SPEEDS.indexOf(this.player.speed) + by;
    if (SPEEDS[at]) this.setSpeed(SPEEDS[at]);
    this.editor.emit("say", `Speed ${this.player.speed} ×`);
  }

  /** @param {boolean} on */
  setLoop(on) {
    const { player, editor } = this;
    player.loop = on ? rangeOf(editor) : null;
    this._jumped = true;
    this._show();
    if (player.loop) editor.emit("say", `Plays frames ${player.loop[0]} to ${player.loop[1]} again and again.`);
  }

  _tick() {
    const { editor, player } = this;
    if (!editor.playing) return;
    const clock = performance.now() / 1000;
    this._wait(clock);
    if (editor.frame === null || editor.wanted !== editor.frame) return;
    if (this._jumped) player.start(editor.frame, clock);
    this._jumped = false;
    const next = player.next(editor.frame, clock);
    if (next === "end") return this.pause();
    if (next) this._ask(next.frame, next.again);
  }

  /** Until shortly before the next frame is due: a page that draws nothing has to be asked for nothing. @param {number} clock */
  _wait(clock) {
    const { editor, player } = this;
    const stays = this._jumped || editor.wanted !== editor.frame ? 0 : player.stays(editor.frame ?? 0, clock) * 1000 - EARLY_MS;
    const ask = () => requestAnimationFrame(() => this._tick());
    if (stays > EARLY_MS) setTimeout(ask, Math.min(stays, LONGEST_MS));
    else ask();
  }

  /** @param {number} frame @param {boolean} [again] */
  _ask(frame, again = false) {
    this._asking = true;
    this.editor.goTo(frame);
    this._asking = false;
    if (again) this._jumped = true;
  }

  _say() {
    const { rate, dropped, speed } = this.player;
    const wanted = (this.editor.item.fps || 25) * speed;
    if (!this.editor.playing) return;
    this.rate.textContent = rate ? `${rate.toFixed(1)} of ${wanted.toFixed(wanted % 1 ? 1 : 0)} fps` : "";
    this.rate.title = `Frames shown a second; ${dropped} left out`;
  }
}

/** The frames of the selected tracks; of the whole video where none is selected. @param {Editor} editor @returns {[number, number]} */
function rangeOf(editor) {
  const runs = editor.selected().filter(isTrack).flatMap((track) => trackOf(track).visible());
  if (!runs.length) return [0, editor.item.frames - 1];
  const [first, last] = [Math.min(...runs.map(([begin]) => begin)), Math.max(...runs.map(([, end]) => end))];
  return last > first ? [first, last] : [first, Math.min(first + 1, editor.item.frames - 1)];
}
