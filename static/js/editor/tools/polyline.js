/** An open line by clicks or freehand; a click on its last point, a double click or Enter ends it. */
import { PolygonTool } from "./polygon.js";

export class PolylineTool extends PolygonTool {
  kind = /** @type {const} */ ("polyline");
}
