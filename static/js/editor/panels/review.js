/** The item's state in the top bar: submit it, approve it, send it back, go on to the next; everybody sees it at once. */
import { api, apiUrl, csrfToken } from "../../lib/api.js";
import { icon, make } from "../../lib/dom.js";
import { keyText } from "../commands.js";
import { overPicture } from "./context_bar.js";

/** @typedef {{state: string, sent_back: {by: string, at: string, reason: string} | null, offers: string[], blind?: boolean, claimed?: boolean, consensus?: boolean}} Work */

const NAMES = /** @type {Record<string, string>} */ ({ "to-do": "To do", "in-progress": "In progress", "in-review": "In review", approved: "Approved", "sent-back": "Sent back" });
const DID = /** @type {Record<string, string>} */ ({ "in-progress": "took it back to work on it", "in-review": "submitted it for review", approved: "approved it", "sent-back": "sent it back", "to-do": "put it back to do" });
const RENEW_MS = 120_000;
const SAVED_WITHIN_MS = 5_000;
const SETTLE_MS = 800;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, part }) {
  new Review(editor, commands, part);
}

class Review {
  /** @param {import("../editor.js").Editor} editor @param {import("../commands.js").Commands} commands @param {(id: string) => HTMLElement} part */
  constructor(editor, commands, part) {
    this.editor = editor;
    this.commands = commands;
    this.stage = part("stage");
    this.busy = false;
    this._turn = 0;
    /** @type {Work} */
    this.work = editor.config.work;
    this.bar = make("div", { class: "work-bar", role: "group", "aria-label": "Work on this item" });
    part("extras").append(this.bar);
    this._commands();
    this._show();
    this._listen();
    if (this.work.claimed) this._hold();
  }

  get url() {
    return `items/${this.editor.item.id}`;
  }

  _commands() {
    const offered = (/** @type {string} */ state, /** @type {string} */ why) => () => (this.busy ? "One moment." : this.work.offers.includes(state) ? "" : why);
    const add = this.commands.add.bind(this.commands);
    add("Work", "submit", "Submit for review", ["Ctrl+Enter"], () => void this.go("in-review"), offered("in-review", "There is nothing to submit now."), { inLists: true });
    add("Work", "approve", "Approve", ["Ctrl+Shift+Enter"], () => void this.go("approved"), offered("approved", "Only a reviewer can approve it, and only once."), { inLists: true });
    add("Work", "send-back", "Send back…", ["Ctrl+Shift+Backspace"], () => this.ask(), offered("sent-back", "Only a reviewer can send it back, when it is in review or approved."), { inLists: true });
    add("Work", "withdraw", "Take back from review", [], () => void this.go("in-progress"), offered("in-progress", "It is not in review."));
    const role = this.editor.config.role;
    add("Work", "next-item", "Next item", ["Alt+KeyN"], () => void this.next("annotate"), () => (role === "viewer" ? "Your role here is viewer: you can look, not change." : ""), { inLists: true });
    const reviews = ["reviewer", "manager", "owner"].includes(role);
    add("Work", "next-review", "Next item to review", ["Alt+Shift+KeyN"], () => void this.next("review"), () => (reviews ? "" : "Only reviewers review: ask a manager for that role."), { inLists: true });
  }

  _listen() {
    const { client, store, item } = this.editor;
    client.on("message", (/** @type {any} */ message) => message.type === "state" && this._heard(message));
    let known = false;
    client.on("welcome", () => {
      if (known) void this.refresh(); // what was said while the line was down
      known = true;
    });
    client.on("refused", () => void this.refresh());
    client.on("head", (/** @type {string | undefined} */ state) => {
      if (state && state !== this.work.state && !this.busy) void this.refresh(); // a ring was lost
    });
    /** @type {any} */
    let timer = null;
    store.on("change", () => {
      if (item.state !== "to-do" || timer) return;
      timer = setTimeout(() => {
        timer = null;
        if (item.state === "to-do") void this.refresh();
      }, SETTLE_MS);
    });
  }

  /** @param {{state: string, by: {id: string, name: string} | null, reason: string}} message */
  _heard({ state, by, reason }) {
    if (state === this.work.state) return;
    const mine = by?.id === this.editor.config.user.id;
    if (!mine || !this.busy) this.editor.emit("say", `${mine ? "You" : (by?.name ?? "Somebody")} ${DID[state] ?? "changed it"}${reason ? `: ${reason}` : "."}`);
    this.editor.item.state = state; // nothing is drawn any more on what was approved
    this.editor.emit("rights");
    void this.refresh(); // and what this person can make of it
  }

  /** What the server says now; a server that cannot be reached is asked again at the next welcome. */
  async refresh() {
    const turn = ++this._turn; // an older answer must not beat a newer one
    const work = await api("GET", `${this.url}/state`).catch(() => ({ ...this.work, state: this.editor.item.state, offers: [] }));
    if (turn === this._turn) this._take(work);
  }

  /** @param {Work} work */
  _take(work) {
    this.work = { ...this.work, ...work };
    this.editor.item.state = work.state;
    this.editor.emit("rights");
    this._show();
  }

  // -- what one can do -------------------------------------------------------------------------------------------

  /** Take the item to a state. @param {string} state @param {string} [reason] @returns {Promise<boolean>} */
  async go(state, reason = "") {
    if (this.busy) return false;
    this.busy = true;
    this._show();
    try {
      await this._saved();
      const work = await api("POST", `${this.url}/state`, { state, reason, from: this.work.state });
      this._turn += 1;
      this._take(work);
      this.editor.emit("say", `${NAMES[state]}.`);
      return true;
    } catch (error) {
      const problem = /** @type {any} */ (error);
      this.editor.emit("say", problem.detail ?? problem.message);
      if (problem.status === 409) await this.refresh();
      return false;
    } finally {
      this.busy = false;
      this._show();
    }
  }

  /** What was drawn has to be there before somebody looks at it. */
  async _saved() {
    const { store, client } = this.editor;
    this.editor.commitDrafts();
    const until = performance.now() + SAVED_WITHIN_MS;
    while (store.pending.length && performance.now() < until && client.state !== "offline") await new Promise((go) => setTimeout(go, 50));
    if (store.pending.length) throw new Error("Some of your work is not saved yet: wait until it says 'Saved', then try again.");
  }

  ask() {
    const text = /** @type {HTMLTextAreaElement} */ (make("textarea", { id: "work-reason", rows: 4, maxlength: 1000, required: true, placeholder: "What has to be mended?" }));
    const form = make(
      "form", { class: "work-form", method: "dialog" },
      make("h2", { id: "work-reason-title" }, "Send back"),
      make("label", { for: "work-reason" }, "The reason, which the annotator reads"),
      text,
      make("div", { class: "work-foot" }, make("button", { type: "button", class: "work-btn", onclick: () => dialog.close() }, "Cancel"), make("button", { class: "work-btn work-primary" }, "Send back")),
    );
    const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "ed-dialog work-dialog", "aria-labelledby": "work-reason-title" }, form));
    form.addEventListener("submit", () => text.value.trim() && void this.go("sent-back", text.value.trim()));
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLFormElement} */ (form).requestSubmit();
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  /** Where this person is needed next. @param {"annotate" | "review"} role */
  async next(role) {
    try {
      const answer = await api("POST", `projects/${this.editor.config.project.id}/next-item`, { role, after: this.editor.item.id });
      if (answer.url) return location.assign(answer.url);
      this.editor.emit("say", answer.detail);
      this._nothing(answer.detail);
    } catch (error) {
      this.editor.emit("say", /** @type {Error} */ (error).message);
    }
  }

  /** Renew the lease of 'next item' while this page is open; leaving lets it go. */
  _hold() {
    const renew = async () => {
      if (document.hidden) return;
      try {
        await api("POST", `${this.url}/claim`);
      } catch (error) {
        if (/** @type {any} */ (error).status === 404) clearInterval(timer);
      }
    };
    const timer = setInterval(renew, RENEW_MS);
    void renew();
    addEventListener("pagehide", () => {
      void fetch(apiUrl(`${this.url}/claim`), { method: "DELETE", keepalive: true, headers: { "X-CSRFToken": csrfToken() } }).catch(() => undefined);
    });
    addEventListener("pageshow", (event) => event.persisted && void renew());
  }

  // -- what one sees ---------------------------------------------------------------------------------------------

  _show() {
    const { state, blind, consensus } = this.work;
    const focused = document.activeElement instanceof HTMLElement && this.bar.contains(document.activeElement) ? document.activeElement.dataset.command : null;
    const badges = [make("span", { class: "work-state", "data-state": state, title: "The state of this item" }, NAMES[state] ?? state)];
    if (blind) badges.push(make("span", { class: "work-state work-blind", title: "Several people label this picture, each without seeing the others' work" }, icon("eye-off"), "Blind copy"));
    if (consensus) badges.push(make("span", { class: "work-state", title: "Several people label blind copies of this item; it is merged from them" }, "Consensus"));
    this.bar.replaceChildren(...badges, ...this._buttons());
    if (focused) /** @type {HTMLElement | null} */ (this.bar.querySelector(`[data-command=${focused}]`))?.focus();
    document.querySelector(".ed-top > .ed-badge")?.toggleAttribute("hidden", this.editor.editable);
    this._reason();
  }

  /** @returns {HTMLElement[]} */
  _buttons() {
    const { offers, state } = this.work;
    const primary = this._primary();
    const shown = /** @type {[string, string, string][]} */ ([["sent-back", "send-back", "Send back…"], ["in-progress", "withdraw", "Take back"], ["approved", "approve", "Approve"], ["in-review", "submit", "Submit"]]);
    const wanted = shown.filter(([to, id]) => offers.includes(to) && !(id === "withdraw" && offers.includes("approved")));
    const buttons = wanted.map(([, id, text]) => this._button(id, text, id === primary));
    if (this.editor.config.role !== "viewer") buttons.push(this._button(state === "in-review" && offers.includes("approved") ? "next-review" : "next-item", "Next item", !primary));
    return buttons;
  }

  /** The step that is likeliest: what one came for. */
  _primary() {
    const { offers, state } = this.work;
    if (state === "in-review" && offers.includes("approved")) return "approve";
    return offers.includes("in-review") ? "submit" : "";
  }

  /** @param {string} id @param {string} text @param {boolean} primary */
  _button(id, text, primary) {
    const command = this.commands.get(id);
    const [key] = this.commands.keysOf(command);
    const run = () => {
      const refusal = command.refusal();
      if (refusal) this.editor.emit("say", refusal);
      else command.run(false);
    };
    return make("button", { type: "button", class: `work-btn${primary ? " work-primary" : ""}`, "data-command": id, title: key ? `${command.title} (${keyText(key)})` : command.title, "aria-busy": this.busy ? "true" : null, onclick: run }, text);
  }

  /** Why it was sent back, above the picture until it is submitted again. */
  _reason() {
    const why = this.work.sent_back;
    const shown = document.getElementById("work-why");
    if (!why || !why.reason) return shown?.remove();
    if (shown?.dataset.at === why.at) return;
    shown?.remove();
    const close = make("button", { type: "button", class: "ed-btn", "aria-label": "Hide the reason", title: "Hide", onclick: () => (box.hidden = true) }, icon("x"));
    const box = make("aside", { id: "work-why", class: "work-why", "data-at": why.at, "aria-label": "Why it was sent back" }, make("div", {}, make("strong", {}, why.by ? `${why.by} sent this back` : "Sent back"), make("p", {}, why.reason)), close);
    overPicture(this.stage).append(box);
  }

  /** @param {string} detail */
  _nothing(detail) {
    document.getElementById("work-done")?.remove();
    const { project } = this.editor.config.urls;
    const box = make("aside", { id: "work-done", class: "work-why work-done", role: "status" }, make("div", {}, make("strong", {}, "Nothing more for you here"), make("p", {}, detail)), make("a", { class: "work-btn work-primary", href: project }, "To the project"), make("button", { type: "button", class: "ed-btn", "aria-label": "Close", title: "Close", onclick: () => box.remove() }, icon("x")));
    overPicture(this.stage).append(box);
  }
}
