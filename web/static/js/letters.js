/** Letters to people of an exam: who is still to get one, sent a few at a time, and what became of each. */

/**
 * @typedef {object} Addressee
 * @property {string} seat
 * @property {string} name
 * @property {string | null} email
 * @property {string} state "" | "sending" | "sent" | "failed"
 * @property {number | null} at_ms
 * @property {string} why
 */

/**
 * @template {Addressee} P
 * @typedef {{can_mail: boolean, people: P[], failed?: {name: string, why: string}[]}} Told as in web/PROTOCOL.md
 */

import { Fault, get, messageOf, post } from "./api.js";
import { byId, el, setText, state, whileBusy } from "./dom.js";
import { t, timeOfDay } from "./i18n.js";

const AT_ONCE = 10;

/** @template {Addressee} P */
export class Letters {
  #path;
  #due;
  #tell;
  /** @type {Told<P>} */ #now = { can_mail: false, people: [] };

  /**
   * @param {string} path where they are sent
   * @param {(one: P) => boolean} due whether this is the time for theirs
   * @param {(told: Told<P>) => string} tell shows everybody, and gives the sum in a sentence
   */
  constructor(path, due, tell) {
    this.#path = path;
    this.#due = due;
    this.#tell = tell;
  }

  /** @param {string} path where it stands who was told */
  async open(path) {
    const all = byId("mail-all");
    all.addEventListener("click", () => void whileBusy(all, () => this.#send(this.#waiting().map((one) => one.seat), false)));
    try {
      this.#show(await get(path));
    } catch (thrown) {
      fault(messageOf(thrown));
    }
  }

  /**
   * What became of somebody's letter, and the button that sends it again where that is possible.
   * @param {P} one
   * @param {Told<P>} told
   * @returns {[HTMLElement, HTMLElement | ""]}
   */
  became(one, told) {
    const words = {
      "": () => state("idle", one.email ? t("Not sent") : t("No address")),
      sending: () => state("fair", t("Begun; it is not known whether it was sent")),
      sent: () => state("good", t("Sent at {time}", { time: timeOfDay(one.at_ms ?? 0) })),
      failed: () => state("bad", one.why),
    };
    const said = (words[/** @type {keyof typeof words} */ (one.state)] ?? words[""])();
    if (!told.can_mail || !one.email || one.state === "" || !this.#due(one)) return [said, ""];
    const again = el("button", { class: "button quiet small", type: "button", "aria-label": t("Send again to {name}", { name: one.name }) }, t("Send again"));
    again.addEventListener("click", () => void whileBusy(again, () => this.#send([one.seat], true)));
    return [said, again];
  }

  /** Those who have an address and were sent nothing yet. */
  #waiting() {
    return this.#now.people.filter((one) => one.email && this.#due(one) && (one.state === "" || one.state === "failed"));
  }

  /**
   * @param {string[]} seats
   * @param {boolean} again
   */
  async #send(seats, again) {
    byId("mail-fault").hidden = true;
    const bar = byId("mail-progress", HTMLProgressElement);
    bar.max = seats.length;
    bar.hidden = seats.length <= AT_ONCE;
    try {
      for (let at = 0; at < seats.length; at += AT_ONCE) {
        bar.value = at;
        const done = /** @type {Told<P>} */ (await post(this.#path, { seats: seats.slice(at, at + AT_ONCE), again }));
        this.#show(done);
        const [lost] = done.failed ?? [];
        if (lost && done.failed && done.failed.length > 1 && done.failed.every((one) => one.why === lost.why)) throw new Fault(lost.why);
      }
    } catch (thrown) {
      fault(messageOf(thrown));
    } finally {
      bar.hidden = true;
    }
  }

  /** @param {Told<P>} told */
  #show(told) {
    this.#now = told;
    const server = told.can_mail ? "" : ` ${t("No mail server is set on the server (smtp_host and smtp_from), so nothing can be sent.")}`;
    setText(byId("mail-sum"), this.#tell(told) + server);
    const { length } = this.#waiting();
    byId("mail-all").hidden = !told.can_mail || !length;
    setText(byId("mail-all"), length === 1 ? t("Send 1 letter") : t("Send {n} letters", { n: length }));
  }
}

/** @param {string} text */
function fault(text) {
  setText(byId("mail-fault"), text);
  byId("mail-fault").hidden = false;
}
