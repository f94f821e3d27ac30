/**
 * Every tool, in the order of the toolbar. Each is fetched when it is first chosen.
 * A tool is a class `new Tool(editor, renderer)` with the methods of `Tool` in stage.js.
 */
/**
 * @typedef {object} ToolEntry
 * @property {string} id
 * @property {string} title
 * @property {string[]} keys
 * @property {string} sign an icon's name, or text
 * @property {boolean} [looks] whether it may be used where nothing can be changed
 * @property {() => Promise<any>} load gives the class
 */

/** @type {ToolEntry[]} */
export const TOOLS = [
  { id: "select", title: "Select and move", keys: ["KeyV"], sign: "cursor", looks: true, load: async () => (await import("./select.js")).SelectTool },
  { id: "box", title: "Draw boxes: drag, or click two corners", keys: ["KeyB"], sign: "box", load: async () => (await import("./box.js")).BoxTool },
  { id: "extreme", title: "Draw boxes: click the four extreme points", keys: ["KeyX"], sign: "✣", load: async () => (await import("./box.js")).ExtremeTool },
  { id: "rbox", title: "Draw rotated boxes: click both ends of a side, then the width; or drag, and turn", keys: ["KeyO"], sign: "rotated", load: async () => (await import("./rbox.js")).RotatedBoxTool },
  { id: "polygon", title: "Draw polygons: click points or drag freehand; Enter closes, Backspace takes back", keys: ["KeyP"], sign: "polygon", load: async () => (await import("./polygon.js")).PolygonTool },
  { id: "hole", title: "Cut a hole into the selected polygon", keys: ["Alt+KeyP"], sign: "hole", load: async () => (await import("./polygon.js")).HoleTool },
  { id: "polyline", title: "Draw lines: click points or drag freehand; Enter ends", keys: ["Shift+KeyP"], sign: "line", load: async () => (await import("./polyline.js")).PolylineTool },
  { id: "keypoints", title: "Set keypoints: click them in order, right-click hidden ones, U skips; or drag a box", keys: ["KeyK"], sign: "skeleton", load: async () => (await import("./keypoints.js")).KeypointsTool },
  { id: "grabcut", title: "Cut out: drag a box around the object", keys: ["KeyW"], sign: "sparkles", load: async () => (await import("./assist.js")).CutOutTool },
  { id: "click", title: "Segment: click on the object, Alt-click beside it", keys: ["Shift+KeyB"], sign: "hand", load: async () => (await import("./assist.js")).ClickTool },
  { id: "brush", title: "Paint masks: Alt erases, Shift-drag fills an outline, Ctrl-click what is closed off", keys: ["KeyM"], sign: "brush", load: async () => (await import("./brush.js")).BrushTool },
  { id: "eraser", title: "Erase from a mask", keys: ["Shift+KeyM"], sign: "eraser", load: async () => (await import("./brush.js")).EraserTool },
  { id: "cut", title: "Cut the selected shapes along a line: click its points, Enter ends", keys: ["Alt+KeyX"], sign: "scissors", load: async () => (await import("./cut.js")).CutTool },
  { id: "tag", title: "Tag the picture or frame as a whole: digits set and take away tags", keys: ["KeyT"], sign: "label", load: async () => (await import("./tag.js")).TagTool },
];
