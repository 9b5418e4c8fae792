/** The examiner's mark, or a moderator's settlement: its fields, saved as they change, and its state. */

/** @import { FormState, MarkView, SheetKind } from "./types.js" */
/** @import { SaveState, Value } from "../forms.js" */

import { get, post } from "../api.js";
import { AutosavedForm, Unsaved } from "../forms.js";
import { openShelf } from "../shelf.js";
import { lockOf } from "../waiting.js";

/**
 * @typedef {object} MarkListeners
 * @property {(state: SaveState, message: string | null) => void} onsave
 * @property {(field: string, mine: any, theirs: any) => void} onconflict answer it with `resolve`
 * @property {() => void} onstate the form was locked or opened
 */

export class MarkForm {
  /** What the person sees. It is kept here, as a field that was emptied is no less theirs. @type {Map<string, any>} */ #values = new Map();
  /** @type {AutosavedForm} */ #form;
  /** @type {FormState} */ state;
  /** What was marked while the consultation ran. @type {Record<string, string>} */ live;
  /** Whether it was opened from this device's copy, without the server. */ copied;
  #listeners;

  /**
   * The caller's own mark, with what an earlier page left unsent. Throws a Fault when the server is not reached.
   * @param {string} encounter
   * @param {SheetKind | "settlement"} kind
   * @param {MarkListeners} listeners
   */
  static async open(encounter, kind, listeners) {
    const [view, shelf] = await Promise.all([/** @type {Promise<MarkView>} */ (get(`/api/encounters/${encounter}/forms/${kind}`)), openShelf()]);
    const left = await shelf.all(view.id);
    const made = new MarkForm(encounter, kind, view, shelf, listeners);
    for (const change of left) made.#values.set(change.field, change.value);
    // While the page is open its changes are its own to send: waiting.js leaves them alone.
    void navigator.locks?.request(lockOf(view.id), () => new Promise(() => {}));
    // A browser that is short of room is asked to spare what is kept for an evening.
    void navigator.storage?.persist?.().catch(() => false);
    await made.#form.restore();
    return made;
  }

  /**
   * @private
   * @param {string} encounter
   * @param {SheetKind | "settlement"} kind
   * @param {MarkView} view
   * @param {import("../forms.js").Shelf} shelf
   * @param {MarkListeners} listeners
   */
  constructor(encounter, kind, view, shelf, listeners) {
    this.encounter = encounter;
    this.kind = kind;
    this.state = view.state;
    this.live = view.live;
    this.copied = view.kept === true;
    this.#listeners = listeners;
    for (const [field, known] of Object.entries(view.fields)) this.#values.set(field, known.value);
    this.#form = new AutosavedForm({
      id: view.id,
      fields: view.fields,
      shelf,
      onstate: (state, message) => this.#onsave(state, message),
      onconflict: (field, mine, theirs) => listeners.onconflict(field, mine, theirs),
    });
    addEventListener("online", () => this.#form.retry());
    addEventListener("pagehide", () => this.#form.leave());
    addEventListener("pageshow", () => this.#form.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#form.retry());
  }

  get locked() {
    return this.state === "submitted" || this.state === "amended";
  }

  /** As the server has it on disk. */
  get view() {
    return { id: this.#form.id, state: this.state, fields: this.#form.known, live: this.live };
  }

  /** How many fields wait for the server. */
  get waiting() {
    return this.#form.waiting;
  }

  /** @param {string} field */
  value(field) {
    return this.#values.get(field) ?? null;
  }

  /**
   * Fields with a value whose names begin so, such as "evidence.pain.".
   * @param {string} prefix
   * @returns {[field: string, value: any][]}
   */
  entries(prefix) {
    return [...this.#values].filter(([field, value]) => field.startsWith(prefix) && value !== null);
  }

  /**
   * @param {string} field
   * @param {any} value
   * @param {{typing?: boolean}} [how]
   */
  set(field, value, how) {
    if (this.locked) return;
    this.#values.set(field, value);
    void this.#form.set(field, /** @type {Value} */ (value), how);
  }

  /**
   * Settles a conflict.
   * @param {string} field
   * @param {"mine" | "theirs"} choice
   * @param {any} theirs
   */
  async resolve(field, choice, theirs) {
    if (choice === "theirs") this.#values.set(field, theirs);
    await this.#form.resolve(field, choice);
  }

  /** Sends what is left. Throws Unsaved or a Fault. */
  async flush() {
    await this.#form.flush();
  }

  /** Sends what is left and locks the form. Throws Unsaved or a Fault; then it is as it was. */
  async submit() {
    await this.#form.flush();
    this.#became(await post(`/api/forms/${this.#form.id}/submit`, {}));
  }

  /**
   * Opens the locked form again.
   * @param {string} reason
   */
  async amend(reason) {
    this.#became(await post(`/api/forms/${this.#form.id}/amend`, { reason }));
  }

  /** @param {unknown} view */
  #became(view) {
    this.state = /** @type {MarkView} */ (view).state;
    this.#listeners.onstate();
  }

  /**
   * @param {SaveState} state
   * @param {string | null} message
   */
  #onsave(state, message) {
    this.#listeners.onsave(state, message);
    if (state === "refused" && !this.locked) void this.#look();
  }

  /** A refusal may mean that it was submitted in another window: then this one says so. */
  async #look() {
    const view = /** @type {MarkView | null} */ (await get(`/api/encounters/${this.encounter}/forms/${this.kind}`).catch(() => null));
    if (view && view.state !== this.state) this.#became(view);
  }
}

export { Unsaved };
