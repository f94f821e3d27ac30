/** Adding files: a queue with a few uploads at a time, each with progress, cancel and retry. */

import { apiUrl, csrfToken, readBody } from "../lib/api.js";
import { announce, find, icon, make, sizeText } from "../lib/dom.js";

const AT_ONCE = 3;

/** @typedef {"waiting" | "sending" | "working" | "done" | "failed" | "cancelled"} UploadState */

/** One file on its way, and its row in the list. */
class Upload {
  /** @param {File} file @param {UploadQueue} queue */
  constructor(file, queue) {
    this.file = file;
    this.queue = queue;
    /** @type {UploadState} */
    this.state = "waiting";
    /** @type {XMLHttpRequest | null} */
    this.request = null;
    this.bar = /** @type {HTMLProgressElement} */ (make("progress", { class: "progress", max: 1, value: 0, "aria-label": `Progress of ${file.name}` }));
    this.note = make("p", { class: "upload-note" });
    this.name = make("span", { class: "upload-name" }, icon(file.type.startsWith("video") ? "video" : "image"), make("span", { class: "cut" }, file.name), make("span", { class: "muted num" }, sizeText(file.size)));
    this.stop = make("button", { type: "button", class: "icon-btn icon-btn-small", "aria-label": `Cancel ${file.name}`, onclick: () => this.cancel() }, icon("x"));
    this.again = make("button", { type: "button", class: "btn btn-small", hidden: true, onclick: () => this.retry() }, icon("refresh"), "Retry");
    this.row = make("li", { class: "upload" }, this.name, this.bar, make("span", { class: "row row-still upload-acts" }, this.again, this.stop), this.note);
  }

  start() {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", this.file, this.file.name);
    request.open("POST", apiUrl(`projects/${this.queue.project}/items`));
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => event.lengthComputable && (this.bar.value = event.loaded / event.total);
    request.upload.onload = () => this.show("working", this.file.type.startsWith("video") ? "Reading every frame's time" : "");
    request.onload = () => this.answered(request.status, readBody(request.status, request.responseText));
    request.onerror = () => this.show("failed", "The connection broke. Try again.");
    request.onabort = () => this.show("cancelled", "Cancelled.");
    this.request = request;
    this.show("sending", "");
    request.send(body);
  }

  /** @param {number} status @param {any} body */
  answered(status, body) {
    if (status >= 400) return this.show("failed", body?.detail || `The server answered ${status}. Try again.`);
    this.show("done", body?.notice ?? "");
    this.queue.onAdded(body);
  }

  cancel() {
    if (this.request) this.request.abort();
    else if (this.state === "waiting") this.show("cancelled", "Cancelled.");
  }

  retry() {
    this.show("waiting", "");
    this.queue.run();
  }

  /** @param {UploadState} state @param {string} note */
  show(state, note) {
    this.state = state;
    if (!["sending", "working"].includes(state)) this.request = null;
    this.row.dataset.state = state;
    this.note.textContent = note;
    if (state === "working") this.bar.removeAttribute("value");
    else if (state !== "sending") this.bar.value = state === "done" ? 1 : 0;
    this.bar.hidden = ["failed", "cancelled"].includes(state);
    this.stop.hidden = !["waiting", "sending"].includes(state);
    this.again.hidden = !["failed", "cancelled"].includes(state);
    const mark = { done: "check", failed: "alert" }[/** @type {string} */ (state)];
    if (mark) find(".icon", this.name)?.replaceWith(icon(mark));
    if (state === "failed") this.queue.list.prepend(this.row); // what needs somebody comes first
    this.queue.changed();
  }
}

/** The list of uploads of a page. `onAdded` hears of each new item, `onIdle` when nothing is left to do. */
export class UploadQueue {
  /**
   * @param {HTMLElement} box
   * @param {string} project
   * @param {{onAdded: (item: any) => void, onIdle: () => void}} handlers
   */
  constructor(box, project, { onAdded, onIdle }) {
    this.box = box;
    this.project = project;
    this.onAdded = onAdded;
    this.onIdle = onIdle;
    /** @type {Upload[]} */
    this.uploads = [];
    this.title = make("h2", {}, "");
    this.list = make("ul", { class: "upload-list" });
    const close = make("button", { type: "button", class: "icon-btn", "aria-label": "Hide the list", onclick: () => this.clear() }, icon("x"));
    box.append(make("div", { class: "card-head" }, this.title, close), this.list);
    addEventListener("beforeunload", (event) => this.busy && event.preventDefault());
  }

  get busy() {
    return this.uploads.some((upload) => ["waiting", "sending", "working"].includes(upload.state));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    const added = [...files].map((file) => new Upload(file, this));
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
      this.onIdle();
    }
  }

  describe() {
    const count = (/** @type {UploadState} */ state) => this.uploads.filter((upload) => upload.state === state).length;
    const failed = count("failed") ? `, ${count("failed")} failed` : "";
    const word = this.uploads.length === 1 ? "file" : "files";
    this.title.textContent = `${count("done")} of ${this.uploads.length} ${word} added${failed}`;
  }

  /** Forget what is over; what is on its way goes on. */
  clear() {
    const over = this.uploads.filter((upload) => ["done", "failed", "cancelled"].includes(upload.state));
    over.forEach((upload) => upload.row.remove());
    this.uploads = this.uploads.filter((upload) => !over.includes(upload));
    this.box.hidden = this.uploads.length === 0;
    if (this.uploads.length) this.describe();
  }
}
