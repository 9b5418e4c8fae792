/** The whole day: what starts, pauses and stops all circuits or one. Only what makes sense now is there to press. */

/** @import { Actions } from "./actions.js" */
/** @import { Board } from "./board.js" */
/** @import { CircuitState } from "../types.js" */

import { byId, el, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

/** In which states of a circuit a verb can be said. @type {Record<string, readonly CircuitState[]>} */
const POSSIBLE = {
  gather: ["planned"],
  go: ["planned", "gathering"],
  pause: ["running"],
  resume: ["paused"],
  stop: ["running", "paused", "stopping"],
};
/** Those whose people are all hands-on: an invigilator holds the clocks, the organiser starts and ends. */
const NEEDS = { gather: "run", go: "run", pause: "supervise", resume: "supervise", stop: "run" };

export class Direction {
  /** @type {string | null} */ #chosen = null;
  #scopes = byId("scopes");
  #buttons = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("[data-verb]")]);
  #shape = "";

  /**
   * @param {Board} board
   * @param {Actions} actions
   * @param {Record<string, boolean>} may
   */
  constructor(board, actions, may) {
    this.board = board;
    this.may = may;
    for (const button of this.#buttons) {
      const verb = button.dataset.verb ?? "";
      button.addEventListener("click", () => void whileBusy(button, async () => {
        const circuits = this.#chosen === null ? null : [this.#chosen];
        if (verb === "go") await actions.go(circuits);
        else if (verb === "stop") actions.stop(circuits);
        else await actions.circuits(verb, circuits);
      }));
    }
  }

  show() {
    const names = [...this.board.circuits.keys()].sort();
    if (this.#shape !== names.join("\n")) {
      this.#shape = names.join("\n");
      this.#scopes.hidden = names.length < 2;
      const all = [null, ...names].map((name) => {
        const button = el("button", { class: "button", type: "button", "aria-pressed": String(name === this.#chosen) }, name ?? t("All circuits"));
        button.addEventListener("click", () => this.#choose(name, button));
        return button;
      });
      this.#scopes.replaceChildren(...all);
    }
    this.#offer();
  }

  /**
   * @param {string | null} name
   * @param {HTMLElement} button
   */
  #choose(name, button) {
    this.#chosen = name;
    for (const each of this.#scopes.children) each.setAttribute("aria-pressed", String(each === button));
    this.#offer();
  }

  #offer() {
    const states = this.#chosen === null ? [...this.board.circuits.values()] : [this.board.circuits.get(this.#chosen)];
    const now = new Set(states.map((one) => one?.state));
    for (const button of this.#buttons) {
      const verb = button.dataset.verb ?? "";
      const possible = this.may[NEEDS[/** @type {keyof typeof NEEDS} */ (verb)]] && (POSSIBLE[verb] ?? []).some((state) => now.has(state));
      // Whoever is on the button with the keyboard is not thrown off it.
      if (button.hidden !== !possible) {
        if (button === document.activeElement && !possible) byId("direct-title").focus();
        button.hidden = !possible;
      }
      button.classList.toggle("primary", verb === "go" ? now.has("gathering") : verb === "resume");
    }
    setText(byId("direct-title"), this.#chosen === null ? t("All circuits") : t("Circuit {name}", { name: this.#chosen }));
  }
}
