/** Importing: a file is looked through first, then a person says what becomes of it, then it is written. */

import { ApiError, api } from "../lib/api.js";
import { announce, find, icon, make } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { progressWords } from "./data_jobs.js";
import { chooseForNew, mappingTable } from "./data_mapping.js";
import { chosenOptions, count, dropPlace, formatChoices, optionFields, reportView, showError } from "./data_parts.js";
import { sendFile } from "./data_send.js";

/** @typedef {import("./data_parts.js").Format} Format */
/** @typedef {import("./data_jobs.js").Jobs} Jobs */

const CONFLICTS = [
  ["merge", "Add what is new", "Shapes that are there already are not added again: this is what the preview counts."],
  ["skip", "Leave those items alone", "Items that have shapes already keep theirs; the file's are left out."],
  ["replace", "Replace their shapes", "What the file says takes the place of what is there."],
];

export class Importing {
  /** @param {HTMLElement} panel @param {Format[]} formats @param {Jobs} jobs */
  constructor(panel, formats, jobs) {
    this.panel = panel;
    this.formats = formats;
    this.jobs = jobs;
    this.path = `projects/${jobs.facts.project}/imports`;
    this.current = "";
    this.select = /** @type {HTMLSelectElement} */ (this.part("#import-format"));
    formatChoices(this.select, formats.filter((each) => each.read));
    this.select.addEventListener("change", () => this.options());
    this.part("[data-stop]").addEventListener("click", () => this.stop());
    dropPlace(this.part(".card"), (file) => this.send(file));
  }

  /** @param {string} selector */
  part(selector) {
    return /** @type {HTMLElement} */ (find(selector, this.panel));
  }

  options() {
    optionFields(this.part("[data-import-options]"), this.formats.find((each) => each.name === this.select.value), "read");
  }

  /** @returns {Record<string, any>} */
  wishes() {
    const named = this.select.value === "auto" ? {} : { options: chosenOptions(this.part("[data-import-options]")) };
    return { format: this.select.value, mode: "dry-run", conflicts: "merge", ...named };
  }

  /** Have a file looked through. @param {File} file */
  async send(file) {
    this.part("[data-preview]").replaceChildren();
    this.busy(file.name);
    try {
      const job = await sendFile(this.jobs.facts.project, this.path, file, this.wishes(), (share, words) => this.told(share, `sending ${words}`));
      await this.preview(job, file.name);
    } catch (error) {
      this.failed(/** @type {Error} */ (error).message);
    }
  }

  /** The same file again, in a format that somebody chose. @param {any} job @param {string} name @param {string} format */
  async again(job, name, format) {
    this.select.value = format;
    this.options();
    this.busy(name);
    try {
      await this.preview(await api("POST", this.path, { again: job.id, ...this.wishes() }), name);
    } catch (error) {
      this.failed(/** @type {Error} */ (error).message);
    }
  }

  /** @param {any} job @param {string} name */
  async preview(job, name) {
    this.current = job.id;
    const ended = await this.jobs.watch(job.id, (said) => this.told(said.progress ?? 0, progressWords(said)));
    this.idle();
    if (ended.status === "succeeded") this.show(ended, name, await this.labels(ended.result));
    else if (ended.status === "cancelled") announce("Cancelled.");
    else this.unclear(ended, name);
  }

  /** The project's labels as they are now: an import may have added some since the page was opened. @param {any} found */
  async labels(found) {
    const { labels } = await api("GET", `projects/${this.jobs.facts.project}`).catch(() => this.jobs.facts);
    const known = new Set(labels.map((/** @type {any} */ label) => label.id));
    const more = found.labels.map((/** @type {any} */ row) => row.match).filter((/** @type {any} */ label) => label && !known.has(label.id));
    return [...labels, ...more];
  }

  /** A file that could not be read: where several formats fit, a person says which. @param {any} job @param {string} name */
  unclear(job, name) {
    const error = job.error ?? { detail: "It could not be read." };
    this.failed(error.detail);
    if (error.code !== "format-unclear") return;
    const likely = /** @type {{name: string, title: string}[]} */ (job.result?.candidates?.length ? job.result.candidates : this.formats.filter((each) => each.read));
    this.part("[data-candidates]").replaceChildren(
      ...likely.map((each) => make("button", { type: "button", class: "btn btn-small", onclick: () => this.again(job, name, each.name) }, each.title)),
    );
  }

  /** @param {string} name */
  busy(name) {
    showError(this.panel, "");
    this.part("[data-candidates]").replaceChildren();
    this.part("[data-drop]").hidden = true;
    this.part("[data-sending]").hidden = false;
    this.part("[data-sending-name]").textContent = name;
    this.told(0, "");
  }

  idle() {
    this.current = "";
    this.part("[data-drop]").hidden = false;
    this.part("[data-sending]").hidden = true;
  }

  /** @param {number} share @param {string} words */
  told(share, words) {
    /** @type {HTMLProgressElement} */ (this.part("[data-sending] progress")).value = share;
    this.part("[data-sending-words]").textContent = words;
  }

  /** @param {string} text */
  failed(text) {
    this.idle();
    showError(this.panel, text);
  }

  async stop() {
    if (this.current) await api("POST", `jobs/${this.current}/cancel`).catch((error) => toast(error.message, "error"));
    else location.reload(); // the upload ends with its page, and goes on when the file is chosen again
  }

  /** What a file holds, and what is to become of it. @param {any} job @param {string} name @param {{id: string, name: string}[]} labels */
  show(job, name, labels) {
    const found = job.result;
    const { element, read } = mappingTable(found.labels, labels);
    const conflicts = conflictChoices(found.conflicts?.items ?? 0);
    const strict = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", checked: !found.report?.counts.some((/** @type {any} */ row) => row.severity === "refused") }));
    const media = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", checked: true }));
    const hopeless = found.pictures.total > 0 && found.pictures.missing === found.pictures.total;
    const start = make("button", { type: "button", class: "btn btn-primary", disabled: hopeless }, icon("upload"), "Import");
    const close = make("button", { type: "button", class: "btn", onclick: () => this.part("[data-preview]").replaceChildren() }, "Discard");
    start.addEventListener("click", () => {
      const mode = strict.checked ? "all-or-nothing" : "best-effort";
      this.run(start, { again: job.id, mode, labels: read(), conflicts: conflicts.read(), media: media.checked, format: found.format, options: job.params?.options ?? {} });
    });
    const ignoring = make("button", { type: "button", class: "btn btn-small btn-quiet", onclick: () => chooseForNew(element, "ignore") }, "Leave out all that are new");
    const card = make(
      "section",
      { class: "card stack", "aria-labelledby": "preview-title" },
      make("div", { class: "spread" }, make("h2", { id: "preview-title" }, name), make("span", { class: "badge badge-info" }, found.title)),
      make("dl", { class: "data-figures" }, ...figures(found)),
      hopeless ? nothing() : null,
      found.pictures.unmatched_paths?.length ? missing(found.pictures) : null,
      found.labels.length ? make("div", { class: "spread" }, make("h3", {}, "Labels"), ignoring) : null,
      found.labels.length ? element : null,
      conflicts.element,
      found.pictures.new ? make("label", { class: "check" }, media, make("span", {}, `Add the ${count(found.pictures.new)} pictures that the project does not have`)) : null,
      make("label", { class: "check" }, strict, make("span", {}, "All or nothing: change nothing if anything is refused")),
      reportView(found.report, "What was found"),
      make("div", { class: "row" }, start, close),
    );
    const box = this.part("[data-preview]");
    box.replaceChildren(card);
    box.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    announce(`${found.title}: ${count(found.shapes.taken)} shapes on ${count(found.pictures.total)} pictures.`);
  }

  /** @param {HTMLElement} button @param {Record<string, any>} wishes */
  async run(button, wishes) {
    showError(this.panel, "");
    button.ariaBusy = "true";
    try {
      const job = await api("POST", this.path, wishes);
      this.jobs.lists.get("import")?.put(job);
      const bar = /** @type {HTMLProgressElement} */ (make("progress", { class: "progress", max: 1, value: 0, "aria-label": "Progress of the import" }));
      button.parentElement?.after(bar);
      const ended = await this.jobs.watch(job.id, (said) => (bar.value = said.progress ?? 0));
      bar.remove();
      this.ended(ended);
    } catch (error) {
      showError(this.panel, error instanceof ApiError ? error.message : String(error));
    }
    button.ariaBusy = null;
  }

  /** @param {any} job */
  ended(job) {
    if (job.status !== "succeeded") {
      if (job.error) showError(this.panel, job.error.detail);
      return;
    }
    this.part("[data-preview]").replaceChildren();
    const { shapes } = job.result;
    toast(`${count(shapes.taken)} shapes are imported.`, "ok", { label: "Undo", act: () => this.jobs.lists.get("import")?.undo(job), seconds: 12 });
  }
}

/** @param {any} found */
function figures(found) {
  const { pictures, shapes } = found;
  const all = [["Pictures", pictures.total], ["in the project", pictures.matched], ["to add", pictures.new], ["missing", pictures.missing], ["Shapes", shapes.taken], ["there already", shapes.duplicates], ["changed", shapes.changed], ["left out", shapes.refused]];
  return all.filter(([name, n]) => n || name === "Pictures" || name === "Shapes").map(([name, n]) => make("div", {}, make("dt", {}, String(name)), make("dd", {}, count(Number(n ?? 0)))));
}

/** What to do where no picture of the file is known. */
function nothing() {
  const words = "Nothing can be imported: the project has none of these pictures, and they are not in the file. Add them on the tab Items under the same paths first, or take a file that brings its pictures.";
  return make("div", { class: "notice notice-warn", role: "alert" }, icon("alert"), make("p", {}, words));
}

/** @param {{missing: number, unmatched_paths: string[]}} pictures */
function missing(pictures) {
  const shown = pictures.unmatched_paths.slice(0, 50);
  return make(
    "details",
    { class: "data-report" },
    make("summary", {}, `Neither in the project nor in the file: ${count(pictures.missing)} picture${pictures.missing === 1 ? "" : "s"}, with what is on them`),
    make("ul", { class: "data-report-list", tabindex: "0" }, ...shown.map((path) => make("li", {}, make("span", { class: "mono" }, path)))),
  );
}

/** What becomes of items that have shapes already. @param {number} items */
function conflictChoices(items) {
  if (!items) return { element: null, read: () => "skip" };
  const radios = CONFLICTS.map(([value, title, help], n) =>
    make("label", { class: "choice" }, make("input", { type: "radio", name: "conflicts", value, checked: n === 0 }), make("span", {}, make("b", {}, title), make("small", {}, help))),
  );
  const words = `${count(items)} item${items === 1 ? " has" : "s have"} shapes already`;
  const element = make("fieldset", { class: "field" }, make("legend", {}, words), make("div", { class: "choices data-choices" }, ...radios));
  return { element, read: () => /** @type {HTMLInputElement | null} */ (find("input:checked", element))?.value ?? "skip" };
}
