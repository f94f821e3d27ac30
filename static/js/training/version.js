/** One version: its pictures with their shapes, what differs from another one, and taking it up again. */

import { ApiError, api } from "../lib/api.js";
import { confirmDialog } from "../lib/dialog.js";
import { announce, find, icon, make } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { followJob } from "./version_job.js";
import { figure } from "./version_shapes.js";

const page = /** @type {HTMLElement} */ (find("#version-page"));
const id = page.dataset.version ?? "";
const list = /** @type {HTMLElement} */ (find("#frames"));
const words = /** @type {HTMLElement} */ (find("#frames-words"));
const more = /** @type {HTMLButtonElement} */ (find("#frames-more"));
const PAGE = 24;
const SIDES = /** @type {Record<string, string>} */ ({ train: "Train", val: "Validation", test: "Test" });
/** @type {string | null} */
let next = null;
let asked = 0;

/** @param {string} name */
const chosen = (name) => /** @type {HTMLSelectElement} */ (find(name)).value;

/** @param {any} row */
function tile(row) {
  const src = row.thumbnail ?? `/api/v1/versions/${id}/frames/${row.id}/picture?width=320`;
  const name = row.frame === null ? row.path : `${row.path}, frame ${row.frame}`;
  const picture = figure({ width: row.width, height: row.height, src, outlines: row.outlines, name }, name);
  const side = make("span", { class: `frame-side side-${row.split}` }, SIDES[row.split] ?? row.split);
  return make("li", {}, make("button", { type: "button", class: "frame-tile", title: name, onclick: () => showMade(row, name) }, side, picture));
}

/** @param {boolean} [anew] */
async function read(anew = false) {
  const mine = ++asked;
  const query = new URLSearchParams({ limit: String(PAGE), outlines: "1" });
  for (const name of ["split", "label"]) if (chosen(`#frames-${name}`)) query.set(name, chosen(`#frames-${name}`));
  list.ariaBusy = "true";
  more.hidden = true;
  try {
    const found = await api("GET", anew || !next ? `versions/${id}/frames?${query}` : next);
    if (mine !== asked) return;
    if (anew) list.replaceChildren();
    list.append(...found.results.map(tile));
    next = found.next;
    more.hidden = !next;
    words.textContent = list.children.length ? "" : "No picture is like that.";
  } catch (error) {
    if (mine !== asked) return;
    words.textContent = `The pictures could not be read: ${/** @type {Error} */ (error).message}`;
    more.hidden = false;
    more.textContent = "Try again";
  }
  list.ariaBusy = "false";
}

/** @param {any} row @param {string} name */
async function showMade(row, name) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#made"));
  const samples = /** @type {HTMLElement} */ (find("#made-samples"));
  /** @type {HTMLElement} */ (find("#made-title")).textContent = name;
  samples.replaceChildren(make("div", { class: "skeleton sample-wait" }, "Making the picture"));
  dialog.showModal();
  try {
    const { parts, samples: made } = await api("GET", `versions/${id}/frames/${row.id}/made`);
    samples.replaceChildren(...made.map((/** @type {any} */ one) => {
      const caption = one.copy ? `Copy ${one.copy}` : parts > 1 ? `Tile 1 of ${parts}` : "Itself";
      return figure({ ...one, src: one.image, outlines: one.shapes, name }, caption);
    }));
  } catch (error) {
    samples.replaceChildren(make("p", { class: "error" }, /** @type {Error} */ (error).message));
  }
}

const WORDS = /** @type {Record<string, string>} */ ({ added: "added", removed: "removed", changed: "changed", moved: "moved", relabelled: "another class", same: "the same" });

/** "2 added, 1 moved", nought left out. @param {Record<string, number>} counts @param {Record<string, string>} [names] */
function counted(counts, names = WORDS) {
  return Object.entries(counts).filter(([, n]) => n).map(([kind, n]) => `${n} ${names[kind] ?? kind}`).join(", ") || "none";
}

/** @param {any} found */
function diffView(found) {
  const items = counted(found.items, { ...WORDS, moved: "on another side" });
  const head = make("div", { class: "stack stack-tight" }, make("p", {}, make("b", {}, "Pictures: "), items), make("p", {}, make("b", {}, "Shapes: "), counted(found.shapes)), found.recipe.length > 0 && make("p", {}, "Pictures are made in another way."));
  const labels = Object.entries(found.labels).map(([name, counts]) => make("li", {}, make("span", { class: "cut" }, name), make("span", { class: "num" }, `+${counts.added} \u2212${counts.removed}`)));
  const rows = found.pictures.slice(0, 100).map((/** @type {any} */ row) => {
    const sides = row.split[0] && row.split[1] && row.split[0] !== row.split[1] ? `${row.split[0]} to ${row.split[1]}` : "";
    const what = [row.change === "same" ? "" : WORDS[row.change], counted(row.shapes) === "none" ? "" : counted(row.shapes), sides].filter(Boolean).join("; ");
    return make("li", {}, make("span", { class: "cut" }, row.frame === null ? row.path : `${row.path}, frame ${row.frame}`), make("span", { class: "small muted" }, what));
  });
  const rest = found.pictures.length > rows.length ? make("p", { class: "small muted" }, `and ${found.pictures.length - rows.length} more`) : null;
  return make("div", { class: "diff-view" }, head, labels.length > 0 && make("ul", { class: "counts" }, ...labels), rows.length > 0 && make("ul", { class: "counts diff-pictures" }, ...rows), rest);
}

find("#diff-show")?.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  const box = /** @type {HTMLElement} */ (find("#diff"));
  button.setAttribute("aria-busy", "true");
  try {
    box.replaceChildren(diffView(await api("GET", `versions/${id}/diff?other=${chosen("#diff-other")}`)));
  } catch (error) {
    box.replaceChildren(make("p", { class: "error" }, /** @type {Error} */ (error).message));
  }
  button.removeAttribute("aria-busy");
});

find("#restore")?.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  const text = "A new project is made with these items and labels as they were. Nothing that is there now is changed.";
  if (!(await confirmDialog({ title: `Restore ${page.dataset.name}?`, text, action: "Make the project" }))) return;
  button.setAttribute("aria-busy", "true");
  announce("The project is being made.");
  try {
    const job = await api("POST", `versions/${id}/restore`, {});
    const done = await followJob(page.dataset.project ?? "", job);
    location.href = `/projects/${done.result.project}/`;
  } catch (error) {
    toast(error instanceof ApiError ? error.detail : String(/** @type {Error} */ (error).message), "error");
  }
  button.removeAttribute("aria-busy");
});

for (const name of ["#frames-split", "#frames-label"]) find(name)?.addEventListener("change", () => read(true));
more.addEventListener("click", () => {
  more.textContent = "Show more";
  read();
});
more.prepend(icon("chevron-down"));
read(true);
