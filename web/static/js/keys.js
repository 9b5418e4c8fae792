/** Single keys that do something on a live page, never while somebody types, and not at all for who switched them off (WCAG 2.1.4). */

import { el } from "./dom.js";
import { t } from "./i18n.js";

const OFF = "teleosce.keys-off";

export class Keys {
  /** @type {Map<string, () => void>} */ #actions = new Map();

  constructor() {
    addEventListener("keydown", (event) => this.#pressed(event));
  }

  /**
   * @param {string} key
   * @param {() => void} action
   */
  on(key, action) {
    this.#actions.set(key, action);
  }

  /** The keys in words, with the switch that turns them off. */
  explain() {
    const box = el("input", { type: "checkbox", checked: !isOff() });
    box.addEventListener("change", () => switchOff(!box.checked));
    const words = { m: t("microphone on or off"), v: t("camera on or off"), n: t("show or hide the notes") };
    const known = Object.entries(words).filter(([key]) => this.#actions.has(key));
    return el(
      "details",
      { class: "small" },
      el("summary", {}, t("Keys")),
      el("dl", { class: "facts keys" }, ...known.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key.toUpperCase())), el("dd", {}, what)])),
      el("label", { class: "choice" }, box, t("Use these keys")),
    );
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isOff()) return;
    const target = /** @type {HTMLElement | null} */ (event.target);
    if (target?.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const action = this.#actions.get(event.key.toLowerCase());
    if (!action) return;
    event.preventDefault();
    action();
  }
}

/** Whether this person wants no single keys. */
export function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

/** @param {boolean} off */
export function switchOff(off) {
  try {
    localStorage.setItem(OFF, off ? "yes" : "no");
  } catch {
    // Private windows may keep nothing; the keys then stay as they are.
  }
}
