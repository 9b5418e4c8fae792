/** The fields of the two marks, one card each: which value counts, and which card the keyboard is on. */

/** @import { Field } from "./types.js" */

import { find, setState } from "../dom.js";
import { t } from "../i18n.js";

const MARKS = ["done", "partly", "not_done"];
const GRADES = ["fail", "borderline", "pass", "good", "excellent"];

/**
 * What is said of a field that has a value.
 * @param {Field} field
 * @param {string | null} value
 * @returns {"left" | "right" | "both" | "own" | null}
 */
export function sourceOf(field, value) {
  if (value === null) return field.differs ? null : "both";
  if (value === field.left && value === field.right) return "both";
  return value === field.left ? "left" : value === field.right ? "right" : "own";
}

/**
 * The value that a digit means, from 1.
 * @param {Field} field
 * @param {number} digit
 * @returns {string | undefined}
 */
export function ownValue(field, digit) {
  return (field.field === "global" ? GRADES : MARKS)[digit - 1];
}

/** Where one difference is settled after another. */
export class Cases {
  /** @type {string | null} */ current = null;
  #fields;
  #value;
  #onchoose;
  #onhere;

  /**
   * @param {Field[]} fields
   * @param {(name: string) => string | null} value what the settlement holds
   * @param {(field: Field, value: string) => void} onchoose
   * @param {(card: HTMLElement) => void} onhere the keyboard came to a card
   */
  constructor(fields, value, onchoose, onhere) {
    this.#fields = fields;
    this.#value = value;
    this.#onchoose = onchoose;
    this.#onhere = onhere;
    for (const field of fields) {
      const card = this.card(field.field);
      card.addEventListener("focusin", () => this.#here(field.field));
      card.addEventListener("click", (event) => {
        const button = /** @type {HTMLElement} */ (event.target).closest("button");
        if (button?.dataset.take) this.take(/** @type {"left" | "right"} */ (button.dataset.take), field);
        if (button?.dataset.own) this.#onchoose(field, button.dataset.own);
      });
    }
  }

  /** @param {string} name */
  card(name) {
    return find(document, `[data-field="${CSS.escape(name)}"]`, HTMLElement);
  }

  /** The differences that nothing is chosen for. */
  get open() {
    return this.#fields.filter((field) => field.differs && this.#value(field.field) === null);
  }

  get differing() {
    return this.#fields.filter((field) => field.differs);
  }

  /** @returns {Field | undefined} */
  get field() {
    return this.#fields.find((field) => field.field === this.current);
  }

  /**
   * @param {"left" | "right"} side
   * @param {Field | undefined} [field]
   */
  take(side, field = this.field) {
    if (field) this.#onchoose(field, field[side]);
  }

  /** @param {number} digit */
  own(digit) {
    const field = this.field;
    const value = field && ownValue(field, digit);
    if (field && value) this.#onchoose(field, value);
  }

  /** Goes to the next or the previous difference. @param {1 | -1} way */
  step(way) {
    const order = this.differing;
    const now = order.findIndex((field) => field.field === this.current);
    const next = order[now < 0 ? 0 : now + way];
    if (next) this.go(next.field);
  }

  /** The next difference that is open, after the present one; the first of all if there is none. @returns {boolean} whether there is one */
  onward() {
    const order = this.differing;
    const now = order.findIndex((field) => field.field === this.current);
    const open = this.open;
    const next = order.slice(now + 1).find((field) => open.includes(field)) ?? open[0];
    if (next) this.go(next.field);
    return next !== undefined;
  }

  /** @param {string} name */
  go(name) {
    const card = this.card(name);
    const folded = card.closest("details");
    if (folded) folded.open = true;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    this.#here(name);
  }

  /**
   * Shows what counts now.
   * @param {(name: string) => string} reason
   * @param {string} [settled] a reason that is shown even where somebody is writing it
   */
  draw(reason, settled = "") {
    for (const field of this.#fields) {
      const value = this.#value(field.field);
      const source = sourceOf(field, value);
      const card = this.card(field.field);
      for (const button of /** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll("[data-take]"))) {
        button.setAttribute("aria-pressed", String(value !== null && value === field[/** @type {"left" | "right"} */ (button.dataset.take)]));
      }
      for (const button of /** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll("[data-own]"))) button.setAttribute("aria-pressed", String(value === button.dataset.own));
      const box = find(card, ".settle-reason", HTMLElement);
      box.hidden = source !== "own";
      const control = find(box, "textarea", HTMLTextAreaElement);
      const text = reason(field.field);
      if ((document.activeElement !== control || control.name === settled) && control.value !== text) control.value = text;
      const words = { left: t("Left counts"), right: t("Right counts"), both: value === null ? "" : t("As both have it"), own: text.trim() ? t("Own value counts") : t("Own value: say why") };
      const tone = source === null ? "idle" : source === "own" && !text.trim() ? "fair" : "good";
      setState(find(card, ".settle-state", HTMLElement), tone, source === null ? t("Open") : words[source]);
      find(card, ".settle-state", HTMLElement).hidden = source === "both" && value === null;
    }
  }

  /** @param {string} name */
  #here(name) {
    if (this.current === name) return;
    this.current = name;
    for (const field of this.#fields) this.card(field.field).toggleAttribute("data-current", field.field === name);
    this.#onhere(this.card(name));
  }
}

