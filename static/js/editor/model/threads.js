/** The threads of comments of an item: what there is, what is open, and where each is pinned. Knows no page. */
import { Emitter } from "../util.js";

/**
 * @typedef {{id: string, name: string}} Someone
 * @typedef {{id: string, author: Someone | null, text: string, mentions: Someone[], created_at: string, edited_at: string | null, deleted: boolean}} Comment
 * @typedef {object} Thread
 * @property {string} id
 * @property {string | null} annotation the shape that it is about, even a deleted one
 * @property {number | null} frame
 * @property {number | null} x
 * @property {number | null} y
 * @property {Someone | null} created_by
 * @property {string} created_at
 * @property {Someone | null} resolved_by
 * @property {string | null} resolved_at
 * @property {Comment[]} comments
 *
 * @typedef {"open" | "resolved" | "mine" | "all"} Filter
 * @typedef {import("../types.js").Bounds} Bounds
 */

/** Emits `change`. */
export class Threads extends Emitter {
  constructor() {
    super();
    /** @type {Map<string, Thread>} */
    this.all = new Map();
    /** @type {Someone[]} who can be mentioned */
    this.people = [];
  }

  /** @param {{results: Thread[], people?: Someone[]}} list */
  load({ results, people }) {
    this.all = new Map(results.map((thread) => [thread.id, thread]));
    if (people) this.people = people;
    this.emit("change");
  }

  /** A thread as somebody has just left it. @param {Thread} thread */
  put(thread) {
    this.all.set(thread.id, thread);
    this.emit("change");
  }

  /** @param {string} id */
  get(id) {
    return this.all.get(id);
  }

  /** Those that still say something, the oldest first. @param {Filter} filter @param {string} [me] @returns {Thread[]} */
  list(filter, me = "") {
    return [...this.all.values()].filter((thread) => said(thread).length > 0 && fits(thread, filter, me));
  }

  get open() {
    return this.list("open").length;
  }
}

/** What is left of a thread. @param {Thread} thread */
export function said(thread) {
  return thread.comments.filter((comment) => !comment.deleted);
}

/** @param {Thread} thread @param {Filter} filter @param {string} me */
function fits(thread, filter, me) {
  if (filter === "open") return !thread.resolved_at;
  if (filter === "resolved") return Boolean(thread.resolved_at);
  return filter === "all" || isMine(thread, me);
}

/** Whether somebody opened a thread, spoke in it, or is called in it. @param {Thread} thread @param {string} me */
export function isMine(thread, me) {
  return thread.created_by?.id === me || said(thread).some(({ author, mentions }) => author?.id === me || mentions.some(({ id }) => id === me));
}

/** Whether somebody may resolve a thread; the server has the last word. @param {Thread} thread @param {string} me @param {string} role */
export function mayResolve(thread, me, role) {
  if (role === "viewer") return false;
  return role !== "annotator" || thread.created_by?.id === me || said(thread).some(({ author }) => author?.id === me);
}

/**
 * Where the pin stands on a frame, in pixels of the picture: at the upper right corner of its shape, else at its point.
 * @param {Thread} thread
 * @param {number | null} frame the one on screen; null on an image
 * @param {(id: string) => Bounds | null | undefined} boundsOf of a shape on this frame: null when it is not on it, undefined when it is gone
 * @returns {[number, number] | null}
 */
export function pinOf(thread, frame, boundsOf) {
  const bounds = thread.annotation ? boundsOf(thread.annotation) : undefined;
  if (bounds) return [bounds.maxX, bounds.minY];
  if (bounds === null || thread.x === null || thread.y === null) return null;
  return thread.frame === null || thread.frame === frame ? [thread.x, thread.y] : null;
}

/**
 * A text in parts: plain ones, and those that name somebody.
 * @param {string} text @param {Someone[]} mentions
 * @returns {{text: string, person?: Someone}[]}
 */
export function partsOf(text, mentions) {
  const names = [...mentions].sort((a, b) => b.name.length - a.name.length);
  const parts = /** @type {{text: string, person?: Someone}[]} */ ([]);
  let plain = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const rest = text.slice(at + 1).toLowerCase();
    const person = names.find(({ name }) => rest.startsWith(name.toLowerCase()) && !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length)));
    if (!person) continue;
    if (at > plain) parts.push({ text: text.slice(plain, at) });
    plain = at + 1 + person.name.length;
    parts.push({ text: text.slice(at, plain), person });
  }
  if (plain < text.length) parts.push({ text: text.slice(plain) });
  return parts;
}

/** The name that is being typed after an `@`, up to the caret; null when none is. @param {string} text @param {number} caret */
export function beingNamed(text, caret) {
  const found = /(?:^|[\s(])@([\p{L}\p{N}.'-]*(?: [\p{L}\p{N}.'-]*)?)$/u.exec(text.slice(0, caret));
  return found ? found[1] : null;
}

/** People whose name, or a word of it, begins so. @param {Someone[]} people @param {string} typed */
export function named(people, typed) {
  const start = typed.toLowerCase();
  return people.filter(({ name }) => [name, ...name.split(/\s+/)].some((word) => word.toLowerCase().startsWith(start)));
}
