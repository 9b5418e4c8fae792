/** The incident ledger: what was disrupted, what the exam's policy proposes, and what somebody decided. */

/** @import { Actions } from "./actions.js" */
/** @import { Board } from "./board.js" */
/** @import { DayIncident, Decision } from "../types.js" */

import { duration } from "../clock.js";
import { byId, el, setText, state, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { calledName } from "./board.js";
import { whereWords } from "./troubles.js";
import { decisionWords, exactTime, incidentWords } from "./words.js";

/** @type {Decision[]} */
const DECISIONS = ["none", "add-time", "re-run", "void"];

/** So many rows are drawn until all are asked for: where a line fails, everybody's incidents come together. */
const FIRST = 30;

export class Ledger {
  /** @type {Map<string, {row: HTMLElement, shape: string, tell: (one: DayIncident) => void}>} */ #rows = new Map();
  #body = byId("ledger-rows");
  #more = byId("ledger-more", HTMLButtonElement);
  #most = FIRST;

  /**
   * @param {Board} board
   * @param {Actions} actions
   * @param {Record<string, boolean>} may
   * @param {string} zone
   * @param {(incident: DayIncident) => void} onopen
   */
  constructor(board, actions, may, zone, onopen) {
    this.board = board;
    this.actions = actions;
    this.may = may;
    this.zone = zone;
    this.onopen = onopen;
    this.#more.addEventListener("click", () => {
      const drawn = this.#body.children.length;
      this.#showAll();
      this.#body.children[drawn]?.querySelector("button")?.focus();
    });
  }

  #showAll() {
    this.#most = Infinity;
    this.show();
  }

  show() {
    const all = [...this.board.incidents.values()].sort((a, b) => Number(a.decision !== null) - Number(b.decision !== null) || b.opened_ms - a.opened_ms);
    const open = all.filter(({ decision }) => decision === null).length;
    setText(byId("tab-incidents-count"), open ? `(${open})` : "");
    byId("no-incidents").hidden = all.length > 0;
    byId("ledger").hidden = all.length === 0;
    const held = this.#body.contains(document.activeElement) || this.#body.querySelector("button:hover, select:hover") !== null;
    this.#more.hidden = all.length <= this.#most;
    setText(this.#more, t("Show all {n} incidents", { n: all.length }));
    const shown = all.filter(({ id }, index) => index < this.#most || isInHand(this.#rows.get(id)?.row));
    if (!held) this.#keep(new Set(shown.map(({ id }) => id)));
    shown.forEach((one, index) => {
      const known = this.#rows.get(one.id);
      const { closed_ms, lost_audio_ms, lost_video_ms, ...rest } = one;
      const shape = JSON.stringify(rest);
      // While it goes on only what `tell` tells changes; and a half-made decision is not swept away.
      if (known && (known.shape === shape || (one.decision === null && isInHand(known.row)))) {
        known.tell(one);
        return this.#put(known.row, index, held);
      }
      const { row, tell } = this.#row(one);
      const focused = known?.row.contains(document.activeElement);
      if (known) known.row.replaceWith(row);
      // Somebody else decided meanwhile: the keyboard stays in the row.
      if (focused) row.querySelector("button")?.focus();
      this.#rows.set(one.id, { row, shape, tell });
      this.#put(row, index, held);
    });
  }

  /** @param {string} id */
  focus(id) {
    if (!this.#rows.has(id)) this.#showAll();
    const row = this.#rows.get(id)?.row;
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector("select")?.focus();
  }

  /** @param {Set<string>} ids whose rows stay */
  #keep(ids) {
    for (const [id, { row }] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
  }

  /**
   * @param {HTMLElement} row
   * @param {number} index
   * @param {boolean} held
   */
  #put(row, index, held) {
    if (this.#body.children[index] !== row && !(held && row.isConnected)) this.#body.insertBefore(row, this.#body.children[index] ?? null);
  }

  /** @param {DayIncident} one */
  #row(one) {
    const encounter = one.encounter === null ? null : (this.board.encounters.get(one.encounter) ?? null);
    const person = this.board.people.get(one.seat ?? "");
    const [times, goesOn] = [el("span"), state("bad", t("goes on"))];
    const [lost, proposal] = [el("td", { class: "figures", "data-label": t("Lost") }), el("td", { "data-label": t("Proposal") })];
    const tell = (/** @type {DayIncident} */ now) => {
      setText(times, `${exactTime(now.opened_ms, this.zone)}${now.closed_ms === null ? " " : `–${exactTime(now.closed_ms, this.zone)}`}`);
      goesOn.hidden = now.closed_ms !== null;
      const parts = [
        now.lost_audio_ms ? t("sound {length}", { length: duration(now.lost_audio_ms / 1000) }) : "",
        now.lost_video_ms ? t("picture {length}", { length: duration(now.lost_video_ms / 1000) }) : "",
      ].filter(Boolean);
      setText(lost, parts.join(", ") || "–");
      setText(proposal, decisionWords(now.proposal));
    };
    tell(one);
    const where = el("button", { class: "button quiet", type: "button", disabled: encounter === null }, encounter ? whereWords(encounter) : t("The exam"));
    where.addEventListener("click", () => this.onopen(one));
    const row = el(
      "tr",
      { "data-incident": one.id },
      el("td", { class: "figures", "data-label": t("When") }, times, goesOn),
      el("th", { scope: "row" }, person ? calledName(person) : t("Everyone")),
      el("td", { "data-label": t("Where") }, where),
      el("td", { "data-label": t("What") }, incidentWords(one.kind)),
      lost,
      proposal,
      el("td", { "data-label": t("Decision") }, this.#decision(one)),
    );
    return { row, tell };
  }

  /** @param {DayIncident} one */
  #decision(one) {
    if (one.decision !== null) {
      const by = [one.decided_by, one.decided_ms === null ? null : exactTime(one.decided_ms, this.zone)].filter(Boolean).join(", ");
      return el("div", {}, state("good", decisionWords(one.decision)), el("span", { class: "soft small" }, ` ${by}`), one.note ? el("p", { class: "small" }, one.note) : null);
    }
    if (!this.may.run) return state("fair", t("Not yet decided"));
    const choice = el("select", { class: "input", "aria-label": t("Decision") }, ...DECISIONS.map((each) => el("option", { value: each, selected: each === one.proposal }, decisionWords(each))));
    const note = el("input", { class: "input", "aria-label": t("Note"), placeholder: t("Note"), maxlength: 1000 });
    const go = el("button", { class: "button", type: "button" }, t("Decide"));
    go.addEventListener("click", () => void whileBusy(go, async () => {
      const decided = await this.actions.decide(one.id, /** @type {Decision} */ (choice.value), note.value.trim());
      if (decided && choice.value !== "none") this.onopen(one);
      // A reason that was missing is given where one is.
      if (!decided && note.isConnected) note.focus();
    }));
    return el("div", { class: "decide" }, choice, note, go);
  }
}

/**
 * Whether somebody is at it: the keyboard is in it, or a decision is half made.
 * @param {HTMLElement | undefined} row
 */
function isInHand(row) {
  if (!row) return false;
  const chosen = row.querySelector("option:checked");
  return row.contains(document.activeElement) || Boolean(row.querySelector("input")?.value) || (chosen instanceof HTMLOptionElement && !chosen.defaultSelected);
}
