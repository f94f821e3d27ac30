/** The tray of work that was refused. */
import { icon, make } from "../../lib/dom.js";

const CODES = /** @type {Record<string, string>} */ ({
  CONFLICT: "Somebody else changed the same thing meanwhile",
  GONE: "Somebody else deleted this shape meanwhile",
  MISSING: "The shape is no longer there",
  EXISTS: "It is there already",
  FORBIDDEN: "You may not do this here",
  ITEM_APPROVED: "This item is approved and closed for changes",
  ANCHOR_GONE: "Somebody else took this vertex away meanwhile: the outline stays as they left it",
  RESTORED: "The server was restored from a backup",
});

/** @param {import("../extensions.js").Context} context */
export function install({ editor, part }) {
  tray(part("tray"), editor);
}

/** Refused work: it stays until its person decides. @param {HTMLElement} root @param {import("../editor.js").Editor} editor */
function tray(root, editor) {
  const { client } = editor;
  const list = make("ul", { class: "ed-tray-list" });
  root.append(make("h2", {}, icon("alert"), "Not saved"), list);
  const show = () => {
    root.hidden = !client.tray.length;
    list.replaceChildren(...client.tray.map((tx) => trayRow(tx, editor)));
  };
  client.on("refused", show);
  client.on("state", () => list.childElementCount !== client.tray.length && show());
  show();
}

/** @param {import("../types.js").PendingTx} tx @param {import("../editor.js").Editor} editor */
function trayRow(tx, editor) {
  const { client } = editor;
  const code = tx.refused?.code ?? "";
  const gone = code === "GONE" && !tx.undo_of;
  const again = make("button", { type: "button", class: "ed-small" }, gone ? "Restore with my edit" : "Send again");
  again.addEventListener("click", () => {
    client.dismiss(tx.tx_id);
    const restored = gone ? [...new Set(tx.ops.map((op) => op.id))].map((id) => ({ op: "restore", id })) : [];
    if (tx.undo_of) client.submit(tx.ops, { title: tx.title, undo_of: tx.undo_of, preview: tx.preview });
    else editor.submit([...restored, ...tx.ops.map((op) => renewed(op, editor))], tx.title);
  });
  const drop = make("button", { type: "button", class: "ed-small quiet" }, "Let go");
  drop.addEventListener("click", () => client.dismiss(tx.tx_id));
  const why = code === "ANCHOR_GONE" ? CODES[code] : tx.refused?.detail || CODES[code] || code;
  return make("li", {}, make("strong", {}, tx.title || "An edit"), make("p", {}, why), make("div", { class: "ed-tray-actions" }, ...(code === "ANCHOR_GONE" ? [] : [again]), drop));
}

/** Whoever sends an outline again has seen what it will replace. @param {import("../types.js").Op} op @param {import("../editor.js").Editor} editor */
function renewed(op, editor) {
  return "geom_rev" in op ? { ...op, geom_rev: editor.store.get(op.id)?.geom_rev ?? op.geom_rev } : op;
}
