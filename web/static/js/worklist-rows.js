/** The worklist as the server has it now: its rows, read from the page of that name. */

import { Fault } from "./api.js";
import { t } from "./i18n.js";
import { roleHeader } from "./role.js";

/**
 * @param {string} role the reader's
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<Document>}
 */
export async function fetchWorklist(role, options = {}) {
  const response = await fetch(`/mark?role=${encodeURIComponent(role)}`, { credentials: "same-origin", headers: roleHeader(), ...options });
  if (!response.ok || response.redirected) throw new Fault(t("The worklist could not be read."), { status: response.status });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/**
 * @typedef {object} WorkRow an encounter that is mine to mark
 * @property {string} encounter
 * @property {string} name
 * @property {string} href
 * @property {string} form the id of my mark; "" before there is one
 * @property {boolean} open whether it is still to be submitted
 * @property {boolean} recorded
 * @property {string} state of my mark: new, draft, submitted, amending, amended
 * @property {string} transcript ready, running, waiting, failed, deleted, none
 */

/**
 * @param {ParentNode} where
 * @returns {WorkRow[]} in the order of the page
 */
export function rowsIn(where) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (where.querySelectorAll("tr[data-encounter]"))].map((row) => ({
    encounter: row.dataset.encounter ?? "",
    name: row.dataset.name ?? "",
    href: row.querySelector("a")?.getAttribute("href") ?? "",
    form: row.dataset.form ?? "",
    open: row.dataset.open === "yes",
    recorded: row.dataset.recording === "sealed",
    state: row.dataset.state ?? "new",
    transcript: row.dataset.transcript ?? "none",
  }));
}

/** Whether its transcript is still to come. @param {WorkRow} row */
export const isAwaited = (row) => row.open && ["none", "waiting", "running"].includes(row.transcript);

/**
 * What to open next: what was begun, else what can be watched and read, else what can be watched.
 * @param {WorkRow[]} rows
 * @returns {WorkRow | null}
 */
export function nextToMark(rows) {
  const due = rows.filter((row) => row.open && row.recorded);
  return due.find((row) => row.state !== "new") ?? due.find((row) => !isAwaited(row)) ?? due[0] ?? null;
}

/**
 * @param {string} role
 * @returns {Promise<WorkRow[]>} in the order of the page
 */
export async function readWorklist(role) {
  return rowsIn(await fetchWorklist(role));
}
