/** The transcript in the page: turns that follow the playhead, words to click, to walk through, and to correct. */

/** @import { Transcript, Turn, Word } from "./types.js" */

import { announce, toast } from "../announce.js";
import { get, messageOf, post } from "../api.js";
import { duration } from "../clock.js";
import { byId, el, setText } from "../dom.js";
import { t, whoSpeaks } from "../i18n.js";
import { isSame, readingOf, turnAt, UNSURE, wordAt } from "./reading.js";

const POLL_MS = 2000;

export class TranscriptView {
  /** @type {Turn[]} */ turns = [];
  following = true;
  /** Whether its words are not to be corrected here. */
  fixed = false;
  #encounter;
  #onlisten;
  #onchange;
  #scroll = byId("read-scroll");
  #list = byId("turns");
  /** @type {Map<string, {turn: Turn, element: HTMLElement}>} */ #byTurn = new Map();
  /** @type {Map<string, {word: Word, turn: Turn, element: HTMLElement}>} */ #byWord = new Map();
  /** @type {HTMLElement | null} */ #nowTurn = null;
  /** @type {HTMLElement | null} */ #nowWord = null;
  /** The word that Tab comes to. @type {HTMLElement | null} */ #stop = null;

  /**
   * @param {string} encounter
   * @param {(at_ms: number) => void} onlisten
   * @param {() => void} onchange the words are there, or one was corrected
   */
  constructor(encounter, onlisten, onchange) {
    this.#encounter = encounter;
    this.#onlisten = onlisten;
    this.#onchange = onchange;
    for (const by of ["wheel", "touchmove", "pointerdown"]) this.#scroll.addEventListener(by, (event) => this.#letGo(event), { passive: true });
    this.#scroll.addEventListener("keydown", (event) => /^(Page|Home|End|Arrow)/.test(event.key) && event.target === this.#scroll && this.follow(false));
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    this.#list.addEventListener("dblclick", (event) => this.#doubled(event));
    byId("follow").addEventListener("click", () => this.follow(true));
  }

  /** Asks until the transcript is there, and says how far it is. */
  async load() {
    for (;;) {
      const found = /** @type {Transcript | null} */ (await get(`/api/encounters/${this.#encounter}/transcript`).catch((thrown) => (this.#wait(messageOf(thrown)), null)));
      if (found?.state === "ready") return this.#draw(found.turns);
      if (found) this.#progress(found);
      if (found?.state === "failed" || found?.state === "deleted") return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /**
   * Marks what is being said, and brings it into view when following.
   * @param {number} at_ms
   */
  show(at_ms) {
    const turn = turnAt(this.turns, at_ms);
    const word = turn && wordAt(turn, at_ms);
    const element = (turn && this.#byTurn.get(turn.id)?.element) ?? null;
    if (element !== this.#nowTurn) {
      this.#nowTurn?.removeAttribute("aria-current");
      element?.setAttribute("aria-current", "true");
      this.#nowTurn = element;
    }
    const spot = (word && this.#byWord.get(word.id)?.element) ?? null;
    if (spot !== this.#nowWord) {
      this.#nowWord?.classList.remove("now");
      spot?.classList.add("now");
      this.#nowWord = spot;
      if (this.following) this.#reveal(spot ?? element);
    }
  }

  /** @param {boolean} following */
  follow(following) {
    this.following = following;
    byId("follow").hidden = following || this.turns.length === 0;
    if (following) this.#reveal(this.#nowWord ?? this.#nowTurn, true);
  }

  /** Puts the keyboard on the word that is being said. */
  enter() {
    const word = this.#nowWord ?? this.#list.querySelector(".word");
    if (word instanceof HTMLElement) this.#focus(word);
    else this.#scroll.focus();
  }

  /**
   * Walks from the word that has the focus.
   * @param {"word" | "turn"} by
   * @param {1 | -1} way
   */
  walk(by, way) {
    const here = this.#focused();
    if (!here) return;
    if (by === "word") {
      const words = [...this.#byWord.values()];
      const next = words[words.indexOf(here) + way];
      if (next) this.#focus(next.element);
    } else {
      const turn = this.turns[this.turns.indexOf(here.turn) + way];
      const first = turn?.words[0] && this.#byWord.get(turn.words[0].id);
      if (first) this.#focus(first.element);
    }
  }

  /** Plays from the word that has the focus. */
  listen() {
    const here = this.#focused();
    if (here) this.#onlisten(here.word.starts_ms);
  }

  /** Opens the word that has the focus for correction. */
  correct() {
    const here = this.#focused();
    if (here) this.#edit(here);
  }

  /** Says that the turn that has the focus is right as it stands: how well the machine hears is worked out from such turns. */
  async confirm() {
    const here = this.#focused();
    if (!here) return;
    try {
      await post(`/api/transcripts/turns/${here.turn.id}/right`);
      here.turn.right = true;
      this.#byTurn.get(here.turn.id)?.element.toggleAttribute("data-right", true);
      announce(t("Noted: this turn is right."));
    } catch (thrown) {
      toast(messageOf(thrown), "bad");
    }
  }

  /**
   * Shades these words as found.
   * @param {Set<string>} ids of words
   * @param {string | null} chosen the turn to bring into view
   */
  highlight(ids, chosen) {
    for (const [id, { element }] of this.#byWord) element.classList.toggle("hit", ids.has(id));
    const element = chosen && this.#byTurn.get(chosen)?.element;
    if (!element) return;
    this.follow(false);
    this.#reveal(element, true);
  }

  /** @param {Transcript} found */
  #progress({ state, done, message }) {
    const words = {
      none: t("There is no transcript yet: it is made when the recording is complete."),
      waiting: t("The transcript waits its turn. You can watch and mark meanwhile."),
      running: t("Transcribing: {percent} % done. You can watch and mark meanwhile.", { percent: Math.floor(done * 100) }),
      failed: t("The transcript could not be made. The recording is whole: watch and mark without it."),
      deleted: "",
      ready: "",
    }[state];
    const bar = byId("read-progress", HTMLProgressElement);
    bar.hidden = state !== "running";
    bar.value = Math.floor(done * 100);
    this.#wait(message && state !== "running" ? `${words} ${message}`.trim() : words);
  }

  /** @param {string} text */
  #wait(text) {
    setText(byId("read-message"), text);
  }

  /** @param {Turn[]} turns */
  #draw(turns) {
    const late = byId("read-progress").hidden === false;
    this.turns = turns;
    byId("read-wait").hidden = turns.length > 0;
    if (turns.length === 0) {
      byId("read-progress").hidden = true;
      this.#wait(t("Nobody was heard to speak in this recording."));
    }
    this.#list.replaceChildren(...turns.map((turn, index) => this.#turn(turn, isSame(turns[index - 1], turn))));
    this.#stop = this.#list.querySelector(".word");
    if (this.#stop) this.#stop.tabIndex = 0;
    if (late) announce(t("The transcript is ready."));
    this.#onchange();
  }

  /**
   * @param {Turn} turn
   * @param {boolean} goes_on the same person spoke before
   */
  #turn(turn, goes_on) {
    const at = duration(turn.starts_ms / 1000);
    const words = turn.words.flatMap((word) => [this.#word(word, turn), " "]);
    const button = el("button", { class: "turn-at figures", type: "button", tabindex: "-1", title: t("Listen from here"), "aria-label": t("Listen from {at}", { at }) }, at);
    button.addEventListener("click", () => this.#onlisten(turn.starts_ms));
    const element = el("li", { class: goes_on ? "turn goes-on" : "turn", "data-role": turn.role, "data-right": turn.right }, el("p", { class: "turn-head" }, el("span", { class: goes_on ? "unseen" : "turn-who" }, whoSpeaks(turn)), button), el("p", { class: "turn-words" }, ...words));
    this.#byTurn.set(turn.id, { turn, element });
    return element;
  }

  /**
   * @param {Word} word
   * @param {Turn} turn
   */
  #word(word, turn) {
    const element = el("span", { class: "word", tabindex: "-1", "data-word": word.id });
    this.#byWord.set(word.id, { word, turn, element });
    this.#write(word, element);
    return element;
  }

  /**
   * @param {Word} word
   * @param {HTMLElement} element
   */
  #write(word, element) {
    const changed = word.corrected !== null && word.corrected !== word.text;
    const unsure = !changed && word.corrected === null && word.confidence < UNSURE;
    element.classList.toggle("unsure", unsure);
    element.classList.toggle("corrected", changed);
    element.title = changed ? t("Corrected. The machine heard “{word}”.", { word: word.text }) : unsure ? t("The machine was not sure of this word: listen before you rely on it.") : "";
    element.replaceChildren(readingOf(word), ...(changed ? [el("del", {}, word.text)] : []));
  }

  /** @param {Event} event */
  #of(event) {
    const element = event.target instanceof Element ? event.target.closest(".word") : null;
    return element instanceof HTMLElement ? this.#byWord.get(element.dataset.word ?? "") : undefined;
  }

  #focused() {
    const element = document.activeElement?.closest(".word");
    return element instanceof HTMLElement ? this.#byWord.get(element.dataset.word ?? "") : undefined;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const here = this.#of(event);
    if (!here || here.element.querySelector("input") || event.detail > 1 || !getSelection()?.isCollapsed) return;
    this.#rove(here.element);
    this.follow(true);
    this.#onlisten(here.word.starts_ms);
  }

  /** @param {MouseEvent} event */
  #doubled(event) {
    const here = this.#of(event);
    if (!here) return;
    getSelection()?.removeAllRanges();
    this.#edit(here);
  }

  /** @param {HTMLElement} element */
  #rove(element) {
    if (this.#stop) this.#stop.tabIndex = -1;
    this.#stop = element;
    element.tabIndex = 0;
  }

  /** @param {HTMLElement} element */
  #focus(element) {
    this.#rove(element);
    element.focus({ preventScroll: true });
    this.follow(false);
    this.#reveal(element);
  }

  /** @param {{word: Word, element: HTMLElement}} here */
  #edit({ word, element }) {
    if (this.fixed || element.querySelector("input")) return;
    const heard = `heard-${word.id}`;
    const input = el("input", { class: "input word-edit", value: readingOf(word), "aria-label": t("What was said here"), "aria-describedby": heard, maxlength: "200", size: Math.max(6, readingOf(word).length + 2), autocomplete: "off" });
    const hint = el("span", { class: "small soft word-heard", id: heard }, t("The machine heard “{word}”. Enter keeps, Escape leaves it; empty if nothing was said.", { word: word.text }));
    element.replaceChildren(input, hint);
    input.select();
    input.focus();
    let over = false;
    const close = (/** @type {boolean} */ back) => {
      over = true;
      const here = element.contains(document.activeElement);
      this.#write(word, element);
      // Whoever has gone on meanwhile keeps the keyboard: their next letters would be keys here.
      if (back && here) this.#focus(element);
    };
    const keep = async (/** @type {boolean} */ back) => {
      const text = input.value.trim();
      if (text === readingOf(word)) return close(back);
      over = true;
      input.readOnly = true;
      try {
        const saved = /** @type {Word} */ (await post(`/api/transcripts/words/${word.id}`, { text }));
        word.corrected = saved.corrected;
        close(back);
        announce(t("Corrected to “{word}”.", { word: text }));
        this.#onchange();
      } catch (thrown) {
        over = false;
        input.readOnly = false;
        toast(messageOf(thrown), "bad");
        if (document.activeElement === document.body) input.focus();
      }
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") void keep(true);
      else if (event.key === "Escape") close(true);
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", () => over || void keep(false));
  }

  /** @param {Event} event */
  #letGo(event) {
    // A press on the bar at the side scrolls; a press on a word does not.
    if (event instanceof PointerEvent && (event.target !== this.#scroll || event.offsetX < this.#scroll.clientWidth)) return;
    if (this.turns.length > 0) this.follow(false);
  }

  /**
   * @param {HTMLElement | null} element
   * @param {boolean} [always] also when it can be seen already
   */
  #reveal(element, always = false) {
    if (!element) return;
    const box = element.getBoundingClientRect();
    const frame = this.#scroll.getBoundingClientRect();
    // Stacked on a small screen the page scrolls: it is left where it is, unless somebody asked for this place.
    if (this.#scroll.scrollHeight <= this.#scroll.clientHeight) {
      if (always || element.contains(document.activeElement)) element.scrollIntoView({ block: "center" });
      return;
    }
    const low = frame.top + frame.height * 0.7;
    if (!always && box.top >= frame.top + 24 && box.bottom <= low) return;
    // Reading on, it glides; a jump far off would be drawn all the way there, while the pictures wait for the processor.
    const by = box.top - frame.top - frame.height * 0.3;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroll.scrollBy({ top: by, behavior: calm || Math.abs(by) > frame.height ? "instant" : "smooth" });
  }
}
