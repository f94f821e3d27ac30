/** Who is here, as people see it: one entry a person, however many tabs; and who holds which shape. Knows no page. */

/**
 * @typedef {import("../editor.js").SeenPeer} SeenPeer
 * @typedef {{id: string, name: string}} Someone
 * @typedef {{user: Someone, tabs: SeenPeer[], away: boolean}} Present `tabs` are the others' connections: one's own tab is not among them
 */

/** A hand that holds still for so long has let go, as far as others are concerned. */
export const HOLD_MS = 15_000;

/**
 * Oneself first, then the others by name; those who are away last.
 * @param {Someone} me @param {Iterable<SeenPeer>} peers
 * @returns {Present[]}
 */
export function crowd(me, peers) {
  /** @type {Map<string, Present>} */
  const people = new Map([[me.id, { user: me, tabs: [], away: false }]]);
  for (const peer of peers) {
    const known = people.get(peer.user.id) ?? { user: peer.user, tabs: [], away: true };
    known.tabs.push(peer);
    known.away = known.user.id !== me.id && known.tabs.every(({ away }) => away);
    people.set(peer.user.id, known);
  }
  const [first, ...others] = people.values();
  others.sort((a, b) => Number(a.away) - Number(b.away) || a.user.name.localeCompare(b.user.name) || (a.user.id < b.user.id ? -1 : 1));
  return [first, ...others];
}

/** The tab in which a person is at work: one that is in sight, and the one heard of last. @param {Iterable<SeenPeer>} peers @param {string} userId */
export function tabOf(peers, userId) {
  const tabs = [...peers].filter((peer) => peer.user.id === userId);
  return tabs.sort((a, b) => Number(Boolean(a.away)) - Number(Boolean(b.away)) || Number(!a.view) - Number(!b.view) || b.seenAt - a.seenAt)[0];
}

/** Who comes after somebody, in turn; null after the last. @param {Present[]} people @param {string | null} userId */
export function nextToFollow(people, userId) {
  const others = people.filter(({ tabs }, n) => n > 0 && tabs.length);
  const at = others.findIndex(({ user }) => user.id === userId);
  return others[at + 1]?.user.id ?? null;
}

/** Advisory locks: who moves or paints which shape. Shown, never enforced. */
export class Holds {
  constructor() {
    /** @type {Map<string, {text: string, at: number}>} the drag of each connection, and when it last changed */
    this._seen = new Map();
  }

  /**
   * Whoever holds something now.
   * @param {Iterable<SeenPeer>} peers @param {number} now milliseconds
   * @returns {SeenPeer[]}
   */
  of(peers, now) {
    const there = [...peers];
    const conns = new Set(there.map(({ conn }) => conn));
    for (const conn of this._seen.keys()) if (!conns.has(conn)) this._seen.delete(conn);
    return there.filter((peer) => this._holds(peer, now));
  }

  /** @param {SeenPeer} peer @param {number} now */
  _holds(peer, now) {
    if (!peer.drag) {
      this._seen.delete(peer.conn);
      return false;
    }
    const text = JSON.stringify(peer.drag);
    const known = this._seen.get(peer.conn);
    const at = known?.text === text ? known.at : now;
    this._seen.set(peer.conn, { text, at });
    return now - at < HOLD_MS;
  }
}
