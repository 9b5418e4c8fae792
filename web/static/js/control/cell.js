/** One cell: the encounter that a station of a circuit has now. It says what is wrong in words, and is quiet otherwise. */

/** @import { Board } from "./board.js" */
/** @import { DayEncounter, DayPerson } from "../types.js" */

import { countdown } from "../clock.js";
import { el, setState, setText, state } from "../dom.js";
import { t } from "../i18n.js";
import { calledName, cellKey, onCamera } from "./board.js";
import { markingState, personState, phaseState, recordingState } from "./words.js";

/** Room is short in a cell. @type {Record<string, string>} */
const PREFIX = { sp: t("SP"), examiner: t("Ex.") };
const LAST_MS = 60_000;

export class Cell {
  /** @type {DayEncounter | null} */ encounter = null;
  #phase = state("idle", "");
  #clock = el("span", { class: "cell-clock figures" });
  #people = el("div", { class: "cell-people" });
  #recording = el("span", { class: "cell-recording" });
  #marking = el("span", { class: "cell-marking" });
  #where = el("span", { class: "cell-where figures" });
  /** @type {{line: HTMLElement, name: HTMLElement, remark: HTMLElement}[]} */ #lines = [];
  /** What it shows: whatever differs is told as another object. @type {object[]} */ #shown = [];

  /**
   * @param {string} circuit
   * @param {number} station
   * @param {string} title
   */
  constructor(circuit, station, title) {
    this.circuit = circuit;
    this.station = station;
    const name = el("span", { class: "unseen" }, t("Circuit {circuit}, station {station}, {title}.", { circuit, station, title }));
    this.element = el(
      "div",
      { class: "cell", role: "gridcell", tabindex: -1, "data-cell": cellKey(circuit, station), "aria-selected": "false", "data-title": `${station}. ${title}` },
      name,
      el("div", { class: "cell-head" }, this.#phase, this.#clock),
      this.#people,
      el("div", { class: "cell-foot" }, this.#recording, this.#marking, this.#where),
    );
  }

  /**
   * @param {DayEncounter | null} encounter
   * @param {Board} board
   */
  show(encounter, board) {
    this.encounter = encounter;
    if (!encounter) return;
    // Behind a station for two, two rest at once.
    const here = encounter.rest ? board.at(this.circuit, this.station).filter((one) => one.rotation === encounter.rotation) : [encounter];
    const people = [...new Set(here.flatMap((one) => board.peopleOf(one)))];
    const parts = [...here, ...people];
    if (parts.length === this.#shown.length && parts.every((one, index) => one === this.#shown[index])) return;
    this.#shown = parts;
    const shown = people.filter((one) => onCamera(one) || one.present);
    const states = shown.map((person) => personState(person, encounter, people.filter((one) => one !== person)));
    const [tone, words] = phaseState(encounter);
    setState(this.#phase, tone, words);
    this.#showPeople(shown, states);
    this.#showWork(encounter);
    set(this.element, "data-encounter", encounter.id);
    set(this.element, "data-phase", encounter.phase);
    set(this.element, "data-tone", states.some(([each]) => each === "bad") ? "bad" : encounter.paused_ms !== null ? "fair" : "");
  }

  /** @param {number} now_ms the server's time */
  tick(now_ms) {
    const ends = this.encounter?.phase_ends_ms ?? null;
    const left = ends === null || !this.encounter ? null : ends - (this.encounter.paused_ms ?? now_ms);
    setText(this.#clock, left === null ? "" : countdown(left));
    set(this.#clock, "data-tone", left !== null && left < LAST_MS && this.encounter?.phase === "encounter" ? "fair" : "");
  }

  /**
   * @param {DayPerson[]} people
   * @param {[string, string][]} states
   */
  #showPeople(people, states) {
    while (this.#lines.length < people.length) {
      const [name, remark] = [el("span", { class: "cell-name" }), el("span", { class: "cell-remark" })];
      const line = el("p", { class: "cell-person state" }, el("span", {}, name, remark));
      this.#people.append(line);
      this.#lines.push({ line, name, remark });
    }
    for (const [index, { line, name, remark }] of this.#lines.entries()) {
      const person = people[index];
      line.hidden = person === undefined;
      if (!person) continue;
      const [tone, words] = states[index] ?? ["idle", ""];
      set(line, "data-tone", tone);
      setText(name, person.role === "candidate" ? calledName(person) : `${PREFIX[person.role] ?? ""} ${person.name}`.trim());
      setText(remark, words ? ` ${words}` : "");
      set(line, "title", person.name);
    }
  }

  /** @param {DayEncounter} encounter */
  #showWork({ phase, recording, marking, rest, rotation, observers }) {
    const early = rest || phase === "waiting" || phase === "reading";
    const [tone, words] = recordingState(recording);
    set(this.#recording, "data-tone", phase === "encounter" && recording.state !== "recording" ? "bad" : tone);
    setText(this.#recording, early ? "" : phase === "encounter" && recording.state === "none" ? t("Not recorded") : words);
    setText(this.#marking, early || marking.state === "none" ? "" : markingState(marking)[1]);
    setText(this.#where, observers.length ? t("observed") : phase === "waiting" ? t("rotation {k}", { k: rotation }) : "");
  }
}

/**
 * Sets an attribute only when it differs.
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
