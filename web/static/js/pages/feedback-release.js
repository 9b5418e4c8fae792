/** /results/<exam>/feedback: what candidates see, kept by version, and the letters that tell them, a few at a time. */

/** @typedef {"none" | "embargo" | "withdrawn" | "absent" | "released"} Shown */
/** @typedef {{seat: string, name: string, number: string | null, email: string | null, shown: Shown, state: string, at_ms: number | null, why: string}} Person */
/** @typedef {{can_mail: boolean, people: Person[], failed?: {name: string, why: string}[]}} Letters */
/** @typedef {{rules: Record<string, boolean | string>, version: number}} Kept */

import { Fault, get, messageOf, post } from "../api.js";
import { byId, el, pageData, setText, state, whileBusy } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";

const AT_ONCE = 10;
const { exam, run } = /** @type {{exam: string, run: boolean}} */ (pageData());
const base = `/api/exams/${exam}/feedback`;
const form = byId("feedback-rules", HTMLFormElement);
const fields = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...form.querySelectorAll("[name]")]);
let version = 0;
/** @type {Letters} */ let now = { can_mail: false, people: [] };

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void whileBusy(byId("rules-save"), async () => {
    try {
      const rules = Object.fromEntries(fields.map((field) => [field.name, field instanceof HTMLInputElement ? field.checked : field.value]));
      showRules(await post(`${base}/rules`, { rules, version }));
      setText(byId("rules-said"), t("Saved."));
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
if (run) {
  byId("mail-all").addEventListener("click", () => void whileBusy(byId("mail-all"), () => send(waiting().map((one) => one.seat), false)));
  try {
    show(await get(`${base}/letters`));
  } catch (thrown) {
    fault(messageOf(thrown));
  }
}

/** @param {Kept} kept */
function showRules(kept) {
  version = kept.version;
  for (const field of fields) {
    const value = kept.rules[field.name];
    if (field instanceof HTMLInputElement) field.checked = value === true;
    else field.value = String(value);
  }
  byId("rules-save", HTMLButtonElement).disabled = false;
}

/** Those who can read theirs, have an address and were not told. */
function waiting() {
  return now.people.filter((one) => one.shown === "released" && one.email && (one.state === "" || one.state === "failed"));
}

/**
 * @param {string[]} seats
 * @param {boolean} again
 */
async function send(seats, again) {
  byId("mail-fault").hidden = true;
  const bar = byId("mail-progress", HTMLProgressElement);
  bar.max = seats.length;
  bar.hidden = seats.length <= AT_ONCE;
  try {
    for (let at = 0; at < seats.length; at += AT_ONCE) {
      bar.value = at;
      const done = /** @type {Letters} */ (await post(`${base}/letters`, { seats: seats.slice(at, at + AT_ONCE), again }));
      show(done);
      const [lost] = done.failed ?? [];
      if (lost && done.failed && done.failed.length > 1 && done.failed.every((one) => one.why === lost.why)) throw new Fault(lost.why);
    }
  } catch (thrown) {
    fault(messageOf(thrown));
  } finally {
    bar.hidden = true;
  }
}

/** @param {string} text */
function fault(text) {
  setText(byId("mail-fault"), text);
  byId("mail-fault").hidden = false;
}

/** @param {Letters} told */
function show(told) {
  now = told;
  const open = told.people.filter((one) => one.shown === "released");
  const sent = open.filter((one) => one.state === "sent").length;
  const without = open.filter((one) => !one.email).length;
  const server = told.can_mail ? "" : ` ${t("No mail server is set on the server (smtp_host and smtp_from), so nothing can be sent.")}`;
  const said = open.length
    ? t("{open} of {all} candidates can read their result; {sent} were told by letter, {without} have no e-mail address.", { open: open.length, all: told.people.length, sent, without }) + server
    : t("No candidate can read their result now. Letters can be sent once it is released and its time has come.");
  setText(byId("mail-sum"), said);
  const left = waiting();
  const button = byId("mail-all");
  button.hidden = !told.can_mail || !left.length;
  setText(button, left.length === 1 ? t("Send 1 letter") : t("Send {n} letters", { n: left.length }));
  for (const one of told.people) line(one, told.can_mail);
}

/**
 * @param {Person} one
 * @param {boolean} can
 */
function line(one, can) {
  const row = document.querySelector(`[data-seat="${one.seat}"]`);
  if (!row) return;
  const shown = { none: state("idle", t("Not released")), embargo: state("fair", t("Later: a time is set")), withdrawn: state("fair", t("Taken back")), absent: state("idle", t("Not in the released run")), released: state("good", t("Yes")) };
  row.querySelector('[data-part="shown"]')?.replaceChildren(shown[one.shown]);
  const words = {
    "": () => state("idle", one.email ? t("Not sent") : t("No address")),
    sending: () => state("fair", t("Begun; nobody knows whether it went")),
    sent: () => state("good", t("Sent at {time}", { time: timeOfDay(one.at_ms ?? 0) })),
    failed: () => state("bad", one.why),
  };
  const letter = (words[/** @type {keyof typeof words} */ (one.state)] ?? words[""])();
  const again = el("button", { class: "button quiet small", type: "button", "aria-label": t("Send again to {name}", { name: one.name }) }, t("Send again"));
  again.addEventListener("click", () => void whileBusy(again, () => send([one.seat], true)));
  const able = can && one.email && one.state !== "" && one.shown === "released";
  row.querySelector('[data-part="letter"]')?.replaceChildren(letter, able ? again : "");
}
