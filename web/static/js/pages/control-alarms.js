/** Alarms about people in the control page: in words, by a soft sound, and afterwards. */

/** @import { DayEncounter } from "../types.js" */

import { alarmWords } from "../alarm-words.js";
import { announce } from "../announce.js";
import { byId, el, icon } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";

const MUTED = "teleosce.alarms-muted";
/** The school's. */
let zone = "UTC";

/**
 * What needs a person comes first: running encounters with alarms, the others that run, those to come, those that are over.
 * @param {DayEncounter[]} encounters in the order of the plan, which is kept within each group
 */
export function inOrder(encounters) {
  const rank = (/** @type {DayEncounter} */ { phase, people }) => {
    if (phase === "done") return 3;
    if (phase === "waiting") return 2;
    return people.some((person) => person.alarms.length > 0) ? 0 : 1;
  };
  return encounters.map((one, index) => ({ one, index, rank: rank(one) })).sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ one }) => one);
}

/**
 * What was wrong and is not any more, with its times.
 * @param {HTMLElement} place
 * @param {DayEncounter} encounter
 */
export function incidentList(place, { incidents, people, phase }) {
  const over = incidents.filter(({ until_ms }) => until_ms !== null || phase === "done");
  const told = JSON.stringify(over);
  if (place.dataset.told === told) return;
  place.dataset.told = told;
  const open = place.querySelector("details")?.open ?? false;
  const name = (/** @type {string} */ seat) => people.find((person) => person.seat === seat)?.name ?? "";
  const lines = over.map(({ seat, kind, since_ms, until_ms }) =>
    el("li", {}, `${name(seat)}: ${alarmWords(kind)}, `, el("span", { class: "figures" }, until_ms === null ? t("from {time}", { time: exactTime(since_ms) }) : `${exactTime(since_ms)}–${exactTime(until_ms)}`)),
  );
  const heading = over.length === 1 ? t("1 alarm that is over") : t("{n} alarms that are over", { n: over.length });
  place.replaceChildren(...(over.length ? [el("details", { class: "small", open }, el("summary", {}, heading), el("ul", { class: "plain-list" }, ...lines))] : []));
}

/** @param {number} ms */
function exactTime(ms) {
  const seconds = String(Math.floor(ms / 1000) % 60).padStart(2, "0");
  return `${timeOfDay(ms, zone)}:${seconds}`;
}

/** Tells of each alarm once: to a screen reader, and by one soft sound for all that came together, unless it is switched off. */
export class AlarmTeller {
  /** @type {Set<string> | null} */ #told = null;
  /** @type {AudioContext | null} */ #audio = null;
  #button = byId("alarm-sound", HTMLButtonElement);

  /** @param {string} school_zone an IANA name */
  constructor(school_zone) {
    zone = school_zone;
    this.#button.addEventListener("click", () => {
      store(!isMuted());
      this.#show();
    });
    // Browsers let a page make sound only after the person has touched it.
    const unlock = () => void this.#context().resume();
    addEventListener("pointerdown", unlock, { once: true });
    addEventListener("keydown", unlock, { once: true });
    this.#show();
  }

  /** @param {DayEncounter[]} encounters */
  tell(encounters) {
    const standing = encounters.flatMap((one) =>
      one.people.flatMap((person) => person.alarms.map(({ kind, since_ms }) => ({ key: `${one.id} ${person.seat} ${kind} ${since_ms}`, words: `${person.name}: ${alarmWords(kind)}.` }))),
    );
    const before = this.#told;
    this.#told = new Set(standing.map(({ key }) => key));
    const fresh = standing.filter(({ key }) => !before?.has(key));
    if (fresh.length === 0) return;
    announce(fresh.map(({ words }) => words).join(" "));
    if (!isMuted()) chime(this.#context());
  }

  #context() {
    this.#audio ??= new AudioContext();
    return this.#audio;
  }

  #show() {
    const muted = isMuted();
    this.#button.replaceChildren(icon(muted ? "speaker-off" : "speaker"), muted ? t("Alarm sound is off") : t("Alarm sound is on"));
  }
}

/**
 * Two soft notes, the second lower; nothing like the bells of the exam.
 * @param {AudioContext} audio
 */
function chime(audio) {
  if (audio.state !== "running") return;
  [
    [0, 494],
    [0.18, 392],
  ].forEach(([at = 0, pitch = 440]) => {
    const begin = audio.currentTime + at;
    const tone = new OscillatorNode(audio, { frequency: pitch });
    const gain = new GainNode(audio, { gain: 0 });
    gain.gain.linearRampToValueAtTime(0.08, begin + 0.04);
    gain.gain.setTargetAtTime(0, begin + 0.06, 0.15);
    tone.connect(gain).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + 1);
  });
}

function isMuted() {
  try {
    return localStorage.getItem(MUTED) === "yes";
  } catch {
    return false;
  }
}

/** @param {boolean} muted */
function store(muted) {
  try {
    localStorage.setItem(MUTED, muted ? "yes" : "no");
  } catch {
    // Private windows may keep nothing; the sound then stays as it is.
  }
}
