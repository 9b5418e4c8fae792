/** The search field: hits in a list, in the transcript, and on the lanes. */

/** @import { Hit } from "./reading.js" */
/** @import { Lanes } from "./lanes.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { duration } from "../clock.js";
import { byId, el, setText } from "../dom.js";
import { t, whoSpeaks } from "../i18n.js";
import { readingOf, search } from "./reading.js";

/** So many hits are listed; all are marked. */
const LISTED = 50;
const AROUND = 5;

export class Find {
  #input = byId("search", HTMLInputElement);
  #transcript;
  #onlisten;
  /** @type {Hit[]} */ #hits = [];
  #chosen = -1;
  /** Where the keyboard was before. @type {Element | null} */ #from = null;

  /** @type {Lanes | null} */ lanes = null;

  /**
   * @param {TranscriptView} transcript
   * @param {(at_ms: number) => void} onlisten
   */
  constructor(transcript, onlisten) {
    this.#transcript = transcript;
    this.#onlisten = onlisten;
    this.#input.addEventListener("input", () => this.look());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
  }

  enter() {
    if (document.activeElement !== this.#input) this.#from = document.activeElement;
    this.#input.focus();
    this.#input.select();
  }

  /** Searches again: the words asked for, or those of the transcript, have changed. */
  look() {
    this.#hits = search(this.#transcript.turns, this.#input.value);
    this.#chosen = -1;
    const asked = this.#input.value.trim() !== "";
    const count = this.#hits.length;
    setText(byId("search-count"), asked ? (count === 0 ? t("Not found") : count === 1 ? t("1 place") : t("{count} places", { count })) : "");
    const list = byId("hits");
    list.hidden = count === 0;
    list.replaceChildren(...this.#hits.slice(0, LISTED).map((hit, index) => el("li", {}, this.#button(hit, index))));
    this.#transcript.highlight(new Set(this.#hits.flatMap((hit) => hit.words.map((word) => word.id))), null);
    this.lanes?.mark("hit", this.#hits.map((hit) => ({ at_ms: startOf(hit), title: context(hit) })));
  }

  /**
   * @param {Hit} hit
   * @param {number} index
   */
  #button(hit, index) {
    const button = el("button", { class: "hit-button", type: "button" }, el("span", { class: "figures soft" }, duration(startOf(hit) / 1000)), el("span", {}, el("span", { class: "unseen" }, `${whoSpeaks(hit.turn)}: `), context(hit)));
    button.addEventListener("click", () => this.#choose(index));
    return button;
  }

  /** @param {number} index */
  #choose(index) {
    const count = this.#hits.length;
    if (count === 0) return;
    this.#chosen = (index + count) % count;
    const hit = /** @type {Hit} */ (this.#hits[this.#chosen]);
    for (const [place, row] of [...byId("hits").children].entries()) row.toggleAttribute("data-chosen", place === this.#chosen);
    byId("hits").children[this.#chosen]?.scrollIntoView({ block: "nearest" });
    setText(byId("search-count"), t("{place} of {count}", { place: this.#chosen + 1, count }));
    this.#transcript.highlight(new Set(this.#hits.flatMap((each) => each.words.map((word) => word.id))), hit.turn.id);
    this.#onlisten(startOf(hit));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.#choose(this.#chosen + (event.shiftKey ? -1 : 1));
    else if (event.key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (event.key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (event.key === "Escape") {
      this.#input.value = "";
      this.look();
      this.#transcript.follow(true);
      if (this.#from instanceof HTMLElement) this.#from.focus();
      else this.#input.blur();
    } else return;
    event.preventDefault();
  }
}

/** @param {Hit} hit */
const startOf = (hit) => hit.words[0]?.starts_ms ?? hit.turn.starts_ms;

/**
 * A few words on each side.
 * @param {Hit} hit
 */
function context(hit) {
  const words = hit.turn.words;
  const from = Math.max(0, words.findIndex((word) => word === hit.words[0]) - AROUND);
  const to = words.findIndex((word) => word === hit.words.at(-1)) + AROUND + 1;
  const text = words.slice(from, to).map(readingOf).filter(Boolean).join(" ");
  return `${from > 0 ? "… " : ""}${text}${to < words.length ? " …" : ""}`;
}
