/** What needs somebody, the newest first: it comes to the top by itself, is said, and makes one soft sound. */

/** @import { Board } from "./board.js" */
/** @import { Tone } from "../types.js" */

import { alarmWords } from "../alarm-words.js";
import { announce } from "../announce.js";
import { duration } from "../clock.js";
import { byId, el, icon, setText, state } from "../dom.js";
import { roleName, t } from "../i18n.js";
import { calledName, isRunning, onCamera } from "./board.js";
import { decisionWords, incidentWords } from "./words.js";

const MUTED = "teleosce.alarms-muted";
/** Of what comes at once, so many are read out: where a server or a line fails, everybody's alarms begin together. */
const SAID = 3;

/** @typedef {{key: string, tone: Tone, text: string, where: string, since_ms: number | null, encounter: string | null, seat: string | null, incident?: string, take?: string}} Trouble */

export class Troubles {
  /** @type {Map<string, {element: HTMLElement, since: HTMLElement, trouble: Trouble}>} */ #lines = new Map();
  /** @type {Set<string> | null} */ #told = null;
  #list = byId("troubles");
  #button = byId("alarm-sound", HTMLButtonElement);
  /** @type {AudioContext | null} */ #audio = null;
  /** Which all lines tell now. */ #second = 0;

  /**
   * @param {Board} board
   * @param {(trouble: Trouble) => void} onopen
   */
  constructor(board, onopen) {
    this.board = board;
    this.onopen = onopen;
    this.#button.addEventListener("click", () => {
      store(!isMuted());
      this.#showSound();
    });
    // Browsers let a page make sound only after the person has touched it.
    const unlock = () => void this.#context().resume();
    addEventListener("pointerdown", unlock, { once: true });
    addEventListener("keydown", unlock, { once: true });
    this.#showSound();
  }

  show() {
    this.#second = 0;
    const all = this.#all();
    this.#place(all);
    setText(byId("troubles-title"), all.length ? t("Needs you: {n}", { n: all.length }) : t("Nothing needs you"));
    byId("troubles-section").dataset.tone = all.some(({ tone }) => tone === "bad") ? "bad" : all.length ? "fair" : "";
    this.#tell(all);
  }

  /** @param {number} now_ms */
  tick(now_ms) {
    // All lines count at the same moment: one drawing in a second and not ten, however many they are.
    const second = Math.floor(now_ms / 1000);
    if (second === this.#second) return;
    this.#second = second;
    for (const { since, trouble } of this.#lines.values()) setText(since, trouble.since_ms === null ? "" : duration(second - Math.floor(trouble.since_ms / 1000)));
  }

  /** @returns {Trouble[]} */
  #all() {
    const found = [...this.#ofServer(), ...this.#ofPeople(), ...this.#ofMessages(), ...this.#ofIncidents()];
    const rank = (/** @type {Trouble} */ { tone }) => (tone === "bad" ? 0 : 1);
    return found.sort((a, b) => rank(a) - rank(b) || (b.since_ms ?? 0) - (a.since_ms ?? 0));
  }

  /** @returns {Trouble[]} */
  #ofServer() {
    return this.board.alarms.map(({ text, take, encounter }) => {
      const held = this.board.encounters.get(encounter ?? "");
      return { key: `server ${take ?? text}`, tone: "bad", text, where: held ? whereWords(held) : t("Server"), since_ms: null, encounter, seat: null, ...(take ? { take } : {}) };
    });
  }

  /** @returns {Trouble[]} */
  #ofPeople() {
    const found = /** @type {Trouble[]} */ ([]);
    for (const one of this.board.encounters.values()) {
      if (!isRunning(one) || one.rest) continue;
      for (const person of this.board.peopleOf(one)) {
        const head = { tone: /** @type {Tone} */ ("bad"), where: whereWords(one), encounter: one.id, seat: person.seat };
        for (const { kind, since_ms } of person.alarms) {
          found.push({ ...head, key: `${one.id} ${person.seat} ${kind} ${since_ms}`, text: `${calledName(person)}: ${alarmWords(kind)}`, since_ms });
        }
        if (one.phase === "reading" && onCamera(person) && !person.present) {
          found.push({ ...head, key: `${one.id} ${person.seat} away`, text: t("{name}: Not here", { name: calledName(person) }), since_ms: one.phase_started_ms });
        }
      }
    }
    return found;
  }

  /** @returns {Trouble[]} */
  #ofMessages() {
    return this.board.unanswered().map(({ number, text, from_seat, at_ms }) => {
      const person = this.board.people.get(from_seat ?? "");
      const encounter = this.board.whereIs(from_seat ?? "");
      const who = person ? `${calledName(person)} (${roleName(person.role)})` : "";
      return { key: `message ${number}`, tone: "fair", text: text ? t("{who} asks: {text}", { who, text }) : t("{who} calls for help", { who }), where: encounter ? whereWords(encounter) : "", since_ms: at_ms, encounter: encounter?.id ?? null, seat: from_seat };
    });
  }

  /** @returns {Trouble[]} */
  #ofIncidents() {
    return [...this.board.incidents.values()]
      .filter((one) => one.decision === null && one.closed_ms !== null && one.proposal !== "none")
      // Whoever has not come at all is in the ledger; who is here after all may have the missed station at the end.
      .filter((one) => one.kind !== "missed" || this.board.people.get(one.seat ?? "")?.present)
      .map((one) => {
        const encounter = one.encounter === null ? null : (this.board.encounters.get(one.encounter) ?? null);
        const person = this.board.people.get(one.seat ?? "");
        const text = one.kind === "missed" ? t("Decide: {name} was not there, and is here now. Proposed: the same station at the end", { name: person ? calledName(person) : "" }) : t("Decide: {what}, {name}. Proposed: {proposal}", { what: incidentWords(one.kind).toLowerCase(), name: person ? calledName(person) : "", proposal: decisionWords(one.proposal).toLowerCase() });
        return { key: `incident ${one.id}`, tone: "fair", text, where: encounter ? whereWords(encounter) : "", since_ms: one.closed_ms, encounter: one.encounter, seat: one.seat, incident: one.id };
      });
  }

  /**
   * A line is kept while its trouble lasts. Lines change places only when none is under the pointer or has the focus, so that
   * nobody presses what was another's a moment ago.
   * @param {Trouble[]} all
   */
  #place(all) {
    const present = new Set(all.map(({ key }) => key));
    for (const [key, { element }] of this.#lines) {
      if (present.has(key)) continue;
      if (element.contains(document.activeElement)) byId("troubles-title").focus();
      element.remove();
      this.#lines.delete(key);
    }
    const held = this.#list.querySelector("button:hover, button:focus-visible") !== null;
    all.forEach((trouble, index) => {
      const line = this.#lines.get(trouble.key) ?? this.#line(trouble);
      if (this.#list.children[index] !== line.element && !(held && line.element.isConnected)) this.#list.insertBefore(line.element, this.#list.children[index] ?? null);
    });
  }

  /** @param {Trouble} trouble */
  #line(trouble) {
    const since = el("span", { class: "figures soft" });
    const button = el(
      "button",
      { class: "trouble", type: "button" },
      state(trouble.tone, trouble.text),
      el("span", { class: "soft" }, trouble.where),
      since,
    );
    button.addEventListener("click", () => this.onopen(trouble));
    const line = { element: el("li", {}, button), since, trouble };
    this.#lines.set(trouble.key, line);
    return line;
  }

  /** @param {Trouble[]} all */
  #tell(all) {
    const before = this.#told;
    this.#told = new Set(all.map(({ key }) => key));
    const fresh = all.filter(({ key }) => !before?.has(key));
    if (fresh.length === 0) return;
    const said = fresh.slice(0, SAID).map(({ text, where }) => `${text}. ${where}`);
    if (fresh.length > SAID) said.push(t("And {n} more.", { n: fresh.length - SAID }));
    announce(said.join(" "));
    if (!isMuted()) chime(this.#context());
  }

  #context() {
    this.#audio ??= new AudioContext();
    return this.#audio;
  }

  #showSound() {
    const muted = isMuted();
    this.#button.replaceChildren(icon(muted ? "speaker-off" : "speaker"), muted ? t("Alarm sound is off") : t("Alarm sound is on"));
  }
}

/** @param {{circuit: string, station: {number: number, title: string}}} encounter */
export function whereWords({ circuit, station }) {
  return t("{circuit}, station {number}", { circuit, number: station.number });
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
