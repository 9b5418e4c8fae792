/** How many circuits, and who is at each station of the one that is chosen. */

/** @import { BankStation, PlanDocument, PlanStation } from "./types.js" */

import { byId, el } from "../dom.js";
import { t } from "../i18n.js";
import { setCircuits, setPlace, stationOf } from "./document.js";

/**
 * @param {PlanDocument} plan
 * @param {BankStation[]} bank
 * @param {() => void} changed
 */
export function circuitsScreen(plan, bank, changed) {
  const count = byId("circuit-count", HTMLInputElement);
  const site = byId("circuit-site", HTMLInputElement);
  let chosen = "";
  for (const kind of ["input", "change"]) count.addEventListener(kind, () => resize(kind === "input"));

  /** @param {boolean} typing a 1 may become a 12: until it is there, nobody goes */
  function resize(typing) {
    const wanted = Math.round(count.valueAsNumber);
    const now = plan.circuits.length;
    if (!(wanted >= 1 && wanted <= 30) || wanted === now || (typing && wanted < now)) return;
    setCircuits(plan, wanted);
    draw();
    changed();
  }

  site.addEventListener("input", () => {
    const own = plan.circuits.find((one) => one.name === chosen);
    if (!own) return;
    own.site = site.value.trim();
    if (!own.site) delete own.site;
    changed();
  });

  function draw() {
    if (document.activeElement !== count) count.value = String(plan.circuits.length);
    const names = plan.circuits.map((one) => one.name);
    if (!names.includes(chosen)) chosen = names[0] ?? "A";
    byId("circuit-tabs").replaceChildren(...names.map(tab));
    byId("circuit-tabs").hidden = names.length < 2;
    known();
    byId("circuit-site-label").textContent = t("Site of circuit {name}", { name: chosen });
    // A row of one place needs no name for it, unless it has one.
    byId("circuit-site-field").hidden = names.length < 2 && !plan.circuits[0]?.site;
    if (document.activeElement !== site) site.value = plan.circuits.find((one) => one.name === chosen)?.site ?? "";
    byId("circuit-places").replaceChildren(...(plan.stations.length ? plan.stations.map(line) : [el("p", { class: "soft" }, t("Choose the stations first."))]));
  }

  /** @param {string} name */
  function tab(name) {
    const button = el("button", { type: "button", "aria-pressed": String(name === chosen) }, t("Circuit {name}", { name }));
    button.addEventListener("click", () => {
      chosen = name;
      draw();
      /** @type {HTMLElement | null} */ (byId("circuit-tabs").querySelector("[aria-pressed=true]"))?.focus();
    });
    return button;
  }

  /**
   * @param {PlanStation} station
   * @param {number} at
   */
  function line(station, at) {
    const bankOne = stationOf(bank, station.station);
    const heading = el("h3", {}, `${at + 1}. ${bankOne?.title ?? station.station}`);
    if (bankOne?.rest) return el("div", { class: "place" }, heading, el("p", { class: "soft" }, t("There is no patient here")));
    const where = { circuit: chosen, number: at + 1 };
    const several = plan.circuits.length > 1;
    const patient = station.examiner_speaks ? t("nobody: the examiner speaks") : several ? t("Patient {circuit} {number}", where) : t("Patient {number}", where);
    const examiner = !station.examiner_speaks ? t("Examiner") : several ? t("Examiner {circuit} {number}", where) : t("Examiner {number}", where);
    return el("div", { class: "place" }, heading, field(station, at, "sp", t("Patient played by"), patient), field(station, at, "examiner", t("Examiner"), examiner));
  }

  /**
   * @param {PlanStation} station
   * @param {number} at
   * @param {"sp" | "examiner"} role
   * @param {string} label
   * @param {string} placeholder
   */
  function field(station, at, role, label, placeholder) {
    const id = `${role}-${at}`;
    const circuit = chosen;
    const input = el("input", { class: "input", id, maxlength: 200, list: `known-${role}`, placeholder, autocomplete: "off", value: station.people[circuit]?.[role] ?? "" });
    input.addEventListener("input", () => {
      setPlace(station, circuit, role, input.value.trim());
      changed();
    });
    input.addEventListener("change", known);
    return el("div", { class: "field" }, el("label", { for: id }, label), input);
  }

  /** Names that were typed before, to choose from. */
  function known() {
    byId("known-sites").replaceChildren(...[...new Set(plan.circuits.map((one) => one.site ?? ""))].filter(Boolean).map((value) => el("option", { value })));
    for (const role of /** @type {("sp" | "examiner")[]} */ (["sp", "examiner"])) {
      const names = plan.stations.flatMap((one) => Object.values(one.people).map((place) => place[role] ?? ""));
      names.push(...plan.people.filter((one) => one.role === role).map((one) => one.name));
      byId(`known-${role}`).replaceChildren(...[...new Set(names)].filter(Boolean).map((value) => el("option", { value })));
    }
  }

  return { draw };
}
