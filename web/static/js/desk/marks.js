/** What a mark sheet still needs, and what it adds up to. Pure; the server counts again (teleosce/scoring/score.py). */

/** @import { Item, Mark } from "./types.js" */

/**
 * @param {Item[]} items in the order of the page
 * @param {(field: string) => unknown} value
 * @returns {string[]} the fields without which it cannot be submitted, the global rating last
 */
export function missing(items, value) {
  return [...items.map((item) => `item.${item.id}`), "global"].filter((field) => !value(field));
}

/**
 * @param {Item[]} items
 * @param {(field: string) => unknown} value
 * @returns {{marked: number, total: number, rated: boolean}}
 */
export function count(items, value) {
  return { marked: items.filter((item) => value(`item.${item.id}`)).length, total: items.length, rated: Boolean(value("global")) };
}

/**
 * The next item without a mark after this one, else the first there is.
 * @param {Item[]} items
 * @param {string | null} after
 * @param {(field: string) => unknown} value
 * @returns {string | null} null when all are marked
 */
export function nextUnmarked(items, after, value) {
  const start = items.findIndex((item) => item.id === after) + 1;
  return [...items.slice(start), ...items.slice(0, start)].find((item) => !value(`item.${item.id}`))?.id ?? null;
}

/**
 * @param {Item} item
 * @param {Mark} mark
 * @returns {number} how much of it was done, 0 to 1
 */
const done = (item, mark) => ({ done: 1, partly: item.partly, not_done: 0 })[mark];

/**
 * The percentage: 100·Σ(weight·done)/Σ(weight, of those above 0), never below 0: what costs points has a weight below 0.
 * The global rating is no part of it.
 * @param {Item[]} items
 * @param {(field: string) => unknown} value
 * @param {boolean} hidden whether the global rating is to be given without knowing the sum
 * @returns {number | null} null while an item is missing, or the sum is hidden
 */
export function percentage(items, value, hidden) {
  const lacking = missing(items, value);
  if (items.length === 0 || lacking.some((field) => field !== "global" || hidden)) return null;
  const worth = items.reduce((sum, item) => sum + Math.max(item.weight, 0), 0);
  const points = items.reduce((sum, item) => sum + item.weight * done(item, /** @type {Mark} */ (value(`item.${item.id}`))), 0);
  return worth > 0 ? Math.max(0, (100 * points) / worth) : null;
}
