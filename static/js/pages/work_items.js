/** Choose items of a project, and assign, submit, approve or send them back together. */

import { api } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { announce, find, findAll, isTyping, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { goToNext } from "./work_next.js";

const page = /** @type {HTMLElement} */ (find("#items-page"));
const bar = /** @type {HTMLElement} */ (find("#picked"));
const project = page.dataset.project ?? "";

/** @returns {HTMLInputElement[]} */
const picks = () => /** @type {HTMLInputElement[]} */ (findAll("[data-pick]"));
const chosen = () => picks().filter((pick) => pick.checked).map((pick) => /** @type {HTMLElement} */ (pick.closest(".tile")).dataset.item ?? "");
/** @param {number} n */
const count = (n) => `${n} item${n === 1 ? "" : "s"}`;

/** The last box that was clicked: a click with Shift chooses all from there to here. @type {HTMLInputElement | null} */
let last = null;

function show() {
  const n = chosen().length;
  bar.hidden = !n;
  page.classList.toggle("picking", n > 0);
  const text = `${count(n)} chosen`;
  /** @type {HTMLElement} */ (find("#picked-count")).textContent = text;
}

on(document, "click", "[data-pick]", (event, target) => {
  const pick = /** @type {HTMLInputElement} */ (target);
  if (event.shiftKey && last) {
    const all = picks();
    const [from, to] = [all.indexOf(last), all.indexOf(pick)].sort((a, b) => a - b);
    for (const between of all.slice(Math.max(0, from), to + 1)) between.checked = pick.checked;
  }
  last = pick;
  show();
});

/** @param {boolean} on */
function pickAll(on) {
  for (const pick of picks()) pick.checked = on;
  show();
}

on(document, "click", "[data-pick-all]", () => pickAll(true));
on(document, "click", "[data-pick-none]", () => pickAll(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !bar.hidden && !isTyping(event.target) && !find("dialog[open]")) pickAll(false);
});

on(document, "click", "[data-next-item]", (event, button) => {
  if (event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  void goToNext(button);
});

// -- states ------------------------------------------------------------------------------------------------------

on(document, "click", "[data-take-to]", (_event, button) => {
  const state = button.dataset.takeTo ?? "";
  if (state === "sent-back") openDialog("send-back");
  else void take(state, "");
});

find("#send-back form")?.addEventListener("submit", (event) => {
  const reason = /** @type {HTMLTextAreaElement} */ (find("[name=reason]", /** @type {HTMLElement} */ (event.target))).value;
  void take("sent-back", reason);
});

/** @param {string} state @param {string} reason */
async function take(state, reason) {
  await attempt(async () => {
    const { changed, refused } = await api("POST", `projects/${project}/item-states`, { items: chosen(), state, reason });
    if (refused.length) toast(`${refused[0].path}: ${refused[0].detail}${refused.length > 1 ? ` So it is with ${refused.length - 1} more.` : ""}`, "error");
    done(`${count(changed.length)} ${{ "in-review": "submitted", approved: "approved", "sent-back": "sent back" }[state]}.`, changed.length);
  });
}

on(document, "click", "[data-truth]", () =>
  attempt(async () => {
    const { changed, detail } = await api("POST", `projects/${project}/ground-truth`, { items: chosen(), on: true });
    if (detail) toast(detail, "error");
    done(`${count(changed.length)} ${changed.length === 1 ? "is" : "are"} ground truth.`, changed.length);
  }),
);

/** Say what happened; the grid is read again, with what is chosen let go. @param {string} text @param {number} n */
function done(text, n) {
  if (!n) return;
  toast(text, "ok");
  announce(text);
  setTimeout(() => location.reload(), 700);
}

// -- assigning ---------------------------------------------------------------------------------------------------

const dialog = /** @type {HTMLDialogElement | null} */ (find("#assign"));
const form = /** @type {HTMLFormElement | null} */ (dialog && find("form", dialog));

/** What the dialog is about: the chosen items, or else all that the filters show. */
function what() {
  const items = chosen();
  if (items.length) return { items };
  return { filter: location.search ? { search: location.search.slice(1) } : {} };
}

/** @param {"assign" | "consensus"} task */
function ask(task) {
  if (!dialog || !form) return;
  dialog.dataset.task = task;
  for (const part of findAll("[data-for]", dialog)) part.hidden = part.dataset.for !== task;
  const named = what().items;
  const all = location.search ? "All items that the filters show" : "All items of the project";
  /** @type {HTMLElement} */ (find("#assign-title")).textContent = task === "assign" ? "Assign" : "Consensus";
  /** @type {HTMLElement} */ (find("#assign-what")).textContent = `${named ? count(named.length) : all}.${task === "consensus" ? " Each is labelled by several people, who do not see each other's work." : ""}`;
  /** @type {HTMLElement} */ (find("#assign-go")).textContent = task === "assign" ? "Assign" : "Start";
  /** @type {HTMLElement} */ (find("#assign-error")).textContent = "";
  for (const button of findAll("[data-unassign]", dialog)) button.hidden = task !== "assign" || !named;
  openDialog("assign");
}

on(document, "click", "[data-assign]", () => ask("assign"));
on(document, "click", "[data-consensus]", () => ask("consensus"));
on(document, "click", "#assign [data-close], #send-back [data-close]", (_event, button) => /** @type {HTMLDialogElement} */ (button.closest("dialog")).close());

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const people = given.getAll("people");
  const error = /** @type {HTMLElement} */ (find("#assign-error"));
  error.textContent = people.length ? "" : "Choose at least one person.";
  if (!people.length) return;
  try {
    if (dialog?.dataset.task === "consensus") await startConsensus(people, Number(given.get("k")));
    else await assign(people, String(given.get("role")), String(given.get("how")));
  } catch (problem) {
    error.textContent = /** @type {Error} */ (problem).message;
  }
});

/** @param {FormDataEntryValue[]} people @param {string} role @param {string} how */
async function assign(people, role, how) {
  const { results } = await api("POST", `projects/${project}/assignments`, { ...what(), people, role, how });
  dialog?.close();
  done(`${count(results.length)} assigned.`, results.length);
  if (!results.length) toast("There was nothing to assign.", "info");
}

/** @param {FormDataEntryValue[]} people @param {number} k */
async function startConsensus(people, k) {
  const { results } = await api("POST", `projects/${project}/consensus`, { items: chosen(), people, k });
  dialog?.close();
  done(`${count(results.length)} will be labelled by ${k} people each.`, results.length);
}

on(document, "click", "[data-unassign]", () =>
  attempt(async () => {
    const role = /** @type {HTMLSelectElement} */ (find("[name=role]", /** @type {HTMLElement} */ (form))).value;
    const { removed } = await api("DELETE", `projects/${project}/assignments`, { items: chosen(), role });
    dialog?.close();
    done(`${count(removed)} taken off.`, removed);
  }),
);

/** @param {() => Promise<void>} act */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "error");
  }
}
