/** Listening to the keyboard on the desk, and explaining it. Single keys can be switched off (WCAG 2.1.4). */

/** @import { Action, Where } from "./keymap.js" */

import { open } from "../dialog.js";
import { el } from "../dom.js";
import { t } from "../i18n.js";
import { actionOf, EXPLAINED, repeats } from "./keymap.js";

/** The same switch as on the other pages (js/keys.js). */
const OFF = "teleosce.keys-off";

/** With single keys switched off these still work: they need Ctrl, or a word that has the focus. @type {Action[]} */
const ALWAYS = ["submit", "listen", "word-back", "word-forward", "turn-back", "turn-forward"];

/** A control that was clicked keeps the focus, but space is to play and not to press it again; one that was tabbed to keeps its keys. */
let pointed = false;

/** @param {(action: Action) => void} act */
export function listen(act) {
  addEventListener("pointerdown", () => (pointed = true), { capture: true });
  addEventListener("keydown", (event) => event.key === "Tab" && (pointed = false), { capture: true });
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const action = actionOf(
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

/** Shows what the keys do. */
export function explain() {
  /** @type {Record<string, string>} */
  const words = {
    play: t("play or pause"),
    back: t("back 5 seconds"),
    forward: t("forward 5 seconds"),
    slower: t("slower"),
    faster: t("faster"),
    skip: t("skip silence, or not"),
    swap: t("swap the pictures"),
    bookmark: t("bookmark this moment with a remark"),
    done: t("done, and on to the next item"),
    partly: t("partly"),
    not_done: t("not done"),
    clear: t("take the mark away"),
    next: t("next item"),
    previous: t("item before"),
    unmarked: t("next item without a mark"),
    evidence: t("attach this moment to the item"),
    comment: t("comment on the item (Escape goes back)"),
    overall: t("comment on the whole"),
    global: t("global rating: there 1 to 5, from fail to excellent"),
    submit: t("submit"),
    search: t("search; Enter goes from place to place"),
    follow: t("follow the recording again"),
    transcript: t("to the word being said; the arrows walk from there"),
    listen: t("on a word: listen from there"),
    correct: t("on a word: correct it (or double click)"),
    help: t("these keys"),
  };
  const titles = { watch: t("Watch and listen"), mark: t("Mark"), read: t("Read"), rest: t("Help") };
  const groups = /** @type {(keyof typeof titles)[]} */ (Object.keys(titles)).map((group) =>
    el(
      "section",
      { class: "keys-group" },
      el("h3", {}, titles[group]),
      el(
        "dl",
        { class: "keys-list" },
        ...EXPLAINED.filter(([own]) => own === group).flatMap(([, keys, action]) => [el("dt", {}, ...keys.flatMap((key) => [el("kbd", {}, key), " "])), el("dd", {}, words[action] ?? "")]),
      ),
    ),
  );
  const box = el("input", { type: "checkbox", checked: !isOff() });
  box.addEventListener("change", () => store(!box.checked));
  const dialog = open(t("Keys"), [el("div", { class: "keys-groups" }, ...groups), el("label", { class: "choice" }, box, t("Use single keys"))], [el("button", { class: "button primary", value: "", autofocus: true }, t("Close"))]);
  dialog.classList.add("keys-dialog");
}

function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

/** @param {boolean} off */
function store(off) {
  try {
    localStorage.setItem(OFF, off ? "yes" : "no");
  } catch {
    // Private windows may keep nothing; the keys then stay as they are.
  }
}
