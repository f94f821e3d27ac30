/** The other people in the room, as they said last, by their connection. Pure: it is told the time. */

/**
 * @typedef {import("../types.js").Peer & {seenAt: number, landing?: boolean, done?: Drag | null}} SeenPeer
 * `landing`: they have let go of what they dragged, and its op is on its way; `done`: the drag whose op is here already
 * @typedef {{id: string, geometry: import("../types.js").Geometry}} Drag
 * @typedef {{conn: string, drag: Drag}} Landing
 */

const SILENT_MS = 15_000;
/** Word that a hand let go overtakes the op, which is written down first: what was dragged is shown for so long. */
export const LANDING_MS = 1500;
/** The id under which the others see a shape that is being drawn. */
export const DRAWING = "00000000-0000-7000-8000-000000000000";

/** @extends {Map<string, SeenPeer>} */
export class Peers extends Map {
  /**
   * @param {any[]} batch what some said, or that they are `gone` @param {number} now milliseconds since 1970
   * @returns {Landing[]} drags that have ended without their op: `letGo` of each after `LANDING_MS`
   */
  hear(batch, now) {
    const landings = [];
    for (const each of batch) {
      if (each.gone) {
        this.delete(each.conn);
        continue;
      }
      const before = this.get(each.conn);
      const peer = next(before, { ...before, given_up: false, ...each, seenAt: now });
      this.set(each.conn, peer);
      if (peer.landing && !before?.landing && peer.drag) landings.push({ conn: each.conn, drag: peer.drag });
    }
    return landings;
  }

  /** @param {import("../types.js").CommittedTx} tx @returns {boolean} whether something that was dragged has arrived */
  took({ actor, ops }) {
    let landed = false;
    for (const peer of this.values()) {
      const { drag } = peer;
      if (!drag || peer.user.id !== actor?.id || !ops.some((op) => moves(op, drag.id))) continue;
      landed ||= Boolean(peer.landing);
      if (peer.landing) this._set(peer, { drag: null, landing: false });
      else this._set(peer, { done: drag });
    }
    return landed;
  }

  /** The op did not come: the drag was given up. @param {Landing} landing @returns {boolean} whether it was still shown */
  letGo({ conn, drag }) {
    const peer = this.get(conn);
    if (!peer?.landing || peer.drag !== drag) return false;
    this._set(peer, { drag: null, landing: false });
    return true;
  }

  /** All is as the server has it. @returns {boolean} whether anything was on its way */
  letAllGo() {
    return [...this].filter(([conn, { drag }]) => drag && this.letGo({ conn, drag })).length > 0;
  }

  /** @param {number} now milliseconds since 1970 @returns {boolean} whether anybody is taken to be gone */
  dropSilent(now) {
    const silent = [...this.values()].filter((peer) => now - peer.seenAt > SILENT_MS);
    for (const peer of silent) this.delete(peer.conn);
    return silent.length > 0;
  }

  /** @param {SeenPeer} peer @param {Partial<SeenPeer>} news */
  _set(peer, news) {
    this.set(peer.conn, { ...peer, ...news });
  }
}

/** @param {SeenPeer | undefined} before @param {SeenPeer} after @returns {SeenPeer} */
function next(before, after) {
  const had = before?.drag;
  if (!had) return after;
  if (after.drag) return { ...after, landing: false, drag: JSON.stringify(after.drag) === JSON.stringify(had) ? had : after.drag };
  const awaited = !after.given_up && before.done !== had && (after.frame ?? null) === (before.frame ?? null);
  return awaited ? { ...after, drag: had, landing: true } : { ...after, landing: false, done: null };
}

/** @param {import("../types.js").Op} op @param {string} id */
function moves(op, id) {
  return id === DRAWING ? op.op === "create" : op.id === id;
}
