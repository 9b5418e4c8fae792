/** /results/<exam>/feedback: what candidates see, kept by version, and the letters that tell them, a few at a time. */

/** @typedef {"none" | "embargo" | "withdrawn" | "absent" | "released"} Shown */
/** @import { Addressee, Told } from "../letters.js" */
/** @typedef {Addressee & {number: string | null, shown: Shown}} Person */
/** @typedef {{rules: Record<string, boolean | string>, version: number}} Kept */

import { Fault, get, messageOf, post } from "../api.js";
import { byId, pageData, setText, state, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { Letters } from "../letters.js";

const { exam, run } = /** @type {{exam: string, run: boolean}} */ (pageData());
const base = `/api/exams/${exam}/feedback`;
const form = byId("feedback-rules", HTMLFormElement);
const fields = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...form.querySelectorAll("[name]")]);
let version = 0;
/** @type {Letters<Person>} */
const letters = new Letters(`${base}/letters`, (one) => one.shown === "released", tell);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void whileBusy(byId("rules-save"), async () => {
    try {
      const rules = read();
      const kept = /** @type {Kept} */ (await post(`${base}/rules`, { rules, version }));
      // What was chosen meanwhile stays as it is, unsaved.
      const same = JSON.stringify(read()) === JSON.stringify(rules);
      if (same) showRules(kept);
      version = kept.version;
      setText(byId("rules-said"), same ? t("Saved.") : t("Saved, but not what you have changed since."));
    } catch (thrown) {
      // Somebody else's choice is shown, so that nothing of theirs is overwritten unseen.
      if (thrown instanceof Fault && thrown.code === "rules-changed") showRules(/** @type {Kept} */ (thrown.details));
      setText(byId("rules-said"), messageOf(thrown));
    }
  });
});
try {
  showRules(await get(`${base}/rules`));
} catch (thrown) {
  setText(byId("rules-said"), messageOf(thrown));
}
if (run) await letters.open(`${base}/letters`);

function read() {
  return Object.fromEntries(fields.map((field) => [field.name, field instanceof HTMLInputElement ? field.checked : field.value]));
}

/** @param {Kept} kept */
function showRules(kept) {
  form.inert = false;
  version = kept.version;
  for (const field of fields) {
    const value = kept.rules[field.name];
    if (field instanceof HTMLInputElement) field.checked = value === true;
    else field.value = String(value);
  }
  byId("rules-save", HTMLButtonElement).disabled = false;
}

/** @param {Told<Person>} told */
function tell(told) {
  for (const one of told.people) line(one, told);
  const open = told.people.filter((one) => one.shown === "released");
  const sent = open.filter((one) => one.state === "sent").length;
  const without = open.filter((one) => !one.email).length;
  if (!open.length) return t("No candidate can read their result now. Letters can be sent once it is released and its time has come.");
  return t("{open} of {all} candidates can read their result; {sent} were told by letter, {without} have no e-mail address.", { open: open.length, all: told.people.length, sent, without });
}

/**
 * @param {Person} one
 * @param {Told<Person>} told
 */
function line(one, told) {
  const row = document.querySelector(`[data-seat="${one.seat}"]`);
  if (!row) return;
  const shown = { none: state("idle", t("Not released")), embargo: state("fair", t("Later: a time is set")), withdrawn: state("fair", t("Taken back")), absent: state("idle", t("Not in the released run")), released: state("good", t("Yes")) };
  row.querySelector('[data-part="shown"]')?.replaceChildren(shown[one.shown]);
  row.querySelector('[data-part="letter"]')?.replaceChildren(...letters.became(one, told));
}
