/** The mark sheet: one item has the keyboard; a key marks it and moves on. */

/** @import { Grade, Item, Mark } from "./types.js" */
/** @import { Keymap } from "./keymap.js" */
/** @import { MarkForm } from "./mark-form.js" */

import { announce } from "../announce.js";
import { byId, find, setText } from "../dom.js";
import { t } from "../i18n.js";
import { caption } from "./key-words.js";
import { nextUnmarked } from "./marks.js";

/** @type {Grade[]} */
const GRADES = ["fail", "borderline", "pass", "good", "excellent"];

/** The global rating's place among the items. */
const GLOBAL = "global";

export class Sheet {
  /** The item that has the keyboard, or the global rating. @type {string | null} */ current = null;
  #form;
  #items;
  #keymap;
  #onchange;
  #ontool;
  #root = byId("sheet");
  #scroll = byId("mark-scroll");
  #pointed = false;

  /**
   * @param {MarkForm} form
   * @param {Item[]} items in the order of the page
   * @param {Keymap} keymap
   * @param {() => void} onchange a mark, or which item has the keyboard
   * @param {(tool: string) => void} ontool a button of an item: evidence, comment, clear
   */
  constructor(form, items, keymap, onchange, ontool) {
    this.#form = form;
    this.#items = items;
    this.#keymap = keymap;
    this.#onchange = onchange;
    this.#ontool = ontool;
    this.#root.addEventListener("submit", (event) => event.preventDefault());
    this.#root.addEventListener("change", (event) => this.#chosen(event));
    this.#root.addEventListener("input", (event) => this.#typed(event));
    // Opening an item moves what lies below it: with a pointer only once it has clicked, or the click would miss.
    addEventListener("pointerdown", () => (this.#pointed = true), { capture: true });
    addEventListener("keydown", () => (this.#pointed = false), { capture: true });
    this.#root.addEventListener("focusin", (event) => this.#entered(event));
    this.#root.addEventListener("click", (event) => this.#clicked(event));
    this.#root.addEventListener("keydown", (event) => this.#escaped(event));
    this.#takeEarly();
    this.draw();
  }

  /** The page comes without marks: what is chosen or written by now came in while the form was being fetched. */
  #takeEarly() {
    if (this.#form.locked) return;
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (this.#root.querySelectorAll("input[type=radio]:checked"))) this.#form.set(radio.name, radio.value);
    for (const area of this.#root.querySelectorAll("textarea")) {
      if (area.value.trim() === "") continue;
      const before = this.#form.value(area.name);
      // What was written on another evening was not seen yet: it stays, and this follows it.
      if (before) area.value = `${before}\n${area.value}`;
      this.#form.set(area.name, area.value, { typing: true });
    }
  }

  /**
   * Shows the form's values. A text that is being written is left alone.
   * @param {string} [settled] but for this field, whose text was just chosen
   */
  draw(settled = "") {
    for (const control of /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */ (this.#root.querySelectorAll("input[name], textarea[name]"))) {
      const value = this.#form.value(control.name);
      if (control instanceof HTMLInputElement) control.checked = control.value === value;
      else if (document.activeElement !== control || control.name === settled) control.value = value ?? "";
      if (control instanceof HTMLInputElement) control.disabled = this.#form.locked;
      else control.readOnly = this.#form.locked;
    }
    for (const item of this.#items) this.#drawItem(item.id);
    byId(GLOBAL).toggleAttribute("data-marked", Boolean(this.#form.value(GLOBAL)));
    this.#root.toggleAttribute("data-locked", this.#form.locked);
  }

  /**
   * Gives an item, or the global rating, the keyboard.
   * @param {string} id
   * @param {boolean} [focus]
   */
  go(id, focus = true) {
    this.#become(id);
    const group = this.#group(id);
    if (focus) group.focus({ preventScroll: true });
    this.#reveal(id);
  }

  /** @param {1 | -1} way */
  step(way) {
    const order = [...this.#items.map((item) => item.id), GLOBAL];
    const here = this.current === null ? -1 : order.indexOf(this.current);
    if (here < 0) return this.go(order[0] ?? GLOBAL);
    const next = order[here + way];
    this.go(next ?? /** @type {string} */ (order[here]));
  }

  unmarked() {
    const next = nextUnmarked(this.#items, this.current, (field) => this.#form.value(field));
    if (next) this.go(next);
    else if (!this.#form.value(GLOBAL)) this.go(GLOBAL);
    else announce(t("Everything is marked."));
  }

  /**
   * Marks the item that has the keyboard, and moves on to the next. It does not run on into the global rating: that is apart.
   * @param {Mark} mark
   */
  mark(mark) {
    const item = this.#item();
    if (!item || this.#form.locked) return;
    this.#form.set(`item.${item.id}`, mark);
    this.#drawItem(item.id);
    this.#onchange();
    const next = this.#items[this.#items.indexOf(item) + 1];
    if (next) this.go(next.id);
    else this.go(item.id);
    announce(next ? t("{mark}.", { mark: markName(mark) }) : t("{mark}. That was the last item; {global} goes to the global rating, {unmarked} to what is unmarked.", { mark: markName(mark), global: caption(this.#keymap.keys("global")[0] ?? ""), unmarked: caption(this.#keymap.keys("unmarked")[0] ?? "") }));
  }

  /** @param {number} step from 1, fail, to 5, excellent */
  rate(step) {
    const grade = GRADES[step - 1];
    if (!grade || this.current !== GLOBAL || this.#form.locked) return;
    this.#form.set(GLOBAL, grade);
    this.draw();
    this.#onchange();
    announce(gradeName(grade));
  }

  clear() {
    if (this.#form.locked || this.current === null) return;
    this.#form.set(this.current === GLOBAL ? GLOBAL : `item.${this.current}`, null);
    this.draw();
    this.#onchange();
    announce(t("Cleared"));
  }

  comment() {
    const item = this.#item();
    if (!item) return;
    find(byId(`item-${item.id}`), ".item-comment").hidden = false;
    byId(`comment-${item.id}`).focus();
  }

  /** The item that has the keyboard; undefined at the global rating. */
  #item() {
    return this.#items.find((item) => item.id === this.current);
  }

  get item() {
    return this.#item() ?? null;
  }

  /** @param {string} id */
  #group(id) {
    return id === GLOBAL ? byId(GLOBAL) : find(byId(`item-${id}`), ".item-group");
  }

  /** @param {string} id */
  #become(id) {
    if (this.current === id) return;
    const before = this.current;
    this.current = id;
    for (const each of [before, id]) {
      if (each === null) continue;
      const holder = each === GLOBAL ? byId(GLOBAL) : byId(`item-${each}`);
      const now = each === id;
      holder.toggleAttribute("data-current", now);
      if (each !== GLOBAL) this.#group(each).tabIndex = now ? 0 : -1;
      for (const radio of holder.querySelectorAll("input")) radio.tabIndex = now ? 0 : -1;
      if (each !== GLOBAL) this.#drawComment(each);
    }
    this.#onchange();
  }

  /** @param {string} id */
  #drawItem(id) {
    const holder = byId(`item-${id}`);
    const mark = this.#form.value(`item.${id}`);
    setText(byId(`state-${id}`), this.#spoken(id, mark));
    for (const radio of holder.querySelectorAll("input")) radio.checked = radio.value === mark;
    holder.toggleAttribute("data-marked", Boolean(mark));
    this.#drawComment(id);
  }

  /**
   * What a screen reader says after the item's own words: its place, its mark, and the keys that mark it.
   * @param {string} id
   * @param {unknown} mark
   */
  #spoken(id, mark) {
    const values = { number: this.#items.findIndex((item) => item.id === id) + 1, total: this.#items.length, mark: markName(mark) };
    if (mark || this.#form.locked) return t("{number} of {total}: {mark}.", values);
    const [done, partly, not_done] = /** @type {const} */ (["done", "partly", "not_done"]).map((action) => caption(this.#keymap.keys(action)[0] ?? ""));
    return t("{number} of {total}, not marked. Keys: {done} done, {partly} partly, {not_done} not done.", { ...values, done: done ?? "", partly: partly ?? "", not_done: not_done ?? "" });
  }

  /** @param {string} id */
  #drawComment(id) {
    const comment = find(byId(`item-${id}`), ".item-comment");
    const writing = comment.contains(document.activeElement);
    comment.hidden = !writing && !this.#form.value(`comment.${id}`);
  }

  /** @param {Event} event */
  #chosen(event) {
    const radio = event.target;
    if (!(radio instanceof HTMLInputElement) || radio.type !== "radio") return;
    this.#form.set(radio.name, radio.value);
    this.draw();
    this.#onchange();
  }

  /** @param {Event} event */
  #typed(event) {
    const area = event.target;
    if (area instanceof HTMLTextAreaElement) this.#form.set(area.name, area.value.trim() === "" ? null : area.value, { typing: true });
  }

  /** @param {FocusEvent} event */
  #entered(event) {
    const id = this.#idOf(event.target);
    if (id && !this.#pointed) this.#become(id);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const id = this.#idOf(event.target);
    if (!id) return;
    const target = /** @type {Element} */ (event.target);
    this.#becomeInPlace(id, target);
    const tool = target.closest("[data-do]");
    if (tool instanceof HTMLElement) return this.#ontool(tool.dataset.do ?? "");
    if (target.closest("button, textarea, a") || (event.detail === 0 && target.closest("input"))) return;
    // After a click the keys mean the item, not the choice that was clicked.
    if (!target.closest("label") || target.closest("input")) this.#group(id).focus({ preventScroll: true });
  }

  /**
   * What was clicked stays under the pointer while the item before closes and this one opens.
   * @param {string} id
   * @param {Element} target
   */
  #becomeInPlace(id, target) {
    const before = target.getBoundingClientRect().top;
    this.#become(id);
    const scroller = this.#scroll.scrollHeight > this.#scroll.clientHeight ? this.#scroll : window;
    scroller.scrollBy({ top: target.getBoundingClientRect().top - before, behavior: "instant" });
  }

  /**
   * Out of a text, back to the item.
   * @param {KeyboardEvent} event
   */
  #escaped(event) {
    if (event.key !== "Escape" || !(event.target instanceof HTMLTextAreaElement)) return;
    event.preventDefault();
    const id = this.current ?? this.#items[0]?.id ?? GLOBAL;
    this.go(id);
    if (id !== GLOBAL) this.#drawItem(id);
  }

  /** @param {EventTarget | null} target */
  #idOf(target) {
    if (!(target instanceof Element)) return null;
    if (target.closest(`#${GLOBAL}`)) return GLOBAL;
    const holder = target.closest(".item");
    return holder instanceof HTMLElement ? (holder.dataset.item ?? null) : null;
  }

  /** @param {string} id */
  #reveal(id) {
    const holder = id === GLOBAL ? byId(GLOBAL) : byId(`item-${id}`);
    holder.scrollIntoView({ block: "nearest" });
  }
}

/** @param {unknown} mark */
export function markName(mark) {
  return mark === "done" ? t("Done") : mark === "partly" ? t("Partly") : mark === "not_done" ? t("Not done") : t("(not marked)");
}

/** @param {unknown} grade */
export function gradeName(grade) {
  const names = { fail: t("Fail"), borderline: t("Borderline"), pass: t("Pass"), good: t("Good"), excellent: t("Excellent") };
  return names[/** @type {Grade} */ (grade)] ?? t("(not given)");
}
