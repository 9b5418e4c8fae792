/** Candidates from a list: read by the server, shown with every fault, and only then taken. */

/** @import { PlanCandidate, PlanDocument } from "./types.js" */

import { announce } from "../announce.js";
import { messageOf, post } from "../api.js";
import { byId, el, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

/** @typedef {{row: number, column: string, message: string, blocks: boolean}} Finding */
/** @typedef {{sound: boolean, candidates: PlanCandidate[], findings: Finding[]}} Found */

const SHOWN = 50;

/**
 * @param {PlanDocument} plan
 * @param {() => void} changed
 */
export function candidatesScreen(plan, changed) {
  const file = byId("list-file", HTMLInputElement);
  const text = byId("list-text", HTMLTextAreaElement);
  const found = byId("list-found");
  /** Only what was read last is offered. */
  let asked = 0;
  file.addEventListener("change", async () => {
    const [one] = file.files ?? [];
    if (one) await read(one.name, new Uint8Array(await one.arrayBuffer()));
    file.value = "";
  });
  byId("list-read").addEventListener("click", () => void whileBusy(byId("list-read"), () => read("pasted.txt", new TextEncoder().encode(text.value))));

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   */
  async function read(name, bytes) {
    const mine = ++asked;
    found.replaceChildren(el("p", {}, t("Reading…")));
    try {
      if (bytes.length > 170_000) throw new RangeError(t("The file is too large for a list of candidates: at most 170 kB. Save its list alone as .csv, and choose that."));
      const content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
      const list = /** @type {Found} */ (await post("/api/candidates", { name, content }));
      if (mine === asked) offer(list);
    } catch (thrown) {
      if (mine !== asked) return;
      const said = thrown instanceof RangeError ? thrown.message : messageOf(thrown);
      found.replaceChildren(el("p", { class: "notice", "data-tone": "bad" }, said));
    }
  }

  /** @param {Found} list */
  function offer(list) {
    const lines = list.findings.slice(0, SHOWN).map((one) => el("li", {}, `${place(one)}: ${one.message}`));
    if (list.findings.length > SHOWN) lines.push(el("li", {}, t("And {n} more.", { n: list.findings.length - SHOWN })));
    const sum = list.candidates.length === 1 ? t("1 candidate was read.") : t("{n} candidates were read.", { n: list.candidates.length });
    const next = list.sound ? t("Nothing is imported yet.") : t("Nothing was imported: correct the list, then read it again.");
    const box = el("div", { class: "notice stack tight", "data-tone": list.sound ? "good" : "bad" }, el("p", {}, el("strong", {}, sum), ` ${next}`));
    if (lines.length) box.append(el("ul", { class: "listing" }, ...lines));
    const there = plan.candidates.length;
    if (list.sound && there === 0) box.append(el("p", { class: "row" }, taking(t("Take these"), "primary", () => list.candidates)));
    // Whoever adds a second list must not lose the first by pressing the nearer button.
    else if (list.sound) box.append(el("p", { class: "row" }, taking(t("Add these"), "primary", () => [...plan.candidates, ...list.candidates]), taking(t("Take these in place of the {n} below", { n: there }), "danger", () => list.candidates)));
    found.replaceChildren(box);
  }

  /**
   * @param {string} words
   * @param {"primary" | "danger"} kind
   * @param {() => PlanCandidate[]} all
   */
  function taking(words, kind, all) {
    const button = el("button", { class: `button ${kind}`, type: "button" }, words);
    button.addEventListener("click", () => {
      plan.candidates = all();
      text.value = "";
      found.replaceChildren();
      draw();
      changed();
      announce(t("{n} candidates are in the plan.", { n: plan.candidates.length }));
      byId("candidates-title").focus();
    });
    return button;
  }

  function draw() {
    const box = byId("candidates");
    if (!plan.candidates.length) {
      box.replaceChildren(el("p", { class: "soft" }, t("There is no candidate yet.")));
      return;
    }
    const heads = [t("Number"), t("Name"), t("E-mail"), t("Group"), t("Extra time, %"), ...(plan.circuits.length > 1 ? [t("Circuit")] : []), ""];
    const head = el("tr", {}, ...heads.map((one) => (one ? el("th", { scope: "col" }, one) : el("th", { scope: "col" }, el("span", { class: "unseen" }, t("Remove"))))));
    const body = plan.candidates.map(row);
    const table = el("table", { class: "table candidates" }, el("thead", {}, head), el("tbody", {}, ...body));
    box.replaceChildren(el("div", { class: "table-frame", role: "region", "aria-label": t("The candidates"), tabindex: 0 }, table));
  }

  /**
   * @param {PlanCandidate} one
   * @param {number} at
   */
  function row(one, at) {
    const number = one.number || `C${String(at + 1).padStart(2, "0")}`;
    const extra = el("input", { class: "input", type: "number", min: 0, max: 200, value: one.extra_percent || "", "aria-label": t("Extra time of {name}, in percent", { name: one.name }) });
    extra.addEventListener("input", () => {
      one.extra_percent = extra.value ? Math.round(extra.valueAsNumber) : 0;
      changed();
    });
    const remove = el("button", { class: "button quiet", type: "button", "aria-label": t("Remove {name}", { name: one.name }) }, t("Remove"));
    remove.addEventListener("click", () => {
      plan.candidates.splice(plan.candidates.indexOf(one), 1);
      draw();
      changed();
      byId("candidates-title").focus();
    });
    return el("tr", {}, el("td", {}, number), el("th", { scope: "row" }, one.name), el("td", {}, one.email ?? ""), el("td", {}, one.group ?? ""), el("td", {}, extra), plan.circuits.length > 1 && el("td", {}, circuitOf(one)), el("td", {}, remove));
  }

  /** @param {PlanCandidate} one */
  function circuitOf(one) {
    const names = plan.circuits.map((circuit) => circuit.name);
    const select = el("select", { class: "input", "aria-label": t("Circuit of {name}", { name: one.name }) }, el("option", { value: "" }, t("Any")), ...names.map((value) => el("option", { value, selected: one.circuit === value }, value)));
    select.addEventListener("change", () => {
      one.circuit = select.value;
      changed();
    });
    return select;
  }

  return { draw };
}

/** @param {Finding} one */
function place(one) {
  return one.column ? t("Row {row}, column {column}", { row: one.row, column: one.column }) : t("Row {row}", { row: one.row });
}
