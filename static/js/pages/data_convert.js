/** Converting: a file, what it is in, and what it is to become. */

import { announce, find } from "../lib/dom.js";
import { abilityChips, chosenOptions, dropPlace, formatChoices, optionFields, showError } from "./data_parts.js";
import { sendFile } from "./data_send.js";

/** @typedef {import("./data_parts.js").Format} Format */

/** @param {HTMLElement} form @param {Format[]} formats @param {import("./data_jobs.js").Jobs} jobs */
export function startConversions(form, formats, jobs) {
  /** @type {File | null} */
  let file = null;
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (find(selector, form));
  const to = /** @type {HTMLSelectElement} */ (part("#convert-to"));
  const button = /** @type {HTMLButtonElement} */ (part("button.btn-primary"));
  formatChoices(part("#convert-from"), formats.filter((each) => each.read));
  formatChoices(to, formats.filter((each) => each.write));

  function chosen() {
    const format = formats.find((each) => each.name === to.value);
    if (!format) return;
    part("[data-abilities]").replaceChildren(...abilityChips(format));
    optionFields(part("[data-options]"), format, "write");
  }
  to.addEventListener("change", chosen);
  chosen();

  dropPlace(form, (taken) => {
    file = taken;
    part("[data-chosen]").textContent = taken.name;
    button.disabled = false;
    showError(form, "");
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!file || button.ariaBusy === "true") return;
    showError(form, "");
    button.ariaBusy = "true";
    part("[data-sending]").hidden = false;
    part("[data-sending-name]").textContent = file.name;
    const fields = {
      to: to.value,
      format: /** @type {HTMLSelectElement} */ (part("#convert-from")).value,
      options: chosenOptions(part("[data-options]")),
      media: /** @type {HTMLInputElement} */ (part("[name=media]")).checked,
    };
    try {
      const path = `projects/${jobs.facts.project}/conversions`;
      const job = await sendFile(jobs.facts.project, path, file, fields, (share, words) => {
        /** @type {HTMLProgressElement} */ (part("[data-sending] progress")).value = share;
        part("[data-sending-words]").textContent = words;
      });
      jobs.lists.get("convert")?.put(job);
      announce("The conversion is queued.");
    } catch (error) {
      showError(form, /** @type {Error} */ (error).message);
    }
    button.ariaBusy = null;
    part("[data-sending]").hidden = true;
  });
}
