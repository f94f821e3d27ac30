/** Who is here: avatars in the colour of their cursors, and a list of everybody with what can be done about each. */
import { icon, make } from "../../lib/dom.js";
import { crowd } from "../model/crowd.js";
import { face } from "./face.js";
import { later } from "./labels.js";

/** @typedef {import("../model/crowd.js").Present} Present */

const MOST_AVATARS = 6;
/** A cursor comes twenty times a second, and avatars need not. */
const SHOW_MS = 100;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, part }) {
  new PeopleBar(part("people"), editor);
}

/** Asks for `follow` (somebody's id, or null) and `visit` through the editor; is opened by its `everybody`. */
class PeopleBar {
  /** @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
  constructor(root, editor) {
    this.root = root;
    this.editor = editor;
    /** @type {Map<string, HTMLElement>} */
    this.avatars = new Map();
    this.more = make("button", { type: "button", class: "ed-avatar ed-more-people", "aria-haspopup": "true", "aria-expanded": "false", onclick: () => this.toggle() });
    this.list = make("ul", { class: "ed-crowd-list" });
    /** @type {HTMLElement} what others add below the list */
    this.below = make("div", { class: "ed-crowd-more" });
    this.panel = make("div", { class: "ed-crowd", role: "dialog", "aria-label": "People here now" }, this.list, this.below);
    this.panel.hidden = true;
    root.append(this.more, this.panel);
    editor.on("peers", later(() => this.show(), SHOW_MS));
    editor.on("following", () => this.show());
    editor.on("everybody", () => this.toggle());
    document.addEventListener("pointerdown", (event) => !root.contains(/** @type {Node} */ (event.target)) && this.close());
    this.panel.addEventListener("keydown", (event) => this._key(event));
    this.show();
  }

  get people() {
    return crowd(this.editor.config.user, this.editor.peers.values());
  }

  show() {
    const { people } = this;
    const shown = people.slice(0, people.length > MOST_AVATARS ? MOST_AVATARS - 1 : MOST_AVATARS);
    const ids = new Set(shown.map(({ user }) => user.id));
    for (const [id, avatar] of this.avatars) {
      if (ids.has(id)) continue;
      avatar.remove();
      this.avatars.delete(id);
    }
    shown.forEach((person, n) => {
      const avatar = this.avatars.get(person.user.id) ?? this._avatar(person);
      this.avatars.set(person.user.id, avatar);
      if (this.root.children[n] !== avatar) this.root.insertBefore(avatar, this.root.children[n] ?? this.more);
      this._mark(avatar, person);
    });
    const rest = people.length - shown.length;
    if (rest) this.more.textContent = `+${rest}`;
    else this.more.replaceChildren(icon("chevron-down"));
    this.more.setAttribute("aria-label", rest ? `${rest} more people: show all` : "Everybody here");
    this.more.title = this.more.getAttribute("aria-label") ?? "";
    this.root.dataset.count = String(people.length);
    if (!this.panel.hidden) this._fill();
  }

  /** @param {Present} person */
  _avatar({ user }) {
    const avatar = face(user, "button", { class: "ed-avatar", type: "button" });
    avatar.dataset.person = user.id;
    const me = user.id === this.editor.config.user.id;
    if (me) avatar.classList.add("me");
    avatar.addEventListener("click", () => (me ? this.toggle() : this._follow(user.id)));
    avatar.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.open();
    });
    return avatar;
  }

  /** @param {HTMLElement} avatar @param {Present} person */
  _mark(avatar, person) {
    const followed = this.editor.following === person.user.id;
    const me = person.user.id === this.editor.config.user.id;
    const title = `${describe(person, this.editor)}${me ? "" : followed ? ". Press to stop following" : ". Press to follow"}`;
    avatar.classList.toggle("away", person.away);
    avatar.classList.toggle("followed", followed);
    if (!me) avatar.setAttribute("aria-pressed", String(followed));
    if (avatar.title === title) return;
    avatar.title = title;
    avatar.setAttribute("aria-label", title);
  }

  /** @param {string} userId */
  _follow(userId) {
    this.editor.emit("follow", this.editor.following === userId ? null : userId);
  }

  // -- everybody -------------------------------------------------------------------------------------------------

  toggle() {
    if (this.panel.hidden) this.open();
    else this.close();
  }

  open() {
    this.panel.hidden = false;
    this.more.setAttribute("aria-expanded", "true");
    this._fill();
    this.editor.emit("crowd");
    /** @type {HTMLElement | null} */ (this.panel.querySelector("button, select, a"))?.focus();
  }

  close() {
    this.panel.hidden = true;
    this.more.setAttribute("aria-expanded", "false");
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.key !== "Escape") return;
    this.close();
    this.more.focus();
    event.stopPropagation();
  }

  _fill() {
    const focused = /** @type {HTMLElement | null} */ (this.list.contains(document.activeElement) ? document.activeElement : null)?.dataset.act;
    this.list.replaceChildren(...this.people.map((person) => this._row(person)));
    if (focused) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-act="${focused}"]`))?.focus();
  }

  /** @param {Present} person */
  _row(person) {
    const { user } = person;
    const me = user.id === this.editor.config.user.id;
    const words = make("span", { class: "ed-crowd-words" }, make("strong", { class: "ed-cut" }, me ? `${user.name} (you)` : user.name), make("small", {}, doing(person, this.editor)));
    const followed = this.editor.following === user.id;
    const acts = me
      ? []
      : [
          act(`follow-${user.id}`, followed ? "Stop" : "Follow", `${followed ? "Stop following" : "Follow"} ${user.name}`, () => this._follow(user.id)),
          act(`visit-${user.id}`, "Go there", `Go to where ${user.name} is, once`, () => {
            this.close();
            this.editor.emit("visit", user.id);
          }),
        ];
    const avatar = face(user, "span", { class: "ed-avatar", "aria-hidden": "true" });
    avatar.classList.toggle("away", person.away);
    return make("li", {}, avatar, words, ...acts);
  }
}

/** @param {string} id @param {string} text @param {string} title @param {() => void} run */
function act(id, text, title, run) {
  return make("button", { type: "button", class: "ed-small quiet", "data-act": id, title, "aria-label": title, onclick: run }, text);
}

/** @param {Present} person @param {import("../editor.js").Editor} editor */
function describe({ user, tabs, away }, editor) {
  if (user.id === editor.config.user.id) return `${user.name} (you)${tabs.length ? `, ${tabs.length + 1} tabs` : ""}`;
  const frames = editor.isVideo ? `, on frame ${tabs[0].frame ?? 0}` : "";
  return `${user.name}${frames}${away ? ", away" : ""}`;
}

/** @param {Present} person @param {import("../editor.js").Editor} editor */
function doing({ user, tabs, away }, editor) {
  if (user.id === editor.config.user.id) return tabs.length ? `${tabs.length + 1} tabs` : "Here";
  if (away) return "Away";
  const [tab] = tabs;
  const where = editor.isVideo ? `, frame ${tab.frame ?? 0}` : "";
  if (tab.drag) return `Moves a shape${where}`;
  return tab.selection?.length ? `${tab.selection.length} selected${where}` : `Here${where}`;
}
