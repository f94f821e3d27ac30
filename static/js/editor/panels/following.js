/** Following somebody: its keys, and what the bar of people asks for. */
import { Follow } from "../follow.js";

/** @param {import("../extensions.js").Context} context */
export function install({ editor, commands, stage }) {
  const follow = new Follow(editor, stage.host);
  editor.on("follow", (id) => (id ? follow.start(id) : follow.stop()));
  editor.on("visit", (id) => follow.visit(id));
  const nobody = () => (editor.peers.size ? "" : "Nobody else is here.");
  commands.add("People", "follow", "Follow the next person; after the last, nobody", ["Shift+KeyF"], () => follow.turn(), nobody);
  commands.add("People", "everybody", "Everybody who is here", ["Shift+KeyU"], () => editor.emit("everybody"));
}
