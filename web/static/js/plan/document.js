/** The plan as the builder changes it: plain steps from one document to the next. */

/** @import { BankStation, PlanDocument, PlanPerson, PlanStation } from "./types.js" */

/**
 * A document with every list there, whatever short forms a file used.
 * @param {Record<string, any>} kept
 * @param {string} zone for a plan that has none
 * @returns {PlanDocument}
 */
export function complete(kept, zone) {
  const listed = (/** @type {any} */ value) => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);
  const named = (/** @type {string} */ key) => (/** @type {any} */ one) => (typeof one === "string" ? { [key]: one } : { ...one });
  return {
    ...kept,
    title: kept.title ?? "",
    zone: kept.zone ?? zone,
    starts: listed(kept.starts),
    phases: { ...kept.phases },
    stations: listed(kept.stations).map(named("station")).map((one) => ({ ...one, people: placed(one.people ?? {}) })),
    circuits: listed(kept.circuits).length ? listed(kept.circuits).map(named("name")) : [{ name: "A" }],
    people: listed(kept.people).map((one) => ({ ...one, role: one.role ?? "sp" })),
    candidates: listed(kept.candidates).map(named("name")),
  };
}

/** @param {Record<string, any>} people */
function placed(people) {
  return Object.fromEntries(Object.entries(people).map(([circuit, one]) => [circuit, typeof one === "string" ? { sp: one } : { ...one }]));
}

/**
 * So many circuits, called A, B, C … where new ones are needed. People of a circuit that goes, go with it.
 * @param {PlanDocument} plan
 * @param {number} count
 */
export function setCircuits(plan, count) {
  plan.circuits = plan.circuits.slice(0, count);
  for (let at = 0; plan.circuits.length < count; at++) {
    const name = at < 26 ? String.fromCharCode(65 + at) : `K${at + 1}`;
    if (!plan.circuits.some((one) => one.name === name)) plan.circuits.push({ name });
  }
  const names = new Set(plan.circuits.map((one) => one.name));
  for (const station of plan.stations) {
    for (const name of Object.keys(station.people)) if (!names.has(name)) delete station.people[name];
  }
  for (const candidate of plan.candidates) if (candidate.circuit && !names.has(candidate.circuit)) delete candidate.circuit;
}

/**
 * @param {PlanStation} station
 * @param {string} circuit
 * @param {"sp" | "examiner"} role
 * @param {string} name
 */
export function setPlace(station, circuit, role, name) {
  const place = (station.people[circuit] ??= {});
  place[role] = name;
  if (!place.sp && !place.examiner) delete station.people[circuit];
}

/**
 * Everybody named at a station, and who else is listed: the listed entry, or a new one that is kept once something is known.
 * @param {PlanDocument} plan
 * @returns {{person: PlanPerson, at: boolean}[]} `at`: is at a station
 */
export function everybody(plan) {
  const found = new Map(plan.people.map((person) => [`${person.role} ${person.name}`, { person, at: false }]));
  for (const role of /** @type {("sp" | "examiner")[]} */ (["sp", "examiner"])) {
    for (const station of plan.stations) {
      for (const place of Object.values(station.people)) {
        const name = place[role];
        if (!name) continue;
        const known = found.get(`${role} ${name}`);
        if (known) known.at = true;
        else found.set(`${role} ${name}`, { person: { name, role }, at: true });
      }
    }
  }
  return [...found.values()];
}

/**
 * Keeps a person in the list as long as anything is known of them.
 * @param {PlanDocument} plan
 * @param {PlanPerson} person
 * @param {boolean} at
 */
export function keepPerson(plan, person, at) {
  const known = Boolean(person.email || person.zone || person.breaks?.length || !at);
  const listed = plan.people.includes(person);
  if (known && !listed) plan.people.push(person);
  if (!known && listed) plan.people.splice(plan.people.indexOf(person), 1);
}

/** @typedef {"exam" | "stations" | "circuits" | "people" | "candidates" | "check"} Step a screen of the builder */

/** @type {Record<string, Step>} */
const MENDED = { title: "exam", zone: "exam", starts: "exam", phases: "exam", stations: "stations", circuits: "circuits", rounds: "circuits", people: "people", candidates: "candidates" };

/**
 * The screen on which something is mended, by its place in the plan.
 * @param {(string | number)[]} place
 * @returns {Step}
 */
export function stepOf(place) {
  if (place[0] === "stations" && place[2] === "people") return "circuits";
  return MENDED[String(place[0] ?? "")] ?? "check";
}

/**
 * @param {BankStation[]} bank
 * @param {string} name what a plan calls it
 */
export function stationOf(bank, name) {
  return bank.find((one) => one.slug === name || one.hash === name);
}
