/** A lane for each speaker under the pictures: speech as blocks, gaps hatched, marks of bookmarks, evidence and search hits. One slider. */

/** @import { Voice } from "./types.js" */

import { duration } from "../clock.js";
import { el } from "../dom.js";
import { t, whoSpeaks } from "../i18n.js";
import { gapAt } from "./timeline.js";
import { gapWords } from "./screen.js";

/** @typedef {"bookmark" | "evidence" | "found" | "hit"} MarkKind */

/** Steps of the arrow keys and of Page Up and Down. */
const FINE_MS = 1000;
const STEP_MS = 5000;
const PAGE_MS = 30_000;

const SVG = "http://www.w3.org/2000/svg";

export class Lanes {
  #length;
  #voices;
  #onseek;
  #slider;
  #head;
  /** @type {Record<MarkKind, HTMLElement>} */ #marks;
  #at = 0;

  /**
   * @param {HTMLElement} root
   * @param {Voice[]} voices
   * @param {number} length_ms
   * @param {(at_ms: number) => void} onseek
   */
  constructor(root, voices, length_ms, onseek) {
    this.#length = Math.max(1, length_ms);
    this.#voices = voices;
    this.#onseek = onseek;
    this.#head = el("div", { class: "lanes-head" });
    this.#marks = { hit: layer("hit"), found: layer("found"), evidence: layer("evidence"), bookmark: layer("bookmark") };
    this.#slider = el(
      "div",
      { class: "lanes-track", role: "slider", tabindex: "0", "aria-label": t("Place in the recording"), "aria-valuemin": "0", "aria-valuemax": Math.round(length_ms / 1000) },
      ...voices.map((voice) => this.#lane(voice)),
      this.#marks.hit,
      this.#marks.found,
      this.#marks.evidence,
      this.#marks.bookmark,
      this.#head,
    );
    root.replaceChildren(el("div", { class: "lanes-names", "aria-hidden": "true" }, ...voices.map((voice) => el("span", {}, whoSpeaks(voice)))), this.#slider, this.#ruler());
    this.#slider.addEventListener("pointerdown", (event) => this.#grab(event));
    this.#slider.addEventListener("keydown", (event) => this.#key(event));
    this.show(0);
  }

  /** @param {number} at_ms */
  show(at_ms) {
    this.#at = at_ms;
    this.#head.style.left = this.#left(at_ms);
    const second = String(Math.floor(at_ms / 1000));
    if (this.#slider.getAttribute("aria-valuenow") === second) return;
    this.#slider.setAttribute("aria-valuenow", second);
    this.#slider.setAttribute("aria-valuetext", this.#words(at_ms));
  }

  /**
   * @param {MarkKind} kind
   * @param {{at_ms: number, title: string}[]} those
   */
  mark(kind, those) {
    this.#marks[kind].replaceChildren(
      ...those.map(({ at_ms, title }) => {
        const mark = el("i", { title, "data-at": at_ms });
        mark.style.left = this.#left(at_ms);
        return mark;
      }),
    );
  }

  /** @param {number} at_ms */
  #left(at_ms) {
    return `${(100 * at_ms) / this.#length}%`;
  }

  /** @param {Voice} voice */
  #lane(voice) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${this.#length} 10`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("aria-hidden", "true");
    const speech = document.createElementNS(SVG, "path");
    speech.setAttribute("d", voice.speech.map(([from, to]) => `M${from} 1h${Math.max(to - from, this.#length / 1000)}v8H${from}z`).join(""));
    picture.append(speech);
    const gaps = voice.gaps.map((gap) => {
      const box = el("span", { class: "lane-gap", title: gapWords(gap) });
      box.style.left = this.#left(gap.from_ms);
      box.style.width = this.#left(gap.to_ms - gap.from_ms);
      return box;
    });
    return el("div", { class: "lane", "data-role": voice.role }, picture, ...gaps);
  }

  #ruler() {
    const minutes = this.#length / 60_000;
    const every = [0.25, 0.5, 1, 2, 5, 10].find((step) => minutes / step <= 6) ?? 15;
    const ticks = Array.from({ length: Math.floor(Math.max(0, minutes / every - 0.7)) + 1 }, (_, index) => {
      const tick = el("span", {}, duration(index * every * 60));
      tick.style.left = this.#left(index * every * 60_000);
      return tick;
    });
    return el("div", { class: "lanes-ruler figures", "aria-hidden": "true" }, ...ticks);
  }

  /** @param {number} at_ms */
  #words(at_ms) {
    const place = t("{at} of {length}", { at: duration(at_ms / 1000), length: duration(this.#length / 1000) });
    const speaking = this.#voices.filter((voice) => voice.speech.some(([from, to]) => from <= at_ms && at_ms < to)).map((voice) => t("{who} speaks", { who: whoSpeaks(voice) }));
    const away = this.#voices.flatMap((voice) => {
      const gap = gapAt(voice, at_ms);
      return gap ? [`${whoSpeaks(voice)}: ${gapWords(gap)}`] : [];
    });
    return [place, ...(speaking.length ? speaking : [t("nobody speaks")]), ...away].join(", ");
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const mark = /** @type {HTMLElement} */ (event.target).closest("[data-at]");
    if (mark instanceof HTMLElement) return this.#onseek(Number(mark.dataset.at));
    const go = (/** @type {PointerEvent} */ at) => {
      const box = this.#slider.getBoundingClientRect();
      this.#onseek(Math.min(1, Math.max(0, (at.clientX - box.left) / box.width)) * this.#length);
    };
    go(event);
    this.#slider.setPointerCapture(event.pointerId);
    const letGo = new AbortController();
    this.#slider.addEventListener("pointermove", go, { signal: letGo.signal });
    for (const end of ["pointerup", "pointercancel"]) this.#slider.addEventListener(end, () => letGo.abort(), { once: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const by = { ArrowLeft: -STEP_MS, ArrowRight: STEP_MS, ArrowDown: -FINE_MS, ArrowUp: FINE_MS, PageDown: -PAGE_MS, PageUp: PAGE_MS }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? this.#length : by === undefined ? null : this.#at + by;
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.#onseek(to);
  }
}

/** @param {MarkKind} kind */
function layer(kind) {
  return el("div", { class: "lane-marks", "data-kind": kind, "aria-hidden": "true" });
}
