/** The keys in words: the overlay that explains them and lets them be chosen, and the hints in the page that always show the real ones. */

/** @import { Action, Keymap } from "./keymap.js" */

import { announce } from "../announce.js";
import { open } from "../dialog.js";
import { el, setText } from "../dom.js";
import { t } from "../i18n.js";
import { CHANGEABLE, EXPLAINED } from "./keymap.js";
import { isOff, switchOff } from "../keys.js";

/** A key as it stands on a keyboard. @param {string} key */
export const caption = (key) => key.toUpperCase();

/** @param {Action} action */
function wordsOf(action) {
  /** @type {Partial<Record<Action, string>>} */
  const words = {
    play: t("play or pause"),
    back: t("back 5 seconds"),
    forward: t("forward 5 seconds"),
    slower: t("slower"),
    faster: t("faster"),
    skip: t("skip silence, or not"),
    swap: t("swap the pictures"),
    layout: t("next layout: one large, side by side, sound only"),
    window: t("pictures in a window of their own"),
    bookmark: t("bookmark this moment with a remark"),
    done: t("done, and on to the next item"),
    partly: t("partly"),
    not_done: t("not done"),
    clear: t("take the mark away"),
    next: t("next item"),
    previous: t("item before"),
    unmarked: t("next item without a mark"),
    evidence: t("attach this moment to the item"),
    "found-next": t("hear the next moment found for the item"),
    "found-attach": t("attach the moment that was found"),
    "found-hide": t("hide what was found, or show it"),
    comment: t("comment on the item (Escape goes back)"),
    overall: t("overall comment"),
    global: t("global rating: there 1 to 5, from fail to excellent"),
    submit: t("submit"),
    search: t("search; Enter goes from place to place"),
    follow: t("follow the recording again"),
    transcript: t("to the word being said; the arrows walk from there"),
    listen: t("on a word: listen from there"),
    correct: t("on a word: correct it (or double click)"),
    right: t("on a word: this turn is right as it stands"),
    help: t("these keys"),
  };
  return words[action] ?? action;
}

/**
 * Writes each action's real key where the page speaks of it: `data-key` inside buttons, and `aria-keyshortcuts`.
 * @param {Keymap} keymap
 */
export function label(keymap) {
  for (const hint of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-key]"))) setText(hint, caption(keymap.keys(/** @type {Action} */ (hint.dataset.key))[0] ?? ""));
  for (const control of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-keys-of]"))) {
    const key = keymap.keys(/** @type {Action} */ (control.dataset.keysOf))[0];
    if (key && !isOff()) control.setAttribute("aria-keyshortcuts", caption(key));
    else control.removeAttribute("aria-keyshortcuts");
  }
}

/**
 * Shows what the keys do. A key of one's own: choose "Change", then press it.
 * @param {Keymap} keymap
 * @param {() => void} onchange other keys were chosen, or all were switched on or off
 */
export function explain(keymap, onchange) {
  const groups = el("div", { class: "keys-groups" });
  const said = el("p", { class: "small soft keys-said", role: "status" });
  /** The action that waits for its new key. @type {Action | null} */
  let waiting = null;
  const draw = (/** @type {Action | null} */ focus = null) => {
    groups.replaceChildren(...sections(keymap, waiting, (action) => begin(action)));
    const button = focus && groups.querySelector(`[data-change="${focus}"]`);
    if (button instanceof HTMLElement) button.focus();
  };
  const begin = (/** @type {Action} */ action) => {
    waiting = waiting === action ? null : action;
    setText(said, waiting ? t("Press the key for “{what}”. Escape leaves it as it is.", { what: wordsOf(action) }) : "");
    draw(action);
  };
  const end = (/** @type {Action} */ action, /** @type {string} */ words) => {
    waiting = null;
    setText(said, words);
    draw(action);
  };
  const box = el("input", { type: "checkbox", checked: !isOff() });
  box.addEventListener("change", () => (switchOff(!box.checked), onchange()));
  const reset = el("button", { class: "button", type: "button" }, t("Keys as they came"));
  reset.addEventListener("click", () => {
    keymap.reset();
    onchange();
    waiting = null;
    setText(said, t("All keys are as they came."));
    draw();
  });
  const own = el("button", { class: "button", type: "button", "aria-pressed": "false" }, t("Choose keys"));
  own.addEventListener("click", () => {
    const choosing = dialog.toggleAttribute("data-choosing");
    own.setAttribute("aria-pressed", String(choosing));
    reset.hidden = !choosing;
    waiting = null;
    setText(said, choosing ? t("Choose “Change” beside what is to have another key, then press that key.") : "");
    draw();
  });
  reset.hidden = true;
  draw();
  const dialog = open(t("Keys"), [groups, el("label", { class: "choice" }, box, t("Use single keys")), said], [own, reset, el("button", { class: "button primary", value: "", autofocus: true }, t("Close"))]);
  dialog.classList.add("keys-dialog");
  dialog.addEventListener(
    "keydown",
    (event) => {
      const action = waiting;
      if (!action || ["Tab", "Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") return end(action, t("Left as it was."));
      const other = keymap.actionOf({ key: event.key }, "page");
      if (!keymap.change(action, event.key)) return setText(said, t("This key cannot be chosen: take a letter, a digit or a sign."));
      onchange();
      const swapped = other && other !== action ? keymap.keys(other)[0] : undefined;
      end(action, swapped && other ? t("{key}: {what}. “{other}” has {old} now.", { key: caption(event.key), what: wordsOf(action), other: wordsOf(other), old: caption(swapped) }) : t("{key}: {what}.", { key: caption(event.key), what: wordsOf(action) }));
      announce(said.textContent ?? "");
    },
    { capture: true },
  );
}

/**
 * @param {Keymap} keymap
 * @param {Action | null} waiting
 * @param {(action: Action) => void} begin
 */
function sections(keymap, waiting, begin) {
  const titles = { watch: t("Watch and listen"), read: t("Read"), mark: t("Mark"), rest: t("Help") };
  return /** @type {(keyof typeof titles)[]} */ (Object.keys(titles)).map((group) =>
    el("section", { class: "keys-group" }, el("h3", {}, titles[group]), el("ul", { class: "keys-list" }, ...EXPLAINED.filter(([own]) => own === group).map(([, fixed, action]) => row(keymap, fixed, action, waiting, begin)))),
  );
}

/**
 * @param {Keymap} keymap
 * @param {string[]} fixed
 * @param {Action} action
 * @param {Action | null} waiting
 * @param {(action: Action) => void} begin
 */
function row(keymap, fixed, action, waiting, begin) {
  const keys = [...fixed, ...keymap.keys(action).map(caption)];
  const shown = waiting === action ? [el("kbd", { class: "keys-waiting" }, "…")] : keys.flatMap((key) => [el("kbd", {}, key), " "]);
  const change = el("button", { class: "button quiet small", type: "button", "data-change": action, "aria-label": t("Change the key for “{what}”", { what: wordsOf(action) }), "aria-pressed": String(waiting === action) }, t("Change"));
  change.addEventListener("click", () => begin(action));
  return el("li", {}, el("span", { class: "keys-of" }, ...shown), el("span", {}, wordsOf(action)), CHANGEABLE.includes(action) ? change : null);
}
