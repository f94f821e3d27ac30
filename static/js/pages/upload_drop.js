/** What was dropped or chosen, as files with their paths: folders are walked, and their names kept. */

/** @typedef {{file: File, path: string}} Found */

const HIDDEN = /^(\.|Thumbs\.db$|desktop\.ini$)/; // what file managers leave in folders

/** @param {FileSystemDirectoryReader} reader @returns {Promise<FileSystemEntry[]>} */
async function entriesOf(reader) {
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    // A reader gives its entries in parts, and an empty part at the end.
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}

/** @param {FileSystemEntry} entry @param {string} folder @returns {AsyncGenerator<Found>} */
async function* walk(entry, folder) {
  if (folder && HIDDEN.test(entry.name)) return;
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    const file = await new Promise((resolve, reject) => one.file(resolve, reject));
    yield { file, path: folder + entry.name };
    return;
  }
  const inside = await entriesOf(/** @type {FileSystemDirectoryEntry} */ (entry).createReader());
  for (const child of inside.sort(byName)) yield* walk(child, `${folder}${entry.name}/`);
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** As people count: frame 9 before frame 10. @param {{name: string}} a @param {{name: string}} b */
function byName(a, b) {
  return collator.compare(a.name, b.name);
}

/** @param {Found} a @param {Found} b */
export function byPath(a, b) {
  return collator.compare(a.path, b.path);
}

/**
 * The files of a drop. Its entries are only there while the event is, so they are taken before anything is awaited.
 * @param {DataTransfer | null} transfer
 * @returns {Promise<{found: Found[], folders: boolean}>}
 */
export async function dropped(transfer) {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...(transfer?.files ?? [])];
  if (!entries.some((entry) => entry?.isDirectory)) return { found: files.map((file) => ({ file, path: file.name })), folders: false };
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) {
    if (!entry) continue;
    for await (const one of walk(entry, "")) found.push(one);
  }
  return { found, folders: true };
}

/** The files of a field; of a folder's field with their paths. @param {FileList | null} list @returns {Found[]} */
export function chosen(list) {
  const found = [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return found.filter(({ file, path }) => path === file.name || !path.split("/").slice(1).some((part) => HIDDEN.test(part))).sort(byPath);
}
