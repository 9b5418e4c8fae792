/** Where one was in an encounter, and how loud each voice is: on this device only. How the desk is liked: settings.js. */

/**
 * @typedef {object} Remembered
 * @property {number} at_ms
 * @property {string | null} large the seat whose picture is large
 * @property {Record<string, number>} volumes by role, 0..1
 * @property {string | null} item
 */

const ALL = "teleosce.desk";

/** What a new encounter takes over from the last. @type {(keyof Remembered)[]} */
const SHARED = ["volumes"];

/** @type {Remembered} */
const FIRST = { at_ms: 0, large: null, volumes: {}, item: null };

export class Memory {
  #key;
  /** @type {Remembered} */ #now;

  /** @param {string} encounter */
  constructor(encounter) {
    this.#key = `${ALL}.${encounter}`;
    this.#now = { ...FIRST, ...read(ALL), ...read(this.#key) };
  }

  get now() {
    return this.#now;
  }

  /** @param {Partial<Remembered>} changes */
  keep(changes) {
    this.#now = { ...this.#now, ...changes };
    write(this.#key, this.#now);
    if (SHARED.some((name) => name in changes)) write(ALL, Object.fromEntries(SHARED.map((name) => [name, this.#now[name]])));
  }
}

/**
 * @param {string} key
 * @returns {Partial<Remembered>}
 */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}

/**
 * @param {string} key
 * @param {object} value
 */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may keep nothing: the page then begins anew each time.
  }
}
