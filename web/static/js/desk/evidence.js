/** What was found for the items of the sheet: moments to hear and to attach. Nothing here marks anything. */

/** @import { Evidence, EvidenceData, FoundMoment, Item } from "./types.js" */
/** @import { Lanes } from "./lanes.js" */
/** @import { DeskSettings } from "./settings.js" */

import { announce, toast } from "../announce.js";
import { get, messageOf } from "../api.js";
import { duration } from "../clock.js";
import { byId, el, find, icon, setText } from "../dom.js";
import { shortRoleName, t } from "../i18n.js";

const POLL_MS = 3000;
/** A correction is read for its meaning within a moment; several in a row are asked about once. */
const REFRESH_MS = 2500;

export class FoundEvidence {
  /** @type {Lanes | null} */ lanes = null;
  #encounter;
  #items;
  #settings;
  #onlisten;
  /** Attaches a moment to an item; null where nobody marks. @type {((item: string, moment: Evidence) => void) | null} */ #onattach;
  /** @type {EvidenceData | null} */ #data = null;
  /** @type {string | null} */ #current = null;
  /** Which moment of an item was heard last. @type {Map<string, number>} */ #heard = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #asked = 0;

  /**
   * @param {string} encounter
   * @param {Item[]} items
   * @param {DeskSettings} settings
   * @param {(at_ms: number) => void} onlisten
   * @param {((item: string, moment: Evidence) => void) | null} onattach
   */
  constructor(encounter, items, settings, onlisten, onattach) {
    this.#encounter = encounter;
    this.#items = items;
    this.#settings = settings;
    this.#onlisten = onlisten;
    this.#onattach = onattach;
    byId("evidence-switch").addEventListener("click", () => this.toggle());
    let on = settings.now.evidence;
    settings.listen((now) => {
      if (now.evidence && !on) void this.load();
      on = now.evidence;
      this.draw();
    });
  }

  /** Asks what was found; while it is being looked for, again and again. Hidden evidence is not asked for, so it is not shown. */
  async load() {
    clearTimeout(this.#timer);
    if (!this.#settings.now.evidence) return;
    const asked = ++this.#asked;
    try {
      const data = /** @type {EvidenceData} */ (await get(`/api/encounters/${this.#encounter}/evidence`));
      if (asked !== this.#asked) return;
      this.#data = data;
    } catch (thrown) {
      if (this.#data?.state !== "ready") this.#data = { state: "waiting", rule: "always", message: messageOf(thrown), method: "", items: {} };
    }
    this.draw();
    if (this.#data.state === "waiting" || this.#data.large_model?.state === "asking") this.#timer = setTimeout(() => void this.load(), POLL_MS);
  }

  /** The words changed, so what they mean may. */
  changed() {
    if (this.#data?.state === "ready") this.#again();
  }

  /** A mark was saved: by some exams' rule its evidence may now be seen. */
  marked() {
    if (this.#data?.rule === "after") this.#again(0);
  }

  /** @param {number} [after_ms] */
  #again(after_ms = REFRESH_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), after_ms);
  }

  /** Shows all evidence, or hides it. */
  toggle() {
    const evidence = !this.#settings.now.evidence;
    this.#settings.change({ evidence });
    announce(evidence ? t("Evidence is shown") : t("Evidence is hidden"));
  }

  /** @param {string | null} item that has the keyboard */
  at(item) {
    if (item === this.#current) return;
    this.#current = item;
    this.#mark();
  }

  /** Plays the next of the moments that were found for the item at hand. */
  next() {
    const moments = this.#moments();
    if (!this.#current || moments.length === 0) return toast(this.#why(), "idle");
    const number = ((this.#heard.get(this.#current) ?? -1) + 1) % moments.length;
    this.#hear(this.#current, number);
    const one = moments[number];
    if (one) announce(t("{number} of {total}, {strength}: {quote}", { number: number + 1, total: moments.length, strength: strengthName(one.strength), quote: one.quote }));
  }

  /** Attaches the moment that was heard last, or the first. */
  attach() {
    const moment = this.#moments()[this.#heard.get(this.#current ?? "") ?? 0];
    if (!this.#current || !moment) return toast(this.#why(), "idle");
    this.#attach(this.#current, moment);
  }

  /** What can be seen of the item at hand. @returns {FoundMoment[]} */
  #moments() {
    return (this.#settings.now.evidence && this.#current && this.#data?.items[this.#current]) || [];
  }

  #why() {
    if (!this.#settings.now.evidence) return t("Evidence is hidden.");
    if (this.#current === null || !this.#items.some((item) => item.id === this.#current)) return t("Choose an item first: evidence belongs to one.");
    if (this.#data?.state !== "ready") return this.#data?.message ?? t("Evidence is being looked for.");
    return this.#data.items[this.#current] ? t("Nothing was found for this item.") : t("Evidence for this item is shown once you have marked it.");
  }

  /**
   * @param {string} item
   * @param {number} number
   */
  #hear(item, number) {
    const moment = this.#data?.items[item]?.[number];
    if (!moment) return;
    this.#heard.set(item, number);
    this.#onlisten(moment.from_ms);
    for (const [at, one] of [...byId(`item-${item}`).querySelectorAll(".found-one")].entries()) one.toggleAttribute("data-heard", at === number);
  }

  /**
   * @param {string} item
   * @param {FoundMoment} moment
   */
  #attach(item, { from_ms, to_ms, quote }) {
    this.#onattach?.(item, { from_ms, to_ms, quote });
  }

  draw() {
    const shown = this.#settings.now.evidence;
    const never = this.#data?.state === "never";
    const told = this.#data?.state === "ready" ? tellModel(this.#data.large_model) : this.#data?.message;
    const message = ((never || shown) && told) || "";
    byId("evidence-switch").hidden = never;
    byId("evidence-switch").setAttribute("aria-pressed", String(!shown));
    byId("evidence-message").hidden = message === "";
    setText(byId("evidence-message"), message);
    for (const item of this.#items) {
      const place = find(byId(`item-${item.id}`), ".found");
      place.hidden = !shown || this.#data?.state !== "ready";
      if (!place.hidden) this.#drawItem(place, item.id);
    }
    this.#mark();
  }

  /**
   * @param {HTMLElement} place
   * @param {string} item
   */
  #drawItem(place, item) {
    const moments = this.#data?.items[item];
    if (!moments) delete place.dataset.drawn;
    if (!moments) return place.replaceChildren(el("p", { class: "small soft" }, t("Evidence is shown once you have marked this item.")));
    // What is there stays as it is: a button that somebody is about to press does not go away under them.
    const drawn = JSON.stringify(moments);
    if (place.dataset.drawn === drawn) return;
    place.dataset.drawn = drawn;
    const clear = moments.some((moment) => moment.strength !== "weak" && moment.strength !== "suggested");
    const head = moments.length === 0 ? t("Nothing was found. That counts against nobody.") : clear ? t("Found") : t("Nothing clear was found; the nearest moments:");
    const list = el("ul", { class: "found-list" }, ...moments.map((moment, number) => this.#one(item, moment, number)));
    place.replaceChildren(el("p", { class: "small soft found-head" }, head), moments.length > 0 && list || "");
  }

  /**
   * @param {string} item
   * @param {FoundMoment} moment
   * @param {number} number
   */
  #one(item, moment, number) {
    const at = duration(moment.from_ms / 1000);
    const go = el(
      "button",
      { class: "found-go", type: "button", title: t("Listen") },
      icon("play"),
      el("span", { class: "figures" }, at),
      strength(moment),
      el("span", { class: "found-said" }, el("span", {}, `“${moment.quote}”`), moment.answer && el("span", { class: "soft" }, `${shortRoleName(moment.answer_role)}: “${moment.answer}”`)),
    );
    go.addEventListener("click", () => this.#hear(item, number));
    const heard = this.#heard.get(item) === number;
    if (!this.#onattach) return el("li", { class: "found-one", "data-heard": heard }, go);
    const attach = el("button", { class: "found-attach", type: "button", title: t("Attach"), "aria-label": t("Attach the moment at {at}", { at }) }, icon("plus"));
    attach.addEventListener("click", () => this.#attach(item, moment));
    return el("li", { class: "found-one", "data-heard": heard }, go, attach);
  }

  /** On the lanes: the moments of the item at hand. */
  #mark() {
    this.lanes?.mark("found", this.#moments().map((moment) => ({ at_ms: moment.from_ms, title: `${strengthName(moment.strength)}: ${moment.quote}` })));
  }
}

/** What is asked elsewhere is said, whether or not it has answered. @param {EvidenceData["large_model"]} model */
function tellModel(model) {
  if (!model) return "";
  const { name } = model;
  if (model.state === "failed") return t("The large language model {name} suggested nothing: {why} What is shown was found on this server.", { name, why: model.message });
  if (model.state === "asking") return t("The large language model {name} is being asked as well.", { name });
  return t("“Large model” stands at moments that the language model {name} suggested. It can be wrong; listen first.", { name });
}

/** Said by a word, and by how many of three dots are full; a large language model does not say. @param {FoundMoment} moment */
function strength(moment) {
  const full = { strong: 3, some: 2, weak: 1, suggested: 0 }[moment.strength];
  if (full === 0) return el("span", { class: "found-strength" }, strengthName(moment.strength));
  return el("span", { class: "found-strength", "data-strength": moment.strength }, el("span", { "aria-hidden": "true" }, "●".repeat(full) + "○".repeat(3 - full)), strengthName(moment.strength));
}

/** @param {FoundMoment["strength"]} strength */
function strengthName(strength) {
  return { strong: t("strong"), some: t("some"), weak: t("weak"), suggested: t("large model") }[strength];
}
