/** The items of a project: drop files in, load more, delete, and follow what others do. */

import { api } from "../lib/api.js";
import { confirmDialog } from "../lib/dialog.js";
import { announce, find, findAll, on } from "../lib/dom.js";
import { openSocket } from "../lib/socket.js";
import { toast } from "../lib/toast.js";
import { bindItemJobs } from "./item_jobs.js";
import { load, renewParts, whileSeen } from "./refresh.js";
import { bindUploads } from "./upload_bind.js";

const LOOK_MS = 10000;

const page = /** @type {HTMLElement} */ (find("#items-page"));
const tiles = /** @type {HTMLElement} */ (find("#tiles"));
const project = page.dataset.project ?? "";

/** Tiles of a fetched page that this page does not show yet. @param {Document} fresh */
function newTiles(fresh) {
  const known = new Set(findAll(".tile", tiles).map((tile) => tile.dataset.item));
  return findAll(".tile", fresh).filter((tile) => !known.has(tile.dataset.item));
}

/** Put new items where they belong, and renew the counts and the tiles whose state or count changed. */
async function renew() {
  const fresh = await load(location.href);
  const added = new Set(newTiles(fresh));
  /** @type {HTMLElement | null} */
  let above = null;
  for (const tile of findAll(".tile", fresh)) {
    if (!added.has(tile)) {
      above = find(`[data-item="${tile.dataset.item}"]`, tiles);
      continue;
    }
    tile.dataset.new = "";
    const place = /** @type {HTMLElement} */ (document.adoptNode(tile));
    if (above) above.after(place);
    else tiles.prepend(place);
    above = place;
  }
  for (const tile of findAll(".tile", fresh)) {
    const shown = find(`[data-item="${tile.dataset.item}"]`, tiles);
    for (const part of [".tile-foot .badge", ".tile-count"]) replacePart(shown, tile, part);
  }
  renewParts(fresh);
  if (!tiles.children.length) return;
  find("#nothing")?.remove();
  find("#items-bar")?.removeAttribute("hidden");
}

/** @param {HTMLElement | null} shown @param {HTMLElement} fresh @param {string} selector */
function replacePart(shown, fresh, selector) {
  const before = shown && find(selector, shown);
  const after = find(selector, fresh);
  if (!shown || before?.outerHTML === after?.outerHTML) return;
  if (before && after) before.replaceWith(document.adoptNode(after));
  else if (after) find(".tile-picture", shown)?.append(document.adoptNode(after));
  else before?.remove();
}

on(document, "click", "#more", async (event, more) => {
  event.preventDefault();
  more.setAttribute("aria-busy", "true");
  try {
    const fresh = await load(/** @type {HTMLAnchorElement} */ (more).href);
    const added = newTiles(fresh).map((tile) => document.adoptNode(tile));
    tiles.append(...added);
    const next = find("#more", fresh);
    if (next) more.replaceWith(document.adoptNode(next));
    else more.remove();
    find(".tile-link", added[0])?.focus();
    announce(`${added.length} more items.`);
  } catch (error) {
    more.removeAttribute("aria-busy");
    toast(/** @type {Error} */ (error).message, "error");
  }
});

on(document, "click", "[data-delete-item]", async (_event, button) => {
  const name = button.dataset.deleteItem ?? "";
  const text = "Its labels and their history go with it. The file stays in the team's library. This cannot be undone.";
  if (!(await confirmDialog({ title: `Delete ${name}?`, text, action: "Delete", danger: true }))) return;
  const tile = /** @type {HTMLElement} */ (button.closest(".tile"));
  tile.dataset.going = "";
  try {
    await api("DELETE", `items/${tile.dataset.item}?confirm=true`);
  } catch (error) {
    delete tile.dataset.going;
    return toast(/** @type {Error} */ (error).message, "error");
  }
  takeAway(tile);
  toast(`${name} is deleted.`, "ok");
});

/** @param {HTMLElement} tile */
function takeAway(tile) {
  const neighbour = /** @type {HTMLElement | null} */ (tile.nextElementSibling ?? tile.previousElementSibling);
  const focused = tile.contains(document.activeElement) || document.activeElement === document.body;
  tile.remove();
  if (neighbour && focused) find(".tile-link", neighbour)?.focus();
  if (tiles.children.length) renewSoon();
  else location.reload();
}

const renewed = () => renew().catch(() => location.reload());
const sendsFiles = page.dataset.mayAdd === "yes" ? bindUploads(page, project, renewed) : null;
const itemJobs = page.dataset.mayAdd === "yes" ? bindItemJobs(project) : null;

/** What others add, change and delete. @param {any} message */
function heard(message) {
  if (message.type === "upload") sendsFiles?.heard(message);
  itemJobs?.heard(message);
  if (message.type !== "item") return;
  const tile = find(`[data-item="${message.item}"]`, tiles);
  if (message.change === "removed" && tile && !("going" in tile.dataset)) takeAway(tile);
  else if (message.change !== "removed") renewSoon();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let renewing;
function renewSoon() {
  clearTimeout(renewing);
  renewing = setTimeout(() => renew().catch(() => {}), 800);
}

openSocket(`/ws/projects/${project}/`, { onMessage: heard });

// What others label: no event tells of each shape, so a mark that changes with any of them is looked at.
let mark = page.dataset.mark;
whileSeen(async () => {
  const { changed } = await api("GET", `/projects/${project}/changed/`);
  if (changed === mark) return;
  mark = changed;
  await renew();
}, LOOK_MS);
