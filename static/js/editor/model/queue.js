/** Unconfirmed work on this machine: it survives a reload and the crash of a tab. */

/** @typedef {import("../types.js").PendingTx} PendingTx */

const DATABASE = "frameloop-editor";
const STORE = "pending";

/**
 * @typedef {object} Queue
 * @property {(item: string, user: string) => Promise<PendingTx[]>} all in the order they were made
 * @property {(tx: PendingTx) => Promise<void>} put
 * @property {(key: string) => Promise<void>} remove
 * @property {string} kind
 */

/**
 * The best store that this browser allows: IndexedDB, else localStorage, else memory (which a reload loses).
 * @returns {Promise<Queue>}
 */
export async function openQueue() {
  try {
    return indexedQueue(await openDatabase());
  } catch {
    return storageQueue();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** @param {IDBDatabase} database @returns {Queue} */
function indexedQueue(database) {
  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
  const run = (mode, act) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  return {
    kind: "indexeddb",
    all: async (item, user) => inOrder(await run("readonly", (store) => store.getAll(prefix(item))), item, user),
    put: async (tx) => void (await run("readwrite", (store) => store.put(tx))),
    remove: async (key) => void (await run("readwrite", (store) => store.delete(key))),
  };
}

/** @param {string} item */
function prefix(item) {
  return IDBKeyRange.bound(`${item}|`, `${item}|\uffff`);
}

/** @returns {Queue} */
function storageQueue() {
  /** @type {Map<string, string>} */
  const memory = new Map();
  const name = (/** @type {string} */ key) => `${DATABASE}:${key}`;
  return {
    kind: "storage",
    async all(item, user) {
      const found = new Map(memory);
      try {
        for (const key of Object.keys(localStorage)) found.set(key, localStorage.getItem(key) ?? "");
      } catch {
        // Forbidden storage: what this page made is still in memory.
      }
      const texts = [...found].filter(([key]) => key.startsWith(name(`${item}|`)));
      return inOrder(texts.map(([, text]) => JSON.parse(text)), item, user);
    },
    async put(tx) {
      memory.set(name(tx.key), JSON.stringify(tx));
      try {
        localStorage.setItem(name(tx.key), JSON.stringify(tx));
      } catch {
        // Full or forbidden: memory has it.
      }
    },
    async remove(key) {
      memory.delete(name(key));
      try {
        localStorage.removeItem(name(key));
      } catch {
        // As above.
      }
    },
  };
}

/**
 * Only the person's own work: another one who signs in on this machine must not send it in their name.
 * @param {PendingTx[]} txs @param {string} item @param {string} user
 */
function inOrder(txs, item, user) {
  return txs.filter((tx) => tx.item === item && tx.user === user).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** @param {string} item @param {string} clientId @param {number} seq */
export function keyOf(item, clientId, seq) {
  return `${item}|${clientId}|${String(seq).padStart(15, "0")}`;
}
