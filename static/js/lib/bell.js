/** The bell: how many notices are unread, the newest of them, and a word when one comes. */

import { ApiError, api } from "./api.js";
import { announce, find, icon, make } from "./dom.js";

const SHOWN = 8;

/**
 * @typedef {{id: string, kind: string, text: string, url: string, created_at: string, read_at: string | null, actor: {id: string, name: string} | null}} Notice
 */

/** "3 min ago", short. @param {string} at RFC 3339 @param {number} [now] */
export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < 60) return "just now";
  for (const [unit, length] of /** @type {[string, number][]} */ ([["d", 86_400], ["h", 3600], ["min", 60]])) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return "";
}

/** A bell on a `<details>` of the page: see templates/_bell.html. */
export class Bell {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.summary = /** @type {HTMLElement} */ (find("summary", root));
    this.rows = /** @type {HTMLElement} */ (find(".bell-rows", root));
    this.count = Number(root.dataset.unread ?? 0);
    root.addEventListener("toggle", () => root.hasAttribute("open") && this._list());
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
    this._show();
  }

  /** A message of any socket of this person. @param {any} message */
  heard(message) {
    if (message.type === "notice") this._set(this.count + 1, message.text);
    else if (message.type === "notices-read") this._set(message.unread);
    else return;
    if (this.root.hasAttribute("open")) this._list();
  }

  /** Count again: the doorbell may have dropped a ring. */
  async refresh() {
    const response = await fetch("/api/v1/notices?unread=true&limit=1", { credentials: "same-origin" }).catch(() => null);
    const count = Number(response?.headers.get("X-Unread") ?? NaN);
    if (response?.ok && Number.isFinite(count)) this._set(count);
  }

  /** @param {number} count @param {string} [words] */
  _set(count, words) {
    this.count = count;
    this._show();
    if (words) announce(words);
  }

  _show() {
    const badge = find(".bell-count", this.root);
    if (badge) {
      badge.hidden = this.count === 0;
      badge.textContent = this.count > 99 ? "99+" : String(this.count);
    }
    this.summary.setAttribute("aria-label", this.count ? `Notices, ${this.count} unread` : "Notices");
    this.root.dataset.unread = String(this.count);
  }

  async _list() {
    try {
      const { results } = await api("GET", `notices?limit=${SHOWN}`);
      this.rows.replaceChildren(...this._parts(results));
    } catch (error) {
      this.rows.replaceChildren(make("p", { class: "bell-none" }, error instanceof ApiError ? error.detail : String(error)));
    }
  }

  /** @param {Notice[]} notices @returns {HTMLElement[]} */
  _parts(notices) {
    if (!notices.length) return [make("p", { class: "bell-none" }, "Nothing yet. Mentions and answers come here.")];
    const rows = notices.map((notice) => this._row(notice));
    const unread = notices.some((notice) => !notice.read_at);
    const all = make("button", { type: "button", class: "menu-item", onclick: () => this._read({ all: true }) }, icon("check"), "Mark all as read");
    return unread ? [...rows, all] : rows;
  }

  /** @param {Notice} notice */
  _row(notice) {
    const state = notice.read_at ? "" : "Unread: ";
    return make(
      "a",
      { class: `menu-item bell-row${notice.read_at ? "" : " unread"}`, href: `/notices/${notice.id}/`, onclick: (/** @type {MouseEvent} */ event) => this._follow(event, notice) },
      make("span", { class: "bell-text" }, make("span", { class: "sr-only" }, state), notice.text, make("small", {}, ago(notice.created_at))),
    );
  }

  /** A place on this very page needs no other one. @param {MouseEvent} event @param {Notice} notice */
  _follow(event, notice) {
    const to = new URL(notice.url, location.href);
    if (to.pathname !== location.pathname || !to.hash || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.root.removeAttribute("open");
    this._read({ ids: [notice.id] });
    if (location.hash === to.hash) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = to.hash;
  }

  /** @param {{all?: boolean, ids?: string[]}} which */
  async _read(which) {
    try {
      const { unread } = await api("POST", "notices/read", which);
      this._set(unread);
      if (this.root.hasAttribute("open")) await this._list();
    } catch {
      // They stay unread, which is the truth.
    }
  }
}
