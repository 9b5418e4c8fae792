/**
 * Changes that wait on this device for marks whose page is closed by now: after an evening without a network, and a browser that was closed over
 * it, one page sends them all.
 */

/** @import { SaveState, Shelf } from "./forms.js" */

import { AutosavedForm } from "./forms.js";

/** What waits of one form, and why. @typedef {{form: string, count: number, state: SaveState, message: string | null}} Waiting */

/** Held by a page while a form is open in it. @param {string} form */
export const lockOf = (form) => `teleosce.form.${form}`;

export class WaitingForms {
  #shelf;
  #fetch;
  #locks;
  /** @type {Map<string, {state: SaveState, message: string | null}>} */ #said = new Map();

  /**
   * @param {Shelf} shelf
   * @param {{send?: typeof fetch, locks?: Pick<LockManager, "request">}} [means]
   */
  constructor(shelf, { send, locks = navigator.locks } = {}) {
    this.#shelf = shelf;
    this.#fetch = send;
    this.#locks = locks;
  }

  /** @returns {Promise<Waiting[]>} */
  async all() {
    const forms = await this.#shelf.forms();
    const found = forms.map(async (form) => ({ form, count: new Set((await this.#shelf.all(form)).map((change) => change.field)).size, .../** @type {{state: SaveState, message: null}} */ ({ state: "kept", message: null }), ...this.#said.get(form) }));
    return (await Promise.all(found)).filter(({ count }) => count > 0);
  }

  /**
   * Sends what waits of all forms that no page has open. A conflict is left for the form's own page, where both values can be seen.
   * @returns {Promise<Waiting[]>} what still waits
   */
  async send() {
    for (const form of await this.#shelf.forms()) {
      const send = async (/** @type {Lock | null} */ lock) => void (lock && (await this.#one(form)));
      // Without locks nobody knows which forms are open elsewhere: then their own pages send them.
      await this.#locks?.request(lockOf(form), { ifAvailable: true }, send);
    }
    return this.all();
  }

  /** @param {string} id */
  async #one(id) {
    const form = new AutosavedForm({ id, fields: {}, shelf: this.#shelf, fetch: this.#fetch, onstate: (state, message) => this.#said.set(id, { state, message }) });
    await form.restore();
    await form.flush().catch(() => undefined);
    form.leave();
  }
}
