/** The stations of a plan in ring order: add, move and remove, by buttons alone. */

/** @import { BankStation, PlanDocument, PlanStation } from "./types.js" */

import { announce } from "../announce.js";
import { byId, el, find } from "../dom.js";
import { t } from "../i18n.js";
import { stationOf } from "./document.js";

/**
 * @param {PlanDocument} plan
 * @param {BankStation[]} bank
 * @param {() => void} changed
 */
export function ringScreen(plan, bank, changed) {
  const list = byId("ring");
  byId("add").addEventListener("click", () => {
    const chosen = stationOf(bank, byId("bank", HTMLSelectElement).value);
    if (!chosen) return;
    plan.stations.push({ station: chosen.slug, people: {} });
    draw();
    changed();
    announce(t("{title} is station {number}.", { title: chosen.title, number: plan.stations.length }));
  });

  function draw() {
    list.replaceChildren(...plan.stations.map(line));
    byId("ring-none").hidden = plan.stations.length > 0;
  }

  /**
   * @param {PlanStation} one
   * @param {number} at
   */
  function line(one, at) {
    const known = stationOf(bank, one.station);
    const title = known?.title ?? one.station;
    const about = !known ? t("Not in the bank") : known.rest ? t("There is no patient here") : known.specialty;
    const tools = [
      tool(t("Up"), "up", at > 0, () => move(at, -1, "up")),
      tool(t("Down"), "down", at < plan.stations.length - 1, () => move(at, 1, "down")),
      tool(t("Remove"), "remove", true, () => remove(at)),
    ];
    for (const button of tools) button.setAttribute("aria-label", `${button.textContent}: ${at + 1}. ${title}`);
    const meets = known && !known.rest ? viva(one, title) : null;
    return el("li", {}, el("div", {}, el("h3", {}, title), el("p", { class: "soft small" }, about), meets), el("div", { class: "ring-tools" }, ...tools));
  }

  /**
   * Whether the examiner talks with the candidate.
   * @param {PlanStation} one
   * @param {string} title
   */
  function viva(one, title) {
    const box = el("input", { type: "checkbox", "aria-label": t("{title}: the examiner talks with the candidate", { title }) });
    box.checked = one.examiner_speaks === true;
    box.addEventListener("change", () => {
      if (box.checked) one.examiner_speaks = true;
      else delete one.examiner_speaks;
      changed();
    });
    return el("label", { class: "row tight small" }, box, t("The examiner talks with the candidate (viva)"));
  }

  /**
   * @param {number} at
   * @param {number} by
   * @param {string} kind the button that keeps the focus, so that pressing again moves on
   */
  function move(at, by, kind) {
    const [one] = plan.stations.splice(at, 1);
    if (one) plan.stations.splice(at + by, 0, one);
    draw();
    changed();
    find(/** @type {HTMLElement} */ (list.children[at + by]), `[data-kind=${kind}]`).focus();
    announce(t("Now station {number} of {all}.", { number: at + by + 1, all: plan.stations.length }));
  }

  /** @param {number} at */
  function remove(at) {
    plan.stations.splice(at, 1);
    draw();
    changed();
    const next = list.children[Math.min(at, list.children.length - 1)];
    (next ? find(/** @type {HTMLElement} */ (next), "[data-kind=remove]") : byId("bank")).focus();
    announce(t("It is taken out."));
  }

  return { draw };
}

/**
 * @param {string} text
 * @param {string} kind
 * @param {boolean} able
 * @param {() => void} action
 */
function tool(text, kind, able, action) {
  const made = el("button", { class: "button quiet", type: "button", "data-kind": kind, "aria-disabled": String(!able) }, text);
  made.addEventListener("click", () => able && action());
  return made;
}
