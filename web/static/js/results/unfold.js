/** A candidate's result unfolded: stations, their parts and items, and every key press behind an item. */

/** @import { Unfolded, UnfoldedItem, UnfoldedStation } from "./types.js" */

import { get, messageOf } from "../api.js";
import { el, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { number } from "./words.js";

let parts = 0;

/**
 * @param {HTMLTableRowElement[]} rows each with a button and the seat it is of
 * @param {string} path of the run's candidates
 * @param {string} role of the page, for links
 */
export function unfolding(rows, path, role) {
  for (const row of rows) {
    const button = /** @type {HTMLButtonElement | null} */ (row.querySelector(".results-unfold"));
    button?.addEventListener("click", () => void whileBusy(button, () => toggle(row, button, `${path}/${row.dataset.seat}`, role)));
  }
}

/**
 * @param {HTMLTableRowElement} row
 * @param {HTMLButtonElement} button
 * @param {string} path
 * @param {string} role
 */
async function toggle(row, button, path, role) {
  const open = button.getAttribute("aria-expanded") === "true";
  const made = document.getElementById(button.getAttribute("aria-controls") ?? "");
  button.setAttribute("aria-expanded", String(!open));
  if (made) return void (made.hidden = open);
  const cell = el("td", { colspan: String(row.cells.length) }, el("p", { role: "status" }, t("Reading …")));
  const part = el("tr", { id: `unfolded-${++parts}`, class: "results-part" }, cell);
  button.setAttribute("aria-controls", part.id);
  row.after(part);
  await unfoldInto(cell, path, role);
  if (row.dataset.page) cell.prepend(el("p", {}, el("a", { href: row.dataset.page }, t("All about this candidate, on one page"))));
}

/**
 * What a run says of a candidate, in a place of the page; or why that cannot be read.
 * @param {HTMLElement} place
 * @param {string} path of the candidate
 * @param {string} role of the page, for links
 */
export async function unfoldInto(place, path, role) {
  try {
    place.replaceChildren(whole(/** @type {Unfolded} */ (await get(path)), role));
  } catch (thrown) {
    place.replaceChildren(el("p", { class: "notice", "data-tone": "bad", role: "alert" }, messageOf(thrown)));
  }
}

/**
 * @param {Unfolded} one
 * @param {string} role
 */
function whole(one, role) {
  const domains = Object.entries(one.domains).map(([name, value]) => `${one.domain_titles[name]} ${number(value, 0)}`);
  return el("div", { class: "stack tight" }, el("p", { class: "figures" }, t("Domains, %: {all}", { all: domains.join(", ") })), ...one.stations.map((station) => stationPart(station, one, role)));
}

/**
 * @param {UnfoldedStation} one
 * @param {Unfolded} all
 * @param {string} role
 */
function stationPart(one, all, role) {
  const verdict = one.score === null ? t("no score") : one.cut === null ? t("{score} %, no cut", { score: number(one.score) }) : t("{score} % of at least {cut} %: {result}", { score: number(one.score), cut: number(one.cut), result: one.score >= one.cut - 1e-9 ? t("passed") : t("not passed") });
  const counted = one.attempts.find((each) => each.counts);
  const body = el("div", { class: "stack tight" }, ...one.why.map((why) => el("p", {}, why)), ...facts(one, all));
  if (one.items.length) body.append(items(one, all, counted ? `/mark/${counted.encounter}?role=${encodeURIComponent(role)}` : null));
  return el("details", { class: "card results-items" }, el("summary", {}, el("strong", {}, one.title), " ", el("span", { class: "figures" }, verdict)), body);
}

/**
 * @param {UnfoldedStation} one
 * @param {Unfolded} all
 */
function facts(one, all) {
  const made = one.parts.length > 1 ? [el("p", { class: "figures" }, t("Made of: "), one.parts.map((part) => t("{part} {percent} % (weight {weight})", { part: partName(part.part), percent: number(part.percent), weight: part.weight })).join(", "))] : [];
  const grade = one.grade && one.grade.values.some(Boolean) ? [el("p", {}, t("Global rating: {grade}", { grade: one.grade.values.filter(Boolean).join(", ") }))] : [];
  const forms = one.forms.map((form) =>
    el("p", { class: "small figures" }, t("Sheet of {who}", { who: all.people[form.author] ?? t("somebody who has left") }), form.as_decided ? t(", as it was when the run was made") : el("strong", {}, t(", which is not what the run rested on")), ` (${form.hash.slice(0, 12)})`),
  );
  const told = one.attempts.flatMap((each) => each.incidents.map((incident) => el("p", { class: "small" }, incidentWords(each.attempt, incident))));
  return [...made, ...grade, ...forms, ...told];
}

/**
 * @param {number} n
 * @param {Unfolded["stations"][number]["attempts"][number]["incidents"][number]} incident
 */
function incidentWords(n, { kind, lost_ms, decision, note }) {
  const lost = lost_ms ? t(", {seconds} s lost or disturbed", { seconds: number(lost_ms / 1000) }) : "";
  const words = t("Incident in attempt {n}: {kind}{lost}, decided: {decision}", { n, kind, lost, decision: (decision ?? t("nothing yet")).replaceAll("-", " ") });
  return note ? `${words} (${note})` : words;
}

/** @param {string} name */
function partName(name) {
  return { checklist: t("checklist"), sp_rating: t("patient’s rating"), note: t("note") }[name] ?? name;
}

/**
 * @param {UnfoldedStation} one
 * @param {Unfolded} all
 * @param {string | null} desk
 */
function items(one, all, desk) {
  const head = [t("Item"), t("Mark"), t("Points"), t("Key presses")].map((text) => el("th", { scope: "col" }, text));
  return el(
    "div",
    { class: "table-frame", role: "region", "aria-label": t("Items of {station}", { station: one.title }), tabindex: "0" },
    el("table", { class: "table figures stacked small" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...one.items.map((item) => itemRow(item, all, desk)))),
  );
}

/**
 * @param {UnfoldedItem} one
 * @param {Unfolded} all
 * @param {string | null} desk
 */
function itemRow(one, all, desk) {
  const name = el("th", { scope: "row" }, desk ? el("a", { href: `${desk}#item-${one.item}` }, one.text) : one.text);
  if (one.critical) name.append(" ", el("span", { class: "tag" }, t("critical")));
  const marks = one.values.map((value) => ({ done: t("done"), partly: t("partly"), not_done: t("not done") })[String(value)] ?? t("not marked")).join(", ");
  const settled = one.reason ? [el("p", {}, t("Settled: {why}", { why: one.reason }))] : [];
  const presses = one.changes.map((each) => el("li", {}, `${all.times[String(each.at_ms)] ?? ""}: ${said(each.value)}, ${all.people[each.author_id] ?? t("somebody who has left")}`));
  return el(
    "tr",
    {},
    name,
    el("td", { "data-label": t("Mark") }, marks || "–", ...settled),
    el("td", { "data-label": t("Points") }, one.points === null ? "–" : t("{points} of {weight}", { points: number(one.points), weight: number(one.weight) })),
    el("td", { "data-label": t("Key presses") }, presses.length ? el("ul", { class: "results-plain" }, ...presses) : "–"),
  );
}

/** @param {unknown} value */
function said(value) {
  return { done: t("done"), partly: t("partly"), not_done: t("not done") }[String(value)] ?? (value === null ? t("emptied") : String(value));
}
