/** The standardized patient's page: the server brings each candidate; there is nothing to do to change them. */

/** @import { Place } from "./live.js" */
/** @import { Phase } from "./types.js" */
/** @import { Stimulus } from "./material.js" */
/** @import { RatingItem } from "./rating.js" */
/** @import { ScriptPart } from "./script.js" */

import { toast } from "./announce.js";
import { get } from "./api.js";
import { byId, el, find, setState, setText, whileBusy } from "./dom.js";
import { phaseName, t } from "./i18n.js";
import { stationName } from "./live-bar.js";
import { progressWords, waitingWords } from "./live-day.js";
import { Live } from "./live.js";
import { material } from "./material.js";
import { Rating } from "./rating.js";
import { Script } from "./script.js";
import { tabs } from "./tabs.js";

/** @typedef {{title: string, script: ScriptPart[], stimuli: Stimulus[], rating_form: RatingItem[]}} Brief */

/** @type {{encounter: string, brief: Brief} | null} */
let known = null;
/** @type {Rating | null} */
let rating = null;
/** The encounter whose candidates are rated. @type {string | null} */
let rated = null;
/** Those of them whose rating has not been opened yet. @type {Place["held"]} */
let to_rate = [];
let been_here = false;
/** @type {Set<string>} */
let shown = new Set();

const script = new Script();
tabs(find(byId("drawer"), '[role="tablist"]'));
const live = new Live({
  view: viewOf,
  onplace,
  onstimuli: (ids) => {
    shown = new Set(ids);
    tellShown();
  },
  phaseWords,
  absent,
  resting: t("Your station"),
  words: {
    hear: t("Tap to hear the candidate"),
    unseen: (name) => t("No picture of {name} at this moment", { name }),
    kept: t("Stay here: your place is kept, and the candidate comes back by itself."),
  },
});

/** @param {Place} place */
function viewOf({ encounter }) {
  const asked = rating && !rating.ready;
  if (!encounter || encounter.rest) return asked ? "rating" : "idle";
  if (encounter.phase === "reading" || encounter.phase === "encounter") return encounter.phase;
  // Somebody slow with the last rating may finish it while the next candidate is not called yet.
  if (encounter.phase === "waiting") return asked && rating?.begun ? "rating" : "waiting";
  return asked || rated !== encounter.id ? "rating" : "rated";
}

/**
 * @param {Phase} phase
 * @param {Place} place
 */
function phaseWords(phase, { encounter }) {
  if (encounter?.rest && phase !== "waiting" && phase !== "done") return t("Rest");
  return phase === "note" ? t("Rating") : phaseName(phase);
}

/** @param {Place} place */
function candidatesOf({ people }) {
  return people.filter((one) => one.role === "candidate");
}

/**
 * @param {Place} place
 * @param {boolean} seen
 */
function absent(place, seen) {
  if (seen) return t("The line to the candidate is interrupted. Stay here: they come back by themselves.");
  return candidatesOf(place).some((one) => one.present) ? t("The candidate is about to appear.") : t("The candidate is not here yet. Stay here: they appear by themselves.");
}

/** @param {Place} place */
function onplace(place) {
  const { encounter } = place;
  if (encounter && encounter.phase !== "waiting") been_here = true;
  tellReady(place);
  tellIdle(place);
  if (encounter) void refresh(encounter.id);
  openRating(place);
}

/** @param {string} encounter */
async function refresh(encounter) {
  if (known?.encounter === encounter) return;
  try {
    /** @type {Brief} */
    const brief = await get(`/api/encounters/${encounter}/brief`);
    if (live.place?.encounter?.id !== encounter) return;
    known = { encounter, brief };
    script.show(brief.script);
    byId("material").replaceChildren(...brief.stimuli.map(showable));
    byId("material-none").hidden = brief.stimuli.length > 0;
    setText(byId("material-count"), brief.stimuli.length ? `(${brief.stimuli.length})` : "");
    tellShown();
    openRating(live.place);
    live.show(viewOf(live.place));
  } catch {
    // The line is down; the next `place` brings us here again. If it is only this request, so does the pause.
    setTimeout(() => live.place?.encounter?.id === encounter && void refresh(encounter), 3000);
  }
}

/** The form opens when the consultation is over, and stays until it is handed in or the next one begins. @param {Place} place */
function openRating(place) {
  const { encounter } = place;
  if (!encounter || encounter.rest || known?.encounter !== encounter.id) return;
  if (encounter.phase === "reading" || encounter.phase === "encounter") {
    if (rating && rated !== encounter.id) {
      rating.close();
      rating = null;
    }
    return;
  }
  if (encounter.phase === "waiting" || rated === encounter.id) return;
  rated = encounter.id;
  to_rate = [...place.held];
  rateNext(known.brief.rating_form);
}

/** Of two candidates who came together, each is rated on a form of their own, one after the other. @param {RatingItem[]} form */
function rateNext(form) {
  const whom = to_rate.shift();
  if (!whom) return;
  rating?.close();
  rating = new Rating(whom.encounter, whom.candidate, form, () => {
    const more = to_rate.length > 0;
    rateNext(form);
    if (live.place) live.show(viewOf(live.place));
    if (more) byId("rating-title").focus();
  });
  if (to_rate.length > 0 && form.length > 0) setText(byId("rating-submit"), t("Done: on to {name}", { name: to_rate[0]?.candidate ?? "" }));
  else setText(byId("rating-submit"), t("Done: I am ready"));
}

/** @param {Place} place */
function tellReady(place) {
  const { encounter, next } = place;
  const candidates = candidatesOf(place);
  const reads = encounter?.phase === "reading";
  const progress = progressWords(place);
  setText(byId("ready-title"), reads ? t("The candidate is reading") : t("You are in the right place"));
  setText(
    byId("ready-text"),
    reads
      ? t("When the bell rings, the candidate appears here by itself. There is nothing to press.")
      : `${t("The next candidate is brought to you: there is nothing to press.")} ${waitingWords(place)} ${t("Until then you can look at your script.")}`,
  );
  const state = byId("ready-candidate");
  state.hidden = candidates.length === 0;
  const words = candidates.map(({ name, present }) => (present ? t("{name} is here", { name }) : t("{name} is not here yet", { name })));
  setState(state, candidates.every(({ present }) => present) ? "good" : "idle", words.join(", "));
  setText(byId("ready-next"), (progress ? `${t("Candidate {progress}.", { progress })} ` : "") + (next ? (next.rest ? t("After this: a rest.") : t("After this: {name}.", { name: whoComes(next) })) : t("After this you are finished for the day.")));
}

/** A patient stays at one station: what changes is the candidate. @param {NonNullable<Place["next"]>} next */
function whoComes(next) {
  return next.candidate ?? stationName(next);
}

/** @param {Place} place */
function tellIdle({ encounter, next }) {
  const rest = encounter?.rest && encounter.phase !== "done";
  const over = !next && (!encounter || encounter.phase === "done");
  const finished = over && been_here;
  setText(byId("idle-title"), rest ? t("Rest") : finished ? t("Your day is finished") : over ? t("Nothing to do yet") : t("Thank you: saved"));
  setText(
    byId("idle-text"),
    rest
      ? t("Nothing to do at this station. This page moves on by itself.")
      : finished
        ? t("Thank you. Everything is saved; you may close this page.")
        : over
          ? t("Stay on this page. When a candidate is on the way, it tells you by itself.")
          : t("You are ready for the next candidate. Rest until the bell."),
  );
  setText(byId("idle-next"), next ? (next.rest ? t("Next: a rest.") : t("Next: {name}.", { name: whoComes(next) })) : finished || over ? "" : t("This was the last one."));
}

/** @param {Stimulus} stimulus */
function showable(stimulus) {
  const figure = material(stimulus);
  const always = stimulus.shown === "start";
  if (always) {
    figure.append(el("p", { class: "state", "data-tone": "good" }, t("The candidate sees it from the start")));
    return figure;
  }
  const button = el("button", { class: "button show-switch", type: "button" }, el("span", {}, t("Show to the candidate")), el("span", { class: "unseen" }, `: ${stimulus.title}`));
  button.addEventListener("click", () => {
    const on = !shown.has(stimulus.id);
    if (!live.socket.send("stimulus", { id: stimulus.id, shown: on })) toast(t("There is no line at this moment. Try again in a few seconds."), "fair");
  });
  if (typeof stimulus.shown === "number") {
    const minutes = Math.round(stimulus.shown / 60);
    figure.append(el("p", { class: "small soft" }, minutes < 1 ? t("Appears by itself after {n} seconds", { n: stimulus.shown }) : t("Appears by itself after {n} min", { n: minutes })));
  }
  figure.append(button);
  return figure;
}

/** The switches follow what the server says is shown. */
function tellShown() {
  const open = live?.place?.encounter?.phase === "encounter";
  for (const figure of byId("material").children) {
    const button = /** @type {HTMLButtonElement | null} */ (figure.querySelector(".show-switch"));
    if (!button) continue;
    const on = shown.has(figure.getAttribute("data-id") ?? "");
    button.disabled = !open;
    button.classList.toggle("primary", !on);
    figure.toggleAttribute("data-shown", on);
    setText(find(button, "span"), on ? t("Hide from the candidate") : open ? t("Show to the candidate") : t("Can be shown during the consultation"));
  }
}

const done = byId("rating-submit", HTMLButtonElement);
done.addEventListener("click", () => whileBusy(done, async () => rating?.submit()));
live.start();
