/** /control/<exam>/keeping: the rule, the hold, what goes when, and each person's data. */

/** @import { Role } from "../types.js" */

import { toast } from "../announce.js";
import { get, messageOf, post } from "../api.js";
import { answerOf, ask, open } from "../dialog.js";
import { byId, el, pageData, setState, setText, state, whileBusy } from "../dom.js";
import { language, roleName, t } from "../i18n.js";
import { pageRole } from "../role.js";

/**
 * @typedef {object} Encounter
 * @property {string} id
 * @property {string} station
 * @property {string} candidate
 * @property {number} attempt
 * @property {number | null} raw_ms
 * @property {number | null} recording_ms
 * @property {boolean} has_raw
 * @property {boolean} has_recording
 * @property {string | null} waits
 * @property {string | null} gone
 */
/** @typedef {{seat: string, role: Role, name: string, number: string | null, erased: boolean}} Person */
/**
 * @typedef {object} Keeping
 * @property {{raw_days: number | null, recording_days: number | null}} rule
 * @property {{reason: string, placed_by: string | null, placed_ms: number} | null} hold
 * @property {Encounter[]} encounters
 * @property {Person[]} people
 */

const { exam, zone } = /** @type {{exam: string, zone: string}} */ (pageData());
const base = `/api/exams/${exam}/keeping`;
const holdReason = byId("hold-reason", HTMLInputElement);
const holdButton = byId("hold-button", HTMLButtonElement);
const rawDays = byId("raw-days", HTMLInputElement);
const recordingDays = byId("recording-days", HTMLInputElement);
const ruleButton = byId("rule-button", HTMLButtonElement);
const day = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "long", year: "numeric", timeZone: zone });

/** What the tables say instead of what the server called it. @type {Record<string, string>} */
const WAITS = {
  "the encounter is not over": t("Waits for the encounter"),
  "the recording is not sealed": t("Waits to be sealed"),
  "the transcript is not made": t("Waits for its transcript"),
  "the mark is not submitted": t("Waits for its mark"),
};

/** @type {Keeping | null} */
let shown = null;

byId("hold-form").addEventListener("submit", (event) => (event.preventDefault(), void whileBusy(holdButton, changeHold)));
byId("rule-form").addEventListener("submit", (event) => (event.preventDefault(), void whileBusy(ruleButton, saveRule)));
await load();

async function load() {
  try {
    show(/** @type {Keeping} */ (await get(base)));
  } catch (thrown) {
    setState(byId("hold-state"), "bad", messageOf(thrown));
  }
}

/** @param {Keeping} now */
function show(now) {
  shown = now;
  const { hold } = now;
  setState(
    byId("hold-state"),
    hold ? "fair" : "idle",
    hold ? t("On since {date}, by {who}: {reason}", { date: day.format(hold.placed_ms), who: hold.placed_by ?? t("a command"), reason: hold.reason }) : t("No hold is on"),
  );
  byId("hold-field").hidden = hold !== null;
  setText(holdButton, hold ? t("Lift the hold") : t("Place a hold"));
  holdButton.disabled = ruleButton.disabled = false;
  fill(rawDays, now.rule.raw_days);
  fill(recordingDays, now.rule.recording_days);
  byId("encounters").replaceChildren(...now.encounters.map(encounterRow));
  byId("people").replaceChildren(...now.people.map(personRow));
}

/**
 * What somebody has begun to write stays.
 * @param {HTMLInputElement} field
 * @param {number | null} days
 */
function fill(field, days) {
  const text = String(days ?? "");
  if (field.value === field.defaultValue || field.value.trim() === text) field.value = field.defaultValue = text;
}

/** @param {Encounter} one */
function encounterRow(one) {
  const raw = one.gone ? t("Deleted") : one.has_raw ? when(one.raw_ms, one) : t("None");
  const recording = one.gone ?? (one.has_recording ? when(one.recording_ms, one) : t("None"));
  const station = one.attempt > 1 ? t("{station}, attempt {n}", { station: one.station, n: one.attempt }) : one.station;
  return el("tr", {}, el("th", { scope: "row" }, one.candidate), el("td", { "data-label": t("Station") }, station), el("td", { "data-label": t("Raw takes") }, raw), el("td", { "data-label": t("Recording and transcript") }, recording));
}

/**
 * @param {number | null} at_ms
 * @param {Encounter} one
 */
function when(at_ms, one) {
  if (shown?.hold) return t("Kept: a hold is on");
  if (shown?.rule.raw_days === null && shown.rule.recording_days === null) return t("Kept");
  if (one.waits) return WAITS[one.waits] ?? one.waits;
  if (at_ms === null) return t("Kept");
  return at_ms <= Date.now() ? t("Goes within a day") : t("Goes on {date}", { date: day.format(at_ms) });
}

/** @param {Person} person */
function personRow(person) {
  const label = person.number ? `${person.name}, ${person.number}` : person.name;
  const actions = person.erased ? [state("idle", t("Erased"))] : [dataLink(person), eraseButton(person)];
  return el("tr", {}, el("th", { scope: "row" }, label), el("td", { "data-label": t("Role") }, roleName(person.role)), el("td", {}, el("div", { class: "keeping-actions" }, ...actions)));
}

/** @param {Person} person */
function dataLink(person) {
  const href = `${base}/people/${person.seat}.zip?role=${encodeURIComponent(pageRole())}`;
  return el("a", { class: "button", href, download: true, "aria-label": t("Download the data of {name}", { name: person.name }) }, t("Their data"));
}

/** @param {Person} person */
function eraseButton(person) {
  const button = el("button", { class: "button", type: "button", "aria-label": t("Erase {name}", { name: person.name }) }, t("Erase …"));
  button.addEventListener("click", () => void whileBusy(button, () => erase(person)));
  return button;
}

async function changeHold() {
  const fault = byId("hold-fault");
  fault.hidden = true;
  const on = shown?.hold === null;
  if (on && holdReason.value.trim().length < 3) {
    setText(fault, t("Say why: it is kept with the hold."));
    fault.hidden = false;
    holdReason.focus();
    return;
  }
  if (!on && !(await ask({ title: t("Lift the hold?"), text: t("The rule applies again: what is due is deleted within a day."), action: t("Lift the hold") }))) return;
  const done = await change("hold", { on, reason: on ? holdReason.value : "" }, on ? t("The hold is on.") : t("The hold is lifted."));
  if (done) holdReason.value = "";
}

async function saveRule() {
  const fault = byId("rule-fault");
  fault.hidden = true;
  const raw_days = days(rawDays);
  const recording_days = days(recordingDays);
  if (raw_days === undefined || recording_days === undefined) {
    setText(fault, t("Give a whole number of days, 1 or more, or leave the field empty."));
    fault.hidden = false;
    (raw_days === undefined ? rawDays : recordingDays).focus();
    return;
  }
  const text = t("What is due is deleted within a day and cannot be brought back: {raw}, {recordings}. Marks stay.", {
    raw: raw_days === null ? t("raw takes are kept") : t("raw takes after {n} days", { n: raw_days }),
    recordings: recording_days === null ? t("recordings are kept") : t("recordings and transcripts after {n} days", { n: recording_days }),
  });
  const deletes = raw_days !== null || recording_days !== null;
  if (deletes && !(await ask({ title: t("Save this rule?"), text, action: t("Save the rule") }))) return;
  await change("rule", { raw_days, recording_days }, t("The rule is saved."));
}

/**
 * null for an empty field, undefined for what is no number of days.
 * @param {HTMLInputElement} field
 */
function days(field) {
  const text = field.value.trim();
  if (text === "") return null;
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined;
}

/** @param {Person} person */
async function erase(person) {
  const request = el("input", { class: "input", id: "erase-asked", maxlength: "500", required: true, autofocus: true, autocomplete: "off" });
  const dialog = open(
    t("Erase {name}?", { name: person.name }),
    [
      el("p", {}, t("Their recordings, words, texts and name are deleted, here and in the search. Marks stay, without a name. The other person of each encounter keeps their own recording and words. This cannot be undone.")),
      el("div", { class: "field" }, el("label", { for: "erase-asked" }, t("On whose request, without names")), request),
    ],
    [el("button", { class: "button", value: "", type: "submit", formnovalidate: true }, t("Cancel")), el("button", { class: "button danger", value: "yes" }, t("Erase for good"))],
  );
  if ((await answerOf(dialog)) !== "yes") return;
  await change("erase", { seat: person.seat, asked_by: request.value }, t("Erased. A record is kept that it happened. Back up again: older backups still hold this person."));
}

/**
 * @param {string} what
 * @param {object} body
 * @param {string} done
 * @returns {Promise<boolean>} whether it is
 */
async function change(what, body, done) {
  try {
    show(/** @type {Keeping} */ (await post(`${base}/${what}`, body)));
    toast(done, "good");
    return true;
  } catch (thrown) {
    toast(messageOf(thrown), "bad");
    return false;
  }
}
