/**
 * Circuits as rows, stations as columns. Cells are made once and keep their place; only words in them change. One cell at a
 * time can be reached by Tab; arrows move on from it (the grid pattern of the ARIA Authoring Practices).
 */

/** @import { Board } from "./board.js" */
/** @import { DayCircuit } from "../types.js" */

import { countdown } from "../clock.js";
import { el, setState, setText, state } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";
import { Cell } from "./cell.js";
import { cellKey } from "./board.js";
import { CIRCUIT_TONE, circuitWords } from "./words.js";

/** @typedef {{row: HTMLElement, name: HTMLElement, state: HTMLElement, where: HTMLElement, clock: HTMLElement}} Row */

export class Grid {
  /** @type {Map<string, Cell>} */ #cells = new Map();
  /** @type {Map<string, Row>} */ #rows = new Map();
  #shape = "";
  #zone;

  /**
   * @param {HTMLElement} root
   * @param {Board} board
   * @param {string} zone
   * @param {(circuit: string, station: number) => void} onopen
   * @param {(key: string, cell: Cell) => boolean} onkey whether the key was meant for the cell
   */
  constructor(root, board, zone, onopen, onkey) {
    this.root = root;
    this.board = board;
    this.#zone = zone;
    this.onopen = onopen;
    this.onkey = onkey;
    root.addEventListener("keydown", (event) => this.#pressed(event));
    root.addEventListener("click", (event) => {
      const cell = this.#of(event.target);
      if (cell) this.onopen(cell.circuit, cell.station);
    });
    root.addEventListener("focusin", (event) => this.#rove(this.#of(event.target)));
  }

  /** Draws what has changed. */
  show() {
    this.#build();
    for (const [name, row] of this.#rows) this.#showRow(row, /** @type {DayCircuit} */ (this.board.circuits.get(name)));
    for (const cell of this.#cells.values()) cell.show(this.board.now(cell.circuit, cell.station), this.board);
  }

  /** @param {number} now_ms the server's time */
  tick(now_ms) {
    for (const cell of this.#cells.values()) cell.tick(now_ms);
    for (const [name, row] of this.#rows) {
      const circuit = this.board.circuits.get(name);
      const turns = circuit?.state === "running" || circuit?.state === "stopping";
      const when = circuit?.turns_ms ? t("turns in {left}", { left: countdown(circuit.turns_ms - now_ms) }) : t("held: one is paused");
      setText(row.clock, turns ? when : this.#planned(circuit));
    }
  }

  /** Marks the cell whose panel is open. @param {string | null} key */
  choose(key) {
    for (const [each, cell] of this.#cells) cell.element.setAttribute("aria-selected", String(each === key));
    if (key !== null) this.#cells.get(key)?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {string} key */
  focus(key) {
    this.#cells.get(key)?.element.focus();
  }

  /** @param {DayCircuit | undefined} circuit */
  #planned(circuit) {
    const waits = circuit && (circuit.state === "planned" || circuit.state === "gathering") && circuit.starts_ms !== null;
    return waits ? t("planned {time}", { time: timeOfDay(circuit.starts_ms ?? 0, this.#zone) }) : "";
  }

  #build() {
    const stations = this.board.stations();
    const circuits = [...this.board.circuits.keys()].sort();
    const shape = JSON.stringify([stations, circuits, circuits.map((circuit) => stations.map(({ number }) => this.board.at(circuit, number).length > 0))]);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#cells.clear();
    this.#rows.clear();
    this.root.style.setProperty("--stations", String(stations.length));
    const heads = stations.map(({ number, title }) =>
      el("div", { role: "columnheader", class: "grid-station" }, el("span", { class: "figures" }, `${number}.`), " ", el("span", { title }, title)),
    );
    const rows = circuits.map((circuit) => this.#row(circuit, stations));
    this.root.replaceChildren(el("div", { role: "row", class: "grid-head" }, el("div", { role: "columnheader", class: "grid-corner" }, t("Circuit")), ...heads), ...rows);
    const first = this.#cells.values().next().value;
    if (first) first.element.tabIndex = 0;
  }

  /**
   * @param {string} circuit
   * @param {{number: number, title: string}[]} stations
   */
  #row(circuit, stations) {
    const parts = { name: el("strong", {}, circuit), state: state("idle", ""), where: el("span", { class: "figures" }), clock: el("span", { class: "figures", role: "timer" }) };
    const cells = stations.map(({ number, title }) => {
      if (this.board.at(circuit, number).length === 0) return el("div", { role: "gridcell", class: "cell nobody" }, el("span", { class: "unseen" }, t("Nothing")));
      const cell = new Cell(circuit, number, title);
      this.#cells.set(cellKey(circuit, number), cell);
      return cell.element;
    });
    const row = el("div", { role: "row", class: "grid-row" }, el("div", { role: "rowheader", class: "grid-circuit" }, parts.name, parts.state, parts.where, parts.clock), ...cells);
    this.#rows.set(circuit, { row, ...parts });
    return row;
  }

  /**
   * @param {Row} row
   * @param {DayCircuit} circuit
   */
  #showRow(row, { state: now, rotation, rotations }) {
    setState(row.state, CIRCUIT_TONE[now], circuitWords(now));
    setText(row.where, rotation === 0 ? rotations === 1 ? t("1 rotation") : t("{n} rotations", { n: rotations }) : t("rotation {k}/{n}", { k: rotation, n: rotations }));
  }

  /** @param {EventTarget | null} target */
  #of(target) {
    const found = target instanceof Element ? target.closest(".cell[data-cell]") : null;
    return found ? (this.#cells.get(found.getAttribute("data-cell") ?? "") ?? null) : null;
  }

  /** @param {Cell | null} chosen */
  #rove(chosen) {
    if (chosen) for (const cell of this.#cells.values()) cell.element.tabIndex = cell === chosen ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const cell = this.#of(event.target);
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = this.#towards(cell, event.key);
    if (to) to.element.focus();
    else if (event.key === "Enter" || event.key === " ") this.onopen(cell.circuit, cell.station);
    else if (event.repeat || !this.onkey(event.key.toLowerCase(), cell)) return;
    event.preventDefault();
  }

  /**
   * The next cell in a direction, passing over what is empty.
   * @param {Cell} cell
   * @param {string} key
   */
  #towards(cell, key) {
    const circuits = [...this.#rows.keys()];
    const row = [...this.#cells.values()].filter((one) => one.circuit === cell.circuit);
    const column = circuits.map((circuit) => this.#cells.get(cellKey(circuit, cell.station))).filter((one) => one !== undefined);
    const [x, y] = [row.indexOf(cell), column.indexOf(cell)];
    return { ArrowRight: row[x + 1], ArrowLeft: row[x - 1], ArrowDown: column[y + 1], ArrowUp: column[y - 1], Home: row[0], End: row.at(-1) }[key];
  }
}
