/** Who is here: one avatar a person, in the colour of their cursor. A press goes to where they are. */
import { make } from "../../lib/dom.js";
import { inkOn, personColor } from "../render/style.js";

/** @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
export function peopleBar(root, editor) {
  /** @type {Map<string, HTMLElement>} */
  const shown = new Map();
  const show = () => {
    const people = new Map([[editor.config.user.id, { user: editor.config.user, peers: /** @type {any[]} */ ([]) }]]);
    for (const peer of editor.peers.values()) {
      const known = people.get(peer.user.id) ?? { user: peer.user, peers: [] };
      known.peers.push(peer);
      people.set(peer.user.id, known);
    }
    for (const [id, element] of shown) {
      if (people.has(id)) continue;
      element.remove();
      shown.delete(id);
    }
    for (const [id, person] of people) {
      const element = shown.get(id) ?? avatar(person.user, editor);
      shown.set(id, element);
      if (!element.isConnected) root.append(element);
      const title = describe(person, editor);
      if (element.title !== title) {
        element.title = title;
        element.setAttribute("aria-label", title);
      }
    }
    root.dataset.count = String(people.size);
  };
  editor.on("peers", show);
  show();
}

/** @param {{user: {id: string, name: string}, peers: any[]}} person @param {import("../editor.js").Editor} editor */
function describe({ user, peers }, editor) {
  if (user.id === editor.config.user.id) return `${user.name} (you)${peers.length ? `, ${peers.length + 1} tabs` : ""}`;
  const frames = editor.isVideo ? `, on frame ${peers[0].frame ?? 0}` : "";
  return `${user.name}${frames}`;
}

/** @param {{id: string, name: string}} user @param {import("../editor.js").Editor} editor */
function avatar(user, editor) {
  const color = personColor(user.id);
  const initials = user.name.split(/\s+/).map((word) => word[0] ?? "").join("").slice(0, 2).toUpperCase();
  const button = make("button", { type: "button", class: "ed-avatar", "data-person": user.id }, initials || "?");
  button.style.background = color;
  button.style.color = inkOn(color);
  if (user.id === editor.config.user.id) button.classList.add("me");
  button.addEventListener("click", () => visit(user.id, editor));
  return button;
}

/** @param {string} userId @param {import("../editor.js").Editor} editor */
function visit(userId, editor) {
  const peer = [...editor.peers.values()].find((each) => each.user.id === userId);
  if (!peer) return;
  if (typeof peer.frame === "number") editor.goTo(peer.frame);
  if (!peer.cursor) return;
  const [x, y] = editor.view.toScreen(peer.cursor);
  editor.view.pan(editor.view.width / 2 - x, editor.view.height / 2 - y);
}
