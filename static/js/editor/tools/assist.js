/** Tools that ask the server for an outline: cut out of a box, and segment by clicks. What comes is a suggestion. */
import { api, ApiError } from "../../lib/api.js";
import { boxBetween } from "../model/geometry.js";
import { Emitter } from "../util.js";

/** @typedef {import("./select.js").Press} Press */
/** @typedef {{rev: number, annotations: {id: string}[], note: string, [field: string]: any}} Answer */

const FORM_SETTING = "frameloop.assist.form";
export const FORMS = ["polygon", "mask", "box"];
/** A smaller box is a slip of the hand; the server refuses it as well. */
const SMALLEST = 4;
const CLICK_SLACK = 4;
const ARRIVES_MS = 8000;
const SVG = "http://www.w3.org/2000/svg";

/** One question to the server at a time. Emits `change` when it begins and ends to wait for an answer. */
export class Assistant extends Emitter {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    super();
    this.editor = editor;
    /** What it waits for, in words; empty when it is free. */
    this.doing = "";
    /** @type {object | null} what tells an answer that is still wanted from one that was given up */
    this._asked = null;
  }

  /** What the outlines become. */
  get form() {
    const kept = localStorage.getItem(FORM_SETTING) ?? "";
    return FORMS.includes(kept) ? kept : FORMS[0];
  }

  set form(form) {
    localStorage.setItem(FORM_SETTING, form);
    this.emit("change");
  }

  /** Why nothing can be asked now; empty when it can. */
  get refusal() {
    return this.editor.refusal || (this.doing ? `${this.doing} Wait for it, or press Escape.` : "");
  }

  /**
   * @param {string} tool the last part of the address @param {string} doing in words @param {Record<string, any>} body
   * @returns {Promise<Answer | null>} null when it was refused, which has been said, or given up
   */
  async ask(tool, doing, body) {
    if (this.refusal) {
      this.editor.emit("say", this.refusal);
      return null;
    }
    const mine = {};
    this._asked = mine;
    this._do(doing);
    try {
      const answer = await api("POST", `items/${this.editor.item.id}/assist/${tool}`, body);
      if (this._asked === mine) return answer;
      void this._takeBack(answer);
    } catch (error) {
      if (this._asked === mine) this.editor.emit("say", error instanceof ApiError ? error.detail : String(error));
    } finally {
      if (this._asked === mine) {
        this._asked = null;
        this._do("");
      }
    }
    return null;
  }

  /** Give up what is waited for; true when there was something. */
  cancel() {
    if (!this.doing) return false;
    this._asked = null;
    this._do("");
    this.editor.emit("say", "Given up: nothing was suggested.");
    return true;
  }

  /** The answer of a question that was given up in the meantime: nobody wants its suggestions. @param {Answer} answer */
  async _takeBack({ annotations }) {
    const ids = annotations.map(({ id }) => id);
    if (!ids.length || !(await this.arrived(ids))) return;
    this.editor.client.submit(ids.map((id) => ({ op: "delete", id })), { title: "Take back what was given up" });
  }

  /** @param {string} doing */
  _do(doing) {
    this.doing = doing;
    this.emit("change");
  }

  /** Whether the shapes came, which they do by the room's own line. @param {string[]} ids @returns {Promise<boolean>} */
  arrived(ids) {
    const { store } = this.editor;
    const here = () => ids.every((id) => store.get(id));
    if (here()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (/** @type {boolean} */ came) => {
        off();
        clearTimeout(timer);
        resolve(came);
      };
      const off = store.on("change", () => here() && done(true));
      const timer = setTimeout(() => done(false), ARRIVES_MS);
    });
  }

  /** Select what was suggested, so that one key accepts it, unless the hand has gone on to something else. @param {Answer} answer */
  async choose({ annotations }) {
    const { editor } = this;
    const { frame } = editor;
    const ids = annotations.map(({ id }) => id);
    if (!ids.length || !(await this.arrived(ids)) || editor.frame !== frame) return;
    if (!editor.selection.size && !editor.drafts.size) editor.select(ids);
  }

  /** What every question says of where it is asked. */
  get place() {
    const { editor } = this;
    return { label: editor.labelId, as: this.form, ...(editor.frame === null ? {} : { frame: editor.frame }) };
  }
}

/** @type {WeakMap<import("../editor.js").Editor, Assistant>} */
const assistants = new WeakMap();

/** The one of this editor. @param {import("../editor.js").Editor} editor */
export function assistantOf(editor) {
  const known = assistants.get(editor) ?? new Assistant(editor);
  assistants.set(editor, known);
  return known;
}

/** Drag a box around an object: GrabCut finds its outline. */
export class CutOutTool {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.assistant = assistantOf(editor);
    /** @type {Press | null} the first corner */
    this.first = null;
  }

  get cursor() {
    return this.assistant.doing ? "progress" : "crosshair";
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {
    this._drop();
  }

  /** @param {Press} press */
  down(press) {
    const { refusal } = this.assistant;
    if (refusal) return this.editor.emit("say", refusal);
    if (this.first) return;
    this.editor.select([]);
    this.first = press;
  }

  /** @param {Press} press */
  move(press) {
    const box = this._box(press);
    if (!box) return;
    this.editor.setDrafts(new Map([["new", box]]));
    this.editor.setGuides({ sizeAt: { text: `${Math.round(box.w)} × ${Math.round(box.h)}`, at: press.screen } });
  }

  /** @param {Press} press */
  up(press) {
    if (!this.first) return;
    const [x, y] = this.first.screen;
    if (Math.hypot(press.screen[0] - x, press.screen[1] - y) < CLICK_SLACK) return;
    const box = this._box(press);
    this._drop();
    if (box && Math.min(box.w, box.h) >= SMALLEST) void this._cut(box);
  }

  cancel() {
    if (this.first) this._drop();
    else this.assistant.cancel();
  }

  get busy() {
    return this.first !== null || Boolean(this.assistant.doing);
  }

  /** @param {import("../model/geometry.js").Box} box */
  async _cut({ x, y, w, h }) {
    const { assistant } = this;
    const answer = await assistant.ask("grabcut", "Cutting the object out.", { ...assistant.place, box: { x, y, w, h } });
    if (answer) await assistant.choose(answer);
  }

  _drop() {
    this.first = null;
    this.editor.dropDrafts();
    this.editor.setGuides({ sizeAt: null });
  }

  /** @param {Press} press */
  _box(press) {
    const { width, height } = this.editor.item;
    return this.first && boxBetween(this.first.picture, press.picture, width, height);
  }
}

/** Click on an object, and Alt-click beside it, until the outline fits: each click replaces the suggestion before. */
export class ClickTool {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.assistant = assistantOf(editor);
    this.marks = new Marks(editor);
    /** @type {[number, number, 0 | 1][]} */
    this.points = [];
    /** @type {string | null} the suggestion that the points so far have given */
    this.suggestion = null;
    this._asked = 0;
    this._round = 0;
    editor.store.on("change", () => this._settled());
    editor.on("frame", () => this._drop());
  }

  get cursor() {
    return this.assistant.doing ? "progress" : "crosshair";
  }

  enter() {
    this.editor.setHover(null);
    if (!this.points.length) this.editor.select([]);
  }

  exit() {
    this._drop();
  }

  /** @param {Press} press */
  down(press) {
    const { editor } = this;
    if (editor.refusal) return editor.emit("say", editor.refusal);
    const [x, y] = press.picture;
    if (x < 0 || y < 0 || x > editor.item.width || y > editor.item.height) return;
    if (!this.points.length && press.alt) return editor.emit("say", "Click on the object first; Alt-click then takes away what does not belong to it.");
    this.points.push([x, y, press.alt ? 0 : 1]);
    this.marks.show(this.points);
    if (!this.assistant.doing) void this._segment();
  }

  move() {}

  up() {}

  /** Escape: give up the answer that is waited for, or begin a new object. */
  cancel() {
    this.assistant.cancel();
    this._drop();
  }

  get busy() {
    return this.points.length > 0 || Boolean(this.assistant.doing);
  }

  /** Clicks that come meanwhile are asked for together, when the answer is here. */
  async _segment() {
    const { assistant } = this;
    const round = this._round;
    while (round === this._round && this._asked !== this.points.length) {
      this._asked = this.points.length;
      const body = { ...assistant.place, points: this.points, ...(this.suggestion ? { replaces: this.suggestion } : {}) };
      const answer = await assistant.ask("click", "Segmenting.", body);
      if (round !== this._round) return;
      if (!answer) return this._drop();
      const [made] = answer.annotations;
      this.suggestion = null; // the old one goes with the op that brings the new one: that must not end this object
      if (!(await assistant.arrived([made.id])) || round !== this._round) return;
      this.suggestion = made.id;
      this.editor.select([made.id]);
    }
  }

  /** Accepted or refused: the next click is the next object's. */
  _settled() {
    if (this.assistant.doing) return; // the line may bring the next outline, and take this one, before the answer is here
    if (this.suggestion && this.editor.store.get(this.suggestion)?.source !== "model") this._drop();
  }

  _drop() {
    this._round += 1;
    this.points = [];
    this._asked = 0;
    this.suggestion = null;
    this.marks.show([]);
  }
}

/** The clicks on the picture: a plus on the object, a minus beside it. */
class Marks {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.view = editor.view;
    this.root = document.createElementNS(SVG, "g");
    document.querySelector(".ed-overlay")?.append(this.root);
    /** @type {[number, number, 0 | 1][]} */
    this.points = [];
    editor.view.on("change", () => this._place());
  }

  /** @param {[number, number, 0 | 1][]} points in pixels of the picture */
  show(points) {
    this.points = [...points];
    this.root.replaceChildren(...points.map(([, , on]) => this._mark(on === 1)));
    this._place();
  }

  /** @param {boolean} on */
  _mark(on) {
    const mark = document.createElementNS(SVG, "path");
    mark.setAttribute("d", `M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0M-3.5 0h7${on ? "M0 -3.5v7" : ""}`);
    mark.setAttribute("fill", on ? "#0a6e6a" : "#9c2f16");
    mark.setAttribute("stroke", "#fff");
    mark.setAttribute("stroke-width", "1.6");
    return mark;
  }

  _place() {
    this.points.forEach(([x, y], i) => {
      const [left, top] = this.view.toScreen([x, y]);
      this.root.children[i]?.setAttribute("transform", `translate(${left.toFixed(1)} ${top.toFixed(1)})`);
    });
  }
}
