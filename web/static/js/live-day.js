/** The day around an encounter, on the candidate's and the patient's page: how far it is, who looks in, pauses, messages. */

/** @import { Place } from "./live.js" */
/** @import { Said } from "./types.js" */

import { announce } from "./announce.js";
import { countdown } from "./clock.js";
import { open } from "./dialog.js";
import { byId, el, setText } from "./dom.js";
import { t, timeOfDay } from "./i18n.js";

const SEEN = "teleosce.messages-seen";

/** Whether everybody's clock stands, or this encounter's. @param {Place} place */
export function pausedWords({ encounter, circuit }) {
  if (circuit?.state === "paused") return t("The exam is paused. All clocks are stopped; nothing is lost. Stay here.");
  if (encounter && encounter.paused_ms !== null) return t("Your station is paused. Your clock is stopped; nothing is lost. Stay here.");
  return "";
}

/**
 * What is said of somebody's day while they wait: when it begins, or goes on.
 * @param {Place} place
 */
export function waitingWords({ circuit }) {
  if (circuit?.state === "gathering") return t("Everyone gathers now. The organisers make sure who is here; then it starts for all at once.");
  if (circuit?.state === "planned" && circuit.starts_ms !== null) return t("It is planned to start at {time}, by your clock. The organisers start it for all at once.", { time: timeOfDay(circuit.starts_ms) });
  if (circuit?.state === "running" || circuit?.state === "paused") return t("It begins by itself when everybody moves on to the next station.");
  return t("It begins soon: the organiser starts it.");
}

/** Which of the day's stations this is, in words. @param {Place} place */
export function progressWords({ encounter, progress }) {
  return encounter && progress.of > 1 ? t("{number} of {of}", { ...progress }) : "";
}

export class LiveDay {
  /** @type {Place | null} */ #place = null;
  /** @type {Map<number, Said>} */ #messages = new Map();
  /** The conversation of the open dialog. @type {HTMLElement | null} */ #log = null;
  /** What somebody began to write and closed without a call. */ #draft = "";
  #said = "";
  #paused = false;
  #whens = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-when]"));

  constructor() {
    byId("live-message-done").addEventListener("click", () => {
      byId("live-message").hidden = true;
      this.#seen(Math.max(0, ...this.#messages.keys()));
      byId("main").focus();
    });
  }

  /** @param {Place} place */
  show(place) {
    this.#place = place;
    const paused = pausedWords(place);
    const banner = byId("live-paused");
    banner.hidden = paused === "";
    setText(banner, paused);
    const observers = place.observers.length ? t("Observed by {names}", { names: place.observers.join(", ") }) : "";
    const line = byId("live-observers");
    line.hidden = observers === "";
    setText(line, observers);
    const said = [paused, observers].filter(Boolean).join(" ");
    if (said !== this.#said && said) announce(said);
    if (this.#paused && !paused) announce(t("The clock runs again."));
    this.#paused = paused !== "";
    this.#said = said;
  }

  /** When the next station begins, counted down. @param {number} now_ms */
  tick(now_ms) {
    const circuit = this.#place?.circuit;
    const turns = circuit && circuit.state === "running" ? circuit.turns_ms : null;
    const waits = this.#place?.next || this.#place?.encounter?.phase === "waiting";
    const words = turns !== null && waits ? t("Everybody moves on in {left}.", { left: countdown(turns - now_ms) }) : "";
    for (const place of this.#whens) setText(place, words);
  }

  /** @param {Said[]} said */
  hear(said) {
    for (const one of said) this.#messages.set(one.number, one);
    this.#fill();
    const unseen = [...this.#messages.values()].filter((one) => one.from_seat === null && one.number > this.#seenUntil()).sort((a, b) => a.number - b.number);
    const newest = unseen.at(-1);
    if (!newest || this.#log) return;
    byId("live-message").hidden = false;
    setText(byId("live-message-from"), newest.seat === null ? t("To everyone, from the organisers:") : t("To you, from the organisers:"));
    setText(byId("live-message-text"), newest.text);
    announce(t("Message from the organisers: {text}", { text: newest.text }), "assertive");
  }

  /**
   * Help and what was written so far, in one place.
   * @param {Node} explained what else the dialog says
   * @param {(text: string) => void} send
   */
  talk(explained, send) {
    const text = el("textarea", { class: "input", id: "help-text", rows: 3, maxlength: 500 });
    text.value = this.#draft;
    this.#log = el("ol", { class: "live-log", role: "log", "aria-label": t("Messages"), tabindex: 0 });
    const dialog = open(
      t("Help and messages"),
      [
        el("p", {}, t("The organisers see at once who you are and where. They come to you; your place is kept.")),
        this.#log,
        el("div", { class: "field" }, el("label", { for: "help-text" }, t("What is wrong? You may leave this empty.")), text),
        explained,
      ],
      [el("button", { class: "button", value: "" }, t("Close")), el("button", { class: "button primary", value: "yes" }, t("Call for help"))],
    );
    this.#fill();
    byId("live-message").hidden = true;
    this.#seen(Math.max(0, ...this.#messages.keys()));
    text.focus();
    dialog.addEventListener("close", () => {
      this.#log = null;
      this.#seen(Math.max(0, ...this.#messages.keys()));
      const calls = dialog.returnValue === "yes";
      this.#draft = calls ? "" : text.value;
      if (calls) send(text.value.trim());
    });
  }

  #fill() {
    const log = this.#log;
    if (!log) return;
    const all = [...this.#messages.values()].sort((a, b) => a.number - b.number);
    log.hidden = all.length === 0;
    const lines = all.map((one) => {
      const there = log.querySelector(`[data-number="${one.number}"]`);
      const who = one.from_seat !== null ? t("You") : one.seat === null ? t("Organisers, to everyone") : t("Organisers");
      const head = el("span", { class: "soft small" }, `${who}, ${timeOfDay(one.at_ms)}`);
      return there ?? el("li", { "data-number": one.number }, head, el("p", {}, one.text));
    });
    // In their order, and only what is new is put in: a screen reader reads no line twice.
    lines.forEach((line, at) => log.children[at] === line || log.insertBefore(line, log.children[at] ?? null));
    log.scrollTop = log.scrollHeight;
  }

  #seenUntil() {
    try {
      return Number(sessionStorage.getItem(SEEN) ?? 0);
    } catch {
      return 0;
    }
  }

  /** @param {number} number */
  #seen(number) {
    try {
      sessionStorage.setItem(SEEN, String(number));
    } catch {
      // Private windows may keep nothing; the message is then shown again after a reload.
    }
  }
}
