/** What was uploaded and waits: look it through, put it in order, then add it to the project or put it aside. */

import { api, pages } from "../lib/api.js";
import { announce, find, findAll, icon, make, on, sizeText } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { byPath } from "./upload_drop.js";

const SHOWN = 100;

/** @typedef {Record<string, any>} Waiting an upload as the interface tells it */

/** @param {number} n @param {string} one */
function many(n, one) {
  return `${n} ${one}${n === 1 ? "" : "s"}`;
}

/** What is to be said of files of the same content within the list: asset -> the first path. @param {Waiting[]} rows */
export function firstOfEach(rows) {
  /** @type {Map<string, Waiting>} */
  const first = new Map();
  for (const row of rows) if (row.asset && !first.has(row.asset)) first.set(row.asset, row);
  return first;
}

/** The rows with one of them a place further up (-1) or down (1). @template T @param {T[]} rows @param {T} row @param {number} by */
export function moved(rows, row, by) {
  const from = rows.indexOf(row);
  const to = Math.max(0, Math.min(rows.length - 1, from + by));
  const others = rows.filter((one) => one !== row);
  return [...others.slice(0, to), row, ...others.slice(to)];
}

/** @param {Waiting} row */
function facts(row) {
  const size = sizeText(row.length ?? row.offset);
  if (!row.kind) return size;
  const frames = row.kind === "video" ? `, ${many(row.frames, "frame")}` : "";
  return `${row.width}\u00d7${row.height}${frames}, ${size}`;
}

export class ReviewTray {
  /**
   * @param {HTMLElement} box
   * @param {string} project
   * @param {{onAdded: () => void, sends: (row: Waiting) => boolean}} hears
   */
  constructor(box, project, hears) {
    this.box = box;
    this.project = project;
    this.hears = hears;
    /** @type {Waiting[]} */
    this.rows = [];
    /** @type {Set<string>} */
    this.left = new Set(); // staged ones that are not to be added now
    this.shown = SHOWN;
    this.list = /** @type {HTMLElement} */ (find("ul", box));
    this.order = /** @type {HTMLSelectElement} */ (find("[data-order]", box));
    this.all = /** @type {HTMLInputElement} */ (find("[data-all]", box));
    this.bind();
  }

  bind() {
    on(this.box, "click", "[data-add]", () => this.add());
    on(this.box, "click", "[data-discard]", () => this.discard(this.chosen));
    on(this.box, "click", "[data-discard-one]", (_event, button) => this.discard(this.rows.filter(({ id }) => id === button.dataset.discardOne)));
    on(this.box, "click", "[data-more]", () => this.showMore());
    on(this.box, "change", "[data-take]", (_event, field) => this.take(/** @type {HTMLInputElement} */ (field)));
    this.all.addEventListener("change", () => this.takeAll(this.all.checked));
    this.order.addEventListener("change", () => this.sort());
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  get staged() {
    return this.rows.filter(({ state }) => state === "staged");
  }

  get chosen() {
    return this.staged.filter(({ id }) => !this.left.has(id));
  }

  /** Read what waits. */
  async load() {
    /** @type {Waiting[]} */
    const rows = [];
    for await (const row of pages(`projects/${this.project}/uploads?waiting=true&limit=500`)) {
      const told = row.at_once && row.state === "refused"; // in the list of uploads
      if (!this.hears.sends(row) && !told) rows.push(row);
    }
    const placed = new Map(this.rows.map(({ id }, place) => [id, place]));
    this.rows = rows.sort((a, b) => (placed.get(a.id) ?? rows.length) - (placed.get(b.id) ?? rows.length));
    if (this.order.value === "path") this.rows.sort(byPathOf);
    this.draw();
  }

  sort() {
    this.rows.sort(this.order.value === "path" ? byPathOf : (a, b) => a.position - b.position || a.created_at.localeCompare(b.created_at));
    this.draw();
  }

  draw() {
    const first = firstOfEach(this.staged);
    const rows = this.rows.slice(0, this.shown).map((row) => this.row(row, first.get(row.asset)));
    const more = this.rows.length - rows.length;
    this.list.replaceChildren(...rows, ...(more > 0 ? [make("li", { class: "review-more" }, make("button", { type: "button", class: "btn btn-small", "data-more": true }, `Show more (${more})`))] : []));
    this.box.hidden = this.rows.length === 0;
    this.describe();
  }

  showMore() {
    const next = this.shown;
    this.shown += 5 * SHOWN;
    this.draw();
    find("input, button", /** @type {HTMLElement} */ (this.list.children[next]))?.focus();
  }

  /** @param {Waiting} row @param {Waiting} [first] the first of this content in the list */
  row(row, first) {
    const drop = make("button", { type: "button", class: "icon-btn icon-btn-small", "data-discard-one": row.id, "aria-label": `Discard ${row.path}`, title: "Discard" }, icon("trash"));
    const image = row.thumbnail ? make("img", { src: row.thumbnail, alt: "", loading: "lazy", decoding: "async" }) : make("span", { class: "review-none" }, icon(row.state === "refused" ? "alert" : "image"));
    const text = make("span", { class: "review-text" }, make("b", { class: "cut", title: row.path }, row.path), make("small", { class: "muted num" }, facts(row)), this.said(row, first));
    if (row.state !== "staged") return make("li", { class: "review-file", "data-upload": row.id, "data-state": row.state }, image, text, drop);
    const box = make("input", { type: "checkbox", "data-take": row.id, checked: !this.left.has(row.id), "aria-label": `Add ${row.path}` });
    return make("li", { class: "review-file", "data-upload": row.id, "data-state": row.state }, make("label", { class: "review-pick" }, box, image), text, drop);
  }

  /** @param {Waiting} row @param {Waiting} [first] */
  said(row, first) {
    if (row.state === "refused") return make("small", { class: "review-bad" }, row.problem.detail);
    if (row.state === "receiving") return this.unfinished(row);
    if (row.state === "complete") return make("small", {}, row.inspected ? "No picture and no video: kept for an import." : "The server looks into it.");
    const twin = first && first !== row ? `The same file as ${first.path} in this list.` : "";
    const notes = [row.notice, twin].filter(Boolean).join(" ");
    return notes ? make("small", { class: row.duplicate_of || twin ? "review-warn" : "" }, notes) : null;
  }

  /** @param {Waiting} row */
  unfinished(row) {
    const share = row.length ? Math.floor((100 * row.offset) / row.length) : 0;
    return make("small", { class: "review-warn" }, `Not finished: ${share} % is here. Choose or drop the same file again, and it goes on from there.`);
  }

  /** @param {HTMLInputElement} field */
  take(field) {
    if (field.checked) this.left.delete(field.dataset.take ?? "");
    else this.left.add(field.dataset.take ?? "");
    this.describe();
  }

  /** @param {boolean} wanted */
  takeAll(wanted) {
    this.left = new Set(wanted ? [] : this.staged.map(({ id }) => id));
    for (const field of findAll("[data-take]", this.list)) /** @type {HTMLInputElement} */ (field).checked = wanted;
    this.describe();
  }

  describe() {
    const [waiting, taken] = [this.staged.length, this.chosen.length];
    const title = waiting ? `${many(waiting, "file")} ${waiting === 1 ? "waits" : "wait"} to be added` : `${many(this.rows.length, "file")} to look through`;
    /** @type {HTMLElement} */ (find("h2", this.box)).textContent = title;
    const add = /** @type {HTMLButtonElement} */ (find("[data-add]", this.box));
    add.textContent = `Add ${many(taken, "item")}`;
    add.disabled = /** @type {HTMLButtonElement} */ (find("[data-discard]", this.box)).disabled = taken === 0;
    this.all.checked = taken > 0 && taken === waiting;
    this.all.indeterminate = taken > 0 && taken < waiting;
    for (const part of findAll("[data-of-staged]", this.box)) part.hidden = waiting === 0;
  }

  /** Alt with the arrows puts a file further up or down. @param {KeyboardEvent} event */
  key(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const id = /** @type {Element} */ (event.target).closest("li")?.getAttribute("data-upload");
    const row = this.rows.find((one) => one.id === id);
    if (!by || !event.altKey || !row) return;
    event.preventDefault();
    this.rows = moved(this.rows, row, by);
    this.draw();
    find(`[data-take="${id}"]`, this.list)?.focus();
    announce(`${row.path}: ${this.rows.indexOf(row) + 1} of ${this.rows.length}.`);
  }

  /** Tell each batch what to do with its part of some uploads. @param {string} word @param {Waiting[]} rows */
  async tell(word, rows) {
    const batches = new Map(rows.map((row) => [row.batch, /** @type {string[]} */ ([])]));
    for (const row of rows) batches.get(row.batch)?.push(row.id);
    for (const [batch, uploads] of batches) await api("POST", `upload-batches/${batch}/${word}`, { uploads });
  }

  /** @param {string} word @param {Waiting[]} rows @returns {Promise<boolean>} */
  async decide(word, rows) {
    this.box.setAttribute("aria-busy", "true");
    try {
      await this.tell(word, rows);
      return true;
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "error");
      return false;
    } finally {
      this.box.removeAttribute("aria-busy");
      await this.load().catch(() => {});
    }
  }

  async add() {
    const rows = this.chosen;
    if (!(await this.decide("commit", rows))) return;
    toast(`${many(rows.length, "item")} added.`, "ok");
    this.hears.onAdded();
  }

  /** @param {Waiting[]} rows */
  async discard(rows) {
    if (!(await this.decide("discard", rows))) return;
    const act = () => this.decide("restore", rows);
    toast(`${many(rows.length, "file")} discarded.`, "ok", { label: "Undo", act, seconds: 12 });
  }
}

/** @param {Waiting} a @param {Waiting} b */
function byPathOf(a, b) {
  return byPath(/** @type {any} */ (a), /** @type {any} */ (b));
}
