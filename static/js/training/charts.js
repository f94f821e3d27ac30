/** Curves in the page's colours: uPlot, kept at its box's width and redrawn when the theme changes. */

import plotter from "../vendor/uplot.js";
import { number } from "./story.js";

/** @type {new (settings: any, columns: (number | null)[][], box: HTMLElement) => any} */
const Plot = /** @type {any} */ (plotter);

const HEIGHT = 260;
const redraws = new Set();

/** A colour of the theme as canvas understands it. @param {HTMLElement} box @param {string} name */
function color(box, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  box.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/**
 * @typedef {{label: string, color: string, width?: number, dash?: number[], digits?: number}} Line `color` is a custom property
 */

/**
 * A chart over epochs.
 * @param {HTMLElement} box takes the chart; what it holds before is shown until there are points
 * @param {Line[]} lines
 * @param {{range?: [number, number]}} [options] the y axis, when it is fixed
 * @returns {{draw: (columns: (number | null)[][], epochs: number) => void}} `epochs` is where the x axis ends
 */
export function chart(box, lines, options = {}) {
  /** @type {any} */
  let plot = null;
  /** @type {(number | null)[][]} */
  let last = [];
  const end = { epochs: 1 };

  function build() {
    plot?.destroy();
    box.querySelector(".chart-empty")?.remove();
    plot = new Plot(settings(box, lines, options, end), last, box);
  }

  new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  redraws.add(() => plot && build());
  return {
    draw(columns, epochs) {
      last = columns;
      end.epochs = epochs;
      if (!columns[0]?.length) return;
      if (plot) plot.setData(columns);
      else build();
    },
  };
}

/** @param {HTMLElement} box @param {Line[]} lines @param {{range?: [number, number]}} options @param {{epochs: number}} end @returns {any} */
function settings(box, lines, options, end) {
  const ink = color(box, "--ink-soft");
  const grid = { stroke: color(box, "--line"), width: 1 };
  const font = `12px ${getComputedStyle(box).fontFamily}`;
  const axis = { stroke: ink, grid, ticks: { ...grid, size: 4 }, font, gap: 6 };
  const series = lines.map((line) => ({
    label: line.label,
    stroke: color(box, line.color),
    width: line.width ?? 2,
    dash: line.dash,
    spanGaps: true,
    points: { show: (/** @type {any} */ self) => self.data[0].length < 2, size: 6 },
    value: (/** @type {any} */ _self, /** @type {number | null} */ value) => number(value, line.digits ?? 3),
  }));
  return {
    width: box.clientWidth,
    height: HEIGHT,
    scales: { x: { time: false, range: () => [0, Math.max(1, end.epochs)] }, y: options.range ? { range: options.range } : { range: fromZero } },
    axes: [
      { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
      { ...axis, size: 46 },
    ],
    cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    legend: { live: true },
    series: [{ label: "Epoch", value: (/** @type {any} */ _self, /** @type {number | null} */ x) => number(x, x && x % 1 ? 1 : 0) }, ...series],
  };
}

/** Losses are read from zero; one far above the rest at the start must not flatten them. @param {any} _self @param {number} _low @param {number} high */
function fromZero(_self, _low, high) {
  return [0, Number.isFinite(high) && high > 0 ? high * 1.05 : 1];
}

const renew = () => redraws.forEach((redraw) => redraw());
new MutationObserver(renew).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
