/** The desk on a reference recording: what it is for, and once an attempt is submitted how far it is from the agreed marks. */

/** @import { MarkForm } from "./mark-form.js" */
/** @import { DeskData, Evidence } from "./types.js" */

import { toast } from "../announce.js";
import { get, messageOf, post } from "../api.js";
import { duration } from "../clock.js";
import { ask } from "../dialog.js";
import { byId, el, find, icon, state, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { gradeName, markName } from "./sheet.js";

/** @typedef {{item: string, agreed: string, own: string, points: number, critical: boolean, explanation: string, moments: Evidence[]}} Difference */
/** @typedef {{attempt: number, items: Difference[], global: {agreed: string | null, steps: number | null}, explanation: string, equal: number, points: number}} Differences */

export class Agreed {
  #page;
  #hear;
  #shown = false;

  /**
   * @param {DeskData} page
   * @param {(at_ms: number) => void} hear plays from a moment on
   */
  constructor(page, hear) {
    this.#page = page;
    this.#hear = hear;
  }

  /** Shows what belongs to the form's state. @param {MarkForm} form */
  async show(form) {
    if (form.kind === "mark" || this.#shown) return;
    const box = byId("agreed");
    if (form.kind === "reference") {
      box.hidden = form.locked;
      return box.replaceChildren(el("p", { class: "small" }, t("These marks are shown to examiners once they have submitted theirs. Say in an item’s comment why it is so, and attach the moment that decides it. When you submit, the reference opens.")));
    }
    box.hidden = false;
    if (!form.locked) return box.replaceChildren(el("p", { class: "small soft" }, t("For practice: it counts for nobody’s result. You see the agreed marks when you have submitted yours.")));
    try {
      const found = /** @type {Differences} */ (await get(`/api/references/${this.#page.encounter}/differences`));
      this.#shown = true;
      this.#tell(box, found);
      for (const one of found.items) find(byId(`item-${one.item}`), ".item-group").after(this.#difference(one));
      if (found.global.agreed) byId("global").append(el("div", { class: "agreed", "data-equal": found.global.steps === 0 }, this.#gradeWords(found)));
    } catch (thrown) {
      box.replaceChildren(el("p", { class: "notice", "data-tone": "bad" }, messageOf(thrown)));
    }
  }

  /**
   * @param {HTMLElement} box
   * @param {Differences} found
   */
  #tell(box, found) {
    const apart = found.items.filter((one) => one.agreed !== one.own);
    const jump = apart.map((one) => {
      const number = this.#page.items.findIndex((item) => item.id === one.item) + 1;
      const link = el("a", { class: "button small", href: `#item-${one.item}`, "data-critical": one.critical }, one.critical ? t("Item {number}, critical", { number }) : t("Item {number}", { number }));
      return el("li", {}, link);
    });
    const again = el("button", { class: "button", type: "button", id: "again" }, t("Mark again from the start …"));
    again.addEventListener("click", () => void whileBusy(again, () => this.#again()));
    box.replaceChildren(
      el("h3", {}, t("{equal} of {all} items agree", { equal: found.equal, all: found.items.length })),
      el("p", {}, pointsWords(found.points)),
      ...(found.explanation ? [el("p", { class: "kept-text" }, found.explanation)] : []),
      ...(apart.length ? [el("p", { class: "small soft" }, t("Marked differently:")), el("ul", { class: "agreed-jump" }, ...jump)] : []),
      again,
    );
  }

  /** @param {Difference} one */
  #difference(one) {
    const equal = one.agreed === one.own;
    const words = equal ? t("As agreed: {agreed}", { agreed: markName(one.agreed) }) : t("Agreed: {agreed}. You: {own} ({points})", { agreed: markName(one.agreed), own: markName(one.own), points: signed(one.points) });
    const moments = one.moments.map((moment) => {
      const time = duration(moment.from_ms / 1000);
      const play = el("button", { class: "button", type: "button", "aria-label": t("Play the moment at {time}", { time }) }, icon("play"), time);
      play.addEventListener("click", () => this.#hear(moment.from_ms));
      return el("li", {}, play, moment.quote ? el("q", { class: "small" }, moment.quote) : null);
    });
    return el(
      "div",
      { class: "agreed", "data-equal": equal },
      state(equal ? "good" : one.critical ? "bad" : "fair", words),
      one.explanation ? el("p", { class: "kept-text" }, one.explanation) : null,
      moments.length ? el("ul", { class: "agreed-moments" }, ...moments) : null,
    );
  }

  /** @param {Differences} found */
  #gradeWords({ global: { agreed, steps } }) {
    if (steps === null || steps === 0) return state("good", t("As agreed: {agreed}", { agreed: gradeName(agreed) }));
    const far = Math.abs(steps) === 1 ? t("one step") : t("{n} steps", { n: Math.abs(steps) });
    return state("fair", steps > 0 ? t("Agreed: {agreed}. Yours is {far} higher", { agreed: gradeName(agreed), far }) : t("Agreed: {agreed}. Yours is {far} lower", { agreed: gradeName(agreed), far }));
  }

  async #again() {
    const sure = await ask({ title: t("Mark again from the start?"), text: t("The sheet is emptied for a new attempt. Your attempts so far are kept, and the organiser sees that there were several."), action: t("Mark again") });
    if (!sure) return;
    try {
      await post(`/api/references/${this.#page.encounter}/again`, {});
      location.reload();
    } catch (thrown) {
      toast(messageOf(thrown), "bad");
    }
  }
}

/** @param {number} points own less agreed */
function pointsWords(points) {
  const size = Math.abs(points).toFixed(1);
  if (size === "0.0") return t("Your total is that of the agreed marks.");
  return points > 0 ? t("Your total is {n} points above the agreed one: more lenient.", { n: size }) : t("Your total is {n} points below the agreed one: more stringent.", { n: size });
}

/** @param {number} points */
function signed(points) {
  const size = Math.abs(points).toFixed(1);
  return points < 0 ? t("{n} points lower", { n: size }) : t("{n} points higher", { n: size });
}
