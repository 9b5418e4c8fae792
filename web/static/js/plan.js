/** What a plan for an exam comes to, in plain words. The server refuses the same; here it is said before. */

import { t } from "./i18n.js";

/**
 * @typedef {object} BankStation
 * @property {string} hash
 * @property {string} title
 * @property {string} specialty
 * @property {boolean} rest
 * @property {number} seconds of all its phases together
 */

/** As many as the server takes. */
const MOST = 30;

/** @param {number} n */
export const stationCount = (n) => (n === 1 ? t("1 station") : t("{n} stations", { n }));
/** @param {number} n */
export const candidateCount = (n) => (n === 1 ? t("1 candidate") : t("{n} candidates", { n }));
/** @param {number} n */
const encounterCount = (n) => (n === 1 ? t("1 encounter") : t("{n} encounters", { n }));
/** @param {number} n */
const rotationCount = (n) => (n === 1 ? t("1 rotation") : t("{n} rotations", { n }));

/**
 * The names in a text of one name on each line.
 * @param {string} text
 * @returns {string[]}
 */
export function namesIn(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/**
 * Why this many candidates cannot go round this ring; empty when they can.
 * @param {BankStation[]} ring
 * @param {string[]} candidates
 */
export function crowded(ring, candidates) {
  if (candidates.length > MOST) return t("An exam takes at most {n} candidates. Make two exams.", { n: MOST });
  const missing = candidates.length - ring.length;
  if (!ring.length || missing <= 0) return "";
  return t("Everyone is at a station of their own, so {candidates} need {stations}. Add {n} more (a rest station will do), or take names away.", {
    candidates: candidateCount(candidates.length),
    stations: stationCount(candidates.length),
    n: missing,
  });
}

/**
 * The plan in a sentence; empty as long as there is none.
 * @param {BankStation[]} ring
 * @param {string[]} candidates
 */
export function summary(ring, candidates) {
  if (!ring.length || !candidates.length) return "";
  const consultations = ring.filter((one) => !one.rest).length * candidates.length;
  const made = t("{stations}, {candidates}: {rotations}, {encounters}.", {
    stations: stationCount(ring.length),
    candidates: candidateCount(candidates.length),
    rotations: rotationCount(ring.length),
    encounters: encounterCount(consultations),
  });
  const minutes = Math.ceil((Math.max(...ring.map((one) => one.seconds)) * ring.length) / 60);
  return `${made} ${t("About {length} from the first bell to the last, without breaks.", { length: inHours(minutes) })}`;
}

/**
 * What is allowed, and perhaps not meant.
 * @param {BankStation[]} ring
 * @param {string[]} candidates
 * @returns {string[]}
 */
export function remarks(ring, candidates) {
  const empty = ring.length - candidates.length;
  return [
    candidates.length > 0 && empty > 0 && t("In each rotation nobody is at {stations}.", { stations: empty === 1 ? t("one of the stations") : t("{n} of the stations", { n: empty }) }),
    ...repeated(ring.filter((one) => !one.rest).map((one) => one.title)).map((title) => t("“{title}” is in the ring more than once: each candidate would meet the same patient again.", { title })),
    ...repeated(candidates).map((name) => t("“{name}” stands there more than once. If they are two people, tell them apart.", { name })),
  ].filter((one) => one !== false);
}

/** @param {string[]} words */
function repeated(words) {
  return [...new Set(words.filter((word, index) => words.indexOf(word) < index))];
}

/** @param {number} minutes */
function inHours(minutes) {
  const rest = minutes % 60;
  const hours = (minutes - rest) / 60;
  if (!hours) return minutes === 1 ? t("1 minute") : t("{n} minutes", { n: minutes });
  return rest ? t("{hours} h {minutes} min", { hours, minutes: rest }) : t("{hours} h", { hours });
}
