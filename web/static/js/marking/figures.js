/** Paces and estimates in words, with a small picture of the interval beside them. */

/** @import { Estimate, Pace, Watched } from "./types.js" */

import { el, state } from "../dom.js";
import { language, t } from "../i18n.js";

const SPACE = "http://www.w3.org/2000/svg";
const locale = language === "en" ? "en-GB" : language;

/** @param {string} zone the school's */
export function whenIn(zone) {
  const format = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone });
  return (/** @type {number} */ at_ms) => format.format(at_ms);
}

/** @param {Pace} pace */
export function minutesWords({ minutes }) {
  if (!minutes) return t("too few marks to tell");
  return t("{n} minutes a mark ({low} to {high})", { n: Math.round(minutes.value), low: Math.round(minutes.low), high: Math.round(minutes.high) });
}

/** @param {Pace} pace */
export function rateWords({ per_hour }) {
  if (!per_hour) return t("too few marks to tell");
  return t("{n} marks an hour at the desk ({low} to {high})", { n: per_hour.value.toFixed(1), low: per_hour.low.toFixed(1), high: per_hour.high.toFixed(1) });
}

/**
 * @param {Pace} pace
 * @param {(at_ms: number) => string} when
 */
export function endWords({ ends_ms, assigned, submitted, window_ms }, when) {
  if (assigned === submitted) return t("all is submitted");
  if (!ends_ms) return t("too few recent marks to tell");
  const hours = Math.max(1, Math.round(window_ms / 3_600_000));
  const words = t("about {end} (between {low} and {high})", { end: when(ends_ms.value), low: when(ends_ms.low), high: when(ends_ms.high) });
  return `${words}, ${hours === 1 ? t("at the pace of the last hour") : t("at the pace of the last {n} hours", { n: hours })}`;
}

/** @param {Estimate | undefined} found */
export function leniency(found) {
  return estimate(found, 25, (n) => (n > 0 ? t("{n} points more lenient", { n: size(n) }) : t("{n} points more stringent", { n: size(n) })), t("as the others"));
}

/** @param {Estimate | undefined} found */
export function drift(found) {
  return estimate(found, 15, (n) => (n > 0 ? t("rises by {n} points in ten marks", { n: size(n) }) : t("falls by {n} points in ten marks", { n: size(n) })), t("steady"));
}

/** Totals, then global ratings, then sheets of one mark. @param {Watched | null} watched */
export function variation(watched) {
  const rows = [
    spread(watched?.spread, t("Totals vary by {own} points, the others’ by {others}"), 1),
    spread(watched?.grades, t("Global ratings by {own} steps, the others’ by {others}"), 2),
  ];
  const few = rows.every((row) => row === null);
  if (!watched || few) return [tooFew(watched?.spread)];
  const sheets = watched.uniform ? [el("p", { class: "small" }, t("{n} of {all} sheets carry one mark on every item", { n: watched.uniform, all: watched.n }))] : [];
  return [...rows.filter((row) => row !== null), ...sheets];
}

/**
 * @param {Estimate | undefined} found
 * @param {string} words
 * @param {number} digits
 */
function spread(found, words, digits) {
  if (!found || found.own === null || found.others === null || found.value === null) return null;
  const text = words.replace("{own}", found.own.toFixed(digits)).replace("{others}", found.others.toFixed(digits));
  if (!found.stands_out) return el("p", {}, text);
  return el("p", {}, state("fair", found.value < 0 ? t("Flat") : t("Varies more")), ` ${text}`);
}

/**
 * @param {Estimate | undefined} found
 * @param {number} reach of the picture, to either side of zero
 * @param {(value: number) => string} words
 * @param {string} none what is said of nothing
 */
function estimate(found, reach, words, none) {
  if (!found || found.value === null || found.low === null || found.high === null) return [tooFew(found)];
  const text = Math.abs(found.value) < 0.05 ? none : words(found.value);
  return [
    el("p", {}, ...(found.stands_out ? [state("fair", text)] : [text])),
    picture(found.low, found.value, found.high, reach),
    el("p", { class: "small soft figures" }, t("{low} to {high}; {n} marks", { low: signed(found.low), high: signed(found.high), n: found.n })),
  ];
}

/** @param {Estimate | undefined} found */
function tooFew(found) {
  return el("p", { class: "soft" }, found ? t("Too few to tell: {n} of {needs} marks", { n: found.n, needs: found.needs }) : t("No marks yet"));
}

/**
 * The interval as a line about zero; the words beside it say the same.
 * @param {number} low
 * @param {number} value
 * @param {number} high
 * @param {number} reach
 */
function picture(low, value, high, reach) {
  const at = (/** @type {number} */ n) => 50 + (50 * Math.max(-reach, Math.min(reach, n))) / reach;
  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, text] of Object.entries({ class: "interval", viewBox: "0 0 100 8", "aria-hidden": "true", preserveAspectRatio: "none" })) svg.setAttribute(name, text);
  svg.append(shape("line", { class: "interval-zero", x1: 50, x2: 50, y1: 0, y2: 8 }), shape("line", { class: "interval-range", x1: at(low), x2: at(high), y1: 4, y2: 4 }), shape("line", { class: "interval-value", x1: at(value), x2: at(value), y1: 1, y2: 7 }));
  return svg;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function shape(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [each, value] of Object.entries(attributes)) made.setAttribute(each, String(value));
  return made;
}

/** @param {number} n */
const size = (n) => Math.abs(n).toFixed(1);

/** @param {number} n */
const signed = (n) => (n < 0 ? `−${size(n)}` : `+${size(n)}`);
