/** The tab of comments: the list of threads, or one thread with its answers. */
import { ago } from "../../lib/bell.js";
import { icon, make } from "../../lib/dom.js";
import { mayResolve, partsOf, said } from "../model/threads.js";
import { composer } from "./composer.js";
import { face } from "./face.js";

/**
 * @typedef {import("../model/threads.js").Thread} Thread
 * @typedef {import("../model/threads.js").Comment} Comment
 * @typedef {import("../model/threads.js").Filter} Filter
 * @typedef {import("./comments.js").Comments} Comments
 */

const UNDO_MS = 10_000;
const FACE = { class: "ed-face", "aria-hidden": "true" };
const NONE = {
  open: "No open comments. C pins one to a shape or a point.",
  resolved: "Nothing was resolved yet.",
  mine: "You have not said anything here, and nobody has called you.",
};

export class ThreadPanel {
  /** @param {HTMLElement} root @param {Comments} comments */
  constructor(root, comments) {
    this.comments = comments;
    /** @type {string | null} the thread that is open */
    this.current = null;
    this.composing = false;
    /** @type {Filter} */
    this.filter = "open";
    /** @type {string | null} one's own comment that is being changed */
    this.editing = null;
    this.heading = make("h2", { class: "ed-heading" });
    this.body = make("div", { class: "ed-threads" });
    this.foot = make("div", { class: "ed-thread-foot" });
    this.undo = make("div", { class: "ed-undo", role: "status" });
    this.undo.hidden = true;
    root.append(this.heading, this.body, this.undo, this.foot);
    comments.threads.on("change", () => this.draw());
    this.list();
  }

  get threads() {
    return this.comments.threads;
  }

  list() {
    this.current = null;
    this.composing = false;
    this.editing = null;
    this.foot.replaceChildren();
    this.draw();
  }

  /** @param {string} id */
  open(id) {
    const same = this.current === id;
    this.current = id;
    this.composing = false;
    this.editing = null;
    if (!same) this.foot.replaceChildren(...(this.comments.refusal ? [] : [this._answer(id)]));
    this.draw();
    this.body.scrollTop = this.body.scrollHeight;
    const back = this.heading.querySelector("button");
    if (document.activeElement?.classList.contains("ed-pin")) /** @type {HTMLElement | null} */ (this.foot.querySelector("textarea") ?? back)?.focus();
  }

  /** A field for a new thread. @param {import("./comments.js").Place} place */
  compose(place) {
    this.current = null;
    this.composing = true;
    this.comments.address(null);
    const form = composer({
      people: () => this.threads.people, label: "Say something", action: "Comment",
      cancel: () => this.list(),
      send: async (text) => {
        const thread = await this.comments.send("POST", `items/${this.comments.editor.item.id}/threads`, { text, ...place });
        this.composing = false;
        this.comments.open(thread.id);
        this.comments.host.focus();
      },
    });
    this.foot.replaceChildren(make("p", { class: "ed-about" }, this.comments.placeText(place)), form);
    this.draw();
    form.querySelector("textarea")?.focus();
  }

  /** @param {string} id */
  _answer(id) {
    return composer({
      people: () => this.threads.people, label: "Answer", action: "Answer",
      send: async (text) => {
        await this.comments.send("POST", `threads/${id}/comments`, { text });
        this.body.scrollTop = this.body.scrollHeight;
      },
    });
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  draw() {
    const thread = this.current ? this.threads.get(this.current) : undefined;
    const focused = document.activeElement;
    if (this.editing && focused instanceof HTMLTextAreaElement && this.body.contains(focused)) return;
    const row = focused instanceof HTMLElement && this.body.contains(focused) ? focused.dataset.thread : undefined;
    if (thread && said(thread).length) this._drawThread(thread);
    else this._drawList();
    if (row) /** @type {HTMLElement | null} */ (this.body.querySelector(`[data-thread="${row}"]`))?.focus();
  }

  _drawList() {
    if (this.current) {
      this.current = null;
      this.foot.replaceChildren();
      this.comments.address(null);
    }
    const rows = this.threads.list(this.filter, this.comments.me);
    this.heading.replaceChildren("Comments", make("span", { class: "ed-grow" }), this._filter(), this._new());
    this.body.replaceChildren(...rows.map((thread) => this._card(thread)));
    if (!rows.length) this.body.append(make("p", { class: "ed-none" }, NONE[/** @type {keyof NONE} */ (this.filter)]));
  }

  _filter() {
    const choices = /** @type {[Filter, string][]} */ ([["open", "Open"], ["resolved", "Resolved"], ["mine", "Mine"]]);
    const select = /** @type {HTMLSelectElement} */ (make("select", { class: "ed-select", "aria-label": "Which comments" }, ...choices.map(([value, text]) => make("option", { value, selected: value === this.filter }, text))));
    select.addEventListener("change", () => {
      this.filter = /** @type {Filter} */ (select.value);
      this.draw();
      /** @type {HTMLElement | null} */ (this.heading.querySelector("select"))?.focus();
    });
    return select;
  }

  _new() {
    if (this.comments.refusal) return "";
    return make("button", { type: "button", class: "ed-mini", title: "New comment (C)", "aria-label": "New comment", onclick: () => this.comments.begin() }, icon("plus"));
  }

  /** @param {Thread} thread */
  _card(thread) {
    const comments = said(thread);
    const [first] = comments;
    const answers = comments.length > 1 ? ` · ${comments.length - 1} ${comments.length > 2 ? "answers" : "answer"}` : "";
    const place = `${this.comments.placeText(thread)} · ${ago(comments[comments.length - 1].created_at)}${answers}`;
    return make(
      "button",
      { type: "button", class: "ed-thread", "data-thread": thread.id, onclick: () => this.comments.open(thread.id) },
      face(first.author, "span", FACE), make("span", { class: "ed-thread-words" }, make("strong", {}, first.author?.name ?? "Somebody"), make("span", { class: "ed-thread-text" }, first.text), make("small", {}, place)),
    );
  }

  /** @param {Thread} thread */
  _drawThread(thread) {
    const back = make("button", { type: "button", class: "ed-mini", "aria-label": "All comments", title: "All comments", onclick: () => this._back() }, icon("chevron-left"));
    const words = make("span", { class: "ed-cut" }, this.comments.placeText(thread));
    this.heading.replaceChildren(back, words, ...this._resolving(thread));
    const state = thread.resolved_at ? [make("p", { class: "ed-resolved" }, icon("check"), `Resolved by ${thread.resolved_by?.name ?? "somebody"}, ${ago(thread.resolved_at)}`)] : [];
    this.body.replaceChildren(...said(thread).map((comment) => this._comment(comment)), ...state);
  }

  _back() {
    this.comments.address(null);
    const id = this.current;
    this.list();
    /** @type {HTMLElement | null} */ (this.body.querySelector(`[data-thread="${id}"]`))?.focus();
  }

  /** @param {Thread} thread */
  _resolving(thread) {
    const { me, role, refusal } = this.comments;
    const step = thread.resolved_at ? "reopen" : "resolve";
    if (refusal || (step === "resolve" && !mayResolve(thread, me, role))) return [];
    const act = () => this._try(() => this.comments.send("POST", `threads/${thread.id}/${step}`));
    return [make("button", { type: "button", class: "ed-small quiet", onclick: act }, thread.resolved_at ? "Reopen" : "Resolve")];
  }

  /** @param {Comment} comment */
  _comment(comment) {
    const name = comment.author?.name ?? "Somebody";
    const mine = comment.author?.id === this.comments.me && !this.comments.refusal;
    const when = make("time", { datetime: comment.created_at, title: new Date(comment.created_at).toLocaleString() }, `${ago(comment.created_at)}${comment.edited_at ? ", edited" : ""}`);
    const tools = mine ? [small("Edit", "pencil", () => this._edit(comment.id)), small("Delete", "trash", () => this._delete(comment))] : [];
    const words = comment.id === this.editing ? this._change(comment) : make("p", { class: "ed-words" }, ...partsOf(comment.text, comment.mentions).map((part) => (part.person ? make("b", { class: "ed-mention" }, part.text) : part.text)));
    return make("article", { class: "ed-comment", "aria-label": `Comment by ${name}` }, face(comment.author, "span", FACE), make("div", { class: "ed-thread-words" }, make("header", {}, make("strong", { class: "ed-cut" }, name), when, ...tools), words));
  }

  /** @param {string} id */
  _edit(id) {
    this.editing = id;
    this.draw();
    const field = this.body.querySelector("textarea");
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  /** @param {Comment} comment */
  _change(comment) {
    const done = () => {
      this.editing = null;
      this.draw();
    };
    return composer({
      people: () => this.threads.people, label: "Change the comment", action: "Save", text: comment.text, cancel: done,
      send: async (text) => {
        await this.comments.send("PATCH", `comments/${comment.id}`, { text });
        done();
      },
    });
  }

  /** @param {Comment} comment */
  _delete(comment) {
    void this._try(async () => {
      await this.comments.send("PATCH", `comments/${comment.id}`, { deleted: true });
      const thread = [...this.threads.all.values()].find(({ comments }) => comments.some(({ id }) => id === comment.id));
      this._offerUndo(async () => {
        await this.comments.send("PATCH", `comments/${comment.id}`, { deleted: false });
        if (thread) this.comments.open(thread.id);
      });
    });
  }

  /** @param {() => Promise<void>} undo */
  _offerUndo(undo) {
    const hide = () => (this.undo.hidden = true);
    const button = make("button", { type: "button", class: "ed-small quiet", onclick: () => {
      hide();
      void this._try(undo);
    } }, "Undo");
    this.undo.replaceChildren("Comment deleted.", make("span", { class: "ed-grow" }), button);
    this.undo.hidden = false;
    button.focus();
    clearTimeout(this._timer);
    this._timer = setTimeout(hide, UNDO_MS);
  }

  /** @param {() => Promise<any>} act */
  async _try(act) {
    try {
      await act();
    } catch (error) {
      this.comments.editor.emit("say", error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {string} title @param {string} sign @param {() => void} act */
function small(title, sign, act) {
  return make("button", { type: "button", class: "ed-mini", title, "aria-label": title, onclick: act }, icon(sign));
}
