/** The SP's rating of one candidate: one tap a line, saved as it is tapped. */

import { byId, el, setState, setText } from "./dom.js";
import { t } from "./i18n.js";
import { SavedForm } from "./saved-form.js";

/** @typedef {{id: string, text: string, low: string, high: string, points: number}} RatingItem */

export class Rating {
  /** @type {SavedForm | null} */ #form = null;
  #gone = new AbortController();
  #root = byId("rating-form");

  /**
   * @param {string} encounter
   * @param {string} candidate whom it is about
   * @param {RatingItem[]} items
   * @param {() => void} onready it is handed in, or there was nothing to ask
   */
  constructor(encounter, candidate, items, onready) {
    this.encounter = encounter;
    this.candidate = candidate;
    this.items = items;
    this.onready = onready;
    /** Handed in, or nothing to ask. */
    this.ready = items.length === 0;
    setText(byId("rating-title"), candidate ? t("Your rating of {name}", { name: candidate }) : t("Your rating"));
    this.#root.replaceChildren(...items.map(line), ...(items.length ? [remark()] : []));
    this.#count();
    void this.#open();
  }

  /** Whether anything was answered. */
  get begun() {
    return this.#answered() > 0;
  }

  close() {
    this.#gone.abort();
    this.#form?.close();
  }

  async submit() {
    if (!this.#form || !(await this.#form.submit())) return;
    this.ready = true;
    this.onready();
  }

  async #open() {
    if (this.ready) return;
    this.#lock(true);
    const state = byId("rating-state");
    const { signal } = this.#gone;
    while (!this.#form) {
      try {
        this.#form = await SavedForm.open(this.encounter, "sp_rating", this.#root, state, () => this.#count(), signal);
      } catch {
        if (signal.aborted) return;
        setState(state, "fair", t("Waiting for the line"));
        await new Promise((resolve) => setTimeout(resolve, 2000));
        if (signal.aborted) return;
      }
    }
    this.#lock(false);
    if (!this.#form.submitted) return;
    this.ready = true;
    this.onready();
  }

  #answered() {
    return this.#root.querySelectorAll("input:checked").length;
  }

  #count() {
    const left = this.items.length - this.#answered();
    setText(byId("rating-left"), left === 0 ? t("All answered.") : left === 1 ? t("1 line left") : t("{n} lines left", { n: left }));
    byId("rating-submit", HTMLButtonElement).disabled = left > 0;
  }

  /** @param {boolean} locked */
  #lock(locked) {
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (this.#root.querySelectorAll("input, textarea"))) input.disabled = locked;
  }
}

/** A sentence in the patient's own words; it may stay empty. */
function remark() {
  return el(
    "div",
    { class: "field" },
    el("label", { for: "rating-comment" }, t("A sentence for the candidate"), " ", el("span", { class: "soft small" }, t("may stay empty"))),
    el("textarea", { class: "input", id: "rating-comment", name: "comment", rows: 2, maxlength: 1000, "aria-describedby": "rating-hint" }),
    el("p", { class: "hint", id: "rating-hint" }, t("They may read it, and your answers, when the results are released.")),
  );
}

/** @param {RatingItem} item */
function line({ id, text, low, high, points }) {
  const steps = Array.from({ length: points }, (_, index) => index + 1);
  const name = `sp.${id}`;
  return el(
    "fieldset",
    { class: "rating-line" },
    el("legend", {}, text),
    el(
      "div",
      { class: "steps" },
      ...steps.map((step) => {
        const words = step === 1 ? low : step === points ? high : "";
        return el(
          "label",
          { class: "step" },
          el("input", { type: "radio", name, value: step, "data-number": true }),
          el("span", { class: "step-number" }, String(step)),
          words ? el("span", { class: "unseen" }, `: ${words}`) : null,
        );
      }),
    ),
    el("div", { class: "steps-ends small soft", "aria-hidden": "true" }, el("span", {}, low), el("span", {}, high)),
  );
}
