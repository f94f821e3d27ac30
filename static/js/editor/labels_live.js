/** The project's classes may be renamed, recoloured, merged or deleted while the editor is open: it follows. */
import { api } from "../lib/api.js";
import { openSocket } from "../lib/socket.js";

/** @typedef {import("./types.js").Label} Label */

/** @param {import("./extensions.js").Context} context */
export function install({ editor }) {
  const { id } = editor.config.project;
  const read = once(async () => {
    const labels = await all(`/api/v1/projects/${id}/labels`);
    const before = JSON.stringify(editor.labels.map(facts));
    if (JSON.stringify(labels.map(facts)) === before) return;
    tell(editor, labels);
    editor.setLabels(labels);
  });
  openSocket(`/ws/projects/${id}/`, {
    onMessage: (message) => message.type === "labels" && read(),
    // A change while the line was down rang for nobody.
    onState: (state) => state === "open" && read(),
  });
}

/** @param {string | null} url @returns {Promise<Label[]>} */
async function all(url) {
  const found = [];
  while (url) {
    const page = await api("GET", url);
    found.push(...page.results);
    url = page.next;
  }
  return found;
}

/** What the editor shows of a class. @param {Label} label */
function facts({ id, name, color, attributes, skeleton }) {
  return [id, name, color, attributes ?? [], skeleton ?? null];
}

/** @param {import("./editor.js").Editor} editor @param {Label[]} labels */
function tell(editor, labels) {
  const now = new Map(labels.map((label) => [label.id, label]));
  const gone = editor.labels.filter((label) => !now.has(label.id)).map(({ name }) => name);
  const renamed = editor.labels.filter((label) => now.has(label.id) && now.get(label.id)?.name !== label.name);
  if (gone.length) editor.emit("say", `No longer a class: ${gone.join(", ")}. Its shapes follow.`);
  else if (renamed.length) editor.emit("say", `${renamed[0].name} is now called ${now.get(renamed[0].id)?.name}.`);
}

/** One reading at a time, and one more after it when it was asked for meanwhile. @param {() => Promise<void>} act */
function once(act) {
  let busy = false;
  let again = false;
  const run = async () => {
    again = busy;
    if (busy) return;
    busy = true;
    try {
      await act();
    } catch (error) {
      console.warn("the classes could not be read again", error);
    } finally {
      busy = false;
    }
    if (again) void run();
  };
  return () => void run();
}
