/** A field that was changed in two places: both values are shown, and a person chooses. Several are asked one after the other, in one dialog. */

/** @import { Item } from "./types.js" */

import { open, READ_MS } from "../dialog.js";
import { el } from "../dom.js";
import { t } from "../i18n.js";
import { gradeName, markName } from "./sheet.js";

/** @typedef {"mine" | "theirs"} Choice */
/** @typedef {{field: string, mine: any, theirs: any}} Conflict */

export class Conflicts {
  /** @type {Map<string, Conflict>} */ #open = new Map();
  /** @type {HTMLDialogElement | null} */ #dialog = null;
  #items;
  #onchoice;

  /**
   * @param {Item[]} items in the order of the page
   * @param {(conflict: Conflict, choice: Choice) => void} onchoice
   */
  constructor(items, onchoice) {
    this.#items = items;
    this.#onchoice = onchoice;
  }

  /** @param {Conflict} conflict */
  ask(conflict) {
    this.#open.set(conflict.field, conflict);
    if (!this.#dialog) this.#show();
  }

  #show() {
    const first = [...this.#open.values()][0];
    if (!first) return;
    const others = this.#open.size - 1;
    const all = el("input", { type: "checkbox" });
    const buttons = [this.#version("theirs", t("Take the other"), 2), this.#version("mine", t("Keep mine"), 1)];
    const dialog = open(
      t("Two versions"),
      [
        el("p", {}, t("{what} was changed in another window or on another device in the meantime. Nothing is lost: choose which version counts.", { what: this.#name(first.field) })),
        el("div", { class: "versions" }, card(t("Here"), inWords(first.field, first.mine)), card(t("There"), inWords(first.field, first.theirs))),
        others > 0 ? el("label", { class: "choice" }, all, t("The same for the other {count}", { count: others })) : null,
      ].filter((node) => node !== null),
      buttons,
    );
    this.#dialog = dialog;
    buttons[1]?.focus();
    // Escape would leave the question open; and a key that was meant for the sheet must not answer what nobody has read.
    const opened = performance.now();
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.repeat || performance.now() - opened < READ_MS) return event.preventDefault();
      const choice = { 1: "mine", 2: "theirs" }[event.key];
      if (!choice) return;
      // Once the dialog is gone the same press would be a key of the desk, and mark an item.
      event.preventDefault();
      dialog.close(choice);
    });
    dialog.addEventListener("close", () => {
      this.#dialog = null;
      const choice = dialog.returnValue === "theirs" ? "theirs" : "mine";
      for (const conflict of all.checked ? [...this.#open.values()] : [first]) {
        this.#open.delete(conflict.field);
        this.#onchoice(conflict, choice);
      }
      this.#show();
    });
  }

  /**
   * @param {Choice} choice
   * @param {string} words
   * @param {number} key
   */
  #version(choice, words, key) {
    return el("button", { class: choice === "mine" ? "button primary" : "button", value: choice, "aria-keyshortcuts": key }, el("kbd", { "aria-hidden": "true" }, String(key)), words);
  }

  /** @param {string} field */
  #name(field) {
    const [kind, id] = field.split(".");
    if (kind === "global") return t("The global rating");
    if (kind === "bookmark") return t("A bookmark");
    const number = this.#items.findIndex((item) => item.id === id) + 1;
    if (number === 0) return t("The overall comment");
    if (kind === "comment") return t("The comment on item {number}", { number });
    return kind === "evidence" ? t("Evidence for item {number}", { number }) : t("Item {number}", { number });
  }
}

/**
 * @param {string} title
 * @param {string} text
 */
function card(title, text) {
  return el("section", { class: "card" }, el("h3", {}, title), el("p", { class: "kept-text" }, text));
}

/**
 * @param {string} field
 * @param {any} value
 */
function inWords(field, value) {
  if (field === "global") return gradeName(value);
  if (field.startsWith("item.")) return markName(value);
  if (value === null || value === "") return t("(empty)");
  return String(typeof value === "object" ? (value.text ?? value.quote) || t("(without words)") : value);
}
