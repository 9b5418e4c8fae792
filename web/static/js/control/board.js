/** The day as this page knows it: the whole truth once, then differences; and the questions that its parts ask of it. */

/** @import { CircuitState, DayCircuit, DayEncounter, DayIncident, DayPerson, Phase, Said, ServerAlarm, ServerEvents } from "../types.js" */

/** @type {readonly Phase[]} */
const RUNNING = ["reading", "encounter", "note", "changeover"];

export class Board {
  /** @type {Map<string, DayCircuit>} */ circuits = new Map();
  /** @type {Map<string, DayEncounter>} */ encounters = new Map();
  /** @type {Map<string, DayPerson>} */ people = new Map();
  /** @type {Map<string, DayIncident>} */ incidents = new Map();
  /** @type {Map<number, Said>} */ messages = new Map();
  /** What a person must see to on the server itself. @type {ServerAlarm[]} */ alarms = [];
  /** @type {CircuitState} */ state = "planned";
  /** Encounters of one station in one circuit, in the order of the day, by `cellKey`. @type {Map<string, string[]>} */ #cells = new Map();

  /** @param {ServerEvents["day"]} day */
  take(day) {
    if (day.whole) for (const part of [this.circuits, this.encounters, this.people, this.incidents]) part.clear();
    const known = this.encounters.size;
    const moved = day.encounters.some((one) => this.encounters.get(one.id)?.rotation !== one.rotation);
    for (const one of day.circuits) this.circuits.set(one.name, one);
    for (const one of day.encounters) this.encounters.set(one.id, one);
    for (const one of day.people) this.people.set(one.seat, one);
    for (const one of day.incidents) this.incidents.set(one.id, one);
    this.alarms = day.alarms;
    this.state = day.exam.state;
    if (moved || known !== this.encounters.size) this.#index();
  }

  /** @param {Said[]} said */
  hear(said) {
    for (const one of said) this.messages.set(one.number, one);
  }

  #index() {
    this.#cells.clear();
    const ordered = [...this.encounters.values()].sort((a, b) => a.rotation - b.rotation || a.attempt - b.attempt || Number(a.joins !== null) - Number(b.joins !== null));
    for (const one of ordered) {
      const key = cellKey(one.circuit, one.station.number);
      this.#cells.set(key, [...(this.#cells.get(key) ?? []), one.id]);
    }
  }

  /** The numbers and titles of the ring, in order. */
  stations() {
    /** @type {Map<number, DayEncounter>} */
    const found = new Map();
    for (const one of this.encounters.values()) if (!found.has(one.station.number)) found.set(one.station.number, one);
    return [...found.values()].map(({ station, rest }) => ({ ...station, rest })).sort((a, b) => a.number - b.number);
  }

  /**
   * @param {string} circuit
   * @param {number} station
   */
  at(circuit, station) {
    const ids = this.#cells.get(cellKey(circuit, station)) ?? [];
    return /** @type {DayEncounter[]} */ (ids.map((id) => this.encounters.get(id)));
  }

  /**
   * What a cell shows: what runs there, or else comes next, or else was last.
   * @param {string} circuit
   * @param {number} station
   */
  now(circuit, station) {
    const all = this.at(circuit, station);
    return all.find(isRunning) ?? all.find((one) => one.phase === "waiting") ?? all.at(-1) ?? null;
  }

  /** @param {DayEncounter} encounter */
  peopleOf(encounter) {
    return encounter.seats.map((seat) => this.people.get(seat)).filter((one) => one !== undefined);
  }

  /** What its candidate is called; null where there is none. @param {DayEncounter} encounter */
  candidateOf(encounter) {
    const found = this.peopleOf(encounter).find(({ role }) => role === "candidate");
    return found ? calledName(found) : null;
  }

  /** That of another candidate in the same room, while neither is over. @param {DayEncounter} encounter */
  beside(encounter) {
    const room = encounter.joins ?? encounter.id;
    const all = this.at(encounter.circuit, encounter.station.number).filter((one) => one.phase !== "done" && (one.joins ?? one.id) === room);
    return all.includes(encounter) ? (all.find((one) => one !== encounter) ?? null) : null;
  }

  /**
   * The encounter in which somebody is, or will be next.
   * @param {string} seat
   */
  whereIs(seat) {
    const mine = [...this.encounters.values()].filter((one) => one.seats.includes(seat)).sort((a, b) => a.rotation - b.rotation);
    return mine.find(isRunning) ?? mine.find((one) => one.phase === "waiting") ?? null;
  }

  /** Those who were written to by somebody and have not answered: the newest of each. */
  unanswered() {
    /** @type {Map<string, Said>} */
    const open = new Map();
    for (const one of [...this.messages.values()].sort((a, b) => a.number - b.number)) {
      if (one.from_seat !== null) open.set(one.from_seat, one);
      else if (one.seat !== null) open.delete(one.seat);
    }
    return [...open.values()];
  }
}

/** @param {DayEncounter} encounter */
export function isRunning({ phase }) {
  return RUNNING.includes(phase);
}

/** Somebody whose picture and voice belong to an encounter: candidates, patients, examiners who speak. @param {DayPerson} person */
export function onCamera({ on_camera }) {
  return on_camera;
}

/**
 * @param {string} circuit
 * @param {number} station
 */
export function cellKey(circuit, station) {
  return `${circuit}/${station}`;
}

/** The number that is printed, where there is one, and the name. @param {DayPerson} person */
export function calledName({ number, name }) {
  return number ? `${number} ${name}` : name;
}
