/** Which key does what on the desk. Pure: the listening is in keys.js. */

/**
 * @typedef {"play" | "back" | "forward" | "slower" | "faster" | "swap" | "skip" | "bookmark" | "next" | "previous" | "unmarked" | "done" | "partly"
 *   | "not_done" | "clear" | "evidence" | "comment" | "overall" | "global" | "search" | "transcript" | "follow" | "correct" | "listen" | "word-back"
 *   | "word-forward" | "turn-back" | "turn-forward" | "grade-1" | "grade-2" | "grade-3" | "grade-4" | "grade-5" | "submit" | "help"} Action
 */
/** @typedef {{key: string, code?: string, shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, altGraph?: boolean}} Press */
/**
 * Where the keyboard is. `typing`: in a text. `control`: on a button, a link, a slider or a choice reached by keyboard, which keeps its own keys.
 * `word`: on a word of the transcript. `rating`: at the global rating; `grade`: on one of its choices. `scroller`: in a part that scrolls by the
 * arrows. `page`: anywhere else.
 * @typedef {"typing" | "control" | "word" | "rating" | "grade" | "scroller" | "page"} Where
 */

/** @type {Record<string, Action>} */
const ANYWHERE = {
  " ": "play",
  k: "play",
  arrowleft: "back",
  j: "back",
  arrowright: "forward",
  l: "forward",
  "[": "slower",
  ",": "slower",
  "]": "faster",
  ".": "faster",
  x: "swap",
  s: "skip",
  b: "bookmark",
  arrowdown: "next",
  n: "next",
  arrowup: "previous",
  p: "previous",
  u: "unmarked",
  1: "done",
  2: "partly",
  3: "not_done",
  0: "clear",
  e: "evidence",
  w: "comment",
  o: "overall",
  g: "global",
  "/": "search",
  t: "transcript",
  f: "follow",
  "?": "help",
};

/** @type {Record<string, Action>} */
const RATING = { 1: "grade-1", 2: "grade-2", 3: "grade-3", 4: "grade-4", 5: "grade-5" };

/** @type {Partial<Record<Where, Record<string, Action>>>} */
const HERE = {
  word: {
    c: "correct",
    enter: "listen",
    arrowleft: "word-back",
    arrowright: "word-forward",
    arrowup: "turn-back",
    arrowdown: "turn-forward",
  },
  rating: RATING,
  grade: RATING,
};

/** A control reached by keyboard keeps these for itself. */
const OWN = [" ", "enter", "arrowleft", "arrowright", "arrowup", "arrowdown"];
const SCROLL = ["arrowup", "arrowdown"];

/** Actions that a held key repeats. */
const REPEATING = ["back", "forward", "next", "previous", "slower", "faster", "word-back", "word-forward", "turn-back", "turn-forward"];

/**
 * What a key press means.
 * @param {Press} press
 * @param {Where} where
 * @returns {Action | null}
 */
export function actionOf(press, where) {
  if ((press.ctrlKey || press.metaKey) && press.key === "Enter") return "submit";
  if (where === "typing" || press.metaKey) return null;
  if ((press.ctrlKey || press.altKey) && !press.altGraph) return null;
  const key = named(press);
  if (((where === "control" || where === "grade") && OWN.includes(key)) || (where === "scroller" && SCROLL.includes(key))) return null;
  return HERE[where]?.[key] ?? ANYWHERE[key] ?? null;
}

/** @param {Action} action */
export const repeats = (action) => REPEATING.includes(action);

/**
 * The key by what it writes; where that says nothing here (a Greek or a French keyboard), by its place.
 * @param {Press} press
 */
function named(press) {
  const key = press.key.toLowerCase();
  if (key in ANYWHERE || key === "enter") return key;
  const place = /^(?:Key|Digit|Numpad)(\w)$/.exec(press.code ?? "")?.[1]?.toLowerCase();
  return place && !/^[a-z]$/.test(key) ? place : key;
}

/**
 * For the overlay: the keys in the order in which they are explained. Words: keys.js.
 * @type {[group: "watch" | "mark" | "read" | "rest", keys: string[], action: Action][]}
 */
export const EXPLAINED = [
  ["watch", ["Space", "K"], "play"],
  ["watch", ["←", "J"], "back"],
  ["watch", ["→", "L"], "forward"],
  ["watch", ["[", ","], "slower"],
  ["watch", ["]", "."], "faster"],
  ["watch", ["S"], "skip"],
  ["watch", ["X"], "swap"],
  ["watch", ["B"], "bookmark"],
  ["mark", ["1"], "done"],
  ["mark", ["2"], "partly"],
  ["mark", ["3"], "not_done"],
  ["mark", ["0"], "clear"],
  ["mark", ["↓", "N"], "next"],
  ["mark", ["↑", "P"], "previous"],
  ["mark", ["U"], "unmarked"],
  ["mark", ["E"], "evidence"],
  ["mark", ["W"], "comment"],
  ["mark", ["O"], "overall"],
  ["mark", ["G"], "global"],
  ["mark", ["Ctrl Enter"], "submit"],
  ["read", ["/"], "search"],
  ["read", ["F"], "follow"],
  ["read", ["T"], "transcript"],
  ["read", ["Enter"], "listen"],
  ["read", ["C"], "correct"],
  ["rest", ["?"], "help"],
];
