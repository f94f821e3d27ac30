/** A card beside a shape: who drew it, who changed it last, and when. The pointer rests on it, or Shift+Q asks. */
import { announce, make } from "../../lib/dom.js";
import { boundsOf, geometryOn } from "../model/geometry.js";
import { deedsOf } from "../people_names.js";
import { agoText, nameOf } from "./names.js";

const REST_MS = 600;

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, stage }) {
  const card = new WhoCard(editor, stage.host);
  const one = () => (editor.selection.size === 1 ? "" : "Select one shape first.");
  commands.add("People", "who", "Who drew the selected shape, and who changed it", ["Shift+KeyQ"], () => card.tell([...editor.selection][0]), one);
}

class WhoCard {
  /** @param {import("../editor.js").Editor} editor @param {HTMLElement} host */
  constructor(editor, host) {
    this.editor = editor;
    this.card = make("div", { class: "ed-who", "aria-hidden": "true" });
    this.card.hidden = true;
    host.after(this.card);
    this._over = false;
    host.addEventListener("pointerleave", () => this._hide());
    host.addEventListener("pointerdown", () => this._hide());
    editor.on("cursor", (at) => (this._over = at !== null));
    editor.on("hover", () => this._wait());
    for (const name of ["tool", "frame", "selection"]) editor.on(name, () => this._hide());
    editor.view.on("change", () => this._hide());
    editor.store.on("change", () => this._hide());
  }

  _wait() {
    this._hide();
    const { hover, tool } = this.editor;
    if (hover && tool === "select") this._timer = setTimeout(() => this._over && this.editor.hover === hover && !this.editor.drafts.size && this._show(hover), REST_MS);
  }

  _hide() {
    clearTimeout(this._timer);
    if (!this.card.hidden) this.card.hidden = true;
  }

  /** Also for those who hear it. @param {string} id */
  tell(id) {
    if (!this.card.hidden) return this._hide();
    const words = this._show(id);
    if (words) announce(words);
  }

  /** @param {string} id @returns {string} what it says */
  _show(id) {
    const { editor } = this;
    const shape = editor.store.get(id);
    if (!shape) return "";
    const deeds = deedsOf(shape, (who) => nameOf(editor, who), (at) => `${agoText(Date.parse(at))}, ${new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`);
    const words = deeds.map(({ what, who, when }) => `${what}${who ? ` by ${who}` : ""}${when ? `, ${when}` : ""}.`);
    const title = editor.nameOf(shape);
    this.card.replaceChildren(make("strong", {}, title), ...words.map((line) => make("span", {}, line)));
    this._place(shape);
    this.card.hidden = false;
    return `${title}. ${words.join(" ")}`;
  }

  /** Beside the shape, within the stage. @param {import("../types.js").Annotation} shape */
  _place(shape) {
    const { view, frame } = this.editor;
    const geometry = geometryOn(shape, frame);
    const bounds = geometry && boundsOf(geometry);
    const [right, top] = bounds ? view.toScreen([bounds.maxX, bounds.minY]) : [12, 12];
    const x = Math.max(8, Math.min(right + 10, view.width - 280));
    const y = Math.max(8, Math.min(top, view.height - 90));
    this.card.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}
