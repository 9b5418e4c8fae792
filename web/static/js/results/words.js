/** Figures and results in words. */

/** @import { Tone } from "../types.js" */

/**
 * A figure as people write it, with a true minus; a dash for none.
 * @param {number | null} value
 * @param {number} [digits]
 * @param {boolean} [sign] a plus before what is above zero
 */
export function number(value, digits = 1, sign = false) {
  if (value === null) return "–";
  const said = Math.abs(value).toFixed(digits);
  if (Number(said) === 0) return said;
  return value < 0 ? `−${said}` : sign ? `+${said}` : said;
}

/**
 * @param {boolean | null} passed
 * @returns {Tone}
 */
export function tone(passed) {
  return passed === null ? "idle" : passed ? "good" : "bad";
}

/**
 * At most so many of a list, in words.
 * @param {string[]} those
 * @param {number} [most]
 */
export function listed(those, most = 15) {
  return those.slice(0, most).join(", ") + (those.length > most ? " …" : "");
}
