/**
 * How somebody likes their desk: keys, layout, contrast, speed. The server keeps it, so that it follows the person to another device; what could
 * not be sent yet is kept on this one.
 */

/** @import { Settings } from "./types.js" */

import { Fault, post } from "../api.js";

const UNSENT = "teleosce.desk.settings";
/** Somebody who goes through the speeds is sent once. */
const PAUSE_MS = 600;

export class DeskSettings {
  #key;
  /** @type {Settings} */ #now;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {((now: Settings) => void)[]} */ #listeners = [];

  /**
   * @param {string} person several may share a computer
   * @param {Settings} kept as the page came with it
   */
  constructor(person, kept) {
    this.#key = `${UNSENT}.${person}`;
    const unsent = read(this.#key);
    this.#now = { ...kept, ...unsent };
    if (unsent) this.#soon();
    addEventListener("online", () => read(this.#key) && this.#soon());
  }

  get now() {
    return this.#now;
  }

  /** @param {(now: Settings) => void} listener told now, and at every change */
  listen(listener) {
    this.#listeners.push(listener);
    listener(this.#now);
  }

  /** @param {Partial<Settings>} changes */
  change(changes) {
    this.#now = { ...this.#now, ...changes };
    write(this.#key, this.#now);
    for (const listener of this.#listeners) listener(this.#now);
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), PAUSE_MS);
  }

  async #send() {
    const sent = this.#now;
    // Without the line it stays here, and goes with the next change or the next page; what is refused goes for good.
    const over = await post("/api/desk", sent).then(
      () => true,
      (thrown) => thrown instanceof Fault && thrown.status >= 400 && thrown.status < 500,
    );
    if (over && sent === this.#now) write(this.#key, null);
  }
}

/**
 * @param {string} key
 * @returns {Partial<Settings> | null}
 */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {Settings | null} settings
 */
function write(key, settings) {
  try {
    if (settings) localStorage.setItem(key, JSON.stringify(settings));
    else localStorage.removeItem(key);
  } catch {
    // Private windows may keep nothing: then the server alone does.
  }
}
