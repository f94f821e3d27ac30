/** Adding files: a queue with a few uploads at a time, each with progress, pause, cancel and retry. */

import { announce, find, icon, make, sizeText } from "../lib/dom.js";
import { Transfer, sentence } from "./upload_transfer.js";

const AT_ONCE = 3;
const LOOK_MS = 3000;

/** @typedef {"waiting" | "sending" | "paused" | "working" | "staged" | "kept" | "done" | "failed" | "cancelled"} UploadState */
/** @typedef {import("./upload_drop.js").Found} Found */

const BUSY = ["waiting", "sending", "working"];
const OVER = ["done", "staged", "kept", "failed", "cancelled"];
const MARKS = { done: "check", staged: "check", kept: "check", failed: "alert", paused: "pause" };

/** One file on its way, and its row in the list. */
class Upload {
  /** @param {Found} found @param {UploadQueue} queue @param {{atOnce: boolean, position: number}} wishes */
  constructor({ file, path }, queue, wishes) {
    this.file = file;
    this.path = path;
    this.queue = queue;
    this.wishes = { project: queue.project, path, ...wishes };
    /** @type {UploadState} */
    this.state = "waiting";
    this.sent = 0;
    this.refused = false; // by what the file is: sending the same once more will not help
    this.transfer = this.newTransfer();
    this.bar = /** @type {HTMLProgressElement} */ (make("progress", { class: "progress", max: 1, value: 0, "aria-label": `Progress of ${path}` }));
    this.note = make("p", { class: "upload-note" });
    this.name = make("span", { class: "upload-name" }, icon(file.type.startsWith("video") ? "video" : "image"), make("span", { class: "cut", title: path }, path), make("span", { class: "muted num" }, sizeText(file.size)));
    this.rest = this.button("pause", `Pause ${path}`, () => this.pause());
    this.on = this.button("play", `Resume ${path}`, () => this.retry());
    this.stop = this.button("x", `Cancel ${path}`, () => this.cancel());
    this.again = make("button", { type: "button", class: "btn btn-small", hidden: true, onclick: () => this.retry() }, icon("refresh"), "Retry");
    this.row = make("li", { class: "upload" }, this.name, this.bar, make("span", { class: "row row-still upload-acts" }, this.again, this.on, this.rest, this.stop), this.note);
    this.show("waiting", "", true);
  }

  /** @param {string} image @param {string} name @param {() => void} onclick */
  button(image, name, onclick) {
    return make("button", { type: "button", class: "icon-btn icon-btn-small", "aria-label": name, title: name.split(" ")[0], onclick }, icon(image));
  }

  newTransfer() {
    return new Transfer(this.file, this.wishes, {
      progress: (sent) => this.progress(sent),
      done: () => this.arrived(),
      failed: (error) => this.show("failed", sentence(error)),
    });
  }

  start() {
    this.show("sending", "");
    this.transfer.start().catch(() => this.show("failed", "The uploader could not be loaded. Try again."));
  }

  /** @param {number} sent */
  progress(sent) {
    if (this.state !== "sending") return;
    this.sent = sent;
    this.bar.value = this.file.size ? sent / this.file.size : 1;
    if (sent >= this.file.size) this.bar.removeAttribute("value"); // every byte is out: the server looks into it
    this.queue.describe();
  }

  arrived() {
    this.show("working", this.file.size > 2 ** 25 ? "The server looks into it" : "");
    return this.look();
  }

  /** Ask what became of it, until something did. */
  async look() {
    clearTimeout(this.timer);
    const seen = await this.transfer.look().catch((error) => ({ state: "unknown", status: error.status, problem: { detail: error.message } }));
    if (this.state !== "working") return;
    const settled = this.settle(seen);
    if (!settled) this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  /** @param {any} seen @returns {boolean} whether that was the end */
  settle(seen) {
    if (seen.state === "committed") {
      this.queue.hears.onAdded(seen);
      this.show("done", seen.notice);
    } else if (seen.state === "refused" || seen.status === 404) {
      this.refused = seen.state === "refused";
      this.show("failed", seen.problem.detail);
    } else if (seen.state === "staged" && !seen.at_once) this.show("staged", seen.notice || "Waits below to be added.");
    else if (seen.state === "complete" && seen.inspected) this.show("kept", "No picture and no video: kept below for an import.");
    else return false;
    return true;
  }

  pause() {
    if (this.state === "sending") this.transfer.pause();
    this.show("paused", "Paused. What was sent is kept on the server.");
  }

  cancel() {
    const given = this.transfer;
    this.transfer = this.newTransfer();
    this.sent = 0;
    this.show("cancelled", "Cancelled.");
    given.cancel();
  }

  /** Go on after a pause or a broken line; begin anew after a refusal. */
  retry() {
    if (this.state === "failed" && this.sent >= this.file.size) this.transfer = this.newTransfer();
    this.show("waiting", "");
    this.queue.run();
  }

  /** @param {UploadState} state @param {string} note @param {boolean} [quietly] */
  show(state, note, quietly = false) {
    this.state = state;
    this.row.dataset.state = state;
    this.note.textContent = note;
    if (state === "working") this.bar.removeAttribute("value");
    else this.bar.value = ["done", "staged", "kept"].includes(state) ? 1 : this.file.size ? this.sent / this.file.size : 0;
    this.bar.hidden = ["failed", "cancelled"].includes(state);
    this.rest.hidden = !["waiting", "sending"].includes(state);
    this.on.hidden = state !== "paused";
    this.stop.hidden = !["waiting", "sending", "paused"].includes(state);
    this.again.hidden = !["failed", "cancelled"].includes(state);
    const mark = MARKS[/** @type {keyof typeof MARKS} */ (state)] ?? (this.file.type.startsWith("video") ? "video" : "image");
    find(".icon", this.name)?.replaceWith(icon(mark));
    if (state === "failed") this.queue.list.prepend(this.row); // what needs somebody comes first
    if (!quietly) this.queue.changed();
  }
}

/**
 * The list of uploads of a page. `onAdded` hears of each new item, `onStaged` when something waits for a review, `onIdle`
 * when nothing is left to do.
 */
export class UploadQueue {
  /**
   * @param {HTMLElement} box
   * @param {string} project
   * @param {{onAdded: (item: any) => void, onStaged: () => void, onIdle: () => void}} hears
   */
  constructor(box, project, hears) {
    this.box = box;
    this.project = project;
    this.hears = hears;
    /** @type {Upload[]} */
    this.uploads = [];
    this.position = 0;
    this.title = make("h2", {}, "");
    this.whole = /** @type {HTMLProgressElement} */ (make("progress", { class: "progress uploads-whole", max: 1, value: 0, "aria-label": "Progress of all files" }));
    this.list = make("ul", { class: "upload-list" });
    this.restAll = make("button", { type: "button", class: "btn btn-small", onclick: () => this.pauseAll() }, icon("pause"), "Pause all");
    this.onAll = make("button", { type: "button", class: "btn btn-small", hidden: true, onclick: () => this.resumeAll() }, icon("play"), "Resume all");
    const close = make("button", { type: "button", class: "icon-btn", "aria-label": "Hide the list", onclick: () => this.clear() }, icon("x"));
    box.append(make("div", { class: "card-head" }, this.title, this.whole, make("span", { class: "row row-still" }, this.restAll, this.onAll, close)), this.list);
    addEventListener("beforeunload", (event) => this.busy && event.preventDefault());
    addEventListener("online", () => this.lineIsBack());
  }

  get busy() {
    return this.uploads.some((upload) => BUSY.includes(upload.state));
  }

  /** @param {Found[]} found @param {boolean} atOnce */
  add(found, atOnce) {
    const added = found.map((one) => new Upload(one, this, { atOnce, position: this.position++ }));
    this.uploads.push(...added);
    this.list.append(...added.map((upload) => upload.row));
    this.box.hidden = this.uploads.length === 0;
    this.run();
  }

  /** Start what waits, as far as there is room. `start` comes back here through `changed`, so each turn looks anew. */
  run() {
    const going = () => this.uploads.filter((upload) => ["sending", "working"].includes(upload.state)).length;
    const next = () => this.uploads.find((upload) => upload.state === "waiting");
    for (let upload = next(); upload && going() < AT_ONCE; upload = next()) upload.start();
    this.describe();
  }

  changed() {
    this.run();
    if (!this.busy) {
      announce(this.title.textContent ?? "");
      if (this.count("staged", "kept")) this.hears.onStaged();
      this.hears.onIdle();
    }
  }

  /** What the project's socket tells of an upload. @param {any} message */
  heard(message) {
    this.uploads.find((upload) => upload.state === "working" && upload.transfer.id === message.upload)?.look();
  }

  pauseAll() {
    for (const upload of this.uploads.filter(({ state }) => state === "waiting")) upload.pause();
    for (const upload of this.uploads.filter(({ state }) => state === "sending")) upload.pause();
  }

  resumeAll() {
    for (const upload of this.uploads.filter(({ state }) => state === "paused")) upload.retry();
  }

  /** The network came back: what gave up meanwhile goes on. */
  lineIsBack() {
    for (const upload of this.uploads.filter(({ state, sent, file }) => state === "failed" && sent < file.size)) upload.retry();
  }

  /** @param {...UploadState} states */
  count(...states) {
    return this.uploads.filter((upload) => states.includes(upload.state)).length;
  }

  describe() {
    const failed = this.count("failed") ? `, ${this.count("failed")} failed` : "";
    const waits = this.count("staged", "kept") ? `, ${this.count("staged", "kept")} to look through` : "";
    const word = this.uploads.length === 1 ? "file" : "files";
    this.title.textContent = `${this.count("done")} of ${this.uploads.length} ${word} added${waits}${failed}`;
    this.whole.value = this.share();
    this.whole.hidden = !this.busy;
    this.restAll.hidden = this.count("waiting", "sending") < 2;
    this.onAll.hidden = this.count("paused") < 2;
  }

  /** Whether this page sends what the server tells of; its id comes only with the first answer. @param {any} row */
  sends(row) {
    const same = (/** @type {Upload} */ { transfer, path, file }) => transfer.id === row.id || (path === row.path && file.size === row.length);
    return this.uploads.some((upload) => !OVER.includes(upload.state) && same(upload));
  }

  /** How much of all bytes is over, 0 to 1. */
  share() {
    const total = this.uploads.reduce((sum, { file }) => sum + file.size, 0);
    const over = this.uploads.reduce((sum, { state, sent, file }) => sum + (OVER.includes(state) ? file.size : sent), 0);
    return total ? over / total : 1;
  }

  /** Forget what is over; what is on its way goes on. */
  clear() {
    this.forget((upload) => OVER.includes(upload.state));
  }

  /** Forget what the list of those that wait tells of from here on. */
  handOver() {
    this.forget(({ state, wishes, refused }) => ["staged", "kept"].includes(state) || (state === "failed" && refused && !wishes.atOnce));
  }

  /** @param {(upload: Upload) => boolean} which */
  forget(which) {
    const over = this.uploads.filter(which);
    over.forEach((upload) => upload.row.remove());
    this.uploads = this.uploads.filter((upload) => !over.includes(upload));
    this.box.hidden = this.uploads.length === 0;
    if (this.uploads.length) this.describe();
  }
}
