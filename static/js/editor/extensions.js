/**
 * Parts of the editor that are not needed for its first second: fetched once the document is on screen. Each module
 * exports `install(context)`; it adds commands, tabs of the side, overlays, and listens to the editor.
 */
import { Side } from "./panels/side.js";

/**
 * @typedef {object} Context
 * @property {import("./editor.js").Editor} editor
 * @property {import("./commands.js").Commands} commands
 * @property {import("./render/renderer.js").Renderer} renderer
 * @property {import("./tools/stage.js").Stage} stage
 * @property {import("./panels/side.js").Side} side adds tabs beside the list of shapes
 * @property {(id: string) => HTMLElement} part an element of the page: "extras" lies in the top bar, "details" below the classes
 *
 * @typedef {{name: string, when?: (editor: import("./editor.js").Editor) => boolean, load: () => Promise<{install: (context: Context) => void}>}} Extension
 */

/** @type {Extension[]} */
export const EXTENSIONS = [
  { name: "the people who are here", load: () => import("./panels/people.js") },
  { name: "showing the others where you are", load: () => import("./presence.js") },
  { name: "the tray of refused work", load: () => import("./panels/tray.js") },
  { name: "the brush's bar", load: () => import("./panels/brush.js") },
  { name: "tags", load: () => import("./panels/tags.js") },
  { name: "large masks", load: () => import("./panels/large_masks.js") },
  { name: "regions and conversions", load: () => import("./panels/regions.js") },
  { name: "work on single vertices", load: () => import("./tools/shape_commands.js") },
  { name: "following", load: () => import("./panels/following.js") },
  { name: "who holds what", load: () => import("./render/holds.js") },
  { name: "who drew what", load: () => import("./panels/who_card.js") },
  { name: "the session", load: () => import("./panels/sessions.js") },
  { name: "comments", load: () => import("./panels/comments.js") },
  { name: "notices", load: () => import("./panels/notices.js") },
  { name: "the selection's details", load: () => import("./panels/details.js") },
  { name: "arranging shapes", load: () => import("./arrange.js") },
  { name: "the filter", load: () => import("./panels/filter.js") },
  { name: "the command palette", load: () => import("./panels/palette.js") },
  { name: "the view of the picture", load: () => import("./panels/view.js") },
  { name: "the review bar", load: () => import("./panels/review.js") },
  { name: "changes of classes", load: () => import("./labels_live.js") },
  { name: "tracks", when: ({ isVideo }) => isVideo, load: () => import("./panels/tracks.js") },
  { name: "playing", when: ({ isVideo }) => isVideo, load: () => import("./panels/playback.js") },
  { name: "the timeline", when: ({ isVideo }) => isVideo, load: () => import("./panels/timeline.js") },
  { name: "the history", load: () => import("./panels/history.js") },
  { name: "the tools that suggest", load: () => import("./panels/assist.js") },
];

/**
 * All are fetched at once and installed in the order above, so that tabs, commands and buttons lie where they lay
 * the last time. One that fails is missing, and says so; the others work. @param {Omit<Context, "side">} parts
 */
export async function installAll(parts) {
  const context = { ...parts, side: new Side(parts.part("side-tabs"), parts.part("objects")) };
  const wanted = EXTENSIONS.filter(({ when }) => !when || when(context.editor));
  const coming = wanted.map(({ name, load }) => ({ name, module: load().catch((error) => failed(context, name, error)) }));
  for (const { name, module } of coming) {
    try {
      (await module)?.install(context);
    } catch (error) {
      failed(context, name, error);
    }
  }
}

/** @param {Context} context @param {string} name @param {unknown} error @returns {null} */
function failed(context, name, error) {
  console.error(error);
  context.editor.emit("say", `A part of the editor could not be loaded: ${name}. Reload the page to try again.`);
  return null;
}
