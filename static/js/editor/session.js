/** Which client this tab is, and the work that dead tabs left behind. */
import { uuid7 } from "./util.js";

/**
 * @typedef {import("./types.js").PendingTx} PendingTx
 * @typedef {import("./model/queue.js").Queue} Queue
 */

/** Without locks nobody can say whether a tab is alive; its unsent work is left alone for this long. */
const SURELY_DEAD_MS = 60_000;
/** The client ids that this page holds. @type {Set<string>} */
const held = new Set();

/**
 * The same client id after a reload, because txs that were sent but not yet acknowledged carry it; a new one in a
 * duplicated tab; and that of a dead tab when it left unsent work here and this tab has none of its own.
 * @param {Queue} queue @param {string} item @param {string} user
 * @param {{get: (key: string) => string | null, set: (key: string, value: string) => void}} storage
 */
export async function claimClientId(queue, item, user, storage) {
  const key = `frameloop.client.${item}`;
  const own = storage.get(key);
  const candidates = own ? [own] : [...new Set((await queue.all(item, user)).map((tx) => tx.client_id))];
  for (const candidate of candidates) {
    if (!(await hold(candidate, Boolean(own)))) continue;
    storage.set(key, candidate);
    return candidate;
  }
  const fresh = uuid7();
  await hold(fresh, true);
  storage.set(key, fresh);
  return fresh;
}

/**
 * Hold a client id for as long as this page lives.
 * @param {string} clientId @param {boolean} unsure what to answer where there are no locks
 * @returns {Promise<boolean>} false when another tab holds it
 */
function hold(clientId, unsure) {
  if (!navigator.locks) return Promise.resolve(unsure);
  return new Promise((resolve) => {
    const forever = new Promise(() => undefined);
    const taken = (/** @type {Lock | null} */ lock) => {
      if (lock) held.add(clientId);
      resolve(lock !== null);
      return lock ? forever : undefined;
    };
    navigator.locks.request(`frameloop-${clientId}`, { ifAvailable: true }, taken).catch(() => resolve(unsure));
  });
}

/**
 * Send what other dead tabs left, under their own client ids, so that nothing is done twice.
 * @param {object} options
 * @param {Queue} options.queue @param {string} options.item @param {string} options.user @param {string} options.clientId
 * @param {(tx: PendingTx) => Promise<{status: number, detail: string, code: string}>} options.post
 * @param {(tx: PendingTx) => void} options.refused
 */
export async function sendOrphans({ queue, item, user, clientId, post, refused }) {
  const orphans = (await queue.all(item, user)).filter((tx) => tx.client_id !== clientId);
  /** @type {Map<string, boolean>} */
  const alive = new Map();
  for (const tx of orphans) {
    if (!alive.has(tx.client_id)) alive.set(tx.client_id, !(await isDead(tx)));
    if (alive.get(tx.client_id)) continue;
    if (tx.refused) {
      refused(tx);
      continue;
    }
    const { status, detail, code } = await post(tx);
    if (status === 0 || status >= 500 || status === 429) return;
    if (status < 300) await queue.remove(tx.key);
    else refused({ ...tx, refused: { code, detail } });
  }
}

/** @param {PendingTx} tx */
async function isDead(tx) {
  if (held.has(tx.client_id)) return true;
  if (navigator.locks) return hold(tx.client_id, false);
  // Made in what is the future now, the clock was put right since: that was not a moment ago either.
  return Math.abs(Date.now() - madeAt(tx.tx_id)) > SURELY_DEAD_MS;
}

/** When a UUID of version 7 was made, in milliseconds since 1970. @param {string} id */
function madeAt(id) {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
