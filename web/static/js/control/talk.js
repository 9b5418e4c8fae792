/** Messages: broadcast to everyone, and what people write to the control room and are answered. */

/** @import { Actions } from "./actions.js" */
/** @import { Board } from "./board.js" */
/** @import { DayPerson, Said } from "../types.js" */

import { byId, el, setText, whileBusy } from "../dom.js";
import { shortRoleName, t } from "../i18n.js";
import { calledName } from "./board.js";
import { exactTime } from "./words.js";

export class Talk {
  #list = byId("messages");
  #to = byId("message-to", HTMLSelectElement);
  #text = byId("message-text", HTMLTextAreaElement);
  /** Numbers of the lines that are there. @type {Set<number>} */ #shown = new Set();
  #people = "";

  /**
   * @param {Board} board
   * @param {Actions} actions
   * @param {string} zone
   */
  constructor(board, actions, zone) {
    this.board = board;
    this.zone = zone;
    byId("message-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (!text) return;
      void whileBusy(byId("message-send"), async () => {
        const said = await actions.say(text, this.#to.value || null);
        if (said && this.#text.value.trim() === text) this.#text.value = "";
      });
    });
    // As in every chat: Enter sends, with Shift it is a new line.
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId("message-form", HTMLFormElement).requestSubmit();
    });
  }

  /** @param {DayPerson | null} person null for everyone */
  write(person) {
    this.#to.value = person?.seat ?? "";
    this.#text.focus();
  }

  show() {
    const open = this.board.unanswered().length;
    setText(byId("tab-messages-count"), open ? `(${open})` : "");
    this.#showPeople();
    // Names come with the day; until then nobody is called anything.
    if (this.board.people.size === 0) return;
    const fresh = [...this.board.messages.values()].filter(({ number }) => !this.#shown.has(number)).sort((a, b) => a.number - b.number);
    if (fresh.length === 0) return;
    const atEnd = this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 40;
    for (const one of fresh) {
      // Messages may overtake each other on their way.
      const later = [...this.#list.children].find((line) => Number(/** @type {HTMLElement} */ (line).dataset.number) > one.number);
      this.#list.insertBefore(this.#line(one), later ?? null);
      this.#shown.add(one.number);
    }
    byId("no-messages").hidden = true;
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #showPeople() {
    const people = [...this.board.people.values()];
    const shape = JSON.stringify(people.map(({ seat, name }) => [seat, name]));
    if (shape === this.#people || document.activeElement === this.#to) return;
    this.#people = shape;
    const chosen = this.#to.value;
    const options = people.map((one) => el("option", { value: one.seat }, `${calledName(one)} · ${shortRoleName(one.role)}`));
    this.#to.replaceChildren(el("option", { value: "" }, t("Everyone")), ...options);
    this.#to.value = chosen;
  }

  /** @param {Said} said */
  #line({ number, text, at_ms, seat, from_seat }) {
    const other = this.board.people.get(from_seat ?? seat ?? "");
    const name = other ? calledName(other) : t("Everyone");
    const head = from_seat === null ? t("To {name}", { name }) : name;
    const reply = el("button", { class: "button quiet", type: "button" }, t("Reply"), el("span", { class: "unseen" }, ` ${t("to {name}", { name })}`));
    reply.addEventListener("click", () => this.write(other ?? null));
    return el(
      "li",
      { class: "message", "data-number": number, "data-from": from_seat === null ? "us" : "them" },
      el("p", { class: "small soft" }, el("strong", {}, head), " ", el("span", { class: "figures" }, exactTime(at_ms, this.zone))),
      el("p", { class: "message-text" }, text || t("(Calls for help)")),
      from_seat !== null && other ? reply : null,
    );
  }
}
