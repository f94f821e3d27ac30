/**
 * The line to the server: sends one's own txs one at a time, takes in everybody's in the order of their revs, and
 * closes every gap. Nothing that a person did vanishes without a word: it is confirmed, waiting, or in the tray.
 */
import { Emitter, clamp, uuid7 } from "../util.js";
import { BROWSER_CLOCK, FINAL, Line, Pace, Timers, UNREADABLE } from "./line.js";
import { keyOf } from "./queue.js";

/**
 * @typedef {import("../types.js").PendingTx} PendingTx
 * @typedef {import("../types.js").CommittedTx} CommittedTx
 * @typedef {import("../types.js").Op} Op
 * @typedef {"connecting" | "syncing" | "live" | "offline" | "stopped"} State
 */

export const PROTOCOL = 1;
const GAP_MS = 500;
const PING_MS = 5000;
/** The server closes a line that floods it, so a long queue goes out a little slower than it allows. */
const MOST_TXS_A_SECOND = 18;

/**
 * Emits `state`, `presence` (a batch), `welcome`, `refused` (a PendingTx with `refused`), `skipped`, `overwritten`,
 * `head` (the server's beat, about every 5 s), `error` (a sentence).
 */
export class OpClient extends Emitter {
  /**
   * @param {object} options
   * @param {string} options.item @param {string} options.user @param {string} options.clientId @param {string} options.epoch
   * @param {import("./store.js").Store} options.store
   * @param {import("./queue.js").Queue} options.queue
   * @param {() => import("./line.js").Socket} options.connect opens a socket
   * @param {(url: string) => Promise<{rev: number, results: any[]}>} options.fetchSnapshot
   * @param {string} options.snapshotUrl
   * @param {import("./line.js").Clock} [options.clock]
   */
  constructor(options) {
    super();
    this.options = options;
    this.store = options.store;
    this.clock = options.clock ?? BROWSER_CLOCK;
    this.epoch = options.epoch;
    /** @type {State} */
    this.state = "offline";
    this.conn = "";
    this.role = "";
    this.stopReason = "";
    this.savedAt = 0;
    /** @type {PendingTx[]} refused or set aside; the person decides */
    this.tray = [];
    /** @type {PendingTx | null} */
    this._inFlight = null;
    /** @type {Map<number, CommittedTx>} came too early */
    this._early = new Map();
    this._head = 0;
    this._seq = 0;
    this._pingAt = 0;
    /** @type {number | undefined} how long the server asked to stay away, in ms */
    this._goaway = undefined;
    this._pace = new Pace(this.clock, MOST_TXS_A_SECOND);
    this._loading = false;
    /** How many txs this browser is still writing down. */
    this.keeping = 0;
    this._timers = new Timers(this.clock);
    this.line = new Line(options.connect, this.clock);
    this._listen();
  }

  /** How many txs wait for their confirmation. */
  get waiting() {
    return this.store.pending.filter((tx) => !tx.acked).length;
  }

  /** Take up the work that an earlier page left, then connect. */
  async start() {
    for (const tx of await this.options.queue.all(this.options.item, this.options.user)) {
      if (tx.client_id !== this.options.clientId) continue;
      this._seq = Math.max(this._seq, tx.seq);
      if (tx.refused) this.tray.push(tx);
      else this.store.addPending(tx);
    }
    if (this.tray.length) this.emit("refused", null);
    this.line.open();
  }

  /** Connect at once, as when the network came back. */
  retryNow() {
    if (this.state === "offline") this.line.open();
  }

  stop() {
    this._stopWith("");
  }

  /**
   * Do `ops` now on screen, and at the server as soon as it can be.
   * @param {Op[]} ops @param {{title?: string, undo_of?: string, preview?: Op[]}} [extra]
   * @returns {PendingTx}
   */
  submit(ops, { title = "", undo_of = "", preview } = {}) {
    this._seq += 1;
    const { item, user, clientId } = this.options;
    /** @type {PendingTx} */
    const tx = {
      key: keyOf(item, clientId, this._seq), item, user, client_id: clientId, seq: this._seq, epoch: this.epoch,
      tx_id: uuid7(), base_rev: this.store.rev, ops, undo_of, preview, title,
    };
    this.store.addPending(tx);
    this._keep(tx);
    this._changed();
    this._pump();
    return tx;
  }

  /** @param {Record<string, unknown>} presence */
  sendPresence(presence) {
    if (this.state === "live") this.line.send({ type: "presence", ...presence });
  }

  /** @param {string} txId @returns {PendingTx | undefined} */
  dismiss(txId) {
    const tx = this.tray.find((each) => each.tx_id === txId);
    if (!tx) return undefined;
    this.tray = this.tray.filter((each) => each !== tx);
    this._forget(tx);
    this._changed();
    return tx;
  }

  // -- the line --------------------------------------------------------------------------------------------------

  _listen() {
    const { line } = this;
    line.on("connecting", () => this._to("connecting"));
    line.on("open", () => this._hello());
    line.on("message", (message) => this._heard(message));
    line.on("closed", (event) => this._closed(event));
    line.on("beat", () => this._beat());
  }

  _hello() {
    const { item, clientId } = this.options;
    const last_rev = this.store.rev;
    this.line.send({ type: "hello", proto: PROTOCOL, item, client_id: clientId, epoch: this.epoch, last_rev });
  }

  /** @param {{code: number, reason: string}} event */
  _closed({ code, reason }) {
    const sent = this._inFlight;
    this._inFlight = null;
    const final = FINAL.get(code);
    if (final) return this._stopWith(final);
    if (UNREADABLE.has(code) && sent) this._refuse(sent, { code: "UNREADABLE", detail: reason || "The server could not read it." });
    this._to("offline");
    this.line.openLater(this._goaway);
    this._goaway = undefined;
  }

  /** @param {string} reason */
  _stopWith(reason) {
    this.stopReason = reason;
    this.line.end();
    this._timers.clear();
    this._to("stopped");
  }

  _beat() {
    const now = this.clock.now();
    if (this.state !== "live" || now - this._pingAt < PING_MS) return;
    this._pingAt = now;
    this.line.send({ type: "ping", rev: this.store.rev });
  }

  /** @param {any} message */
  _heard(message) {
    const handler = /** @type {any} */ (this)[`_on_${message.type}`];
    if (handler) handler.call(this, message);
    else this.emit("message", message);
  }

  // -- what the server says --------------------------------------------------------------------------------------

  /** @param {any} message */
  _on_welcome(message) {
    this.line.works();
    this.conn = message.conn;
    this.role = message.role;
    this._head = message.head;
    const restored = message.epoch !== this.epoch || message.head < this.store.rev;
    this.epoch = message.epoch;
    this._early.clear();
    this._to("syncing");
    this.emit("welcome", message);
    if (restored) this._setAside();
    if (restored) this._load(this.options.snapshotUrl);
    else this._caughtUp();
    if (message.head > this.store.rev) this._watchGap();
  }

  /** The server's data was restored from a backup: nobody may replay old intent onto it unasked. */
  _setAside() {
    const detail = "The server was restored from a backup while this was waiting. Look at it, then send it again or let it go.";
    for (const tx of this.store.pending) this._refuse(tx, { code: "RESTORED", detail });
  }

  /** @param {{txs: CommittedTx[]}} message */
  _on_ops({ txs }) {
    for (const tx of txs) if (tx.rev > this.store.rev) this._early.set(tx.rev, tx);
    this._takeInOrder();
  }

  _takeInOrder() {
    if (this._loading) return;
    for (let tx = this._early.get(this.store.rev + 1); tx; tx = this._early.get(this.store.rev + 1)) {
      this._early.delete(tx.rev);
      const mine = tx.client_id === this.options.clientId && this.store.pending.find((each) => each.tx_id === tx?.tx_id);
      const complete = this.store.commit(tx);
      if (mine) this._settled(mine);
      if (!complete) return this._load(this.options.snapshotUrl);
    }
    for (const rev of this._early.keys()) if (rev <= this.store.rev) this._early.delete(rev);
    if (this._early.size || this._head > this.store.rev) this._watchGap();
    this._caughtUp();
  }

  /** @param {{tx_id: string, rev: number, overwritten?: any[], skipped?: any[]}} message */
  _on_ack({ tx_id, rev, overwritten, skipped }) {
    const tx = this.store.pending.find((each) => each.tx_id === tx_id);
    if (tx) {
      tx.acked = true;
      this._settled(tx);
    }
    if (this._inFlight?.tx_id === tx_id) this._inFlight = null;
    this._head = Math.max(this._head, rev);
    if (rev > this.store.rev) this._watchGap();
    else this.store.dropPending(tx_id);
    if (overwritten?.length) this.emit("overwritten", overwritten);
    if (skipped?.length) this.emit("skipped", skipped);
    this._changed();
    this._pump();
  }

  /** @param {{tx_id: string, code: string, detail?: string, current?: any, retryable?: boolean}} message */
  _on_nack(message) {
    if (this._inFlight?.tx_id === message.tx_id) this._inFlight = null;
    const tx = this.store.pending.find((each) => each.tx_id === message.tx_id);
    if (tx && message.retryable) {
      this._timers.set("retry", 1000 + this.clock.random() * 2000, () => this._pump());
      return;
    }
    if (tx?.undo_of) this._notTakenBack(tx, message.detail ?? "");
    else if (tx) this._refuse(tx, { code: message.code, detail: message.detail ?? "", current: message.current });
    this._pump();
  }

  /** Nothing is lost by an undo that is not done, so it needs no tray. @param {PendingTx} tx @param {string} detail */
  _notTakenBack(tx, detail) {
    this.store.dropPending(tx.tx_id);
    this._forget(tx);
    this.emit("error", `Not taken back: ${detail}`);
    this.emit("refused", tx);
    this._changed();
  }

  /** @param {{rev: number, state?: string}} message */
  _on_head({ rev, state }) {
    this._head = Math.max(this._head, rev);
    if (rev > this.store.rev) this._watchGap();
    else this._caughtUp();
    this.emit("head", state);
  }

  /** @param {{rev: number, url: string}} message */
  _on_snapshot({ rev, url }) {
    this._head = Math.max(this._head, rev);
    this._load(url);
  }

  /** More changed at once than is worth sending one by one. */
  _on_reset() {
    this._load(this.options.snapshotUrl);
  }

  /** @param {{batch: any[]}} message */
  _on_presence({ batch }) {
    const others = batch.filter((each) => each.conn !== this.conn);
    if (others.length) this.emit("presence", others);
  }

  /** @param {{role: string}} message */
  _on_role({ role }) {
    this.role = role;
    this._changed();
  }

  /** @param {{retry_after?: number}} message */
  _on_goaway({ retry_after }) {
    this._goaway = clamp((retry_after ?? 1) * 1000, 100, 30_000) * (0.5 + this.clock.random());
    this.line.hangUp();
  }

  /** @param {{detail?: string}} message */
  _on_error({ detail }) {
    if (detail) this.emit("error", detail);
  }

  // -- catching up -----------------------------------------------------------------------------------------------

  _caughtUp() {
    if (this.state === "syncing" && this.store.rev >= this._head && !this._loading) this._to("live");
    this._pump();
  }

  _watchGap() {
    if (this._timers.has("gap")) return;
    this._timers.set("gap", GAP_MS, () => {
      if (this._loading || !this.line.up) return;
      if (this._early.size || this._head > this.store.rev) {
        this.line.send({ type: "pull", from: this.store.rev + 1 });
        this._watchGap();
      }
    });
  }

  /** @param {string} url */
  async _load(url) {
    if (this._loading) return;
    this._loading = true;
    try {
      const { rev, results } = await this.options.fetchSnapshot(url);
      this.store.load(rev, results);
      for (const tx of this.store.pending.filter((each) => each.acked)) this.store.dropPending(tx.tx_id);
      this._loading = false;
      this._takeInOrder();
    } catch {
      this._loading = false;
      this.line.hangUp();
    }
  }

  // -- sending ---------------------------------------------------------------------------------------------------

  _pump() {
    if (this.state !== "live" || this._inFlight) return;
    const tx = this.store.pending.find((each) => !each.acked);
    if (!tx) return;
    const wait = this._pace.wait();
    if (wait) return this._timers.set("pump", wait, () => this._pump());
    this._inFlight = tx;
    const { tx_id, base_rev, ops, undo_of } = tx;
    this.line.send({ type: "tx", tx_id, base_rev, ops, ...(undo_of ? { undo_of } : {}) });
  }

  /** @param {PendingTx} tx */
  _settled(tx) {
    if (this._inFlight?.tx_id === tx.tx_id) this._inFlight = null;
    this.savedAt = this.clock.now();
    this._forget(tx);
    this._changed();
  }

  /** @param {PendingTx} tx @param {{code: string, detail: string, current?: any}} refused */
  _refuse(tx, refused) {
    this.store.dropPending(tx.tx_id);
    const kept = { ...tx, refused };
    this.tray = [...this.tray, kept];
    this._keep(kept);
    this.emit("refused", kept);
    this._changed();
  }

  /** Work of another tab that was refused: it waits in this tray. @param {PendingTx} tx */
  showRefused(tx) {
    if (this.tray.some((each) => each.tx_id === tx.tx_id)) return;
    this.tray = [...this.tray, tx];
    this._keep(tx);
    this.emit("refused", tx);
    this._changed();
  }

  /** @param {PendingTx} tx */
  _keep(tx) {
    this.keeping += 1;
    this.options.queue.put(tx)
      .catch(() => this.emit("error", "This browser cannot keep unsent work: do not close the page while it says Saving."))
      .finally(() => {
        this.keeping -= 1;
        if (this.state !== "live") this._changed();
      });
  }

  /** @param {PendingTx} tx */
  _forget(tx) {
    this.options.queue.remove(tx.key).catch(() => undefined);
  }

  /** @param {State} state */
  _to(state) {
    this.state = state;
    this._changed();
  }

  _changed() {
    this.emit("state", this.state);
  }
}
