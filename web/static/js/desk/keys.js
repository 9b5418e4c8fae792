/** Listening to the keyboard on the desk. Single keys can be switched off (WCAG 2.1.4) or chosen anew: key-words.js. */

/** @import { Action, Keymap, Where } from "./keymap.js" */

import { isOff } from "../keys.js";
import { repeats } from "./keymap.js";

/** With single keys switched off these still work: they need Ctrl, or a word that has the focus. @type {Action[]} */
const ALWAYS = ["submit", "listen", "word-back", "word-forward", "turn-back", "turn-forward"];

/** A control that was clicked keeps the focus, but space is to play and not to press it again; one that was tabbed to keeps its keys. */
let pointed = false;

/**
 * @param {Keymap} keymap
 * @param {(action: Action) => void} act
 * @param {Document} [where] another window's, while the pictures are there
 */
export function listen(keymap, act, where = document) {
  where.addEventListener("pointerdown", () => (pointed = true), { capture: true });
  where.addEventListener("keydown", (event) => event.key === "Tab" && (pointed = false), { capture: true });
  where.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const action = keymap.actionOf(
      {
        key: event.key,
        code: event.code,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        altGraph: event.getModifierState("AltGraph"),
      },
      whereIs(event.target),
    );
    if (!action || (event.repeat && !repeats(action)) || (isOff() && !ALWAYS.includes(action)) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act(action);
  });
}

/**
 * @param {EventTarget | null} target
 * @returns {Where}
 */
function whereIs(target) {
  if (!(target instanceof Element)) return "page";
  if (target.closest("input:not([type=radio], [type=range], [type=checkbox]), textarea, select, [contenteditable]")) return "typing";
  if (target.closest(".word")) return "word";
  const rating = target.closest("#global") !== null;
  if (!pointed && target.closest("button, a, input, summary, [role=slider]")) return rating ? "grade" : "control";
  if (rating) return "rating";
  return target.id === "read-scroll" ? "scroller" : "page";
}
