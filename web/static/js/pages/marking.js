/** /marking/<exam>: who is how far, whose marks stand out, what is missing; giving encounters to others, and reminders. */

/** @import { Examiner, MarkingView, Missing } from "../marking/types.js" */

import { toast } from "../announce.js";
import { Fault, get, messageOf, post } from "../api.js";
import { ask } from "../dialog.js";
import { byId, el, pageData, setState, setText, state, tellFault, whileBusy } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";
import { openRules } from "../marking/rules.js";
import { drift, endWords, leniency, minutesWords, rateWords, variation, whenIn } from "../marking/figures.js";

const EVERY_MS = 60_000;
const AT_ONCE = 50;
const ALL = "all";
const NOBODY = "nobody";

const { exam, zone, role } = /** @type {{exam: string, zone: string, role: string}} */ (pageData());
const base = `/api/exams/${exam}/marking`;
const when = whenIn(zone);
const whose = byId("whose", HTMLSelectElement);
const to = byId("give-to", HTMLSelectElement);
const why = byId("give-why", HTMLInputElement);
/** What is chosen stays chosen while the page keeps itself fresh. @type {Set<string>} */
const chosen = new Set();
/** @type {MarkingView | null} */ let shown = null;

whose.addEventListener("change", () => shown && showMissing(shown));
byId("choose-all").addEventListener("click", () => {
  for (const one of listed()) chosen.add(one.encounter);
  if (shown) showMissing(shown);
});
byId("give-none").addEventListener("click", () => {
  chosen.clear();
  if (shown) showMissing(shown);
});
byId("give").addEventListener("submit", (event) => (event.preventDefault(), void whileBusy(byId("give-go"), give)));
byId("remind").addEventListener("click", () => void whileBusy(byId("remind"), () => remind((shown?.examiners ?? []).filter(canRemind))));
setInterval(() => document.hidden || void load(), EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || void load());
void openRules(base, () => void load());
await load();

async function load() {
  try {
    show(/** @type {MarkingView} */ (await get(base)));
  } catch (thrown) {
    if (shown && thrown instanceof Fault) setState(byId("fresh"), "fair", t("The line is lost: this is what was last known"));
    else tellFault(messageOf(thrown));
  }
}

/** @param {MarkingView} now */
function show(now) {
  // Answers may overtake each other on their way.
  if (shown && now.now_ms < shown.now_ms) return;
  shown = now;
  tellFault(null);
  setState(byId("fresh"), "idle", t("As of {time}", { time: timeOfDay(now.now_ms, zone) }));
  const { all } = now;
  setText(byId("done"), t("{submitted} of {assigned} marks are submitted, {begun} more begun.", { submitted: all.submitted, assigned: all.assigned, begun: all.begun }));
  const bar = byId("done-bar", HTMLProgressElement);
  bar.max = Math.max(1, all.assigned);
  bar.value = all.submitted;
  byId("facts").replaceChildren(...fact(t("Each mark"), minutesWords(all)), ...fact(t("Pace"), rateWords(all)), ...fact(t("Done"), endWords(all, when)));
  byId("nobody").hidden = now.nobody === 0;
  setText(byId("nobody"), now.nobody === 1 ? t("1 encounter has no examiner: give it to somebody below.") : t("{n} encounters have no examiner: give them to somebody below.", { n: now.nobody }));
  byId("examiners").replaceChildren(...now.examiners.map((one) => examinerRow(one, now.can_mail)));
  byId("remind-row").hidden = !now.examiners.some(canRemind);
  byId("remind", HTMLButtonElement).disabled = !now.can_mail;
  if (!now.can_mail) setText(byId("remind-said"), t("Reminders need a mail server: smtp_host and smtp_from in teleosce.toml."));
  showWhose(now);
  showMissing(now);
}

/**
 * @param {string} name
 * @param {string} text
 */
function fact(name, text) {
  return [el("dt", {}, name), el("dd", { class: "figures" }, text)];
}

/** @param {Examiner} one */
function left(one) {
  return one.pace.assigned - one.pace.submitted;
}

/** @param {Examiner} one */
function canRemind(one) {
  return one.mail && left(one) > 0;
}

/**
 * @param {Examiner} one
 * @param {boolean} can_mail
 */
function examinerRow(one, can_mail) {
  const { pace } = one;
  const bar = el("progress", { class: "progress", value: pace.submitted, max: Math.max(1, pace.assigned), "aria-label": t("Submitted by {name}", { name: one.name }) });
  const begun = pace.begun ? [el("p", { class: "small soft figures" }, t("{n} begun", { n: pace.begun }))] : [];
  const end = left(one) > 0 ? [el("p", { class: "small soft figures" }, pace.ends_ms ? t("done about {end}", { end: when(pace.ends_ms.value) }) : t("end: too few recent marks to tell"))] : [];
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, one.name),
    cell(t("Submitted"), el("p", { class: "figures" }, t("{n} of {all}", { n: pace.submitted, all: pace.assigned })), bar, ...begun),
    cell(t("Pace"), el("p", { class: "figures" }, pace.submitted ? minutesWords(pace) : t("no marks yet")), ...end),
    cell(t("Leniency"), ...leniency(one.watch?.leniency)),
    cell(t("Variation"), ...variation(one.watch)),
    cell(t("Drift"), ...drift(one.watch?.drift)),
    cell(t("Reminder"), ...reminder(one, can_mail)),
  );
}

/**
 * @param {string} label
 * @param {...Node} content
 */
function cell(label, ...content) {
  return el("td", { "data-label": label }, el("div", { class: "stack tight" }, ...content));
}

/**
 * @param {Examiner} one
 * @param {boolean} can_mail
 */
function reminder(one, can_mail) {
  /** @type {Node[]} */
  const found = [];
  const { reminded } = one;
  if (reminded?.state === "sent") found.push(el("p", { class: "small" }, t("sent {when}", { when: when(reminded.at_ms) })));
  if (reminded?.state === "failed") found.push(el("p", {}, state("bad", t("failed"))), el("p", { class: "small" }, reminded.why));
  if (reminded?.state === "sending") found.push(el("p", { class: "small" }, t("begun {when}; it is not known whether it was sent", { when: when(reminded.at_ms) })));
  if (left(one) === 0) return found.length ? found : [el("p", { class: "small soft" }, t("nothing left"))];
  if (!one.mail) return [el("p", { class: "small soft" }, t("no e-mail address"))];
  if (can_mail) {
    const button = el("button", { class: "button small", type: "button", "aria-label": t("Remind {name}", { name: one.name }) }, t("Remind"));
    button.addEventListener("click", () => void whileBusy(button, () => remind([one])));
    found.push(button);
  }
  return found;
}

/** @param {Examiner[]} those */
async function remind(those) {
  const sure = await ask({ title: t("Send reminders?"), text: those.length === 1 ? t("{name} is sent how much is left and a link. Nobody is reminded twice in twelve hours.", { name: those[0]?.name ?? "" }) : t("{n} people are sent how much each has left and a link. Nobody is reminded twice in twelve hours.", { n: those.length }), action: t("Send") });
  if (!sure) return;
  let sent = 0;
  /** @type {string[]} */
  const remarks = [];
  try {
    for (let first = 0; first < those.length; first += AT_ONCE) {
      const seats = those.slice(first, first + AT_ONCE).map((one) => one.seat);
      const done = /** @type {{sent: number, failed: {name: string, why: string}[], lately: string[], marking: MarkingView}} */ (await post(`${base}/remind`, { seats }));
      sent += done.sent;
      remarks.push(...done.failed.map((one) => t("{name}: {why}", one)), ...done.lately.map((name) => t("{name} was reminded in the last twelve hours.", { name })));
      show(done.marking);
    }
    setText(byId("remind-said"), [sent === 1 ? t("1 reminder sent.") : t("{n} reminders sent.", { n: sent }), ...remarks].join(" "));
  } catch (thrown) {
    tellFault(messageOf(thrown));
  }
}

/** @param {MarkingView} now */
function showWhose(now) {
  // A list that somebody has open stays as it is.
  if (document.activeElement === whose || document.activeElement === to) return;
  const counts = new Map(now.examiners.map((one) => [one.seat, now.missing.filter((each) => each.seat === one.seat).length]));
  const before = whose.value || (now.nobody ? NOBODY : ALL);
  const options = [el("option", { value: ALL }, t("Everybody’s ({n})", { n: now.missing.length }))];
  if (now.nobody) options.push(el("option", { value: NOBODY }, t("Nobody’s ({n})", { n: now.nobody })));
  for (const one of now.examiners) if (counts.get(one.seat)) options.push(el("option", { value: one.seat }, `${one.name} (${counts.get(one.seat)})`));
  whose.replaceChildren(...options);
  whose.value = options.some((one) => one.value === before) ? before : ALL;
  const target = to.value;
  to.replaceChildren(...now.examiners.map((one) => el("option", { value: one.seat }, t("{name}, {n} left", { name: one.name, n: left(one) }))));
  if (target) to.value = target;
}

function listed() {
  const now = shown?.missing ?? [];
  if (whose.value === ALL) return now;
  return now.filter((one) => (whose.value === NOBODY ? one.seat === null : one.seat === whose.value));
}

/** @param {MarkingView} now */
function showMissing(now) {
  const there = new Set(now.missing.map((one) => one.encounter));
  for (const one of chosen) if (!there.has(one)) chosen.delete(one);
  setText(byId("missing-count"), String(now.missing.length));
  const names = new Map(now.examiners.map((one) => [one.seat, one.name]));
  const focused = document.activeElement?.id;
  const rows = listed().map((one) => missingRow(one, names));
  byId("missing").replaceChildren(...(rows.length ? rows : [el("tr", {}, el("td", { colspan: "4", class: "soft" }, t("Nothing is missing here.")))]));
  if (focused?.startsWith("choose-")) document.getElementById(focused)?.focus();
  byId("choose-all").hidden = rows.length === 0;
  showGive();
}

/**
 * @param {Missing} one
 * @param {Map<string, string>} names
 */
function missingRow(one, names) {
  const words = t("{number}. {station}, candidate {candidate}, circuit {circuit}", { number: one.number, station: one.station, candidate: one.candidate, circuit: one.circuit }) + (one.attempt > 1 ? t(", attempt {n}", { n: one.attempt }) : "");
  const box = el("input", { type: "checkbox", id: `choose-${one.encounter}-${one.seat ?? ""}` });
  box.checked = chosen.has(one.encounter);
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(one.encounter);
    else chosen.delete(one.encounter);
    showGive();
  });
  const link = el("a", { class: "small", href: `/mark/${one.encounter}?role=${encodeURIComponent(role)}`, "aria-label": t("Open {what}", { what: words }) }, t("Open"));
  const said = !one.over ? state("idle", t("Under way")) : one.state === "new" ? state("idle", t("Not begun")) : state("fair", one.state === "amending" ? t("Being amended, {n} of {all}", { n: one.marked, all: one.total }) : t("Draft, {n} of {all}", { n: one.marked, all: one.total }));
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("label", { class: "choice" }, box, el("span", {}, words)), link),
    el("td", { "data-label": t("Whose") }, one.seat === null ? state("bad", t("Nobody’s")) : (names.get(one.seat) ?? t("somebody who has left"))),
    el("td", { "data-label": t("State"), class: "figures" }, said),
    el("td", { "data-label": t("Since"), class: "figures" }, when(one.since_ms)),
  );
}

function showGive() {
  byId("give").hidden = chosen.size === 0 && byId("give-left").hidden;
  setText(byId("give-title"), chosen.size === 1 ? t("1 encounter is chosen") : t("{n} encounters are chosen", { n: chosen.size }));
  byId("give-go", HTMLButtonElement).disabled = chosen.size === 0;
}

async function give() {
  try {
    const done = /** @type {{moved: string[], left: {encounter: string, why: string}[]}} */ (await post(`${base}/assignments`, { encounters: [...chosen], seat: to.value, kind: "first", reason: why.value }));
    toast(done.moved.length === 1 ? t("1 encounter was given to somebody else.") : t("{n} encounters were given to somebody else.", { n: done.moved.length }), done.left.length ? "fair" : "good");
    const known = new Map((shown?.missing ?? []).map((one) => [one.encounter, t("{number}. {station}, candidate {candidate}", { number: one.number, station: one.station, candidate: one.candidate })]));
    byId("give-left").hidden = done.left.length === 0;
    byId("give-left").replaceChildren(...done.left.map((one) => el("li", {}, `${known.get(one.encounter) ?? ""}: ${one.why}`)));
    chosen.clear();
    why.value = "";
    await load();
  } catch (thrown) {
    toast(messageOf(thrown), "bad");
  }
}
