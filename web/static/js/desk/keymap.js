/** Which key does what on the desk, and which of them a person has chosen. Pure: the listening is in keys.js. */

/**
 * @typedef {"play" | "back" | "forward" | "slower" | "faster" | "swap" | "skip" | "bookmark" | "layout" | "window" | "next" | "previous" | "unmarked"
 *   | "done" | "partly" | "not_done" | "clear" | "evidence" | "found-next" | "found-attach" | "found-hide" | "comment" | "overall" | "global" | "search" | "transcript" | "follow" | "correct" | "right" | "listen"
 *   | "word-back" | "word-forward" | "turn-back" | "turn-forward" | "grade-1" | "grade-2" | "grade-3" | "grade-4" | "grade-5" | "submit" | "help"} Action
 */
/** @typedef {{key: string, code?: string, shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, altGraph?: boolean}} Press */
/**
 * Where the keyboard is. `typing`: in a text. `control`: on a button, a link, a slider or a choice reached by keyboard, which keeps its own keys.
 * `word`: on a word of the transcript. `rating`: at the global rating; `grade`: on one of its choices. `scroller`: in a part that scrolls by the
 * arrows. `page`: anywhere else.
 * @typedef {"typing" | "control" | "word" | "rating" | "grade" | "scroller" | "page"} Where
 */

/** Keys that stay what they are: everybody knows them from elsewhere. @type {Record<string, Action>} */
const FIXED = { " ": "play", arrowleft: "back", arrowright: "forward", arrowdown: "next", arrowup: "previous", "?": "help" };

/** Each action's own keys, until somebody chooses another. @type {Partial<Record<Action, string[]>>} */
const OWN = {
  play: ["k"],
  back: ["j"],
  forward: ["l"],
  slower: ["[", ","],
  faster: ["]", "."],
  skip: ["s"],
  swap: ["x"],
  layout: ["v"],
  window: ["i"],
  bookmark: ["b"],
  done: ["1"],
  partly: ["2"],
  not_done: ["3"],
  clear: ["0"],
  next: ["n"],
  previous: ["p"],
  unmarked: ["u"],
  evidence: ["e"],
  "found-next": ["h"],
  "found-attach": ["a"],
  "found-hide": ["d"],
  comment: ["w"],
  overall: ["o"],
  global: ["g"],
  search: ["/"],
  transcript: ["t"],
  follow: ["f"],
};

/** @type {Record<string, Action>} */
const RATING = { 1: "grade-1", 2: "grade-2", 3: "grade-3", 4: "grade-4", 5: "grade-5" };

/** @type {Partial<Record<Where, Record<string, Action>>>} */
const HERE = {
  word: {
    c: "correct",
    r: "right",
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
const KEPT = [" ", "enter", "arrowleft", "arrowright", "arrowup", "arrowdown"];
const SCROLL = ["arrowup", "arrowdown"];

/** Actions that a held key repeats. */
const REPEATING = ["back", "forward", "next", "previous", "slower", "faster", "word-back", "word-forward", "turn-back", "turn-forward"];

/** Actions whose keys a person may choose, in the order of the overlay. */
export const CHANGEABLE = /** @type {Action[]} */ (Object.keys(OWN));

export class Keymap {
  /** @type {Map<string, Action>} */ #actions = new Map();
  /** @type {Partial<Record<Action, string>>} */ #chosen = {};

  /** @param {Partial<Record<string, string>>} [chosen] by action; what makes no sense (any more) is left out */
  constructor(chosen = {}) {
    this.choose(chosen);
  }

  /** What was chosen that differs from what a desk comes with. */
  get chosen() {
    return { ...this.#chosen };
  }

  /** @param {Partial<Record<string, string>>} chosen */
  choose(chosen) {
    this.#chosen = {};
    for (const action of CHANGEABLE) {
      const key = chosen[action];
      if (key && isFree(key) && !OWN[action]?.includes(key)) this.#chosen[action] = key;
    }
    this.#lay();
  }

  /**
   * Gives an action another key. Whoever had no other key than that gets this one's in exchange: no key ever means two things, and no action is without one.
   * @param {Action} action
   * @param {string} key as it is written, such as "d"
   * @returns {boolean} whether it can be taken
   */
  change(action, key) {
    const wanted = key.toLowerCase();
    if (!CHANGEABLE.includes(action) || !isFree(wanted)) return false;
    const other = this.#actions.get(wanted);
    if (other === action) return true;
    const bereft = other && this.keys(other).every((own) => own === wanted);
    this.choose({ ...this.#chosen, [action]: wanted, ...(bereft ? { [other]: this.keys(action)[0] } : {}) });
    return true;
  }

  reset() {
    this.choose({});
  }

  /**
   * An action's own keys, the first of them the one to show.
   * @param {Action} action
   * @returns {string[]}
   */
  keys(action) {
    const chosen = this.#chosen[action];
    return chosen ? [chosen] : (OWN[action] ?? []).filter((key) => this.#actions.get(key) === action);
  }

  /**
   * What a key press means.
   * @param {Press} press
   * @param {Where} where
   * @returns {Action | null}
   */
  actionOf(press, where) {
    if ((press.ctrlKey || press.metaKey) && press.key === "Enter") return "submit";
    if (where === "typing" || press.metaKey) return null;
    if ((press.ctrlKey || press.altKey) && !press.altGraph) return null;
    const key = this.#named(press);
    if (((where === "control" || where === "grade") && KEPT.includes(key)) || (where === "scroller" && SCROLL.includes(key))) return null;
    return HERE[where]?.[key] ?? this.#actions.get(key) ?? null;
  }

  #lay() {
    this.#actions = new Map(Object.entries(FIXED));
    for (const [action, key] of Object.entries(this.#chosen)) this.#actions.set(key, /** @type {Action} */ (action));
    for (const action of CHANGEABLE)
      if (!this.#chosen[action]) for (const key of OWN[action] ?? []) if (!this.#actions.has(key)) this.#actions.set(key, action);
  }

  /**
   * The key by what it writes; where that says nothing here (a Greek or a French keyboard), by its place.
   * @param {Press} press
   */
  #named(press) {
    const key = press.key.toLowerCase();
    if (this.#actions.has(key) || key === "enter") return key;
    const place = /^(?:Key|Digit|Numpad)(\w)$/.exec(press.code ?? "")?.[1]?.toLowerCase();
    return place && !/^[a-z]$/.test(key) ? place : key;
  }
}

/** One sign that can be seen, and that means nothing yet everywhere. @param {string} key */
function isFree(key) {
  return [...key].length === 1 && key.trim() !== "" && !(key in FIXED);
}

/** @param {Action} action */
export const repeats = (action) => REPEATING.includes(action);

/**
 * For the overlay: what is explained, in order, with the keys that stay. Words: keys.js.
 * @type {[group: "watch" | "mark" | "read" | "rest", fixed: string[], action: Action][]}
 */
export const EXPLAINED = [
  ["watch", ["Space"], "play"],
  ["watch", ["←"], "back"],
  ["watch", ["→"], "forward"],
  ["watch", [], "slower"],
  ["watch", [], "faster"],
  ["watch", [], "skip"],
  ["watch", [], "swap"],
  ["watch", [], "layout"],
  ["watch", [], "window"],
  ["watch", [], "bookmark"],
  ["read", [], "search"],
  ["read", [], "follow"],
  ["read", [], "transcript"],
  ["read", ["Enter"], "listen"],
  ["read", ["C"], "correct"],
  ["read", ["R"], "right"],
  ["mark", [], "done"],
  ["mark", [], "partly"],
  ["mark", [], "not_done"],
  ["mark", [], "clear"],
  ["mark", ["↓"], "next"],
  ["mark", ["↑"], "previous"],
  ["mark", [], "unmarked"],
  ["mark", [], "evidence"],
  ["mark", [], "found-next"],
  ["mark", [], "found-attach"],
  ["mark", [], "found-hide"],
  ["mark", [], "comment"],
  ["mark", [], "overall"],
  ["mark", [], "global"],
  ["mark", ["Ctrl Enter"], "submit"],
  ["rest", ["?"], "help"],
];
