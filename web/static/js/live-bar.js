/** The bar of the live pages: station, phase, countdown, connection; and what of the time is said aloud. */

/** @import { EncounterNow, Tone } from "./types.js" */

import { announce } from "./announce.js";
import { countdown, everyTick } from "./clock.js";
import { byId, setState, setText } from "./dom.js";
import { t } from "./i18n.js";

/** Full minutes at which a screen reader is told how much is left. */
const SAID_AT_MS = [120_000, 60_000];
const LAST_MS = 15_000;

export class LiveBar {
  #title = byId("live-title");
  #phase = byId("live-phase");
  #clock = byId("live-clock");
  #line = byId("live-line");
  /** @type {EncounterNow | null} */ #encounter = null;
  /** @type {number | null} */ #left_ms = null;

  /** @param {() => number} now the server's time */
  constructor(now) {
    everyTick(() => this.#tick(now()));
  }

  /**
   * @param {EncounterNow | null} encounter
   * @param {string} phase in words
   * @param {string} resting what stands for the station while there is none
   */
  show(encounter, phase, resting) {
    const same = encounter && this.#encounter?.id === encounter.id && this.#encounter.phase === encounter.phase;
    this.#encounter = encounter;
    if (!same) this.#left_ms = null;
    setText(this.#title, encounter ? stationName(encounter) : resting);
    setText(this.#phase, phase);
  }

  /**
   * @param {Tone} tone
   * @param {string} text
   */
  line(tone, text) {
    setState(this.#line, tone, text);
  }

  /** @param {number} now */
  #tick(now) {
    const ends = this.#encounter?.phase_ends_ms ?? null;
    this.#clock.hidden = ends === null;
    if (ends === null) return;
    const left = ends - (this.#encounter?.paused_ms ?? now);
    setText(this.#clock, countdown(left));
    this.#clock.dataset.tone = left <= LAST_MS ? "bad" : left <= this.#warning_ms() ? "fair" : "";
    this.#say(left);
    this.#left_ms = left;
  }

  /** How long before the end the clock changes its colour. */
  #warning_ms() {
    return this.#encounter?.phase === "encounter" ? (this.#encounter.warning_ms ?? 0) : 60_000;
  }

  /** @param {number} left */
  #say(left) {
    const before = this.#left_ms;
    if (before === null) return;
    for (const mark of SAID_AT_MS) {
      // The warning bell says it itself.
      const bell = this.#encounter?.phase === "encounter" && this.#encounter.warning_ms === mark;
      if (before > mark && left <= mark && !bell) announce(timeLeft(mark));
    }
    if (before > 0 && left <= 0) announce(t("The time of this phase is over."));
  }
}

/** @param {{station: {number: number, title: string}}} place */
export function stationName(place) {
  return t("Station {number}: {title}", { number: place.station.number, title: place.station.title });
}

/**
 * "2 minutes left", rounded so that a bell a moment late still says two.
 * @param {number} ms
 */
export function timeLeft(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 50) return t("{n} seconds left", { n: seconds });
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? t("1 minute left") : t("{n} minutes left", { n: minutes });
}
