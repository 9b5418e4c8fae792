/** /marking/<exam>/calibration: the references of an exam, and how its examiners do. */

import { toast } from "../announce.js";
import { get, messageOf, post } from "../api.js";
import { ask } from "../dialog.js";
import { byId, el, pageData, setText, state, tellFault, whileBusy } from "../dom.js";
import { language, t } from "../i18n.js";

/** @typedef {{encounter: string, station: string, same_station: boolean, exam: string, made_ms: number, agreed: boolean, mine: boolean, closed: string | null}} Reference */
/** @typedef {{encounter: string, station: string, number: number, candidate: string, attempt: number, can: boolean}} Finished */
/** @typedef {{references: number, items: number, equal: number, share: number | null, kappa: number | null, leniency: number | null}} Agreement */
/** @typedef {{seat: string, name: string, open: boolean, latest: Agreement, first: Agreement, attempts: number}} Examiner */
/** @typedef {{wanted: number, share_wanted: number, references: Reference[], others: Reference[], encounters: Finished[], examiners: Examiner[]}} Overview */

const { exam, role } = /** @type {{exam: string, role: string}} */ (pageData());
const base = `/api/exams/${exam}/references`;
const asRole = `?role=${encodeURIComponent(role)}`;
const day = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "long", year: "numeric" });
const makeWhich = byId("make-which", HTMLSelectElement);
const useWhich = byId("use-which", HTMLSelectElement);

byId("make").addEventListener("submit", (event) => (event.preventDefault(), void change("/api/references", { encounter: makeWhich.value }, t("It is a reference. Enter its agreed marks next: until they are submitted nobody sees it."))));
byId("use").addEventListener("submit", (event) => (event.preventDefault(), void change(base, { encounter: useWhich.value, used: true }, t("Examiners of this exam mark it from now on."))));
try {
  show(await get(base));
} catch (thrown) {
  tellFault(messageOf(thrown));
}

/** @param {any} answer */
function show(answer) {
  const now = /** @type {Overview} */ (answer);
  tellFault(null);
  tellRule(now);
  const rows = now.references.map((one, index) => referenceRow(one, index + 1));
  byId("references").replaceChildren(...(rows.length ? rows : [el("li", { class: "soft" }, t("None yet. Add one below."))]));
  const can = now.encounters.filter((one) => one.can);
  fill(makeWhich, can, (one) => t("{number}. {station}, candidate {candidate}", { number: one.number, station: one.station, candidate: one.candidate }) + (one.attempt > 1 ? t(", attempt {n}", { n: one.attempt }) : ""));
  fill(useWhich, now.others.filter((one) => one.closed === null), (one) => `${one.station} (${one.exam}${one.same_station ? "" : t("; another station")})`);
  const cannot = now.encounters.length - can.length;
  byId("add-none").hidden = cannot === 0 && can.length > 0;
  setText(byId("add-none"), cannot === 1 ? t("1 finished encounter cannot become a reference: there is no recording that plays, or somebody in it has not agreed to training. They are asked on the page of their own link.") : cannot ? t("{n} finished encounters cannot become references: there is no recording that plays, or somebody in them has not agreed to training. They are asked on the page of their own link.", { n: cannot }) : t("No other encounter of this exam is finished."));
  byId("examiners").replaceChildren(...now.examiners.map((one) => examinerRow(one, now)));
}

/** @param {Overview} now */
function tellRule(now) {
  const open = now.references.filter((one) => one.closed === null).length;
  const share = Math.round(now.share_wanted * 100);
  const box = byId("rule");
  box.dataset.tone = now.wanted > open ? "fair" : "idle";
  const asks = now.share_wanted > 0 ? t("Before marking live an examiner marks {n} of them, and {share} % of the items have to agree.", { n: now.wanted, share }) : t("Before marking live an examiner marks {n} of them.", { n: now.wanted });
  if (now.wanted === 0) setText(box, t("Calibration is offered, not asked for: the exam’s rules of marking say how many references are marked before the worklist opens."));
  else if (now.wanted > open) setText(box, `${asks} ${t("Only {open} can be marked now, so {open} are asked for until there are more.", { open })}`);
  else setText(box, asks);
}

/**
 * @param {Reference} one
 * @param {number} number as examiners see it
 */
function referenceRow(one, number) {
  const said = one.closed === null ? state("good", t("Open to examiners")) : one.agreed ? state("bad", t("Closed")) : state("fair", t("Agreed marks are missing"));
  const buttons = [];
  if (one.mine) buttons.push(el("a", { class: one.agreed ? "button" : "button primary", href: `/calibrate/${one.encounter}/agreed${asRole}` }, one.agreed ? t("Agreed marks") : t("Enter the agreed marks")));
  buttons.push(button(t("Not in this exam"), () => change(base, { encounter: one.encounter, used: false }, t("This exam no longer uses it."))));
  buttons.push(button(t("Withdraw …"), () => withdraw(one)));
  return el(
    "li",
    {},
    el("p", {}, el("strong", {}, t("Recording {n}, {station}", { n: number, station: one.station })), "  ", said),
    el("p", { class: "small soft" }, t("From “{exam}”, made a reference on {date}.", { exam: one.exam, date: day.format(one.made_ms) }) + (one.same_station ? "" : ` ${t("This exam has another version of the station, or not this station.")}`)),
    one.closed && one.agreed && el("p", { class: "small" }, one.closed),
    el("div", { class: "row" }, ...buttons),
  );
}

/** @param {Examiner} one @param {Overview} now */
function examinerRow(one, now) {
  const { latest, first } = one;
  const all = now.references.filter((each) => each.closed === null).length;
  const share = (/** @type {Agreement} */ of) => (of.share === null ? "–" : t("{share} % ({equal} of {items})", { share: Math.floor(of.share * 100 + 1e-9), equal: of.equal, items: of.items }));
  const attempts = one.attempts > latest.references ? ` ${t("in {n} attempts", { n: one.attempts })}` : "";
  const open = now.wanted === 0 ? null : one.open ? state("good", t("Worklist open")) : state("fair", t("Worklist closed"));
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, one.name, ...(open ? [el("br"), open] : [])),
    cell(t("References"), t("{n} of {all}", { n: latest.references, all }) + attempts),
    cell(t("Agreement"), share(latest)),
    cell(t("First attempts"), share(first)),
    cell(t("Kappa"), latest.items === 0 ? "–" : latest.kappa === null ? t("Too few to tell") : latest.kappa.toFixed(2)),
    cell(t("Leniency"), latest.leniency === null ? "–" : leniencyWords(latest.leniency)),
  );
}

/** @param {number} points */
function leniencyWords(points) {
  const n = Math.abs(points).toFixed(1);
  return n === "0.0" ? t("as agreed") : points > 0 ? t("{n} points more lenient", { n }) : t("{n} points more stringent", { n });
}

/** @param {string} label @param {string} text */
function cell(label, text) {
  return el("td", { "data-label": label, class: "figures" }, text);
}

/** @param {string} text @param {() => Promise<void>} work */
function button(text, work) {
  const made = el("button", { class: "button", type: "button" }, text);
  made.addEventListener("click", () => void whileBusy(made, work));
  return made;
}

/** @param {Reference} one */
async function withdraw(one) {
  const sure = await ask({ title: t("Withdraw this reference?"), text: t("No exam uses it any more. What examiners marked is kept, and it can be made a reference again."), action: t("Withdraw") });
  if (sure) await change(`/api/references/${one.encounter}/withdraw`, {}, t("Withdrawn."));
}

/**
 * @template {{encounter: string}} T
 * @param {HTMLSelectElement} select
 * @param {T[]} those
 * @param {(one: T) => string} words
 */
function fill(select, those, words) {
  /** @type {HTMLElement} */ (select.form).hidden = those.length === 0;
  select.replaceChildren(...those.map((one) => el("option", { value: one.encounter }, words(one))));
}

/**
 * @param {string} path
 * @param {object} body
 * @param {string} done
 */
async function change(path, body, done) {
  try {
    const answer = await post(path, body);
    // What is done to another exam's reference is answered with that exam's view.
    show(path.endsWith("/withdraw") ? await get(base) : answer);
    toast(done, "good");
  } catch (thrown) {
    tellFault(messageOf(thrown));
  }
}
