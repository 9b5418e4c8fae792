/** Reading a transcript: what is said at a moment, and where words occur. Pure. */

/** @import { Evidence, Turn, Word } from "./types.js" */

/** Below this the machine was not sure of a word. */
export const UNSURE = 0.5;

/** A quote is what was said from this long before the moment until this long after it. */
const BEFORE_MS = 8000;
const AFTER_MS = 2000;
/** A turn that ended this long ago is still what the present moment is about. */
const LINGER_MS = 10_000;

/** @typedef {{turn: Turn, words: Word[]}} Hit the words of a turn that fit a search */

/** @param {Word} word */
export const readingOf = (word) => word.corrected ?? word.text;

/**
 * The turn that is being said, or was said last.
 * @param {Turn[]} turns by their start
 * @param {number} at_ms
 * @returns {Turn | null}
 */
export function turnAt(turns, at_ms) {
  const last = lastBefore(turns, at_ms);
  if (last < 0) return null;
  // Somebody who says “mm” into another's long sentence does not end it.
  for (let index = last; index >= Math.max(0, last - 3); index--) if (/** @type {Turn} */ (turns[index]).ends_ms > at_ms) return turns[index] ?? null;
  return turns[last] ?? null;
}

/**
 * The word that is being said in a turn, or was said last.
 * @param {Turn} turn
 * @param {number} at_ms
 * @returns {Word | null}
 */
export function wordAt(turn, at_ms) {
  return turn.words[lastBefore(turn.words, at_ms)] ?? null;
}

/**
 * @param {{starts_ms: number}[]} things by their start
 * @param {number} at_ms
 * @returns {number} the index of the last that has begun; -1 when none has
 */
function lastBefore(things, at_ms) {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {{starts_ms: number}} */ (things[middle]).starts_ms <= at_ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The present moment as evidence: what is said around it by whoever speaks.
 * @param {Turn[]} turns
 * @param {number} at_ms
 * @param {number} length_ms of the recording
 * @returns {Evidence}
 */
export function momentAt(turns, at_ms, length_ms) {
  const turn = turnAt(turns, at_ms);
  const words = turn && at_ms - turn.ends_ms <= LINGER_MS ? around(turns, turn, at_ms) : [];
  const first = words[0];
  const last = words.at(-1);
  if (first && last) return { from_ms: first.starts_ms, to_ms: Math.max(last.ends_ms, first.starts_ms), quote: words.map(readingOf).filter(Boolean).join(" ") };
  return { from_ms: Math.max(0, Math.round(at_ms) - BEFORE_MS), to_ms: Math.min(Math.round(at_ms) + AFTER_MS, Math.max(length_ms, Math.round(at_ms))), quote: "" };
}

/**
 * Whether one person says both.
 * @param {Turn | undefined} one
 * @param {Turn} other
 */
export function isSame(one, other) {
  return one?.role === other.role && one.who === other.who;
}

/**
 * What the speaker of a turn says around a moment, in this turn and in those that they add without anybody coming between.
 * @param {Turn[]} turns
 * @param {Turn} turn
 * @param {number} at_ms
 */
function around(turns, turn, at_ms) {
  const middle = Math.min(at_ms, turn.ends_ms);
  const here = turns.indexOf(turn);
  const before = turns.slice(0, here).findLastIndex((other) => !isSame(other, turn));
  const after = turns.findIndex((other, index) => index > here && !isSame(other, turn));
  const words = turns.slice(before + 1, after < 0 ? undefined : after).flatMap((one) => one.words);
  const near = words.filter((word) => word.ends_ms >= middle - BEFORE_MS && word.starts_ms <= middle + AFTER_MS);
  return near.length ? near : turn.words;
}

/**
 * Where words were said, one after another; the last may be the beginning of a word. Accents, case and punctuation do not count.
 * @param {Turn[]} turns
 * @param {string} query
 * @returns {Hit[]}
 */
export function search(turns, query) {
  const wanted = query.split(/\s+/).map(plain).filter(Boolean);
  if (wanted.length === 0) return [];
  return turns.flatMap((turn) => {
    const said = turn.words.filter((word) => plain(readingOf(word)));
    const texts = said.map((word) => plain(readingOf(word)));
    /** @type {Hit[]} */
    const hits = [];
    for (let at = 0; at + wanted.length <= texts.length; at++) {
      if (wanted.every((word, index) => fits(texts[at + index] ?? "", word, index === wanted.length - 1))) hits.push({ turn, words: said.slice(at, at + wanted.length) });
    }
    return hits;
  });
}

/**
 * @param {string} text
 * @param {string} word
 * @param {boolean} last
 */
const fits = (text, word, last) => text === word || (last && text.startsWith(word));

/** @param {string} text */
export function plain(text) {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]/gu, "");
}
