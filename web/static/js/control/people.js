/** The waiting room: who is there, ready, and who they are said to be. */

/** @import { Actions } from "./actions.js" */
/** @import { Board } from "./board.js" */
/** @import { DayPerson, Tone, Verdict } from "../types.js" */

import { byId, el, icon, setState, setText, state, whileBusy } from "../dom.js";
import { shortRoleName, t, timeOfDay } from "../i18n.js";
import { calledName, onCamera } from "./board.js";
import { whereWords } from "./troubles.js";

/** @type {Record<Verdict, Tone>} */
const TONE = { ready: "good", "will-do": "fair", "not-ready": "bad" };

/** @type {Record<string, (person: DayPerson) => boolean>} */
const FILTERS = {
  all: () => true,
  away: ({ present }) => !present,
  "not-ready": (person) => onCamera(person) && (!person.consented || person.check === null || person.check === "not-ready"),
  unknown: ({ role, identified }) => role === "candidate" && identified === null,
};

export class PeopleTable {
  /** @type {Map<string, PersonRow>} */ #rows = new Map();
  #body = byId("people");
  #filter = byId("people-filter", HTMLSelectElement);
  #search = byId("people-search", HTMLInputElement);

  /**
   * @param {Board} board
   * @param {Actions} actions
   * @param {Record<string, boolean>} may
   * @param {string} zone
   * @param {(person: DayPerson) => void} onwrite
   */
  constructor(board, actions, may, zone, onwrite) {
    this.board = board;
    this.make = () => new PersonRow(actions, may, zone, onwrite);
    for (const field of [this.#filter, this.#search]) field.addEventListener("input", () => this.show());
  }

  show() {
    const all = [...this.board.people.values()];
    const here = all.filter(({ present }) => present).length;
    setText(byId("tab-people-count"), t("{here} of {all} here", { here, all: all.length }));
    if (byId("panel-people-tab").hidden) return;
    const wanted = FILTERS[this.#filter.value] ?? (() => true);
    const words = this.#search.value.trim().toLowerCase();
    let shown = 0;
    all.forEach((person, index) => {
      const row = this.#rows.get(person.seat) ?? this.make();
      this.#rows.set(person.seat, row);
      const encounter = this.board.whereIs(person.seat);
      row.show(person, encounter ? whereWords(encounter) : "");
      // Who is being seen to stays, whatever the filter says now.
      const visible = (wanted(person) && calledName(person).toLowerCase().includes(words)) || row.element.contains(document.activeElement);
      if (row.element.hidden === visible) row.element.hidden = !visible;
      if (visible) shown++;
      if (this.#body.children[index] !== row.element) this.#body.insertBefore(row.element, this.#body.children[index] ?? null);
    });
    setText(byId("people-shown"), t("{n} shown", { n: shown }));
  }
}

class PersonRow {
  #name = el("th", { scope: "row" });
  #role = el("td");
  #where = el("td", { class: "figures" });
  #presence = state("idle", "");
  #consent = state("idle", "");
  #check = state("idle", "");
  #known = state("idle", "");
  #ticks = el("span", { class: "row ticks" });
  /** @type {DayPerson | null} */ person = null;

  /**
   * @param {Actions} actions
   * @param {Record<string, boolean>} may
   * @param {string} zone
   * @param {(person: DayPerson) => void} onwrite
   */
  constructor(actions, may, zone, onwrite) {
    this.zone = zone;
    this.may = may;
    const button = (/** @type {(Node | string)[]} */ content, /** @type {(person: DayPerson) => unknown} */ act) => {
      const made = el("button", { class: "button", type: "button" }, ...content);
      made.addEventListener("click", () => void whileBusy(made, async () => this.person && act(this.person)));
      return made;
    };
    this.link = button([icon("link"), t("New link")], (person) => actions.replaceLink(person));
    this.write = button([t("Message")], onwrite);
    this.photo = button([icon("check"), t("Photo")], (person) => actions.identify(person, "photo"));
    this.number = button([icon("check"), t("Number")], (person) => actions.identify(person, "number"));
    this.#ticks.append(this.photo, this.number);
    const cell = (/** @type {string} */ label, /** @type {Node[]} */ ...content) => el("td", { "data-label": label }, ...content);
    this.element = el(
      "tr",
      {},
      this.#name,
      this.#role,
      this.#where,
      cell(t("Now"), this.#presence),
      cell(t("Consent"), this.#consent),
      cell(t("Equipment"), this.#check),
      cell(t("Identity"), this.#known, this.#ticks),
      el("td", {}, el("span", { class: "row" }, this.write, this.link)),
    );
  }

  /**
   * @param {DayPerson} person
   * @param {string} where
   */
  show(person, where) {
    this.person = person;
    setText(this.#name, calledName(person));
    setText(this.#role, shortRoleName(person.role));
    setText(this.#where, where);
    setState(this.#presence, person.present ? "good" : "idle", person.present ? t("Here") : t("Not here"));
    this.link.hidden = !this.may.links || !(this.may.run || onCamera(person));
    this.#showReadiness(person);
    this.#showIdentity(person);
    const names = /** @type {[HTMLElement, string][]} */ ([
      [this.link, t("New link for {name}", { name: person.name })],
      [this.write, t("Message to {name}", { name: person.name })],
      [this.photo, t("{name}: known by the photo", { name: person.name })],
      [this.number, t("{name}: known by the number", { name: person.name })],
    ]);
    for (const [button, label] of names) if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  }

  /** @param {DayPerson} person */
  #showReadiness(person) {
    if (!onCamera(person)) {
      setState(this.#consent, "idle", t("Not needed"));
      return setState(this.#check, "idle", t("Not needed"));
    }
    setState(this.#consent, person.consented ? "good" : "idle", person.consented ? t("Given") : t("Not yet given"));
    const words = { ready: t("Ready"), "will-do": t("Will do"), "not-ready": t("Not ready") };
    if (person.check) setState(this.#check, TONE[person.check], words[person.check]);
    else setState(this.#check, "idle", t("Not yet checked"));
  }

  /** @param {DayPerson} person */
  #showIdentity({ role, identified }) {
    const how = { photo: t("By photo"), number: t("By number") };
    this.#known.hidden = role !== "candidate";
    if (identified) setState(this.#known, "good", `${how[identified.how]}, ${timeOfDay(identified.at_ms, this.zone)}`);
    else setState(this.#known, "idle", t("Not ticked off"));
    const ticks = role === "candidate" && identified === null && Boolean(this.may.supervise);
    if (this.#ticks.hidden === ticks) this.#ticks.hidden = !ticks;
    this.#known.classList.toggle("unseen", ticks);
  }
}
