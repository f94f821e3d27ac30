/** How the picture and the shapes look, for this person in this browser: a popover of sliders, and keys; remembered. */
import { icon, make } from "../../lib/dom.js";
import { boundsOf, geometryOn } from "../model/geometry.js";
import { clamp, safeStorage } from "../util.js";
import { checkField, choiceField, line, numberField } from "./fields.js";
import { nextFrame } from "./labels.js";

const SETTING = "frameloop.editor.view";
const HINT_MS = 1500;
/** Lines of a grid that lie closer on the screen than this are left out. */
const CLOSEST_LINES = 8;
const NAMES = [{ value: "always", text: "always" }, { value: "hover", text: "under the pointer" }, { value: "never", text: "never" }];

/**
 * @typedef {object} Look
 * @property {number} brightness @property {number} contrast @property {number} saturation percent
 * @property {number} fill percent; 0: outlines only
 * @property {string} names of shapes: always, hover or never
 * @property {boolean} grid @property {number} spacing pixels of the picture @property {boolean} smooth
 */

/** @type {Look} */
export const USUAL = Object.freeze({ brightness: 100, contrast: 100, saturation: 100, fill: 12, names: "always", grid: false, spacing: 50, smooth: false });

const SLIDERS = /** @type {["brightness" | "contrast" | "saturation" | "fill", string, number, number][]} */ ([
  ["brightness", "Brightness", 30, 300], ["contrast", "Contrast", 30, 300], ["saturation", "Saturation", 0, 300], ["fill", "Fill of shapes", 0, 100],
]);

/** What was remembered, as far as it makes sense. @param {string | null} text @returns {Look} */
export function readLook(text) {
  try {
    const stored = JSON.parse(text ?? "{}") ?? {};
    /** @type {any} */
    const look = Object.fromEntries(Object.entries(USUAL).map(([name, usual]) => [name, typeof stored[name] === typeof usual ? stored[name] : usual]));
    for (const [name, , low, high] of SLIDERS) look[name] = clamp(look[name], low, high);
    look.spacing = clamp(Math.round(look.spacing), 1, 10_000);
    if (!NAMES.some(({ value }) => value === look.names)) look.names = USUAL.names;
    return look;
  } catch {
    return USUAL;
  }
}

/** The CSS filter of the picture; empty when nothing is changed, which costs nothing. @param {Look} look */
export function filterOf({ brightness, contrast, saturation }) {
  const parts = [["brightness", brightness], ["contrast", contrast], ["saturate", saturation]];
  return parts.filter(([, value]) => value !== 100).map(([name, value]) => `${name}(${Number(value) / 100})`).join(" ");
}

/** How far apart grid lines are drawn, so that they can be told apart. @param {number} spacing pixels of the picture @param {number} scale */
export function gridStep(spacing, scale) {
  let step = spacing;
  while (step * scale < CLOSEST_LINES) step *= 2;
  return step;
}

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, renderer, part }) {
  const view = new View(editor, renderer, part("stage"));
  const popover = new Popover(view);
  part("extras").prepend(popover.button);
  const add = commands.add.bind(commands);
  const change = (/** @type {"brightness" | "contrast"} */ name, /** @type {number} */ by) => () => view.step(name, by);
  add("View", "view-settings", "How the picture and the shapes look", ["Shift+KeyW"], () => popover.toggle(), undefined, { inLists: true });
  add("View", "brighter", "Brighter picture", ["Period"], change("brightness", 15), undefined, { repeats: true });
  add("View", "darker", "Darker picture", ["Comma"], change("brightness", -15), undefined, { repeats: true });
  add("View", "more-contrast", "More contrast", ["Shift+Period"], change("contrast", 15), undefined, { repeats: true });
  add("View", "less-contrast", "Less contrast", ["Shift+Comma"], change("contrast", -15), undefined, { repeats: true });
  add("View", "usual-view", "Picture and shapes as they usually look", ["Alt+KeyW"], () => view.set(USUAL));
  add("View", "grid", "Grid on or off", ["Shift+KeyG"], () => view.set({ grid: !view.look.grid }));
  add("View", "outlines", "Outlines only, or filled shapes", ["Alt+KeyF"], () => view.set({ fill: view.look.fill ? 0 : USUAL.fill }));
  add("View", "names", "Names of shapes: always, under the pointer, never", ["Alt+KeyL"], () => view.nextNames());
}

class View {
  /** @param {import("../editor.js").Editor} editor @param {import("../render/renderer.js").Renderer} renderer @param {HTMLElement} stage */
  constructor(editor, renderer, stage) {
    this.editor = editor;
    this.renderer = renderer;
    this.stage = stage;
    this.storage = safeStorage("localStorage");
    this.look = readLook(this.storage.get(SETTING));
    /** @type {() => void} */
    this.changed = () => undefined;
    // Numbers that run while a key is held are for the eye only.
    this.hint = make("p", { class: "ed-hint", "aria-hidden": "true", hidden: true });
    this.grid = make("div", { class: "ed-grid", "aria-hidden": "true", hidden: true });
    this.name = make("span", { class: "ed-hover-name", "aria-hidden": "true", hidden: true });
    stage.querySelector("canvas")?.before(this.grid);
    stage.append(this.name);
    stage.after(this.hint);
    const place = nextFrame(() => this._place()); // on the picture, so with it
    editor.view.on("change", () => (this.look.grid || !this.name.hidden) && place());
    editor.on("hover", () => this.look.names === "hover" && place());
    this._apply();
  }

  /** @param {Partial<Look>} change */
  set(change) {
    this.look = readLook(JSON.stringify({ ...this.look, ...change }));
    this.storage.set(SETTING, JSON.stringify(this.look));
    this._apply();
    this.changed();
  }

  /** @param {"brightness" | "contrast"} name @param {number} by */
  step(name, by) {
    this.set({ [name]: this.look[name] + by });
    this._show(`${name === "contrast" ? "Contrast" : "Brightness"} ${this.look[name]} %`);
  }

  nextNames() {
    const at = NAMES.findIndex(({ value }) => value === this.look.names);
    const next = NAMES[(at + 1) % NAMES.length];
    this.set({ names: next.value });
    this.editor.emit("say", `Names: ${next.text}.`);
  }

  /** @param {string} words */
  _show(words) {
    this.hint.textContent = words;
    this.hint.hidden = false;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => (this.hint.hidden = true), HINT_MS);
  }

  _apply() {
    const { look } = this;
    /** @type {HTMLElement} */ (this.stage.querySelector(".ed-picture")).style.filter = filterOf(look);
    this.renderer.setLook({ smooth: look.smooth, fill: look.fill / 100, names: look.names === "always" });
    this._place();
  }

  /** Grid and name lie on the screen, at the places of the picture. */
  _place() {
    const { look, grid, name, editor } = this;
    const { x, y, scale, pictureWidth, pictureHeight } = editor.view;
    grid.hidden = !look.grid;
    if (look.grid) {
      const step = gridStep(look.spacing, scale) * scale;
      Object.assign(grid.style, { left: `${x}px`, top: `${y}px`, width: `${pictureWidth * scale}px`, height: `${pictureHeight * scale}px`, backgroundSize: `${step}px ${step}px` });
    }
    const shape = look.names === "hover" && editor.hover ? editor.store.get(editor.hover) : undefined;
    const geometry = shape && geometryOn(shape, editor.frame);
    const bounds = geometry && boundsOf(geometry);
    name.hidden = !bounds;
    if (!shape || !bounds) return;
    const style = editor.styles.of(shape);
    name.textContent = editor.nameOf(shape);
    Object.assign(name.style, { background: style.color, color: style.ink, transform: `translate(${bounds.minX * scale + x}px, ${bounds.minY * scale + y - 16}px)` });
  }
}

class Popover {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    this.button = make("button", { type: "button", class: "ed-btn", id: "view-button", "aria-label": "View: how the picture and the shapes look", title: "View (Shift W)", popovertarget: "view-popover" }, icon("sun"));
    /** @type {(() => void)[]} */
    this._shows = [];
    this.panel = make("div", { id: "view-popover", class: "ed-popover", popover: "auto", role: "dialog", "aria-label": "View" }, make("h2", {}, "View"), ...this._controls());
    document.body.append(this.panel);
    this.panel.addEventListener("toggle", () => {
      this.show();
      if (this.panel.matches(":popover-open")) this.panel.querySelector("input")?.focus();
    });
    view.changed = () => this.show();
    view.editor.on("settings", () => this.show());
  }

  toggle() {
    this.panel.togglePopover();
  }

  show() {
    for (const show of this._shows) show();
  }

  _controls() {
    const { view } = this;
    const { editor } = view;
    const names = choiceField("Names of shapes", NAMES, (value) => view.set({ names: value }));
    const grid = checkField("Grid", (on) => view.set({ grid: on }));
    const spacing = numberField("Spacing of the grid, pixels", (value) => view.set({ spacing: value ?? USUAL.spacing }), { min: 1, step: 1 });
    const cross = checkField("Crosshair", (on) => editor.setCrosshair(on));
    const smooth = checkField("Smooth the picture when it is zoomed in", (on) => view.set({ smooth: on }));
    const usual = make("button", { type: "button", class: "ed-small quiet" }, "As usual");
    usual.addEventListener("click", () => view.set(USUAL));
    this._shows.push(() => {
      const { look } = view;
      names.show(true, look.names);
      grid.show(true, look.grid);
      spacing.show(true, look.spacing);
      cross.show(true, editor.crosshair);
      smooth.show(true, look.smooth);
    });
    return [
      ...SLIDERS.map((each) => this._slider(...each)), line("Names", names.element),
      make("div", { class: "ed-line" }, make("span", { class: "ed-line-name" }, "Grid"), grid.element, spacing.element, make("span", { class: "ed-unit" }, "px")),
      line("Crosshair", cross.element), line("Smooth", smooth.element, make("span", { class: "ed-unit" }, "when zoomed in")), usual,
    ];
  }

  /** @param {"brightness" | "contrast" | "saturation" | "fill"} name @param {string} words @param {number} low @param {number} high */
  _slider(name, words, low, high) {
    const { view } = this;
    const input = /** @type {HTMLInputElement} */ (make("input", { type: "range", class: "ed-range", min: String(low), max: String(high), step: "1", "aria-label": words }));
    const value = make("output", { class: "ed-unit", "aria-hidden": "true" });
    input.addEventListener("input", () => view.set({ [name]: input.valueAsNumber }));
    this._shows.push(() => {
      input.value = String(view.look[name]);
      input.setAttribute("aria-valuetext", `${view.look[name]} percent`);
      value.textContent = `${view.look[name]} %`;
    });
    return line(words, input, value);
  }
}
