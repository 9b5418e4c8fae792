/** The stations of a new exam in ring order: add, move and remove, by buttons alone. */

/** @import { BankStation } from "../plan.js" */

import { announce } from "../announce.js";
import { byId, el } from "../dom.js";
import { t } from "../i18n.js";

/** A station's place in the ring; `sp` is what stands in the field for its patient's name. */
class Place {
  /**
   * @param {BankStation} station
   * @param {{up: (place: Place) => void, down: (place: Place) => void, remove: (place: Place) => void}} does
   * @param {string} id
   */
  constructor(station, does, id) {
    this.station = station;
    this.sp = el("input", { class: "input", id, maxlength: 200 });
    this.up = tool(t("Up"), () => does.up(this));
    this.down = tool(t("Down"), () => does.down(this));
    this.remove = tool(t("Remove"), () => does.remove(this));
    const about = station.rest ? t("Nobody is met here") : station.specialty;
    this.element = el(
      "li",
      {},
      el("div", {}, el("h3", {}, station.title), el("p", { class: "soft small" }, about)),
      station.rest ? false : el("div", { class: "field" }, el("label", { for: id }, t("Patient played by")), this.sp),
      el("div", { class: "ring-tools" }, this.up, this.down, this.remove),
    );
  }

  /**
   * @param {number} number from 1
   * @param {number} all
   */
  stand(number, all) {
    const which = `${number}. ${this.station.title}`;
    for (const button of [this.up, this.down, this.remove]) button.setAttribute("aria-label", `${button.textContent}: ${which}`);
    this.up.setAttribute("aria-disabled", String(number === 1));
    this.down.setAttribute("aria-disabled", String(number === all));
    this.sp.placeholder = t("Patient {number}", { number });
  }
}

/**
 * @param {string} text
 * @param {() => void} action
 */
function tool(text, action) {
  const made = el("button", { class: "button quiet", type: "button" }, text);
  made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && action());
  return made;
}

export class Ring {
  /** @type {Place[]} */ #places = [];
  #made = 0;

  /** @param {() => void} changed called after every change */
  constructor(changed) {
    this.changed = changed;
    this.list = byId("ring");
  }

  get stations() {
    return this.#places.map((place) => place.station);
  }

  /** The patients' names as the stations stand; empty where none was given. */
  get sps() {
    return this.#places.map((place) => place.sp.value.trim());
  }

  /** @param {BankStation} station */
  add(station) {
    const does = { up: this.#up, down: this.#down, remove: this.#remove };
    this.#places.push(new Place(station, does, `sp-${++this.#made}`));
    this.#draw();
    announce(t("{title} is station {number}.", { title: station.title, number: this.#places.length }));
  }

  /** @param {Place} place */
  #up = (place) => this.#move(place, -1, place.up);

  /** @param {Place} place */
  #down = (place) => this.#move(place, 1, place.down);

  /**
   * @param {Place} place
   * @param {number} by
   * @param {HTMLButtonElement} button keeps the focus, so that pressing again moves on
   */
  #move(place, by, button) {
    const at = this.#places.indexOf(place) + by;
    this.#places.splice(at - by, 1);
    this.#places.splice(at, 0, place);
    this.#draw();
    button.focus();
    announce(t("{title} is now station {number} of {all}.", { title: place.station.title, number: at + 1, all: this.#places.length }));
  }

  /** @param {Place} place */
  #remove = (place) => {
    const at = this.#places.indexOf(place);
    this.#places.splice(at, 1);
    this.#draw();
    (this.#places[Math.min(at, this.#places.length - 1)]?.remove ?? byId("bank")).focus();
    announce(t("{title} is taken out.", { title: place.station.title }));
  };

  #draw() {
    this.list.replaceChildren(...this.#places.map((place) => place.element));
    this.#places.forEach((place, index) => place.stand(index + 1, this.#places.length));
    byId("ring-none").hidden = this.#places.length > 0;
    this.changed();
  }
}
