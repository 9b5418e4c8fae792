/** Moments of the recording that the examiner points at: evidence of items, and bookmarks. They are fields of the mark. */

/** @import { Bookmark, Evidence, Item } from "./types.js" */
/** @import { Lanes } from "./lanes.js" */
/** @import { MarkForm } from "./mark-form.js" */

import { announce, toast } from "../announce.js";
import { duration } from "../clock.js";
import { byId, el, find, icon, setText } from "../dom.js";
import { t } from "../i18n.js";

/** Chips show so much of a quote. */
const SHOWN = 90;

export class Moments {
  /** @type {Lanes | null} */ lanes = null;
  #form;
  #items;
  #onlisten;
  /** The bookmark that is being written. @type {{field: string, at_ms: number} | null} */ #open = null;
  /** @type {Element | null} */ #from = null;

  /**
   * @param {MarkForm} form
   * @param {Item[]} items
   * @param {(at_ms: number) => void} onlisten
   */
  constructor(form, items, onlisten) {
    this.#form = form;
    this.#items = items;
    this.#onlisten = onlisten;
    byId("bookmark-new").addEventListener("submit", (event) => (event.preventDefault(), this.#keep()));
    byId("bookmark-new").addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    byId("bookmark-cancel").addEventListener("click", () => this.#close());
    this.draw();
  }

  /**
   * Attaches a moment to an item.
   * @param {string} item
   * @param {Evidence} moment
   */
  attach(item, moment) {
    if (this.#evidence(item).some(([, other]) => other.from_ms === moment.from_ms)) return toast(t("This moment is attached already."));
    this.#form.set(`evidence.${item}.${crypto.randomUUID()}`, moment);
    this.draw();
    announce(moment.quote ? t("Attached {at}: {quote}", { at: clock(moment.from_ms), quote: short(moment.quote) }) : t("Attached {at}", { at: clock(moment.from_ms) }));
  }

  /**
   * Asks for a remark on a moment; the recording goes on.
   * @param {number} at_ms
   * @param {string} [field] of a bookmark that is there already
   */
  bookmark(at_ms, field) {
    this.#from = document.activeElement;
    this.#open = { field: field ?? `bookmark.${crypto.randomUUID()}`, at_ms: Math.round(at_ms) };
    byId("bookmarks").hidden = false;
    byId("bookmark-new").hidden = false;
    setText(byId("bookmark-label"), t("Bookmark at {at}", { at: clock(at_ms) }));
    const text = byId("bookmark-text", HTMLInputElement);
    text.value = field ? /** @type {Bookmark} */ (this.#form.value(field)).text : "";
    text.focus();
  }

  /** Shows all of them, here and on the lanes. */
  draw() {
    const all = this.#items.flatMap((item) => this.#evidence(item.id).map(([field, value]) => ({ item, field, value })));
    for (const item of this.#items) {
      const list = find(byId(`item-${item.id}`), ".evidence");
      const own = all.filter((one) => one.item === item);
      list.hidden = own.length === 0;
      list.replaceChildren(...own.map(({ field, value }) => this.#chip(field, value)));
    }
    const bookmarks = /** @type {[string, Bookmark][]} */ (this.#form.entries("bookmark.")).sort((a, b) => a[1].at_ms - b[1].at_ms);
    byId("bookmarks").hidden = bookmarks.length === 0 && this.#open === null;
    byId("bookmark-list").replaceChildren(...bookmarks.map(([field, value]) => this.#bookmark(field, value)));
    this.lanes?.mark("evidence", all.map(({ item, value }) => ({ at_ms: value.from_ms, title: `${t("Evidence")}: ${item.text}` })));
    this.lanes?.mark("bookmark", bookmarks.map(([, { at_ms, text }]) => ({ at_ms, title: `${t("Bookmark")}: ${text}` })));
  }

  /**
   * @param {string} item
   * @returns {[string, Evidence][]}
   */
  #evidence(item) {
    return this.#form.entries(`evidence.${item}.`).sort((a, b) => a[1].from_ms - b[1].from_ms);
  }

  /**
   * @param {string} field
   * @param {Evidence} value
   */
  #chip(field, value) {
    const words = value.quote ? `“${short(value.quote)}”` : t("this moment");
    const go = el("button", { class: "chip-go", type: "button", title: value.quote || t("Listen") }, icon("play"), el("span", { class: "figures" }, clock(value.from_ms)), el("span", {}, words));
    go.addEventListener("click", () => this.#onlisten(value.from_ms));
    return el("li", { class: "chip" }, go, this.#remover(field, t("Remove the evidence at {at}", { at: clock(value.from_ms) })));
  }

  /**
   * @param {string} field
   * @param {Bookmark} value
   */
  #bookmark(field, value) {
    const go = el("button", { class: "chip-go", type: "button" }, icon("bookmark"), el("span", { class: "figures" }, clock(value.at_ms)), el("span", {}, value.text || t("without a remark")));
    go.addEventListener("click", () => this.#onlisten(value.at_ms));
    const edit = el("button", { class: "button quiet small", type: "button", disabled: this.#form.locked, "aria-label": t("Change the remark at {at}", { at: clock(value.at_ms) }) }, t("Change"));
    edit.addEventListener("click", () => this.bookmark(value.at_ms, field));
    return el("li", { class: "chip" }, go, edit, this.#remover(field, t("Remove the bookmark at {at}", { at: clock(value.at_ms) })));
  }

  /**
   * @param {string} field
   * @param {string} label
   */
  #remover(field, label) {
    const button = el("button", { class: "chip-remove", type: "button", "aria-label": label, title: label, disabled: this.#form.locked }, icon("cross"));
    button.addEventListener("click", () => {
      const holder = button.closest("article, section");
      this.#form.set(field, null);
      this.draw();
      const next = holder?.querySelector('.item-group, .chip-go:not([tabindex="-1"])');
      if (next instanceof HTMLElement) next.focus();
      announce(t("Removed"));
    });
    return button;
  }

  #keep() {
    if (!this.#open) return;
    const { field, at_ms } = this.#open;
    this.#form.set(field, { at_ms, text: byId("bookmark-text", HTMLInputElement).value.trim() });
    announce(t("Bookmark kept"));
    this.#close();
  }

  #close() {
    this.#open = null;
    byId("bookmark-new").hidden = true;
    this.draw();
    if (this.#from instanceof HTMLElement && this.#from.isConnected) this.#from.focus({ preventScroll: true });
  }
}

/** @param {number} ms */
const clock = (ms) => duration(ms / 1000);

/** @param {string} quote */
const short = (quote) => (quote.length > SHOWN ? `${quote.slice(0, SHOWN).replace(/\s+\S*$/, "")} …` : quote);
