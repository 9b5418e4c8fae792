/** What a search found, drawn: by encounter, with quotes that can be heard where they stand. */

/** @import { Answer, Chosen, Hit, Moment, Place } from "./types.js" */
/** @import { Tone } from "../types.js" */

import { duration } from "../clock.js";
import { byId, el, icon, setText, state } from "../dom.js";
import { shortRoleName, t } from "../i18n.js";
import { pageRole } from "../role.js";
import { Listening, stopListening } from "./listen.js";

/** What belongs to a moment in a reel: a breath before it, and a little after the answer. */
const LEAD_MS = 1000;
const TAIL_MS = 1500;
/** A word alone is asked, but not yet answered. */
const ANSWER_MS = 5000;

/**
 * @param {Answer} answer
 * @param {string} query
 * @param {{chosen: Map<string, Chosen>, onchange: () => void} | null} tray where moments are picked; null where nothing may be exported
 */
export function showResults(answer, query, tray) {
  const moments = answer.found.reduce((sum, hit) => sum + hit.count, 0);
  setText(byId("results-title"), answer.found.length === 0 ? t("Nothing found") : t("{moments} in {n} of {all} consultations", { moments: moments === 1 ? t("1 moment") : t("{n} moments", { n: moments }), n: answer.found.length, all: answer.found.length + answer.none.length }));
  tell("results-fault", answer.fault ?? "");
  tell("results-note", answer.unread ? t("Of {n} the meaning is still being read: they were searched by words alone.", { n: answer.unread }) : "");
  stopListening();
  byId("found").replaceChildren(...answer.found.map((hit) => card(hit, words(query), tray)));
  list("none", answer.none, answer.none.length === 1 ? t("1 consultation in which nothing was found") : t("{n} consultations in which nothing was found", { n: answer.none.length }));
  list("unsearched", answer.unsearched, answer.unsearched.length === 1 ? t("1 consultation without a transcript, which could not be searched") : t("{n} consultations without a transcript, which could not be searched", { n: answer.unsearched.length }));
  byId("results").hidden = false;
}

/**
 * @param {string} id
 * @param {string} text
 */
function tell(id, text) {
  setText(byId(id), text);
  byId(id).hidden = text === "";
}

/**
 * @param {"none" | "unsearched"} id
 * @param {Place[]} places
 * @param {string} title
 */
function list(id, places, title) {
  setText(byId(`${id}-title`), title);
  byId(`${id}-list`).replaceChildren(...places.map((place) => el("li", {}, link(place))));
  byId(id).hidden = places.length === 0;
}

/** @param {Place} place */
function link(place) {
  return el("a", { href: desk(place) }, name(place));
}

/** @param {Place} place */
function name(place) {
  const who = place.attempt > 1 ? t("Candidate {who}, attempt {n}", { who: place.candidate, n: place.attempt }) : t("Candidate {who}", { who: place.candidate });
  return `${who} · ${place.station.number}. ${place.station.title}`;
}

/** @param {Place} place */
const desk = (place) => `/mark/${place.encounter}?role=${encodeURIComponent(pageRole())}`;

/**
 * @param {Hit} hit
 * @param {string[]} wanted
 * @param {{chosen: Map<string, Chosen>, onchange: () => void} | null} tray
 */
function card(hit, wanted, tray) {
  const more = hit.count - hit.moments.length;
  return el(
    "article",
    { class: "card hit" },
    el("header", { class: "hit-head" }, el("h3", {}, link(hit)), el("p", { class: "soft small" }, hit.exam.title)),
    el("ul", { class: "hit-moments" }, ...hit.moments.map((moment) => row(hit, moment, wanted, tray))),
    more > 0 && el("p", { class: "soft small" }, more === 1 ? t("and 1 more moment") : t("and {n} more moments", { n: more })),
    tray !== null && hit.refused !== null && el("p", { class: "soft small hit-refused" }, t("Not for reels: {why}", { why: hit.refused })),
  );
}

/**
 * @param {Hit} hit
 * @param {Moment} moment
 * @param {string[]} wanted
 * @param {{chosen: Map<string, Chosen>, onchange: () => void} | null} tray
 */
function row(hit, moment, wanted, tray) {
  const at = duration(moment.starts_ms / 1000);
  const hear = el("button", { class: "button quiet moment-hear", type: "button", "aria-expanded": "false", "aria-label": t("Hear {who} at {at}", { who: shortRoleName(moment.role), at }) }, icon("play"), el("span", { class: "figures" }, at));
  const made = el("li", { class: "moment" });
  hear.addEventListener("click", () => {
    if (hear.getAttribute("aria-expanded") === "true") return;
    hear.setAttribute("aria-expanded", "true");
    const player = new Listening(`/api/encounters/${hit.encounter}/recording`, moment.from_ms, moment.to_ms, desk(hit), (back) => {
      hear.setAttribute("aria-expanded", "false");
      if (back) hear.focus();
    }).element;
    made.append(player);
    player.scrollIntoView({ block: "nearest" });
  });
  const pick = tray !== null && hit.refused === null ? box(hit, moment, at, tray) : null;
  const quote = el("blockquote", { class: "moment-quote" }, el("span", { class: "soft" }, `${shortRoleName(moment.role)} `), ...marked(moment.text, moment.by === "meaning" ? [] : wanted));
  made.append(el("div", { class: "moment-line" }, pick ?? "", hear, quote, how(moment)));
  return made;
}

/**
 * @param {Hit} hit
 * @param {Moment} moment
 * @param {string} at
 * @param {{chosen: Map<string, Chosen>, onchange: () => void}} tray
 */
function box(hit, moment, at, tray) {
  const key = `${hit.encounter} ${moment.starts_ms}`;
  const input = el("input", { type: "checkbox", class: "moment-pick", checked: tray.chosen.has(key), "aria-label": t("Choose {who} at {at} for a reel", { who: name(hit), at }) });
  input.addEventListener("change", () => {
    if (!input.checked) tray.chosen.delete(key);
    else tray.chosen.set(key, { encounter: hit.encounter, from_ms: Math.max(0, moment.from_ms - LEAD_MS), to_ms: moment.to_ms + (moment.strength === null ? ANSWER_MS : TAIL_MS), shown: moment.role === "sp" ? "sp" : "candidate" });
    tray.onchange();
  });
  return el("label", { class: "moment-box" }, input);
}

/** By what it was found, and how strongly. @param {Moment} moment */
function how(moment) {
  if (moment.by === "words") return state("good", t("These words"));
  if (moment.by === "both") return state("good", t("These words, and the meaning"));
  /** @type {Record<string, [Tone, string]>} */
  const levels = { strong: ["good", t("Meaning: strong")], likely: ["fair", t("Meaning: likely")], faint: ["idle", t("Meaning: faint")] };
  const [tone, text] = levels[moment.strength ?? "faint"] ?? ["idle", ""];
  return state(tone, text);
}

/**
 * The parts of words that may be what was searched for: the server knows a word in all its forms, the page by its beginning.
 * @param {string} query
 */
function words(query) {
  return (query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length > 3).map((word) => word.slice(0, Math.max(4, word.length - 3)));
}

/**
 * @param {string} text
 * @param {string[]} wanted
 * @returns {(Node | string)[]}
 */
function marked(text, wanted) {
  return text.split(/([\p{L}\p{N}]+)/u).map((part) => (wanted.some((one) => part.toLowerCase().startsWith(one)) ? el("mark", {}, part) : part));
}
