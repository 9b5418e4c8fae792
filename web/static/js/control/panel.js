/** The side panel: one encounter of a cell, its people, what has come of it, and what can be done. */

/** @import { Actions } from "./actions.js" */
/** @import { Board } from "./board.js" */
/** @import { DayEncounter, DayPerson, Tone } from "../types.js" */

import { alarmWords } from "../alarm-words.js";
import { countdown } from "../clock.js";
import { byId, el, icon, setState, setText, state } from "../dom.js";
import { phaseName, shortRoleName, t } from "../i18n.js";
import { pageRole } from "../role.js";
import { calledName, cellKey, isRunning, onCamera } from "./board.js";
import { exactTime, markingState, mediaWords, phaseState, recordingState, transcriptState } from "./words.js";

/** @typedef {{label: string, icon?: string, key?: string, needs: string, when: (encounter: DayEncounter) => boolean, act: (encounter: DayEncounter) => unknown, tone?: string}} Lever */

export class Panel {
  /** @type {{circuit: string, station: number} | null} */ #cell = null;
  /** An attempt that was chosen by hand; null follows what runs. @type {string | null} */ #chosen = null;
  #root = byId("panel");
  #choice = byId("panel-choice", HTMLSelectElement);
  #levers = byId("panel-actions");
  /** @type {[Lever, HTMLButtonElement][]} */ #buttons = [];
  /** What is under way, by lever and encounter. @type {Set<string>} */ #doing = new Set();
  /** @type {Map<string, PersonCard>} */ #cards = new Map();

  /**
   * @param {Board} board
   * @param {Actions} actions
   * @param {Record<string, boolean>} may
   * @param {string} zone
   * @param {{onclose: () => void, onwrite: (person: DayPerson) => void}} heard
   */
  constructor(board, actions, may, zone, heard) {
    this.board = board;
    this.actions = actions;
    this.may = may;
    this.zone = zone;
    this.heard = heard;
    byId("panel-close").addEventListener("click", () => this.close());
    this.#root.addEventListener("keydown", (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && this.close());
    this.#choice.addEventListener("change", () => {
      this.#chosen = this.#choice.value;
      this.show();
    });
    for (const lever of levers(actions)) this.#add(lever);
  }

  get cell() {
    return this.#cell && cellKey(this.#cell.circuit, this.#cell.station);
  }

  get encounter() {
    if (!this.#cell) return null;
    const { circuit, station } = this.#cell;
    return this.board.at(circuit, station).find((one) => one.id === this.#chosen) ?? this.board.now(circuit, station);
  }

  /**
   * @param {string} circuit
   * @param {number} station
   * @param {string | null} [chosen] an attempt that is not the present one
   */
  open(circuit, station, chosen = null) {
    this.#cell = { circuit, station };
    this.#chosen = chosen !== null && chosen !== this.board.now(circuit, station)?.id ? chosen : null;
    this.#cards.clear();
    byId("panel-people").replaceChildren();
    this.#root.hidden = false;
    document.body.dataset.panel = "open";
    this.show();
    byId("panel-title").focus({ preventScroll: true });
  }

  close() {
    this.#root.hidden = true;
    delete document.body.dataset.panel;
    this.heard.onclose();
    this.#cell = null;
  }

  /**
   * What a key on the grid means for a cell.
   * @param {string} key
   * @param {DayEncounter} encounter
   */
  press(key, encounter) {
    const found = this.#buttons.find(([lever]) => lever.key === key && this.may[lever.needs] && lever.when(encounter));
    if (found) void found[0].act(encounter);
    return found !== undefined;
  }

  show() {
    const encounter = this.encounter;
    if (!encounter) return;
    const { station, circuit, rotation, attempt } = encounter;
    setText(byId("panel-title"), t("{number}. {title}", { ...station }));
    setText(byId("panel-where"), `${t("Circuit {circuit}, rotation {rotation}", { circuit, rotation })}${attempt > 1 ? `, ${t("attempt {attempt}", { attempt })}` : ""}`);
    this.#root.dataset.encounter = encounter.id;
    setState(byId("panel-phase"), .../** @type {[Tone, string]} */ (phaseState(encounter)));
    setText(byId("panel-observers"), encounter.observers.length ? t("Observed by {names}", { names: encounter.observers.join(", ") }) : "");
    this.#showChoice(encounter);
    this.#offer(encounter);
    this.#showPeople(encounter);
    this.#showProducts(encounter);
    this.#showOver(encounter);
  }

  /** @param {number} now_ms */
  tick(now_ms) {
    const encounter = this.encounter;
    if (!encounter) return;
    const { phase_ends_ms, paused_ms } = encounter;
    setText(byId("panel-clock"), phase_ends_ms === null ? "" : countdown(phase_ends_ms - (paused_ms ?? now_ms)));
  }

  /** @param {Lever} lever */
  #add(lever) {
    const button = el("button", { class: `button ${lever.tone ?? ""}`, type: "button" }, lever.icon ? icon(lever.icon) : null, el("span", {}, lever.label));
    button.addEventListener("click", () => this.encounter && void this.#act(lever, this.encounter));
    this.#levers.append(button);
    this.#buttons.push([lever, button]);
  }

  /**
   * Deaf to a second press for the same encounter; where one hangs, the others do not wait.
   * @param {Lever} lever
   * @param {DayEncounter} encounter
   */
  async #act(lever, encounter) {
    const doing = `${lever.label} ${encounter.id}`;
    if (this.#doing.has(doing)) return;
    this.#doing.add(doing);
    this.show();
    try {
      await lever.act(encounter);
    } finally {
      this.#doing.delete(doing);
      this.show();
    }
  }

  /** @param {DayEncounter} encounter */
  #offer(encounter) {
    for (const [lever, button] of this.#buttons) {
      if (this.#doing.has(`${lever.label} ${encounter.id}`)) button.setAttribute("aria-busy", "true");
      else button.removeAttribute("aria-busy");
      const possible = Boolean(this.may[lever.needs]) && lever.when(encounter);
      if (button.hidden === possible) {
        if (!possible && button === document.activeElement) byId("panel-title").focus();
        button.hidden = !possible;
      }
      if (lever.label === ENDS) setText(button.lastElementChild ?? button, t("End {phase}", { phase: phaseName(encounter.phase).toLowerCase() }));
    }
    const mark = byId("panel-mark", HTMLAnchorElement);
    mark.hidden = !this.may.mark || encounter.rest || encounter.phase === "waiting" || encounter.phase === "reading";
    mark.setAttribute("href", `/mark/${encounter.id}?role=${pageRole()}`);
  }

  /** @param {DayEncounter} encounter */
  #showChoice(encounter) {
    const all = this.board.at(encounter.circuit, encounter.station.number);
    const now = this.board.now(encounter.circuit, encounter.station.number);
    const options = all.map((one) => {
      const words = [t("Rotation {k}", { k: one.rotation }), this.board.candidateOf(one) ?? t("nobody"), phaseState(one)[1]];
      if (one.attempt > 1) words.push(t("attempt {attempt}", { attempt: one.attempt }));
      return { id: one.id, text: words.join(" · ") + (one === now ? ` (${t("now")})` : "") };
    });
    const shape = JSON.stringify(options);
    if (this.#choice.dataset.shape !== shape && document.activeElement !== this.#choice) {
      this.#choice.dataset.shape = shape;
      this.#choice.replaceChildren(...options.map(({ id, text }) => el("option", { value: id }, text)));
    }
    this.#choice.value = encounter.id;
  }

  /** @param {DayEncounter} encounter */
  #showPeople(encounter) {
    const people = this.board.peopleOf(encounter);
    const place = byId("panel-people");
    for (const [seat, card] of this.#cards) {
      if (people.some((one) => one.seat === seat)) continue;
      card.element.remove();
      this.#cards.delete(seat);
    }
    people.forEach((person, index) => {
      const card = this.#cards.get(person.seat) ?? new PersonCard(this);
      this.#cards.set(person.seat, card);
      card.show(person);
      if (place.children[index] !== card.element) place.insertBefore(card.element, place.children[index] ?? null);
    });
  }

  /** @param {DayEncounter} encounter */
  #showProducts({ recording, transcript, marking, rest, phase }) {
    byId("panel-products").hidden = rest || phase === "waiting" || phase === "reading";
    setState(byId("panel-recording"), .../** @type {[Tone, string]} */ (recordingState(recording)));
    setState(byId("panel-transcript"), .../** @type {[Tone, string]} */ (phase === "encounter" ? ["idle", t("After the encounter")] : transcriptState(transcript)));
    setState(byId("panel-marking"), .../** @type {[Tone, string]} */ (markingState(marking)));
  }

  /** What was wrong and is not any more. @param {DayEncounter} encounter */
  #showOver({ alarms, phase }) {
    const over = alarms.filter(({ until_ms }) => until_ms !== null || phase === "done");
    const place = byId("panel-over");
    place.hidden = over.length === 0;
    setText(byId("panel-over-count"), over.length === 1 ? t("1 alarm that is over") : t("{n} alarms that are over", { n: over.length }));
    const lines = over.map(({ seat, kind, since_ms, until_ms }) => {
      const times = until_ms === null ? t("from {time}", { time: exactTime(since_ms, this.zone) }) : `${exactTime(since_ms, this.zone)}–${exactTime(until_ms, this.zone)}`;
      return `${this.board.people.get(seat)?.name ?? ""}: ${alarmWords(kind)}, ${times}`;
    });
    const list = byId("panel-over-list");
    if (list.dataset.told === lines.join("\n")) return;
    list.dataset.told = lines.join("\n");
    list.replaceChildren(...lines.map((line) => el("li", {}, line)));
  }
}

const ENDS = t("End");

/**
 * What can be done with an encounter, in the order in which it is reached for.
 * @param {Actions} actions
 * @returns {Lever[]}
 */
function levers(actions) {
  const waits = (/** @type {DayEncounter} */ { phase }) => phase === "waiting";
  const done = (/** @type {DayEncounter} */ { phase }) => phase === "done";
  const live = (/** @type {DayEncounter} */ one) => isRunning(one) && one.paused_ms === null;
  const inRoom = (/** @type {DayEncounter} */ { phase, rest }) => !rest && (phase === "reading" || phase === "encounter");
  return [
    { label: t("Begin"), icon: "play", needs: "run", when: waits, act: (one) => actions.begin(one), tone: "primary" },
    { label: t("Resume"), icon: "play", key: "p", needs: "supervise", when: (one) => one.paused_ms !== null, act: (one) => actions.encounter(one, "resume"), tone: "primary" },
    { label: t("Pause"), icon: "pause", key: "p", needs: "supervise", when: live, act: (one) => actions.encounter(one, "pause") },
    { label: t("+1 min"), icon: "plus", key: "a", needs: "supervise", when: isRunning, act: (one) => actions.more(one, 60) },
    { label: t("Add time …"), icon: "clock", needs: "supervise", when: isRunning, act: (one) => actions.addTime(one) },
    { label: t("Ring"), icon: "bell", key: "b", needs: "supervise", when: isRunning, act: (one) => actions.encounter(one, "ring", {}, t("The bell rang.")) },
    { label: t("Observe"), icon: "eye", key: "o", needs: "observe", when: inRoom, act: (one) => actions.observe(one) },
    { label: ENDS, icon: "forward", needs: "run", when: isRunning, act: (one) => actions.endPhase(one) },
    { label: t("Start phase again"), icon: "again", needs: "supervise", when: (one) => isRunning(one) && one.phase !== "changeover", act: (one) => actions.restart(one) },
    { label: t("Did not come"), icon: "person", needs: "supervise", when: (one) => waits(one) || one.phase === "reading" || one.phase === "encounter", act: (one) => actions.noShow(one) },
    { label: t("Re-run"), icon: "again", needs: "supervise", when: done, act: (one) => actions.rerun(one) },
    { label: t("Move to the end"), icon: "down", needs: "supervise", when: (one) => waits(one) || done(one), act: (one) => actions.encounter(one, "carry-over", {}, t("An attempt waits at the end.")) },
    { label: t("Make void …"), icon: "cross", needs: "run", when: ({ outcome }) => outcome !== "void", act: (one) => actions.void(one), tone: "danger" },
  ];
}

class PersonCard {
  #name = el("strong");
  #role = el("span", { class: "soft" });
  #presence = state("idle", "");
  #alarms = el("ul", { class: "plain-list" });
  #media = el("p", { class: "small soft" });
  #ready = el("p", { class: "small soft" });
  #swap;
  #link;
  /** @type {DayPerson | null} */ person = null;

  /** @param {Panel} panel */
  constructor({ actions, may, heard, zone }) {
    this.zone = zone;
    this.may = may;
    const button = (/** @type {string} */ text, /** @type {(person: DayPerson) => unknown} */ act) => {
      const made = el("button", { class: "button small-button", type: "button" }, text);
      made.addEventListener("click", () => this.person && void act(this.person));
      return made;
    };
    this.#swap = button(t("Swap …"), (person) => actions.swap(person));
    this.#link = button(t("New link"), (person) => actions.replaceLink(person));
    this.element = el(
      "li",
      { class: "panel-person" },
      el("p", { class: "row apart" }, el("span", {}, this.#name, this.#role), this.#presence),
      this.#alarms,
      this.#media,
      this.#ready,
      el("p", { class: "row" }, button(t("Message"), (person) => heard.onwrite(person)), this.#link, this.#swap),
    );
  }

  /** @param {DayPerson} person */
  show(person) {
    this.person = person;
    setText(this.#name, calledName(person));
    setText(this.#role, ` · ${shortRoleName(person.role)}`);
    setState(this.#presence, person.present ? "good" : "idle", person.present ? t("Here") : t("Not here"));
    setText(this.#media, mediaWords(person));
    setText(this.#ready, onCamera(person) ? readyWords(person) : "");
    this.#link.hidden = !this.may.links || !(this.may.run || onCamera(person));
    this.#swap.hidden = !this.may.run || (person.role !== "sp" && person.role !== "examiner");
    const kinds = person.alarms.map(({ kind }) => kind).join();
    if (this.#alarms.dataset.kinds === kinds) return;
    this.#alarms.dataset.kinds = kinds;
    this.#alarms.replaceChildren(...person.alarms.map(({ kind }) => el("li", {}, state("bad", alarmWords(kind)))));
  }
}

/** @param {DayPerson} person */
function readyWords({ role, consented, check, identified }) {
  const words = { ready: t("equipment ready"), "will-do": t("equipment will do"), "not-ready": t("equipment not ready") };
  const parts = [consented ? t("consent given") : t("no consent yet"), check ? words[check] : t("equipment not checked")];
  if (role === "candidate") parts.push(identified ? t("identity ticked off") : t("identity not ticked off"));
  return parts.join(", ");
}
