/** Tags: a toggle for each class in a tab of the side, and chips over the picture. */
import { make } from "../../lib/dom.js";
import { isSuggestion } from "../editor.js";
import { defaultsOf } from "../model/attributes.js";
import { tagsOn, toggled } from "../model/tags.js";
import { tagKey } from "../tools/tag.js";
import { put } from "../util.js";
import { eachFrame, later } from "./labels.js";

/**
 * @typedef {import("../editor.js").Editor} Editor
 * @typedef {import("../types.js").Annotation} Annotation
 */

/** Where these are the task, a picture has one tag, and the editor begins with them. */
const TASKS = ["classify", "anomaly"];

/** @param {import("../extensions.js").Context} context */
export function install({ editor, renderer, side }) {
  const panel = new TagPanel(editor, side.addTab("tags", "Tags"));
  chips(editor, /** @type {HTMLElement} */ (renderer.stage.parentElement));
  let before = "";
  editor.on("tool", () => {
    if (editor.tool === "tag" && side.current !== "tags") {
      before = side.current;
      side.open("tags");
    } else if (editor.tool !== "tag") {
      // The tool brought the tab, and takes it along.
      if (before && side.current === "tags") side.open(before);
      before = "";
    }
  });
  editor.on("tag", (/** @type {string} */ label) => panel.toggle(label));
  const badge = later(() => side.badge("tags", tagsOn(editor.store, editor.frame).length));
  editor.store.on("change", badge);
  eachFrame(editor, badge);
  badge();
  if (!TASKS.includes(editor.config.project.task ?? "")) return;
  if (editor.editable) editor.setTool("tag");
  side.open("tags");
}

class TagPanel {
  /** @param {Editor} editor @param {HTMLElement} root */
  constructor(editor, root) {
    this.editor = editor;
    /** Of a video: whether the next tag is one of all of it. */
    this.whole = false;
    this.single = TASKS.includes(editor.config.project.task ?? "");
    /** @type {ReturnType<TagPanel["_row"]>[]} */
    this.rows = [];
    const list = make("div", { class: "ed-labels", role: "group", "aria-label": "Tags" });
    const build = () => {
      this.rows = editor.labels.map((label, i) => this._row(label, i));
      list.replaceChildren(...this.rows.map(({ button }) => button));
      this.show();
    };
    this.hint = make("p", { class: "ed-none" });
    root.append(...this._switches(), list, this.hint);
    root.addEventListener("keydown", (event) => {
      if (!tagKey(event, editor)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    const show = later(() => this.show());
    editor.on("rights", show);
    eachFrame(editor, show);
    editor.on("labels", build);
    editor.store.on("change", show);
    build();
  }

  /** @returns {HTMLElement[]} */
  _switches() {
    const single = make("input", { type: "checkbox", checked: this.single });
    single.addEventListener("change", () => (this.single = /** @type {HTMLInputElement} */ (single).checked));
    const one = make("label", { class: "ed-tag-single" }, single, "One tag at a time");
    if (!this.editor.isVideo) return [one];
    const scopes = [["This frame", false], ["Whole video", true]].map(([word, whole]) => {
      const button = make("button", { type: "button", class: "ed-small quiet", "aria-pressed": String(whole === this.whole) }, String(word));
      button.addEventListener("click", () => {
        this.whole = Boolean(whole);
        this.show();
      });
      return button;
    });
    this.scopes = scopes;
    return [make("div", { class: "ed-tag-scope", role: "group", "aria-label": "What the tags are about" }, ...scopes), one];
  }

  /** @param {import("../types.js").Label} label @param {number} i */
  _row(label, i) {
    const swatch = make("span", { class: "ed-swatch" });
    swatch.style.color = label.color;
    const mark = make("span", { class: "ed-count" });
    const button = make("button", { type: "button", class: "ed-label ed-tag", title: label.name, "aria-pressed": "false" }, swatch, make("span", { class: "ed-cut" }, label.name), mark, i < 9 ? make("kbd", {}, String(i + 1)) : null);
    button.addEventListener("click", () => this.toggle(label.id));
    return { button, mark, label };
  }

  /** The frame that tags are about now; null for a picture or the whole video. */
  get place() {
    return this.whole ? null : this.editor.frame;
  }

  /** @returns {Annotation[]} */
  _here() {
    return tagsOn(this.editor.store, this.editor.frame).filter((tag) => (tag.frame ?? null) === this.place);
  }

  /** @param {string} id of the label */
  toggle(id) {
    const { editor, place, single } = this;
    const label = editor.label(id);
    if (!label) return;
    const { attributes } = defaultsOf(label) ?? {};
    const { ops, on } = toggled(this._here(), id, { place, single, attributes });
    editor.submit(ops, `${on ? "Tag" : "Untag"} ${label.name}`);
    if (editor.editable) editor.emit("say", `${label.name}: ${on ? "set" : "taken away"}.`);
  }

  show() {
    const here = this._here();
    const all = tagsOn(this.editor.store, this.editor.frame);
    this.scopes?.forEach((button, i) => put(button, "aria-pressed", String(this.whole === (i === 1))));
    for (const { button, mark, label } of this.rows) {
      const tag = here.find((each) => each.label === label.id);
      put(button, "aria-pressed", String(Boolean(tag && !isSuggestion(tag))));
      put(button, "aria-disabled", String(!this.editor.editable));
      const elsewhere = !tag && all.some((each) => each.label === label.id);
      mark.textContent = tag && isSuggestion(tag) ? `suggested${tag.confidence ? ` ${Math.round(tag.confidence * 100)} %` : ""}` : elsewhere ? (this.whole ? "this frame" : "whole video") : "";
    }
    this.hint.hidden = !this.editor.editable;
    this.hint.textContent = this.editor.labels.length ? "Press T, then the digit of a class." : "This project has no classes yet. A manager adds them in its settings.";
  }
}

/** @param {Editor} editor @param {HTMLElement} middle */
function chips(editor, middle) {
  const list = make("ul", { class: "ed-chips", "aria-label": "Tags of this picture", hidden: true });
  middle.append(list);
  const show = later(() => {
    const tags = tagsOn(editor.store, editor.frame);
    list.hidden = !tags.length;
    list.replaceChildren(...tags.map((tag) => chip(editor, tag)));
  });
  eachFrame(editor, show);
  editor.store.on("change", show);
  show();
}

/** @param {Editor} editor @param {Annotation} tag */
function chip(editor, tag) {
  const { color, name } = editor.styles.of(tag);
  const swatch = make("span", { class: isSuggestion(tag) ? "ed-swatch dashed" : "ed-swatch" });
  swatch.style.color = color;
  const scope = editor.isVideo && (tag.frame ?? null) === null ? make("small", {}, "whole video") : null;
  return make("li", { class: "ed-chip" }, swatch, name, scope);
}
