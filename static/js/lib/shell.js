/** What every page has: the menus, the theme toggle, keys, dialogs that the template opens, copy buttons. */

import { Bell } from "./bell.js";
import { confirmDialog, openDialog } from "./dialog.js";
import { find, findAll, isTyping, on } from "./dom.js";
import { followRunningJobs } from "./running_jobs.js";
import { openSocket } from "./socket.js";
import { bindThemeToggle } from "./theme.js";
import { toast } from "./toast.js";

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
const menuItems = (menu) => findAll(".menu-item", menu);

function bindMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of findAll("details.menu[open]")) {
      if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
    }
  });
  on(document, "keydown", "details.menu", (event, menu) => {
    if (event.key === "Escape" && menu.hasAttribute("open")) {
      menu.removeAttribute("open");
      find("summary", menu)?.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (event.target instanceof HTMLInputElement && event.key === "ArrowUp") return;
    event.preventDefault();
    menu.setAttribute("open", "");
    const items = menuItems(menu).filter((item) => !item.hidden);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = event.key === "ArrowDown" ? 1 : -1;
    items[(at + step + items.length) % items.length]?.focus();
  });
}

/** Narrow the project switcher to what is typed. */
function bindSwitcher() {
  on(document, "input", "[data-switcher]", (_event, field) => {
    const wanted = /** @type {HTMLInputElement} */ (field).value.trim().toLowerCase();
    for (const item of findAll("[data-project-name]")) {
      item.hidden = !item.dataset.projectName?.toLowerCase().includes(wanted);
    }
  });
}

/** The page's search, else the project switcher's, else the switcher itself. */
function focusSearch() {
  const search = find("[data-search]") ?? find("[data-switcher]") ?? find(".site-head .menu-item");
  search?.closest("details")?.setAttribute("open", "");
  search?.focus();
}

function bindKeys() {
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "own") return;
    if (event.key === "?") openDialog("keys");
    else if (event.key === "/") focusSearch();
    else return;
    event.preventDefault();
  });
}

function bindDialogs() {
  on(document, "click", "[data-dialog]", (_event, opener) => openDialog(opener.dataset.dialog ?? ""));
  on(document, "click", "[data-close]", (_event, closer) => closer.closest("dialog")?.close());
  on(document, "submit", "form[data-confirm]", async (event, form) => {
    if (form.dataset.sure) return;
    event.preventDefault();
    const { confirm: title = "", confirmText: text, confirmAction: action, confirmTyped: typed } = form.dataset;
    if (!(await confirmDialog({ title, text, action, typed, danger: true }))) return;
    form.dataset.sure = "yes";
    // The server asks for it as well: a form that is sent before this script runs must delete nothing.
    const proof = find("input[name=confirm]", form);
    if (typed && proof instanceof HTMLInputElement) proof.value = typed;
    /** @type {HTMLFormElement} */ (form).requestSubmit(event.submitter);
  });
  for (const dialog of findAll("dialog[data-open]")) openDialog(dialog.id);
}

/** Copy by the clipboard where the origin is secure, else by selecting the text. @param {HTMLInputElement} field */
async function copyText(field) {
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else {
    field.select();
    document.execCommand("copy");
  }
  toast("Copied.", "ok");
}

function bindForms() {
  on(document, "click", "[data-copy]", (_event, button) => {
    const field = find(button.dataset.copy ?? "");
    if (field instanceof HTMLInputElement) copyText(field).catch(() => toast("The browser does not let this page copy. Select the text and copy it yourself.", "error"));
  });
  on(document, "change", "[data-submit-on-change]", (_event, field) => field.closest("form")?.requestSubmit());
  // A form that takes a while says so, and is not sent twice.
  document.addEventListener("submit", (event) => {
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (!event.defaultPrevented && button?.classList.contains("btn")) button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => findAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy")));
  on(document, "click", "[data-peek]", (_event, button) => {
    const field = find(`#${button.dataset.peek}`);
    if (!(field instanceof HTMLInputElement)) return;
    field.type = field.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(field.type === "text"));
  });
}

function markTab() {
  const tabs = find(".tabs[data-tab]");
  const name = tabs?.dataset.tab?.trim();
  const tab = tabs && name ? find(`[data-name="${name}"]`, tabs) : null;
  if (!tabs || !tab) return;
  tab.setAttribute("aria-current", "page");
  tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2; // where not all fit
}

/** Notices come by the project's own socket where the page has one. */
function bindBell() {
  const root = find("#bell");
  if (!root?.dataset.socket) return;
  const bell = new Bell(root);
  let missed = false;
  openSocket(root.dataset.socket, {
    onMessage: (message) => bell.heard(message),
    onState(state) {
      if (state === "open" && missed) void bell.refresh();
      missed = missed || state === "waiting";
    },
  });
}

bindMenus();
bindSwitcher();
bindKeys();
bindDialogs();
bindForms();
markTab();
followRunningJobs();
bindBell();
for (const button of findAll("[data-theme-toggle]")) bindThemeToggle(button);
for (const flash of findAll("[data-flash]")) {
  toast(flash.textContent?.trim() ?? "", /** @type {any} */ (flash.dataset.flash));
  flash.remove();
}
