/** A form in the page whose fields save themselves: it ties inputs to an AutosavedForm and says how the saving goes. */

/** @import { SaveState, Value } from "./forms.js" */
/** @import { Tone } from "./types.js" */

import { toast } from "./announce.js";
import { get, messageOf, post } from "./api.js";
import { open } from "./dialog.js";
import { el, setState } from "./dom.js";
import { AutosavedForm, Unsaved } from "./forms.js";
import { t } from "./i18n.js";
import { openShelf } from "./shelf.js";

/** @typedef {{id: string, state: "draft" | "submitted" | "amended", fields: Record<string, {value: Value, version: number}>}} FormView */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Control */

export class SavedForm {
  /**
   * The caller's own form of this kind, with what an earlier page left unsent. Throws a Fault when the server is not reached.
   * @param {string} encounter
   * @param {"note" | "sp_rating" | "mark"} kind
   * @param {HTMLElement} root holds the controls; each has the field as its name
   * @param {HTMLElement} state a `.state` element
   * @param {() => void} onchange after every change of any field
   * @param {AbortSignal} signal the controls are another encounter's from then on: an answer that comes later touches none of them
   */
  static async open(encounter, kind, root, state, onchange, signal) {
    const [view, shelf] = await Promise.all([/** @type {Promise<FormView>} */ (get(`/api/encounters/${encounter}/forms/${kind}`, { signal })), openShelf()]);
    signal.throwIfAborted();
    const made = new SavedForm(view, shelf, root, state, onchange);
    await made.form.restore();
    if (signal.aborted) made.close();
    signal.throwIfAborted();
    made.#fill();
    return made;
  }

  /**
   * @private
   * @param {FormView} view
   * @param {import("./forms.js").Shelf} shelf
   * @param {HTMLElement} root
   * @param {HTMLElement} state
   * @param {() => void} onchange
   */
  constructor(view, shelf, root, state, onchange) {
    this.root = root;
    this.onchange = onchange;
    this.submitted = view.state === "submitted";
    this.form = new AutosavedForm({
      id: view.id,
      fields: view.fields,
      shelf,
      onstate: (now, message) => setState(state, ...saveWords(now, message)),
      onconflict: (field, mine, theirs) => this.#settle(field, mine, theirs),
    });
    setState(state, "idle", this.submitted ? t("Handed in") : t("Saved as you go"));
    this.#gone = new AbortController();
    const signal = this.#gone.signal;
    root.addEventListener("input", (event) => this.#oninput(event), { signal });
    addEventListener("online", () => this.form.retry(), { signal });
    addEventListener("pagehide", () => this.form.leave(), { signal });
    addEventListener("pageshow", () => this.form.retry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.form.retry(), { signal });
  }

  /** @type {AbortController} */ #gone;

  /** Stops listening to the page; what is unsent is still sent. */
  close() {
    this.#gone.abort();
  }

  /** Sends what is left and locks the form. Says what is wrong if that cannot be. @returns {Promise<boolean>} */
  async submit() {
    try {
      await this.form.flush();
      await post(`/api/forms/${this.form.id}/submit`, {});
      this.submitted = true;
      return true;
    } catch (thrown) {
      toast(thrown instanceof Unsaved ? saveWords(thrown.state, thrown.message)[1] : messageOf(thrown), "bad");
      return false;
    }
  }

  /** @param {string} [settled] a field whose text was just chosen: it is shown even where somebody is writing */
  #fill(settled = "") {
    for (const control of this.#controls()) {
      const value = this.form.value(control.name);
      if (control.type === "radio") control.checked = value !== null && String(value) === control.value;
      else if (document.activeElement !== control || control.name === settled) control.value = value === null ? "" : String(value);
    }
    this.onchange();
  }

  /** @returns {(HTMLInputElement)[]} */
  #controls() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.root.querySelectorAll("input[name], textarea[name]"))];
  }

  /** @param {Event} event */
  #oninput(event) {
    const control = /** @type {HTMLInputElement} */ (event.target);
    if (!control.name) return;
    if (control.type === "radio") void this.form.set(control.name, "number" in control.dataset ? Number(control.value) : control.value);
    else void this.form.set(control.name, control.value, { typing: true });
    this.onchange();
  }

  /**
   * @param {string} field
   * @param {Value} mine
   * @param {Value} theirs
   */
  #settle(field, mine, theirs) {
    const version = (/** @type {string} */ title, /** @type {Value} */ value) =>
      el("div", { class: "card" }, el("h3", {}, title), el("p", { class: "kept-text" }, value === null || value === "" ? t("(empty)") : String(value)));
    const dialog = open(
      t("Two versions"),
      [
        el("p", {}, t("This was changed on another device in the meantime. Nothing is lost: choose which version counts.")),
        version(t("Here"), mine),
        version(t("On the other device"), theirs),
      ],
      [el("button", { class: "button", value: "theirs" }, t("Take the other")), el("button", { class: "button primary", value: "mine" }, t("Keep mine"))],
    );
    // Escape would leave the question open: it stays until it is answered.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", async () => {
      await this.form.resolve(field, dialog.returnValue === "theirs" ? "theirs" : "mine");
      this.#fill(field);
    });
  }
}

/**
 * @param {SaveState} state
 * @param {string | null} message
 * @returns {[Tone, string]}
 */
function saveWords(state, message) {
  switch (state) {
    case "saved":
      return ["good", t("Saved")];
    case "saving":
      return ["idle", t("Saving …")];
    case "kept":
      return ["fair", t("Kept on this device — will be sent when the line is back")];
    case "conflict":
      return ["bad", t("Changed on two devices: choose a version")];
    default:
      return ["bad", /\s/.test(message ?? "") ? /** @type {string} */ (message) : t("Not saved on the server; kept on this device. Call for help.")];
  }
}
