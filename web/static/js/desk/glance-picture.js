/** The picture of a consultation at a glance: whose talk it was from minute to minute, and the moments that stand out. */

/** @import { GlanceData, Span } from "./types.js" */

import { duration } from "../clock.js";
import { el } from "../dom.js";
import { shortRoleName } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/** As many columns as can be told apart in a narrow column of the desk, and none shorter than this. */
const COLUMNS = 30;
const SHORTEST_MS = 5000;
/** Shorter than this, what is missing cannot be seen; it is left out of the numbers all the same. */
const SEEN_MS = 1000;

/**
 * How much of each column's time is voice, 0 to 1.
 * @param {Span[]} spans in order and apart
 * @param {number} length_ms
 * @param {number} columns
 */
export function balance(spans, length_ms, columns) {
  const width = length_ms / columns;
  return Array.from({ length: columns }, (_, index) => {
    const from = index * width;
    const voiced = spans.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, from + width) - Math.max(start, from)), 0);
    return Math.min(1, voiced / width);
  });
}

/** @param {number} length_ms */
export function columnsFor(length_ms) {
  return Math.max(1, Math.min(COLUMNS, Math.floor(length_ms / SHORTEST_MS)));
}

/**
 * The candidate's talk stands up from the line in the middle, the patient's hangs down. A table says the same in numbers.
 * @param {GlanceData} glance
 */
export function picture(glance) {
  const length = Math.max(1, glance.length_ms);
  const columns = columnsFor(length);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${columns * 10} 200`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(bars(balance(glance.voices.candidate, length, columns), "candidate"), bars(balance(glance.voices.sp, length, columns), "sp"));
  const left = (/** @type {number} */ at_ms) => `${(100 * at_ms) / length}%`;
  const span = (/** @type {string} */ kind, /** @type {Span | null | undefined} */ where) => {
    if (!where) return null;
    const made = el("i", { class: kind });
    made.style.left = left(where[0]);
    made.style.width = left(where[1] - where[0]);
    return made;
  };
  const longest = longestSilence(glance);
  const cut = glance.interruptions[0];
  const ends = [0, 0.5, 1].map((part) => {
    const tick = el("span", {}, duration((part * length) / 1000));
    tick.style.left = `${part * 100}%`;
    return tick;
  });
  return el(
    "div",
    { class: "glance-picture", "aria-hidden": "true" },
    el("div", { class: "lanes-names glance-names" }, el("span", {}, shortRoleName("candidate")), el("span", {}, shortRoleName("sp"))),
    el("div", { class: "glance-plot" }, ...glance.missing.filter(([from, to]) => to - from >= SEEN_MS).map((gap) => span("lane-gap", gap)), svgIn(svg), span("glance-mark silence", longest), span("glance-mark listening", glance.listening), span("glance-mark interruption", cut && [cut[0], cut[0]])),
    el("div", { class: "glance-ruler figures" }, ...ends),
  );
}

/** @param {GlanceData} glance */
export function longestSilence(glance) {
  return glance.silences.reduce((/** @type {Span | null} */ best, one) => (best && best[1] - best[0] >= one[1] - one[0] ? best : one), null);
}

/**
 * Where a value lies beside the least, the median and the most of others.
 * @param {number} value
 * @param {[least: number, median: number, most: number]} range
 * @param {[from: number, to: number]} scale
 */
export function band(value, [least, median, most], [from, to]) {
  const at = (/** @type {number} */ one) => Math.min(100, Math.max(0, (100 * (one - from)) / (to - from)));
  const box = el("i", { class: "glance-range" });
  box.style.left = `${at(least)}%`;
  box.style.width = `${at(most) - at(least)}%`;
  const middle = el("i", { class: "glance-median" });
  middle.style.left = `${at(median)}%`;
  const dot = el("i", { class: "glance-dot" });
  dot.style.left = `${at(value)}%`;
  return el("div", { class: "glance-band", "aria-hidden": "true" }, box, middle, dot);
}

/**
 * @param {number[]} shares
 * @param {"candidate" | "sp"} who
 */
function bars(shares, who) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("class", who);
  const up = who === "candidate" ? -1 : 1;
  path.setAttribute("d", shares.map((share, index) => (share > 0 ? `M${index * 10 + 1} ${100 + up}v${up * Math.round(share * 97)}h8V${100 + up}z` : "")).join(""));
  return path;
}

/** @param {SVGSVGElement} svg */
function svgIn(svg) {
  const box = el("div", { class: "glance-bars" });
  box.append(svg);
  return box;
}
