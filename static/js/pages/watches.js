/** Watched places on the settings page: add one, switch it off and on, take it away. */

import { api } from "../lib/api.js";
import { confirmDialog } from "../lib/dialog.js";
import { find, findAll, on } from "../lib/dom.js";
import { toast } from "../lib/toast.js";

/**
 * What the interface is told of a place; fields that are empty or of the other kind are left out.
 * @param {Record<string, string>} typed
 */
export function placeOf(typed) {
  const wanted = typed.kind === "s3" ? ["bucket", "prefix", "endpoint", "region", "into"] : ["folder", "into"];
  const config = Object.fromEntries(wanted.filter((name) => typed[name]?.trim()).map((name) => [name, typed[name].trim()]));
  const keys = { access_key: typed.access_key ?? "", secret_key: typed.secret_key ?? "" };
  return typed.kind === "s3" && keys.access_key ? { kind: typed.kind, config, keys } : { kind: typed.kind, config };
}

/** @param {any} error the first refusal with the name of its field */
function words(error) {
  const [first] = error.errors ?? [];
  return first ? `${first.pointer.split("/").pop()}: ${first.detail}` : error.message;
}

/** @param {HTMLElement} section */
function bind(section) {
  const form = /** @type {HTMLFormElement} */ (find("#watch-new", section));
  on(section, "change", "[name=kind]", (_event, field) => {
    const kind = /** @type {HTMLInputElement} */ (field).value;
    for (const part of findAll("[data-kind]", form)) part.hidden = part.dataset.kind !== kind;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = /** @type {any} */ (Object.fromEntries(new FormData(form)));
    try {
      await api("POST", `projects/${section.dataset.project}/watches`, placeOf(typed));
      location.reload();
    } catch (error) {
      /** @type {HTMLElement} */ (find("[role=alert]", form)).textContent = words(error);
    }
  });
  on(section, "click", "[data-switch]", (_event, button) => change(button, "PATCH", { enabled: button.dataset.switch === "on" }));
  on(section, "click", "[data-unwatch]", async (_event, button) => {
    const text = "Items that came from there stay.";
    if (await confirmDialog({ title: `Stop watching ${button.dataset.unwatch}?`, text, action: "Stop watching" })) change(button, "DELETE");
  });
}

/** @param {HTMLElement} button @param {string} method @param {any} [body] */
async function change(button, method, body) {
  const row = /** @type {HTMLElement} */ (button.closest("[data-watch]"));
  try {
    await api(method, `watches/${row.dataset.watch}`, body);
    location.reload();
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "error");
  }
}

const section = typeof document === "undefined" ? null : find("#watches");
if (section) bind(section);
