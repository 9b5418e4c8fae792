/**
 * How somebody likes their desk: keys, layout, contrast, speed. The server keeps it, so that it follows the person to another device; what could
 * not be sent yet is kept on this one.
 */

/** @import { Settings } from "./types.js" */

import { post } from "../api.js";

const UNSENT = "teleosce.desk.settings";
/** Somebody who goes through the speeds is sent once. */
const PAUSE_MS = 600;

export class DeskSettings {
  /** @type {Settings} */ #now;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {((now: Settings) => void)[]} */ #listeners = [];

  /** @param {Settings} kept as the page came with it */
  constructor(kept) {
    const unsent = read();
    this.#now = { ...kept, ...unsent };
    if (unsent) this.#soon();
    addEventListener("online", () => read() && this.#soon());
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
    write(this.#now);
    for (const listener of this.#listeners) listener(this.#now);
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), PAUSE_MS);
  }

  async #send() {
    const sent = this.#now;
    // Without the line it stays here, and goes with the next change or the next page.
    const kept = await post("/api/desk", sent).catch(() => null);
    if (kept && sent === this.#now) write(null);
  }
}

/** @returns {Partial<Settings> | null} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(UNSENT) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Settings | null} settings */
function write(settings) {
  try {
    if (settings) localStorage.setItem(UNSENT, JSON.stringify(settings));
    else localStorage.removeItem(UNSENT);
  } catch {
    // Private windows may keep nothing: then the server alone does.
  }
}
