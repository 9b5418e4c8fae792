/** What the plan comes to: conflicts, remarks, the timetable, and the step that makes the exam of it. */

/** @import { BankStation, PlanConflict, PlanDocument, PlanGrid, PlanRing, PlanView } from "./types.js" */
/** @import { Step } from "./document.js" */
/** @import { Keeper } from "./keeper.js" */

import { Fault, messageOf, post } from "../api.js";
import { byId, el, setText, whileBusy } from "../dom.js";
import { t, timeOfDay, timeSpan } from "../i18n.js";
import { pageRole } from "../role.js";
import { stationOf, stepOf } from "./document.js";

/**
 * @param {PlanDocument} plan
 * @param {BankStation[]} bank
 * @param {Keeper} keeper
 * @param {(step: Step) => void} go
 */
export function checkScreen(plan, bank, keeper, go) {
  const make = byId("make");
  let sound = false;
  make.addEventListener("click", () => sound && void whileBusy(make, build));

  async function build() {
    byId("make-fault").hidden = true;
    try {
      await keeper.keep();
      // What is on the screen is what the exam is made of, for good.
      if (keeper.waiting) throw new Fault(t("The exam was not made: your last change is not saved yet. Try again when it is."));
      await post(`/api/exams/${keeper.exam}/build`, { version: keeper.version });
      keeper.close();
      location.assign(`/exams/${keeper.exam}/plan?role=${pageRole()}`);
    } catch (thrown) {
      setText(byId("make-fault"), messageOf(thrown));
      byId("make-fault").hidden = false;
    }
  }

  /** @param {PlanView} view */
  function show(view) {
    sound = view.sound && keeper.exam !== null;
    make.setAttribute("aria-disabled", String(!sound));
    const link = byId("to-blueprint", HTMLAnchorElement);
    link.hidden = !keeper.exam;
    link.href = `/exams/${keeper.exam}/blueprint?role=${pageRole()}`;
    setText(byId("sum"), summary(plan, view.rings));
    const blocking = view.conflicts.filter((one) => one.blocks);
    const remarks = view.conflicts.filter((one) => !one.blocks);
    const boxes = [blocking.length > 0 && box("bad", t("This must be corrected first"), blocking), remarks.length > 0 && box("fair", t("Allowed, but perhaps not intended"), remarks)].filter((one) => one !== false);
    byId("conflicts").replaceChildren(...boxes);
    if (view.grids) byId("grids").replaceChildren(...view.grids.map((grid, at) => table(grid, /** @type {PlanRing} */ (view.rings[at]))));
  }

  /**
   * @param {"bad" | "fair"} tone
   * @param {string} title
   * @param {PlanConflict[]} all
   */
  function box(tone, title, all) {
    return el("div", { class: "notice stack tight", "data-tone": tone }, el("h3", {}, title), el("ul", { class: "listing" }, ...all.map(line)));
  }

  /** @param {PlanConflict} one */
  function line(one) {
    const step = stepOf(one.place);
    const mend = step !== "check" && el("button", { class: "button quiet", type: "button", "aria-label": t("Put right: {what}", { what: one.message }) }, t("Put right"));
    if (mend) mend.addEventListener("click", () => go(step));
    return el("li", {}, `${one.message} `, mend);
  }

  /**
   * @param {PlanGrid} grid
   * @param {PlanRing} ring
   */
  function table(grid, ring) {
    const clock = (/** @type {number} */ ms) => (ring.planned ? timeOfDay(ms, plan.zone) : `+${Math.floor(ms / 3_600_000)}:${String(Math.floor(ms / 60_000) % 60).padStart(2, "0")}`);
    const titles = plan.stations.map((one, at) => `${at + 1}. ${stationOf(bank, one.station)?.title ?? one.station}`);
    const rows = grid.rows.map((row) => {
      const cells = row.pause ? [el("td", { colspan: titles.length }, t("Break"))] : row.cells.map((cell) => el("td", {}, cell || "–"));
      return el("tr", { class: row.pause ? "pause" : false }, el("th", { scope: "row" }, `${clock(row.starts_ms)} – ${clock(row.ends_ms)}`), ...cells);
    });
    const id = `grid-${grid.circuit.replace(/\s+/g, "-")}`;
    const head = el("tr", {}, el("th", { scope: "col" }, t("Time")), ...titles.map((one) => el("th", { scope: "col" }, one)));
    return el("section", { class: "stack tight" }, el("h3", { id }, t("Circuit {name}", { name: grid.circuit })), el("div", { class: "table-frame", role: "region", "aria-labelledby": id, tabindex: 0 }, el("table", { class: "table rounds" }, el("thead", {}, head), el("tbody", {}, ...rows))));
  }

  return { show, draw: () => {} };
}

/**
 * @param {PlanDocument} plan
 * @param {PlanRing[]} rings
 */
function summary(plan, rings) {
  if (!rings.length) return "";
  const first = Math.min(...rings.map((one) => one.starts_ms));
  const last = Math.max(...rings.map((one) => one.ends_ms));
  const made = t("{candidates} candidates, {stations} stations, {circuits} circuits.", { candidates: plan.candidates.length, stations: plan.stations.length, circuits: rings.length });
  const when = rings.every((one) => one.planned) ? timeSpan(first, last, plan.zone) : t("{n} minutes from the first bell to the last", { n: Math.round((last - first) / 60_000) });
  return `${made} ${when}.`;
}
