/** Words in the reader's language: English text is the key, and the fallback. */

/** @type {Record<string, string>} */
const catalogue = JSON.parse(globalThis.document?.getElementById("catalogue")?.textContent || "{}");

/** The page's language, for dates and numbers. */
export const language = globalThis.document?.documentElement.lang || "en";

/**
 * Translates, and fills `{name}` from values: `t("{n} of {all} marked", {n: 3, all: 20})`.
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(text, values = {}) {
  const translated = catalogue[text] || text;
  return translated.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * The name of a phase, as a person says it.
 * @param {import("./types.js").Phase} phase
 */
export function phaseName(phase) {
  return {
    waiting: t("Waiting"),
    reading: t("Reading"),
    encounter: t("Encounter"),
    note: t("Note"),
    changeover: t("Changeover"),
    done: t("Done"),
  }[phase];
}

/**
 * The name of a role, as a person says it.
 * @param {import("./types.js").Role} role
 */
export function roleName(role) {
  return {
    organiser: t("Organiser"),
    examiner: t("Examiner"),
    moderator: t("Moderator"),
    invigilator: t("Invigilator"),
    observer: t("Observer"),
    candidate: t("Candidate"),
    sp: t("Standardized patient"),
  }[role];
}

/**
 * The name of a role where room is short.
 * @param {import("./types.js").Role} role
 */
export function shortRoleName(role) {
  return role === "sp" ? t("SP") : roleName(role);
}

/**
 * Whoever speaks in a recording; of two candidates who met the patient together, each with what tells them apart.
 * @param {{role: import("./types.js").Role, who?: string}} speaker
 */
export function whoSpeaks({ role, who }) {
  return who ? `${shortRoleName(role)} ${who}` : shortRoleName(role);
}

/** Where English is spoken here, the day comes before the month. */
const locale = language === "en" ? "en-GB" : language;

/**
 * From one moment to another, such as "Sunday 22 November, 09:30 – 17:00": the day is said once.
 * @param {number} from_ms
 * @param {number} until_ms
 * @param {string} [zone] an IANA name; the reader's own when left out
 */
export function timeSpan(from_ms, until_ms, zone) {
  const format = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone: zone });
  return format.formatRange(from_ms, until_ms);
}

/**
 * A moment with its day, such as "Tuesday 2 March at 09:00".
 * @param {number} ms
 * @param {string} zone an IANA name
 */
export function dayAndTime(ms, zone) {
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone: zone }).format(ms);
}

/** By zone: to make one takes a hundred times as long as to use it. @type {Map<string | undefined, Intl.DateTimeFormat>} */
const clocks = new Map();

/**
 * The time of day, such as "09:30".
 * @param {number} ms
 * @param {string} [zone] an IANA name; the reader's own when left out
 */
export function timeOfDay(ms, zone) {
  const clock = clocks.get(zone) ?? new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: zone });
  clocks.set(zone, clock);
  return clock.format(ms);
}
