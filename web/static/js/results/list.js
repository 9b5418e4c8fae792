/** A table whose rows are sorted by their heads and filtered; a row's unfolded part stays behind it. */

import { setText } from "../dom.js";
import { t } from "../i18n.js";

export class List {
  /**
   * @param {HTMLTableElement} table
   * @param {HTMLInputElement} words
   * @param {HTMLSelectElement} result
   * @param {HTMLElement} count
   */
  constructor(table, words, result, count) {
    this.rows = /** @type {HTMLTableRowElement[]} */ ([...table.tBodies[0]?.rows ?? []]);
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (table.querySelectorAll("[data-sort]"))) {
      button.addEventListener("click", () => this.#sort(table, button));
    }
    const filter = () => this.#filter(words.value, result.value, count);
    words.addEventListener("input", filter);
    result.addEventListener("change", filter);
    // Browsers put back what was typed before a page was loaded again.
    if (words.value || result.value) filter();
  }

  /**
   * @param {HTMLTableElement} table
   * @param {HTMLButtonElement} button
   */
  #sort(table, button) {
    const key = button.dataset.sort ?? "";
    const head = button.closest("th");
    const down = head?.getAttribute("aria-sort") === "ascending";
    for (const one of table.querySelectorAll("th[aria-sort]")) one.removeAttribute("aria-sort");
    head?.setAttribute("aria-sort", down ? "descending" : "ascending");
    const text = key === "name" || key === "result";
    const sorted = [...this.rows].sort((a, b) => (down ? -1 : 1) * (text ? compareText(a, b, key) : compareNumber(a, b, key)));
    table.tBodies[0]?.append(...sorted.flatMap((row) => [row, ...part(row)]));
  }

  /**
   * @param {string} words
   * @param {string} result
   * @param {HTMLElement} count
   */
  #filter(words, result, count) {
    const wanted = words.trim().toLocaleLowerCase();
    let n = 0;
    for (const row of this.rows) {
      const fits = (!result || row.dataset.result === result) && (!wanted || (row.textContent ?? "").toLocaleLowerCase().includes(wanted));
      row.hidden = !fits;
      for (const one of part(row)) one.hidden = !fits || row.querySelector("[aria-expanded=true]") === null;
      n += Number(fits);
    }
    setText(count, n === this.rows.length ? String(n) : t("{n} of {all}", { n, all: this.rows.length }));
  }
}

/**
 * The row with what was unfolded, if it was.
 * @param {HTMLTableRowElement} row
 * @returns {HTMLTableRowElement[]}
 */
export function part(row) {
  const id = row.querySelector("[aria-expanded]")?.getAttribute("aria-controls");
  const found = id ? document.getElementById(id) : null;
  return found ? [/** @type {HTMLTableRowElement} */ (found)] : [];
}

/**
 * @param {HTMLElement} a
 * @param {HTMLElement} b
 * @param {string} key
 */
function compareText(a, b, key) {
  return (a.dataset[key] ?? "").localeCompare(b.dataset[key] ?? "", undefined, { numeric: true });
}

/**
 * Rows without the figure come last when it rises.
 * @param {HTMLElement} a
 * @param {HTMLElement} b
 * @param {string} key
 */
function compareNumber(a, b, key) {
  const [one, other] = [a, b].map((row) => (row.dataset[key] === "" ? Infinity : Number(row.dataset[key])));
  return one === other ? 0 : Number(one) - Number(other);
}
