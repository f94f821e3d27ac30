/** The editor page: puts the parts together. */
import { api, ApiError } from "../lib/api.js";
import { embedded, isTyping } from "../lib/dom.js";
import { Commands } from "./commands.js";
import { coreCommands } from "./core_commands.js";
import { Editor } from "./editor.js";
import { History } from "./model/history.js";
import { OpClient } from "./model/op_client.js";
import { openQueue } from "./model/queue.js";
import { Store } from "./model/store.js";
import { labelPanel } from "./panels/labels.js";
import { ObjectList } from "./panels/objects.js";
import { hints, measures, saveState } from "./panels/status.js";
import { toolbar } from "./panels/toolbar.js";
import { FrameSource } from "./render/frames.js";
import { Renderer } from "./render/renderer.js";
import { colourPeople } from "./render/style.js";
import { claimClientId, sendOrphans } from "./session.js";
import { Stage } from "./tools/stage.js";
import { safeStorage } from "./util.js";

/** How often to look for work that a tab left behind. */
const ORPHANS_MS = 20_000;

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

async function start() {
  /** @type {import("./types.js").EditorConfig} */
  const config = embedded("editor-config");
  const { item, user, urls } = config;
  const storage = safeStorage("sessionStorage");
  const [queue, video] = await Promise.all([openQueue(), item.kind === "video" ? import("./video.js") : null]);
  const clientId = await claimClientId(queue, item.id, user.id, storage);
  const store = new Store();
  const client = new OpClient({
    item: item.id, user: user.id, clientId, epoch: item.epoch, store, queue,
    connect: () => new WebSocket(socketUrl(urls.socket)),
    fetchSnapshot: (url) => api("GET", url),
    snapshotUrl: urls.annotations,
  });
  const history = new History(storage, `frameloop.history.${item.id}.${clientId}`);
  const editor = new Editor(config, store, client, history);
  const renderer = new Renderer(editor, part("stage"));
  const stage = new Stage(editor, renderer, part("stage"));
  // Everything below is on its way while the document is.
  const extensions = import("./extensions.js");
  colourPeople(Object.keys(config.people ?? {}));
  const commands = panels(editor, stage);
  video?.frameBar(part("frame-bar"), editor, commands);
  if (config.can_edit) editor.setTool("box");
  listen(editor, commands, stage);
  if (video) editor.frames = videoSource(editor, video.VideoSource);
  pictures(editor, renderer);
  Object.assign(globalThis, { frameloop: { editor, renderer, commands } });

  try {
    const { rev, results } = await api("GET", urls.annotations);
    store.load(rev, results);
  } catch (error) {
    // Offline from the start: what is pending can be seen, and the socket catches up from rev 0.
    editor.emit("say", error instanceof ApiError ? error.detail : String(error));
  }
  await client.start();
  await Promise.all([stage.ready, renderer.ready]);
  document.documentElement.dataset.ready = "true";
  await (await extensions).installAll({ editor, commands, renderer, stage, part });
  document.documentElement.dataset.complete = "true";
  showNamed(editor, commands);
  if (!config.can_edit) return;
  // Again and again: a tab may die while this one is open, and the server may be away just now.
  const look = () => orphans(editor, queue, clientId).finally(() => setTimeout(look, ORPHANS_MS));
  void look();
}

/** @param {string} path */
function socketUrl(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** @param {Editor} editor @param {Stage} stage */
function panels(editor, stage) {
  const labels = labelPanel(part("labels"), editor);
  const go = (/** @type {string} */ url) => () => {
    if (url) location.assign(url);
  };
  const commands = new Commands();
  coreCommands(commands, editor, stage, {
    labels: labels.focus,
    help: () => void showHelp(commands),
    next: go(editor.config.urls.next),
    previous: go(editor.config.urls.previous),
  });
  toolbar(part("tools"), editor, commands);
  new ObjectList(part("objects"), editor, commands);
  saveState(part("save"), editor.client);
  hints(part("hint"), editor);
  measures(part("measures"), editor);
  part("help-button").addEventListener("click", () => showHelp(commands));
  return commands;
}

/** @param {Commands} commands */
async function showHelp(commands) {
  const { openHelp } = await import("./panels/help.js");
  openHelp(/** @type {HTMLDialogElement} */ (part("help")), commands);
}

/** Keys, the network and the page's own comings and goings. @param {Editor} editor @param {Commands} commands @param {Stage} stage */
function listen(editor, commands, stage) {
  const { client } = editor;
  document.addEventListener("keydown", (event) => onKey(event, editor, commands, stage));
  document.addEventListener("keyup", (event) => {
    for (const command of commands.all) if (command.release && commands.keysOf(command).includes(event.code)) command.release();
  });
  addEventListener("online", () => client.retryNow());
  // The browser knows at once; the line itself would be missed only after its heartbeat.
  addEventListener("offline", () => client.line.hangUp());
  addEventListener("pagehide", () => editor.commitDrafts());
  addEventListener("focus", () => client.retryNow());
  client.on("refused", (tx) => tx && editor.history.forget(tx.tx_id));
  client.on("presence", (batch) => editor.peersMoved(batch));
  let state = client.state;
  client.on("state", () => {
    if (client.state === state) return;
    state = client.state;
    if (state === "offline" || state === "stopped") editor.peersLeft();
    if (state === "stopped" && client.stopReason) editor.emit("say", client.stopReason);
    editor.emit("rights");
  });
  client.on("welcome", () => editor.emit("rights"));
  const view = part("stage");
  editor.on("peek", (/** @type {boolean} */ on) => view.classList.toggle("bare", on));
  view.addEventListener("blur", () => stage.holdSpace(false));
}

/** @param {KeyboardEvent} event @param {Editor} editor @param {Commands} commands @param {Stage} stage */
function onKey(event, editor, commands, stage) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  if (isTyping(target)) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if ((target === document.body || target.id === "stage") && stage.tool.key?.(event)) return event.preventDefault();
  const command = commands.find(event);
  if (!command || belongsToControl(event, target, command) || leavesStage(event, editor)) return;
  if (command.native && isNative(event)) return;
  event.preventDefault();
  if (event.repeat && !command.repeats) return;
  const refusal = command.refusal();
  if (refusal) editor.emit("say", refusal);
  else command.run(event.repeat);
}

/** Keys of copy, cut and paste: without a permission the clipboard opens only to the browser's own events. @param {KeyboardEvent} event */
function isNative(event) {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && ["KeyC", "KeyX", "KeyV"].includes(event.code);
}

/** A focused button keeps its own keys. @param {KeyboardEvent} event @param {HTMLElement} target @param {import("./commands.js").Command} command */
function belongsToControl(event, target, command) {
  if (target === document.body || target.id === "stage") return false;
  if (event.code === "Tab") return true;
  if (target.closest("[role=listbox]")) return !command.inLists;
  return Boolean(target.closest("button, a, summary")) && ["Space", "Enter", "NumpadEnter"].includes(event.code);
}

/** Tab walks through the shapes and then on to the next control, so that nobody is caught. @param {KeyboardEvent} event @param {Editor} editor */
function leavesStage(event, editor) {
  if (event.code !== "Tab" || event.ctrlKey || event.altKey) return false;
  const shapes = editor.store.onFrame(editor.frame);
  if (!shapes.length) return true;
  const end = event.shiftKey ? shapes[0] : shapes[shapes.length - 1];
  return editor.selection.size === 1 && editor.selection.has(end.id);
}

/** @param {Editor} editor @param {typeof import("./render/video.js").VideoSource} VideoSource */
function videoSource({ config: { urls, item } }, VideoSource) {
  const urlOf = (/** @type {number} */ n) => `${urls.frames}${n}`;
  return new VideoSource({ count: item.frames, width: item.width, fps: item.fps, urlOf, playbackUrl: urls.playback });
}

/** The picture of the item, or of the frame that was asked for last. @param {Editor} editor @param {Renderer} renderer */
function pictures(editor, renderer) {
  const { urls, item } = editor.config;
  const source = editor.frames ?? new FrameSource({ count: 1, urlOf: () => urls.picture });
  const host = part("stage");
  const problem = part("problem");
  const show = (/** @type {import("./render/frames.js").Picture} */ picture) => {
    problem.hidden = true;
    host.dataset.frame = String(picture.number);
    Object.assign(picture.element.style, { width: `${item.width}px`, height: `${item.height}px` });
    renderer.setPicture(picture.element);
    editor.arrived(picture.number);
    host.removeAttribute("aria-busy");
    if (editor.isVideo) source.prefetch(picture.number);
  };
  const want = async () => {
    const n = editor.wanted;
    const here = source.peek(n);
    if (here) return show(here);
    host.setAttribute("aria-busy", "true");
    try {
      const picture = await source.get(n);
      if (editor.wanted === n) show(picture);
    } catch (error) {
      if (editor.wanted !== n || (error instanceof DOMException && error.name === "AbortError")) return;
      host.removeAttribute("aria-busy");
      problem.hidden = false;
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  editor.on("wanted", () => {
    source.abandon(new Set([editor.wanted]));
    void want();
  });
  if (editor.isVideo) followAddress(editor);
  else void want();
}

/** `#frame=12` is the frame on screen: it can be shared and survives a reload. @param {Editor} editor */
function followAddress(editor) {
  const read = () => Number(/frame=(\d+)/.exec(location.hash)?.[1] ?? 0);
  editor.on("frame", () => {
    if (editor.playing) return; // browsers allow few changes of the address in a row
    const hash = new URLSearchParams(location.hash.slice(1));
    hash.set("frame", String(editor.frame));
    window.history.replaceState(null, "", `#${hash}`);
  });
  addEventListener("hashchange", () => editor.goTo(read()));
  editor.goTo(read());
}

/** `#shape=<id>`, as lists of findings link to it: on its frame, selected and in view. @param {Editor} editor @param {Commands} commands */
function showNamed(editor, commands) {
  const id = new URLSearchParams(location.hash.slice(1)).get("shape");
  const shape = id ? editor.store.get(id) : undefined;
  if (!shape || shape.deleted) return;
  const first = shape.frame ?? Number(Object.keys(shape.keyframes ?? { 0: null })[0]);
  if (editor.isVideo) editor.goTo(first);
  editor.select([shape.id]);
  commands.get("zoom-shape").run(false);
}

/** @param {Editor} editor @param {import("./model/queue.js").Queue} queue @param {string} clientId */
async function orphans(editor, queue, clientId) {
  const { client, config } = editor;
  await sendOrphans({
    queue, clientId, item: config.item.id, user: config.user.id,
    refused: (tx) => client.showRefused(tx),
    post: async ({ client_id, tx_id, base_rev, ops, undo_of }) => {
      try {
        await api("POST", config.urls.tx, { client_id, tx_id, base_rev, ops, ...(undo_of ? { undo_of } : {}) });
        return { status: 200, detail: "", code: "" };
      } catch (error) {
        if (error instanceof ApiError) return { status: error.status, detail: error.detail, code: error.code };
        throw error;
      }
    },
  });
}

void start();
