/**
 * Every tool, in the order of the toolbar. What is not drawn with on every item is fetched when it is first chosen.
 * A tool is a class `new Tool(editor, renderer)` with the methods of `Tool` in stage.js.
 */
import { BoxTool, ExtremeTool } from "./box.js";
import { SelectTool } from "./select.js";

/**
 * @typedef {object} ToolEntry
 * @property {string} id
 * @property {string} title
 * @property {string[]} keys
 * @property {string} sign an icon's name, or text
 * @property {boolean} [looks] whether it may be used where nothing can be changed
 * @property {() => any | Promise<any>} load gives the class
 */

/** @type {ToolEntry[]} */
export const TOOLS = [
  { id: "select", title: "Select and move", keys: ["KeyV"], sign: "cursor", looks: true, load: () => SelectTool },
  { id: "box", title: "Draw boxes: drag, or click two corners", keys: ["KeyB"], sign: "box", load: () => BoxTool },
  { id: "extreme", title: "Draw boxes: click the four extreme points", keys: ["KeyX"], sign: "✣", load: () => ExtremeTool },
];
