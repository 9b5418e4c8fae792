/** /exams/new: a plan for an exam, said back in plain words while it is written, then made. */

/** @import { BankStation } from "../plan.js" */
/** @import { PersonsLink } from "./new-exam-links.js" */

import { Fault, messageOf, post } from "../api.js";
import { byId, el, find, pageData, setText, whileBusy } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";
import { candidateCount, crowded, namesIn, remarks, stationCount, summary } from "../plan.js";
import { showLinks } from "./new-exam-links.js";
import { Ring } from "./new-exam-ring.js";

const { stations } = /** @type {{stations: BankStation[]}} */ (pageData());
const form = byId("form", HTMLFormElement);
const title = byId("title", HTMLInputElement);
const zone = byId("zone", HTMLInputElement);
const examiner = byId("examiner", HTMLInputElement);
const candidates = byId("candidates", HTMLTextAreaElement);
const bank = byId("bank", HTMLSelectElement);
const zones = new Map([...Intl.supportedValuesOf("timeZone"), "UTC"].map((name) => [name.toLowerCase(), name]));
const ring = new Ring(show);
/** Whether leaving the page would cost something: a plan that is not made yet, or links that nobody has kept. */
let unsaved = false;

byId("zones").replaceChildren(...[...zones.values()].map((value) => el("option", { value })));
zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
byId("add").addEventListener("click", () => {
  const chosen = stations.find((one) => one.hash === bank.value);
  if (chosen) ring.add(chosen);
});
form.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void whileBusy(byId("make"), make);
});
addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
show();
unsaved = false;

/** Says what the plan comes to. A fault that was told goes as soon as it is mended; new ones are told when it is sent. */
function show() {
  unsaved = true;
  const names = namesIn(candidates.value);
  const told = [crowded(ring.stations, names), summary(ring.stations, names)].find(Boolean);
  const sum = byId("sum");
  sum.dataset.tone = crowded(ring.stations, names) ? "fair" : "";
  const text = told ?? t("Choose stations and name the candidates: what the exam comes to is said here.");
  const asides = remarks(ring.stations, names);
  if (sum.dataset.said !== [text, ...asides].join("\n")) {
    sum.dataset.said = [text, ...asides].join("\n");
    sum.replaceChildren(el("p", {}, text), ...(asides.length ? [el("ul", {}, ...asides.map((one) => el("li", {}, one)))] : []));
  }
  const known = zones.get(zone.value.trim().toLowerCase());
  setText(byId("zone-now"), known ? t("It is {time} there now.", { time: timeOfDay(Date.now(), known) }) : t("Such as Europe/London."));
  const faults = faultsNow();
  for (const [id, fault] of Object.entries(faults)) if (!fault) tell(id, "");
}

/** @returns {Record<string, string>} by the id of the field, in the page's order; empty where all is well */
function faultsNow() {
  const names = namesIn(candidates.value);
  return {
    title: title.value.trim() ? "" : t("Give the exam a title."),
    zone: zones.has(zone.value.trim().toLowerCase()) ? "" : t("There is no such time zone. Choose one of the list."),
    bank: ring.stations.length ? "" : t("Add at least one station."),
    candidates: names.length ? tooMany(names.length) : t("Name at least one candidate."),
  };
}

/** @param {number} n the count of candidates; what to do about it is said with the sum */
function tooMany(n) {
  return crowded(ring.stations, namesIn(candidates.value)) && t("{candidates} are too many for {stations}.", { candidates: candidateCount(n), stations: stationCount(ring.stations.length) });
}

/**
 * @param {string} id
 * @param {string} fault
 */
function tell(id, fault) {
  const place = byId(`${id === "bank" ? "ring" : id}-fault`);
  setText(place, fault);
  place.hidden = !fault;
  find(form, `#${id}`).setAttribute("aria-invalid", String(Boolean(fault)));
}

async function make() {
  const faults = Object.entries(faultsNow());
  for (const [id, fault] of faults) tell(id, fault);
  const first = faults.find(([, fault]) => fault);
  byId("fault").hidden = true;
  if (first) return byId(first[0]).focus();
  const names = namesIn(candidates.value);
  const plan = {
    title: title.value.trim(),
    zone: zones.get(zone.value.trim().toLowerCase()),
    stations: ring.stations.map((one) => one.hash),
    candidates: names,
    sps: ring.sps,
    examiner: examiner.value.trim(),
  };
  try {
    const made = /** @type {{exam: string, links: PersonsLink[]}} */ (await post("/api/exams", plan));
    showLinks(made, plan.title, summary(ring.stations, names), ring.stations, () => (unsaved = false));
  } catch (thrown) {
    const lost = thrown instanceof Fault && thrown.status === 0;
    setText(byId("fault"), lost ? `${messageOf(thrown)} ${t("If the exam is on the Exams page by then, it was made: its links are then replaced on its control page.")}` : messageOf(thrown));
    byId("fault").hidden = false;
  }
}
