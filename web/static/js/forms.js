/**
 * A form that saves itself: the candidate's note, the SP's rating, the examiner's mark.
 *
 * Every change is kept on this device until the server says that it is on disk, so a reload, a closed laptop or an evening
 * without a network loses nothing. A change names the version it was made upon; where somebody else was faster, the server says
 * so and a person decides: nothing is overwritten silently (web/PROTOCOL.md, forms).
 */

import { roleHeader } from "./role.js";

/** @typedef {string | number | boolean | null | {[name: string]: string | number}} Value what a field holds: see web/PROTOCOL.md */
/** @typedef {{value: Value, version: number}} Known what the server has on disk */
/** @typedef {{change_id: string, form: string, field: string, value: Value, base_version: number, order: number}} Change */
/**
 * Where changes wait until they are acknowledged.
 * @typedef {object} Shelf
 * @property {(form: string) => Promise<Change[]>} all in the order in which they were made
 * @property {() => Promise<string[]>} forms the ids of those of which anything waits
 * @property {(change: Change) => Promise<void>} put
 * @property {(change_id: string) => Promise<void>} remove
 */
/**
 * `saved`: all is on the server's disk. `saving`: it is under way. `kept`: it waits on this device for the line.
 * `conflict`: a person has to choose. `refused`: the server will not take it, and says why.
 * @typedef {"saved" | "saving" | "kept" | "conflict" | "refused"} SaveState
 */
/**
 * @typedef {object} FormOptions
 * @property {string} id the form's id
 * @property {Record<string, Known>} fields as the server gave them
 * @property {Shelf} shelf
 * @property {typeof fetch} [fetch]
 * @property {(state: SaveState, message: string | null) => void} [onstate]
 * @property {(field: string, mine: Value, theirs: Value) => void} [onconflict] answer it with `resolve`
 * @property {number} [typing_ms] how long after the last key a text is sent
 * @property {number[]} [retry_ms] pauses between attempts, the last one repeated
 */

const TYPING_MS = 250;
const LONGEST_MS = 1000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const SEND_MS = 10_000;
const BATCH = 100;

/** Something is not on the server's disk yet. `message` is the server's, when it refused. */
export class Unsaved extends Error {
  /**
   * @param {SaveState} state
   * @param {string} [message]
   */
  constructor(state, message = state) {
    super(message);
    this.name = "Unsaved";
    this.state = state;
  }
}

export class AutosavedForm {
  /** @type {FormOptions} */ #options;
  /** @type {Map<string, Known>} */ #known;
  /** @type {Change[]} */ #queue = [];
  /** Changes the server may already have: they are never altered, only sent again until acknowledged. @type {Set<string>} */ #sent = new Set();
  /** @type {Map<string, Known>} theirs, by field */ #conflicts = new Map();
  /** @type {SaveState} */ #state = "saved";
  /** @type {string | null} */ #refusal = null;
  /** @type {Promise<void> | null} */ #sending = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** When the oldest unsent change was made. @type {number | null} */ #since = null;
  #failures = 0;
  #order = 0;
  #left = false;

  /** @param {FormOptions} options */
  constructor(options) {
    this.#options = options;
    this.#known = new Map(Object.entries(options.fields));
  }

  /** Takes up what an earlier page left on this device, and sends it. */
  async restore() {
    const waiting = await this.#options.shelf.all(this.#options.id);
    this.#queue = [...waiting, ...this.#queue];
    this.#order = Math.max(0, ...this.#queue.map((change) => change.order));
    for (const change of waiting) this.#sent.add(change.change_id);
    if (waiting.length > 0) this.#soon(0);
  }

  get id() {
    return this.#options.id;
  }

  get state() {
    return this.#state;
  }

  /** How many fields wait to be acknowledged. */
  get waiting() {
    return new Set(this.#queue.map((change) => change.field)).size;
  }

  /**
   * The field as this person sees it: their own last word, else what the server has.
   * @param {string} field
   * @returns {Value}
   */
  value(field) {
    const unsent = this.#queue.findLast((change) => change.field === field);
    return unsent ? unsent.value : this.#known.get(field)?.value ?? null;
  }

  /** What the server has on disk, as far as it is known here. @returns {Record<string, Known>} */
  get known() {
    return Object.fromEntries(this.#known);
  }

  /** @returns {string[]} every field that has a value or a change */
  names() {
    return [...new Set([...this.#known.keys(), ...this.#queue.map((change) => change.field)])];
  }

  /**
   * Changes a field. It is kept on this device before anything else happens.
   * @param {string} field
   * @param {Value} value
   * @param {{typing?: boolean}} [how] `typing` waits for a pause in the typing before it sends
   */
  async set(field, value, how = {}) {
    const last = this.#queue.findLast((change) => change.field === field);
    if (same(last ? last.value : this.#known.get(field)?.value ?? null, value)) return;
    const change = this.#write(field, value, last);
    this.#refusal = null;
    this.#tell();
    await this.#keep(change);
    this.#soon(how.typing ? (this.#options.typing_ms ?? TYPING_MS) : 0);
  }

  /** Sends everything now. Rejects with Unsaved when something could not be saved; it stays on this device. */
  async flush() {
    clearTimeout(this.#timer);
    while (this.#queue.length > 0) {
      if (this.#next().length === 0) throw new Unsaved("conflict");
      const before = this.#failures;
      await this.#send();
      if (this.#refusal !== null) throw new Unsaved("refused", this.#refusal);
      if (this.#failures > before) throw new Unsaved("kept");
    }
  }

  /**
   * Settles a conflict.
   * @param {string} field
   * @param {"mine" | "theirs"} choice
   */
  async resolve(field, choice) {
    const theirs = this.#conflicts.get(field);
    if (!theirs) return;
    const mine = this.value(field);
    const settled = this.#queue.filter((change) => change.field === field);
    this.#queue = this.#queue.filter((change) => change.field !== field);
    this.#conflicts.delete(field);
    this.#known.set(field, theirs);
    if (choice === "mine" && !same(mine, theirs.value)) await this.#keep(this.#write(field, mine, undefined));
    for (const change of settled) await this.#forget(change);
    this.#tell();
    this.#soon(0);
  }

  /** The page is going away: sends what it can without waiting. What arrives twice counts once. */
  leave() {
    this.#left = true;
    clearTimeout(this.#timer);
    const changes = this.#next();
    if (changes.length > 0) void this.#post(changes, true).catch(() => undefined);
  }

  /** The line is back, or the page is visible again: tries at once instead of waiting out a pause. */
  retry() {
    this.#left = false;
    this.#refusal = null;
    if (this.#queue.length > 0) this.#soon(0);
  }

  /**
   * @param {string} field
   * @param {Value} value
   * @param {Change | undefined} last the field's latest change that waits
   * @returns {Change}
   */
  #write(field, value, last) {
    if (last && !this.#sent.has(last.change_id)) {
      last.value = value;
      return last;
    }
    const base_version = last?.base_version ?? this.#known.get(field)?.version ?? 0;
    const change = { change_id: crypto.randomUUID(), form: this.#options.id, field, value, base_version, order: ++this.#order };
    this.#queue.push(change);
    return change;
  }

  /** @param {Change} change */
  async #keep(change) {
    // A device without storage (private windows, a full disk) still sends; only the reload is not covered.
    await this.#options.shelf.put(change).catch(() => undefined);
    // It may have been acknowledged, or settled, while the device was writing.
    if (!this.#queue.includes(change)) await this.#forget(change);
  }

  /** @param {Change} change */
  async #forget(change) {
    this.#sent.delete(change.change_id);
    await this.#options.shelf.remove(change.change_id).catch(() => undefined);
  }

  /** @param {number} wait */
  #soon(wait) {
    clearTimeout(this.#timer);
    if (this.#left) return;
    const now = performance.now();
    this.#since ??= now;
    // Somebody who types without a pause is saved every second all the same.
    const most = Math.max(0, this.#since + LONGEST_MS - now);
    this.#timer = setTimeout(() => void this.#send(), this.#failures > 0 ? wait : Math.min(wait, most));
  }

  /** One change a field at a time: the next one is based on the version that its forerunner gets. */
  #next() {
    /** @type {Map<string, Change>} */
    const first = new Map();
    for (const change of this.#queue)
      if (!first.has(change.field) && !this.#conflicts.has(change.field)) first.set(change.field, change);
    return [...first.values()].slice(0, BATCH);
  }

  /** @returns {Promise<void>} when the round that is under way, or a new one, is over */
  #send() {
    this.#sending ??= this.#round().finally(() => {
      this.#sending = null;
      this.#tell();
      if (this.#refusal === null && this.#next().length > 0) this.#soon(this.#pause());
    });
    return this.#sending;
  }

  #pause() {
    const pauses = this.#options.retry_ms ?? RETRY_MS;
    return this.#failures === 0 ? 0 : (pauses[Math.min(this.#failures, pauses.length) - 1] ?? 0);
  }

  async #round() {
    this.#since = null;
    const changes = this.#next();
    if (changes.length === 0) return;
    this.#tell(true);
    const response = await this.#post(changes, false).catch(() => null);
    if (response?.ok) {
      const answer = await response.json().catch(() => ({ saved: [], conflicts: [] }));
      const heard = await this.#settle(changes, answer);
      this.#failures = heard ? 0 : this.#failures + 1;
    } else if (response === null) {
      this.#failures++;
    } else if (response.status >= 500 || response.status === 408 || response.status === 429) {
      this.#failures++;
    } else {
      const body = await response.json().catch(() => null);
      this.#refusal = body?.error?.message ?? String(response.status);
    }
  }

  /**
   * @param {Change[]} changes
   * @param {boolean} leaving
   */
  #post(changes, leaving) {
    for (const change of changes) this.#sent.add(change.change_id);
    const body = changes.map(({ change_id, field, value, base_version }) => ({ change_id, field, value, base_version }));
    return (this.#options.fetch ?? fetch)(`/api/forms/${this.#options.id}/changes`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...roleHeader() },
      body: JSON.stringify({ changes: body }),
      ...(leaving ? { keepalive: true } : { signal: AbortSignal.timeout(SEND_MS) }),
    });
  }

  /**
   * @param {Change[]} changes
   * @param {{saved: {change_id: string, version: number}[], conflicts: {change_id: string, value: Value, version: number}[]}} answer
   * @returns {Promise<boolean>} whether it spoke of any of them
   */
  async #settle(changes, answer) {
    for (const { change_id, version } of answer.saved) {
      const change = changes.find((each) => each.change_id === change_id);
      if (!change || !this.#queue.includes(change)) continue;
      this.#queue = this.#queue.filter((each) => each !== change);
      // A repeated change is answered with the version it got then; the form may have come with a newer one.
      if (version >= (this.#known.get(change.field)?.version ?? 0)) this.#known.set(change.field, { value: change.value, version });
      await this.#rebase(change.field, version);
      await this.#forget(change);
    }
    for (const { change_id, value, version } of answer.conflicts) {
      const change = changes.find((each) => each.change_id === change_id);
      if (!change || !this.#queue.includes(change)) continue;
      this.#conflicts.set(change.field, { value, version });
      const mine = this.value(change.field);
      if (same(mine, value)) await this.resolve(change.field, "theirs");
      else this.#options.onconflict?.(change.field, mine, value);
    }
    return answer.saved.length + answer.conflicts.length > 0;
  }

  /**
   * @param {string} field
   * @param {number} version
   */
  async #rebase(field, version) {
    for (const change of this.#queue) {
      if (change.field !== field) continue;
      change.base_version = version;
      await this.#keep(change);
    }
  }

  /** @param {boolean} [under_way] */
  #tell(under_way = this.#sending !== null) {
    /** @type {SaveState} */
    let state = "saved";
    if (this.#conflicts.size > 0) state = "conflict";
    else if (this.#refusal !== null) state = "refused";
    else if (this.#queue.length > 0) state = this.#failures > 0 ? "kept" : "saving";
    else if (under_way) state = "saving";
    this.#state = state;
    this.#options.onstate?.(state, this.#refusal);
  }
}

/**
 * Objects (a bookmark, evidence) are the same when all they hold is.
 * @param {Value} one
 * @param {Value} other
 */
function same(one, other) {
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}
