/** The tabs of the side: the shapes first, then what extensions add. One tab alone shows no bar. */
import { make } from "../../lib/dom.js";

export class Side {
  /** @param {HTMLElement} bar @param {HTMLElement} first the panel that is there from the start */
  constructor(bar, first) {
    this.bar = bar;
    /** @type {Map<string, {tab: HTMLButtonElement, panel: HTMLElement, shown?: () => void}>} */
    this.tabs = new Map();
    this.current = "shapes";
    bar.setAttribute("role", "tablist");
    bar.addEventListener("keydown", (event) => this._key(event));
    this._add("shapes", "Shapes", first);
    this.open("shapes");
  }

  /**
   * @param {string} id @param {string} title @param {() => void} [shown] called each time the tab comes into view
   * @returns {HTMLElement} the tab's empty panel
   */
  addTab(id, title, shown) {
    const panel = make("section", { class: "ed-panel ed-panel-fill", id: `side-${id}` });
    this.tabs.get("shapes")?.panel.after(panel);
    this._add(id, title, panel, shown);
    return panel;
  }

  /** @param {string} id @param {string} title @param {HTMLElement} panel @param {() => void} [shown] */
  _add(id, title, panel, shown) {
    const tab = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: "ed-tab", role: "tab", "aria-selected": "false", "aria-controls": panel.id, tabindex: "-1" }, title));
    tab.addEventListener("click", () => this.open(id));
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-label", title);
    panel.hidden = this.tabs.size > 0;
    this.tabs.set(id, { tab, panel, shown });
    this.bar.append(tab);
    this.bar.hidden = this.tabs.size < 2;
  }

  /** @param {string} id */
  open(id) {
    this.current = id;
    for (const [name, { tab, panel }] of this.tabs) {
      tab.setAttribute("aria-selected", String(name === id));
      tab.tabIndex = name === id ? 0 : -1;
      panel.hidden = name !== id;
    }
    this.tabs.get(id)?.shown?.();
  }

  /** A small number on a tab: what waits there. @param {string} id @param {number} count */
  badge(id, count) {
    const tab = this.tabs.get(id)?.tab;
    if (tab) tab.dataset.count = count ? String(count) : "";
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const names = [...this.tabs.keys()];
    const at = names.findIndex((name) => this.tabs.get(name)?.tab === document.activeElement);
    const next = names[(at + by + names.length) % names.length];
    this.open(next);
    this.tabs.get(next)?.tab.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
