/** The candidate's page: one page for the whole day, moved by the server. */

/** @import { Place } from "./live.js" */
/** @import { Phase } from "./types.js" */
/** @import { Stimulus } from "./material.js" */

import { announce } from "./announce.js";
import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { byId, el, find, setState, setText, whileBusy } from "./dom.js";
import { Unsaved } from "./forms.js";
import { phaseName, t } from "./i18n.js";
import { stationName } from "./live-bar.js";
import { progressWords, waitingWords } from "./live-day.js";
import { Live } from "./live.js";
import { material } from "./material.js";
import { SavedForm } from "./saved-form.js";
import { ScratchNotes } from "./scratch.js";
import { tabs } from "./tabs.js";

/** @typedef {{id: string, label: string, hint: string, required: boolean}} NoteField */
/** @typedef {{door_note_html: string, stimuli: Stimulus[], note_form: {fields: NoteField[]} | null}} Brief */

/** Material that is shown at a certain minute comes without a word from anybody. */
const LOOK_FOR_MATERIAL_MS = 20_000;
const NOTE_AGAIN_MS = 2000;

/** @type {{encounter: string, brief: Brief} | null} */
let known = null;
/** @type {{encounter: string, form: SavedForm | null, gone: AbortController} | null} */
let note = null;
let been_here = false;
/** Whether the end of a note is still to be sent, though its time is over. */
let owed = false;

const scratch = new ScratchNotes(byId("scratch", HTMLTextAreaElement));
const selectTab = tabs(find(byId("drawer"), '[role="tablist"]'), (id) => id === "tab-material" && setCount(false));
const live = new Live({
  view: viewOf,
  onplace,
  onstimuli: () => void refresh(),
  phaseWords,
  absent,
  resting: t("Your station"),
  words: {
    hear: t("Tap to hear the patient"),
    unseen: (name) => t("No picture of {name} at this moment", { name: name.toLowerCase() === "patient" ? t("the patient") : name }),
    kept: t("Your place is kept, the examiner will know."),
  },
});

/** @param {Place} place */
function viewOf({ encounter }) {
  if (!encounter) return been_here ? "between" : "waiting";
  if (encounter.phase === "waiting") return "waiting";
  if (encounter.rest || encounter.phase === "changeover" || encounter.phase === "done") return "between";
  return encounter.phase;
}

/**
 * @param {Phase} phase
 * @param {Place} place
 */
function phaseWords(phase, { encounter }) {
  return encounter?.rest && phase !== "waiting" && phase !== "done" ? t("Rest") : phaseName(phase);
}

/**
 * @param {Place} place
 * @param {boolean} seen
 */
function absent({ people }, seen) {
  const met = whoIsMet(people);
  if (met?.role === "examiner") {
    if (seen) return t("The line to the examiner is interrupted. Stay here: they come back by themselves.");
    return met.present ? t("The examiner is about to appear.") : t("The examiner is not here yet. Stay here: they appear by themselves.");
  }
  if (seen) return t("The line to the patient is interrupted. Stay here: they come back by themselves, and the examiner will know.");
  return met?.present ? t("The patient is about to appear.") : t("The patient is not here yet. Stay here: they appear by themselves.");
}

/** The patient, or an examiner who speaks in a patient’s place. @param {Place["people"]} people */
function whoIsMet(people) {
  return people.find((one) => one.role === "sp") ?? people.find((one) => one.role === "examiner");
}

/**
 * @param {Place} place
 * @param {Place | null} before
 */
function onplace(place, before) {
  const { encounter } = place;
  if (encounter) scratch.open(encounter.id);
  if (encounter && encounter.phase !== "waiting") been_here = true;
  const was = before?.encounter;
  if (was?.phase === "note" && (was.id !== encounter?.id || encounter.phase !== "note")) void closeNote();
  if (was?.id !== encounter?.id || was?.phase !== encounter?.phase) {
    showDrawer(true);
    if (encounter?.phase === "encounter") selectTab("tab-door");
    if (encounter?.phase === "note") selectTab("tab-scratch");
  }
  tellWaiting(place);
  tellBetween(place);
}

/** @param {Place} place */
function tellWaiting(place) {
  const { encounter, next, people, held } = place;
  const nothing = !encounter;
  setText(byId("waiting-title"), encounter ? stationName(encounter) : t("Welcome"));
  setText(
    byId("waiting-text"),
    nothing ? t("There is nothing for you to do at this moment.") : `${encounter.rest ? t("This is a rest station: nothing to do.") : t("This is your next station.")} ${waitingWords(place)}`,
  );
  const facts = byId("waiting-facts");
  facts.replaceChildren();
  const met = whoIsMet(people);
  if (met) facts.append(el("dt", {}, met.role === "sp" ? t("Patient") : t("Examiner")), el("dd", {}, met.present ? t("is here") : t("is not here yet")));
  const partner = people.find((one) => one.role === "candidate" && held.length > 0 && one.name !== held[0]?.candidate);
  if (partner) facts.append(el("dt", {}, t("Together with")), el("dd", {}, partner.name));
  const progress = progressWords(place);
  if (progress) facts.append(el("dt", {}, t("Your stations")), el("dd", {}, progress));
  if (next) facts.append(el("dt", {}, t("After this")), el("dd", {}, next.rest ? t("Rest") : stationName(next)));
}

/** @param {Place} place */
function tellBetween(place) {
  const { encounter, next, progress } = place;
  const rest = encounter?.rest && encounter.phase !== "done";
  const over = !next && (!encounter || encounter.phase === "done");
  setText(byId("between-title"), rest ? t("Rest") : over ? t("Your day is finished") : t("This station is over"));
  setText(
    byId("between-text"),
    over ? (owed ? t("Thank you.") : t("Thank you. Everything is saved; you may close this page.")) : rest ? t("Nothing to do here. Breathe, drink something, stretch.") : t("Nothing to do now. Breathe; leave what was behind you."),
  );
  const then = next ? (next.rest ? t("Next: a rest station.") : t("Next: {station}.", { station: stationName(next) })) : t("This was your last station.");
  const left = next && progress.of > 1 ? ` ${rest ? t("This is {number} of {of}.", { ...progress }) : t("That was {number} of {of}.", { ...progress })}` : "";
  setText(byId("between-next"), over ? "" : `${then} ${next ? t("This page takes you there.") : ""}${left}`);
}

/** Fetches what may be read by now, and shows what is new. */
async function refresh() {
  const encounter = live.place?.encounter;
  if (!encounter || encounter.phase === "waiting" || encounter.rest) return;
  /** @type {Brief} */
  let brief;
  try {
    brief = await get(`/api/encounters/${encounter.id}/brief`);
  } catch {
    // The line is down: the next `place` brings us here again.
    return;
  }
  if (live.place?.encounter?.id !== encounter.id) return;
  const first = known?.encounter !== encounter.id;
  known = { encounter: encounter.id, brief };
  if (first) {
    // The server made this HTML from markdown and cleaned it.
    for (const place of document.querySelectorAll("[data-door-note]")) place.innerHTML = brief.door_note_html;
    byId("material").replaceChildren();
    byId("reading-material").replaceChildren();
  }
  showMaterial(brief.stimuli, encounter.phase, first);
  if (encounter.phase === "reading") byId("reading-material").replaceChildren(...brief.stimuli.map(material));
  if (encounter.phase === "note") void openNote(live.place?.held[0]?.encounter ?? encounter.id, brief);
}

/**
 * @param {Stimulus[]} stimuli
 * @param {Phase} phase
 * @param {boolean} first
 */
function showMaterial(stimuli, phase, first) {
  const list = byId("material");
  const there = new Map([...list.children].map((child) => [child.getAttribute("data-id"), child]));
  const fresh = stimuli.filter((one) => !there.has(one.id));
  for (const [id, child] of there) if (!stimuli.some((one) => one.id === id)) child.remove();
  list.append(...fresh.map(material));
  byId("material-none").hidden = stimuli.length > 0;
  setText(byId("material-count"), stimuli.length ? `(${stimuli.length})` : "");
  const [newest] = fresh;
  if (!newest) return;
  if (phase === "encounter" && !first) {
    const words = t("New material: {title}", { title: newest.title });
    announce(words);
    live.stage.remark(words);
  }
  if (byId("panel-material").hidden) setCount(true);
}

/** Marks the tab while it holds something unseen. @param {boolean} unseen */
function setCount(unseen) {
  byId("tab-material").toggleAttribute("data-new", unseen);
}

/**
 * @param {string} encounter
 * @param {Brief} brief
 */
async function openNote(encounter, brief) {
  if (note?.encounter === encounter) return;
  note?.gone.abort();
  note?.form?.close();
  byId("between-note").hidden = true;
  const opening = { encounter, form: /** @type {SavedForm | null} */ (null), gone: new AbortController() };
  note = opening;
  const fields = brief.note_form?.fields ?? [];
  const root = byId("note-form");
  root.replaceChildren(...fields.map(noteField));
  byId("note-actions").hidden = fields.length === 0;
  if (fields.length === 0) return setText(byId("note-intro"), t("This station has no note. Rest until the bell."));
  lock(true);
  try {
    opening.form = await SavedForm.open(encounter, "note", root, byId("note-state"), () => {}, opening.gone.signal);
    lock(opening.form.submitted);
    byId("note-done").hidden = !opening.form.submitted;
    root.querySelector("textarea")?.focus();
  } catch {
    if (note !== opening) return;
    note = null;
    setState(byId("note-state"), "fair", t("Waiting for the line: you can write as soon as it is back"));
    setTimeout(() => void refresh(), 2000);
  }
}

/** @param {NoteField} field */
function noteField({ id, label, hint, required }) {
  const name = `note.${id}`;
  return el(
    "div",
    { class: "field" },
    el("label", { for: name }, label, required ? el("span", { class: "soft" }, ` ${t("(needed)")}`) : null),
    hint ? el("p", { class: "hint", id: `${name}.hint` }, hint) : null,
    el("textarea", { class: "input", id: name, name, rows: 4, maxlength: 10_000, "aria-describedby": hint ? `${name}.hint` : null }),
  );
}

/** @param {boolean} locked */
function lock(locked) {
  for (const area of byId("note-form").querySelectorAll("textarea")) area.readOnly = locked;
  byId("note-actions").hidden = locked;
}

async function handIn() {
  const form = note?.form;
  const sure = await ask({ title: t("Hand in the note?"), text: t("You cannot change it afterwards, even if time is left."), action: t("Hand in") });
  if (!sure || !form || !(await form.submit())) return;
  lock(true);
  byId("note-done").hidden = false;
  announce(t("Your note is handed in."));
}

/** The time for the note is over: what is there goes to the server and counts. */
async function closeNote() {
  const form = note?.form;
  if (!form || form.submitted) return;
  const state = byId("between-note");
  state.hidden = false;
  setState(state, "idle", t("Saving your note …"));
  lock(true);
  owed = true;
  while (owed && note?.form === form) {
    try {
      await form.form.flush();
      owed = false;
      setState(state, "good", t("Your note is saved."));
      // A note that lacks a field stays a draft; what was written counts all the same.
      await post(`/api/forms/${form.form.id}/submit`).catch(() => undefined);
    } catch (thrown) {
      owed = !(thrown instanceof Unsaved) || thrown.state !== "refused";
      if (owed) setState(state, "fair", t("The end of your note is kept on this device and sent as soon as the line is back. Leave this page open."));
      else setState(state, "bad", thrown instanceof Error ? thrown.message : "");
    }
    if (live.place) tellBetween(live.place);
    if (owed) await new Promise((resolve) => setTimeout(resolve, NOTE_AGAIN_MS));
  }
}

/** @param {boolean} shown */
function showDrawer(shown) {
  byId("drawer").hidden = !shown;
  byId("control-drawer").setAttribute("aria-expanded", String(shown));
}

byId("control-drawer").addEventListener("click", () => showDrawer(byId("drawer").hidden !== false));
live.key("n", () => document.body.dataset.view === "encounter" && showDrawer(byId("drawer").hidden !== false));
byId("control-leave").addEventListener("click", async () => {
  const sure = await ask({
    title: t("Leave the consultation?"),
    text: t("The patient no longer sees or hears you, and the time runs on. You can come back at any moment until the bell."),
    action: t("Leave"),
    danger: true,
  });
  if (sure) live.leave();
});
const submit = byId("note-submit", HTMLButtonElement);
submit.addEventListener("click", () => whileBusy(submit, handIn));
setInterval(() => live.place?.encounter?.phase === "encounter" && void refresh(), LOOK_FOR_MATERIAL_MS);
live.start();
