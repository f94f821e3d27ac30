/** The session that runs on the item: what it is for, since when, and what everybody did; below the list of people. */
import { api } from "../../lib/api.js";
import { ago } from "../../lib/bell.js";
import { make } from "../../lib/dom.js";

const PURPOSES = { label: "Label", review: "Review", "ground-truth": "Ground truth" };

/** @param {import("../extensions.js").Context} context */
export function install({ editor, part }) {
  new SessionPanel(editor, /** @type {HTMLElement} */ (part("people").querySelector(".ed-crowd-more")));
}

class SessionPanel {
  /** @param {import("../editor.js").Editor} editor @param {HTMLElement} root */
  constructor(editor, root) {
    this.editor = editor;
    this.root = root;
    /** @type {any} */
    this.session = null;
    editor.on("crowd", () => this.load());
    editor.client.on("message", (message) => {
      if (message.type !== "session" || message.session?.item.id !== editor.item.id) return;
      const before = this.session;
      this._take(message.session);
      if (before && before.id === this.session?.id && before.purpose !== this.session.purpose) editor.emit("say", `This session is for: ${this._purpose()}.`);
    });
  }

  _purpose() {
    return PURPOSES[/** @type {keyof PURPOSES} */ (this.session.purpose)] ?? this.session.purpose;
  }

  async load() {
    const { editor } = this;
    try {
      const { results } = await api("GET", `projects/${editor.config.project.id}/sessions?item=${editor.item.id}&open=true`);
      this._take(results[0] ?? null);
    } catch (error) {
      editor.emit("say", error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {any} session */
  _take(session) {
    this.session = session && !session.ended_at ? session : null;
    if (this.root.contains(document.activeElement)) return;
    this.root.replaceChildren(...(this.session ? this._parts(this.session) : []));
  }

  /** @param {any} session @returns {HTMLElement[]} */
  _parts(session) {
    const rows = session.participants.map((/** @type {any} */ one) => make("tr", {}, make("th", { scope: "row" }, one.user.name), make("td", {}, String(one.shapes)), make("td", {}, String(one.edits)), make("td", {}, minutes(one.active_s))));
    const head = make("tr", {}, make("th", { scope: "col" }, "Session"), make("th", { scope: "col" }, "Shapes"), make("th", { scope: "col" }, "Edits"), make("th", { scope: "col" }, "Active"));
    return [
      make("div", { class: "ed-session-head" }, make("label", {}, "Purpose ", this._select(session)), make("small", {}, `since ${ago(session.started_at)}`)),
      make("table", { class: "ed-session" }, make("thead", {}, head), make("tbody", {}, ...rows)),
      make("a", { class: "ed-session-link", href: `/projects/${session.project}/sessions/` }, "All sessions of the project"),
    ];
  }

  /** @param {any} session */
  _select(session) {
    const viewer = (this.editor.client.role || this.editor.config.role) === "viewer";
    const select = /** @type {HTMLSelectElement} */ (make("select", { class: "ed-select", disabled: viewer }, ...Object.entries(PURPOSES).map(([value, text]) => make("option", { value, selected: value === session.purpose }, text))));
    select.addEventListener("change", async () => {
      try {
        this.session = await api("PATCH", `sessions/${session.id}`, { purpose: select.value });
      } catch (error) {
        select.value = session.purpose;
        this.editor.emit("say", error instanceof Error ? error.message : String(error));
      }
    });
    return select;
  }
}

/** @param {number} seconds */
function minutes(seconds) {
  return seconds < 60 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
