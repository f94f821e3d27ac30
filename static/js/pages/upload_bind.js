/** How files come to the items page: dropped, chosen, as folders; and what becomes of them by whose word. */

import { find, findAll, isTyping, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { chosen, dropped } from "./upload_drop.js";
import { UploadQueue } from "./uploads.js";

const FEW = 20;
const HOW = "frameloop.upload-how";

/** @typedef {"few" | "all" | "none"} How */

/**
 * Whether files become items as they come, or wait to be looked through.
 * @param {How} how @param {number} files @param {boolean} folders
 */
export function addsAtOnce(how, files, folders) {
  return how === "all" || (how === "few" && files <= FEW && !folders);
}

/** The person's wish, kept for the next visit. @returns {() => How} */
function bindHow() {
  const fields = /** @type {HTMLInputElement[]} */ (findAll("[name=upload-how]"));
  const kept = localStorage.getItem(HOW);
  for (const field of fields) {
    if (field.value === kept) field.checked = true;
    field.addEventListener("change", () => localStorage.setItem(HOW, field.value));
  }
  return () => /** @type {How} */ (fields.find(({ checked }) => checked)?.value ?? "few");
}

/**
 * @param {HTMLElement} page
 * @param {string} project
 * @param {() => void} renew what shows new items
 */
export function bindUploads(page, project, renew) {
  const how = bindHow();
  let added = 0;
  /** @type {import("./upload_review.js").ReviewTray | null} */
  let tray = null;
  const review = async () => {
    const box = /** @type {HTMLElement} */ (find("#review", page));
    if (!tray) {
      const { ReviewTray } = await import("./upload_review.js");
      tray ??= new ReviewTray(box, project, { onAdded: renew, sends: (row) => queue.sends(row) });
    }
    await tray.load();
    queue.handOver();
  };
  const reviewed = () => review().catch((error) => toast(error.message, "error"));
  const queue = new UploadQueue(/** @type {HTMLElement} */ (find("#uploads", page)), project, {
    onAdded: () => (added += 1),
    onStaged: reviewed,
    onIdle: () => {
      if (added) renew();
      added = 0;
    },
  });
  /** @param {import("./upload_drop.js").Found[]} found @param {boolean} folders */
  const add = (found, folders) => {
    queue.add(found, addsAtOnce(how(), found.length, folders));
    if (tray) reviewed(); // what goes on is no longer unfinished
  };
  bindFields(add);
  bindDrop(add);
  if (find("#review", page)?.dataset.waiting === "yes") reviewed();
  return queue;
}

/** @param {(found: import("./upload_drop.js").Found[], folders: boolean) => void} add */
function bindFields(add) {
  const files = /** @type {HTMLInputElement} */ (find("#files"));
  const folder = /** @type {HTMLInputElement} */ (find("#folder"));
  const choose = () => files.click();
  on(document, "click", "#choose-files, [data-choose]", choose);
  on(document, "click", "[data-choose-folder]", () => {
    find("#upload-menu")?.removeAttribute("open");
    folder.click();
  });
  for (const field of [files, folder]) {
    field.addEventListener("change", () => {
      add(chosen(field.files), field === folder);
      field.value = "";
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "u" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) choose();
  });
}

/** @param {(found: import("./upload_drop.js").Found[], folders: boolean) => void} add */
function bindDrop(add) {
  const veil = /** @type {HTMLElement} */ (find("#drop-veil"));
  const carriesFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    dropped(event.dataTransfer).then(
      ({ found, folders }) => add(found, folders),
      () => toast("The folder could not be read to its end: choose it by Add a folder.", "error"),
    );
  });
}
