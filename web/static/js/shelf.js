/** Changes that wait on this device for the server"s word: IndexedDB, else localStorage, else this page"s memory. */

/** @typedef {import("./forms.js").Change} Change */
/** @typedef {import("./forms.js").Shelf} Shelf */

const DATABASE = "teleosce";
const STORE = "changes";
const PREFIX = "teleosce.change.";

/** @returns {Promise<Shelf>} the most durable shelf this browser has */
export async function openShelf() {
  const database = await openDatabase().catch(() => null);
  if (database) return databaseShelf(database);
  try {
    localStorage.setItem(PREFIX, "");
    localStorage.removeItem(PREFIX);
    return storageShelf(localStorage);
  } catch {
    return memoryShelf();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "change_id" }).createIndex("form", "form");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBDatabase} database
 * @returns {Shelf}
 */
function databaseShelf(database) {
  const store = (/** @type {IDBTransactionMode} */ mode) => database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  return {
    all: async (form) => inOrder(await result(store("readonly").index("form").getAll(form))),
    forms: async () => idsOf(await result(store("readonly").getAll())),
    put: async (change) => void (await result(store("readwrite").put({ ...change }))),
    remove: async (change_id) => void (await result(store("readwrite").delete(change_id))),
  };
}

/**
 * @param {Storage} storage
 * @returns {Shelf}
 */
export function storageShelf(storage) {
  const every = () => {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    return keys.filter((key) => key.startsWith(PREFIX)).map((key) => /** @type {Change} */ (JSON.parse(storage.getItem(key) ?? "null")));
  };
  return {
    all: async (form) => inOrder(every().filter((change) => change?.form === form)),
    forms: async () => idsOf(every().filter(Boolean)),
    put: async (change) => storage.setItem(PREFIX + change.change_id, JSON.stringify(change)),
    remove: async (change_id) => storage.removeItem(PREFIX + change_id),
  };
}

/** @returns {Shelf} */
export function memoryShelf() {
  /** @type {Map<string, Change>} */
  const changes = new Map();
  return {
    all: async (form) => inOrder([...changes.values()].filter((change) => change.form === form)),
    forms: async () => idsOf([...changes.values()]),
    put: async (change) => void changes.set(change.change_id, { ...change }),
    remove: async (change_id) => void changes.delete(change_id),
  };
}

/** @param {Change[]} changes */
const idsOf = (changes) => [...new Set(changes.map((change) => change.form))];

/** @param {Change[]} changes */
function inOrder(changes) {
  return changes.sort((a, b) => a.order - b.order);
}
