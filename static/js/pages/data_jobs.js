/** The lists of exports, imports and conversions: read once, then kept up by the project's socket. */

import { api } from "../lib/api.js";
import { announce, find, icon, make, sizeText } from "../lib/dom.js";
import { confirmDialog } from "../lib/dialog.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";
import { statusBadge } from "../training/status.js";
import { count, reportView } from "./data_parts.js";

/** @typedef {import("./data_parts.js").Report} Report */
/** @typedef {{project: string, me: string, mayAnnotate: boolean, mayStopOthers: boolean, mayImport: boolean, task: string, labels: {id: string, name: string, color: string}[]}} Facts */

export const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const LOOK_MS = 4000;
const LINK_MS = 30 * 60 * 1000;
const EMPTY = /** @type {Record<string, string>} */ ({
  export: "Nothing was exported yet. An export is kept here for a week.",
  import: "Nothing was imported yet.",
  convert: "Nothing was converted yet. What is written is kept here for a week.",
});

/** @param {Record<string, number>} counts */
export function countWords(counts) {
  const kinds = [["image", counts.images], ["video", counts.videos], ["frame", counts.frames]];
  const pictures = kinds.filter(([, n]) => n).map(([name, n]) => `${count(Number(n))} ${name}${n === 1 ? "" : "s"}`);
  return `${pictures.join(", ") || "no pictures"}, ${count(counts.shapes)} shape${counts.shapes === 1 ? "" : "s"}`;
}

/** When it will be gone, for people. @param {string} at */
export function untilWords(at) {
  const left = Date.parse(at) - Date.now();
  if (left <= 0) return "expired";
  const days = Math.floor((left + 3_600_000) / 86_400_000); // a week is one for its first hour
  return days ? `kept for ${days} day${days === 1 ? "" : "s"}` : `kept until ${new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}

/** The jobs of the page, whoever started them. */
export class Jobs {
  /** @param {Facts} facts */
  constructor(facts) {
    this.facts = facts;
    /** @type {Map<string, JobList>} */
    this.lists = new Map();
    /** @type {Map<string, {progress: (job: any) => void, ended: (job: any) => void}>} */
    this.watched = new Map();
    for (const box of document.querySelectorAll("[data-jobs]")) {
      if (box instanceof HTMLElement) this.lists.set(box.dataset.jobs ?? "", new JobList(box, this));
    }
    openSocket(`/ws/projects/${facts.project}/`, {
      onMessage: (message) => this.heard(message),
      onState: (state) => state === "open" && this.readAll(),
    });
    setInterval(() => this.watched.size && this.lookAll(), LOOK_MS);
  }

  readAll() {
    for (const list of this.lists.values()) list.read();
    this.lookAll();
  }

  lookAll() {
    for (const id of this.watched.keys()) this.look(id);
  }

  /** @param {any} message */
  heard(message) {
    if (message.type !== "job") return;
    if (message.event.kind === "status") this.look(message.job, message.kind);
    else if (message.event.kind === "progress") {
      this.lists.get(message.kind)?.moved(message.job, message.event);
      this.watched.get(message.job)?.progress(message.event);
    }
  }

  /** Read a job again. @param {string} id @param {string} [kind] */
  async look(id, kind) {
    if (kind && !this.lists.has(kind) && !this.watched.has(id)) return;
    const job = await api("GET", `jobs/${id}`).catch(() => null);
    if (!job) return;
    this.lists.get(job.kind)?.put(job);
    const watcher = this.watched.get(id);
    if (!watcher) return;
    watcher.progress(job);
    if (!ENDED.has(job.status)) return;
    this.watched.delete(id);
    watcher.ended(job);
  }

  /** Follow one job to its end. @param {string} id @param {(said: any) => void} progress @returns {Promise<any>} */
  watch(id, progress) {
    return new Promise((ended) => {
      this.watched.set(id, { progress, ended });
      this.look(id);
    });
  }
}

/** One kind of job as rows, the newest first. */
class JobList {
  /** @param {HTMLElement} box @param {Jobs} jobs */
  constructor(box, jobs) {
    this.box = box;
    this.jobs = jobs;
    this.kind = box.dataset.jobs ?? "";
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    /** @type {Map<string, any>} imports that were taken back, by id */
    this.undone = new Map();
    /** @type {Map<string, any>} */
    this.seen = new Map();
  }

  async read() {
    try {
      const page = await api("GET", `projects/${this.jobs.facts.project}/jobs?kind=${this.kind}`);
      if (!this.rows.size) this.box.replaceChildren();
      for (const job of page.results.toReversed()) this.put(job);
      if (!this.rows.size) this.box.replaceChildren(make("li", { class: "empty empty-small" }, EMPTY[this.kind]));
    } catch (error) {
      if (this.rows.size) return;
      const again = make("button", { type: "button", class: "btn btn-small", onclick: () => this.read() }, icon("refresh"), "Try again");
      this.box.replaceChildren(make("li", { class: "empty empty-small" }, make("p", {}, String(/** @type {Error} */ (error).message)), again));
    }
  }

  /** @param {any} job */
  put(job) {
    if (job.params?.mode === "dry-run") return;
    this.seen.set(job.id, job);
    this.note(job);
    const before = this.rows.get(job.id);
    const row = this.row(job);
    this.rows.set(job.id, row);
    if (before) {
      const open = find("details[open]", before);
      if (open) find("details", row)?.setAttribute("open", "");
      const within = before.contains(document.activeElement);
      before.replaceWith(row);
      if (within) find("a, button", row)?.focus();
      if (ENDED.has(job.status) && before.dataset.status !== job.status) announce(`${job.title}: ${job.status}.`);
    } else {
      if (!this.rows.size || find(".empty, .skeleton", this.box)) this.box.replaceChildren();
      row.dataset.new = "";
      this.box.prepend(row);
    }
  }

  /** An import that is taken back, or is about to be, has no button for it any more. @param {any} job */
  note(job) {
    const of = job.params?.undo;
    if (!of || ["failed", "cancelled"].includes(job.status)) return;
    const first = !this.undone.has(of);
    this.undone.set(of, job);
    const undone = this.seen.get(of);
    if (first && undone) this.put(undone);
  }

  /** @param {string} id @param {any} event */
  moved(id, event) {
    const row = this.rows.get(id);
    const bar = row && find("progress", row);
    if (bar instanceof HTMLProgressElement) bar.value = event.progress;
    const words = row && find("[data-words]", row);
    if (words) words.textContent = progressWords(event);
  }

  /** @param {any} job */
  row(job) {
    const badge = make("span", { class: "badge" });
    statusBadge(badge, job.status);
    const at = new Date(job.created_at);
    const time = make("time", { class: "small muted", datetime: job.created_at, title: at.toLocaleString() }, at.toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));
    const head = make("div", { class: "data-job-head" }, make("b", { class: "cut grow", title: job.title }, job.title), time, badge);
    const body = !ENDED.has(job.status) ? this.going(job) : job.status === "succeeded" ? this.done(job) : [this.failed(job)];
    return make("li", { class: "data-job", "data-job": job.id, "data-status": job.status }, head, ...body);
  }

  /** @param {any} job */
  going(job) {
    const mine = job.created_by === this.jobs.facts.me ? this.jobs.facts.mayAnnotate : this.jobs.facts.mayStopOthers;
    const bar = make("progress", { class: "progress", max: 1, value: job.progress, "aria-label": `Progress of ${job.title}` });
    const stop = make("button", { type: "button", class: "btn btn-small", disabled: job.status === "cancelling", "aria-label": `Cancel: ${job.title}`, onclick: () => this.stop(job) }, "Cancel");
    return [bar, make("div", { class: "spread" }, make("span", { class: "small muted num", "data-words": true }, progressWords(job)), mine && stop)];
  }

  /** @param {any} job */
  failed(job) {
    return job.error ? make("p", { class: "small data-bad" }, job.error.detail) : make("p", { class: "small muted" }, "Cancelled.");
  }

  /** @param {any} job */
  done(job) {
    return this.kind === "import" ? this.imported(job) : this.exported(job);
  }

  /** @param {any} job @returns {(HTMLElement | null)[]} */
  exported(job) {
    const { url, size, counts, losses, expires_at: until, name } = job.result;
    const link = url
      ? make("a", { class: "btn btn-small", href: url, download: name, "data-fresh": String(Date.now()), onclick: (/** @type {Event} */ event) => this.freshen(event, job.id) }, icon("download"), "Download")
      : make("span", { class: "small muted" }, Date.parse(until) > Date.now() ? "For reviewers: ground truth may be in it." : "Expired: export again.");
    const facts = make("p", { class: "small muted" }, countWords(counts));
    const foot = make("div", { class: "spread" }, link, make("span", { class: "small muted num" }, `${sizeText(size)}, ${untilWords(until)}`));
    return [facts, reportView(losses, "Losses") ?? make("p", { class: "small muted" }, "Nothing was lost."), foot];
  }

  /** A link is good for an hour: an older one is made anew first. @param {Event} event @param {string} id */
  async freshen(event, id) {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    if (Date.now() - Number(link.dataset.fresh) < LINK_MS) return;
    event.preventDefault();
    const job = await api("GET", `jobs/${id}`).catch(() => null);
    if (job?.result?.url) location.assign(job.result.url);
    if (job) this.put(job);
  }

  /** @param {any} job @returns {(HTMLElement | null)[]} */
  imported(job) {
    const { shapes, pictures, report } = job.result;
    if (!shapes) return [make("p", { class: "small muted" }, undoneWords(job.result))];
    const added = pictures.new ? `, ${count(pictures.new)} of them new` : "";
    const words = `${count(shapes.taken)} shape${shapes.taken === 1 ? "" : "s"}, ${count(pictures.matched + pictures.new)} pictures${added}`;
    const back = this.undone.has(job.id)
      ? make("span", { class: "small muted" }, "Taken back: see the undo above.")
      : make("button", { type: "button", class: "btn btn-small", "aria-label": `Undo: ${job.title}`, onclick: () => this.undo(job) }, icon("undo"), "Undo");
    return [make("p", { class: "small muted" }, words), reportView(report, "Report"), this.jobs.facts.mayImport ? make("div", { class: "row" }, back) : null];
  }

  /** @param {any} job */
  async stop(job) {
    await api("POST", `jobs/${job.id}/cancel`).catch((error) => toast(error.message, "error"));
    this.jobs.look(job.id);
  }

  /** @param {any} job */
  async undo(job) {
    const text = "The shapes that it brought go again, wherever nobody has changed them since, and so do the items that it added.";
    if (!(await confirmDialog({ title: `Undo '${job.title}'?`, text, action: "Undo the import" }))) return;
    try {
      const undoing = await api("POST", `jobs/${job.id}/undo-import`);
      this.put(undoing);
      const ended = await this.jobs.watch(undoing.id, () => {});
      if (ended.status === "succeeded") toast("The import is undone.", "ok");
      else toast(ended.error?.detail ?? "It was not undone.", "error");
      this.jobs.look(job.id);
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "error");
    }
  }
}

/** What taking an import back has done. @param {{transactions: number, items: number, items_kept: number}} result */
function undoneWords({ transactions, items, items_kept: kept }) {
  const parts = [`${count(transactions)} change${transactions === 1 ? "" : "s"} taken back`, items ? `${count(items)} items removed` : "", kept ? `${count(kept)} items stay: somebody worked on them` : ""];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** @param {any} said a job, or an event of one */
export function progressWords(said) {
  if (said.status === "queued") return "Waiting for its turn";
  if (said.status === "cancelling") return "Stopping";
  const share = `${Math.floor((said.progress ?? 0) * 100)} %`;
  const phase = /** @type {Record<string, string>} */ ({ write: "writing labels", media: "copying pictures", read: "reading" })[said.phase] ?? said.phase;
  return phase ? `${share}, ${phase}` : share;
}
