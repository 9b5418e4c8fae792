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
 * @param {string} role
 * @returns {Promise<HTMLElement[]>} in the order of the page
 */
export async function readWorklist(role) {
  return [.../** @type {NodeListOf<HTMLElement>} */ ((await fetchWorklist(role)).querySelectorAll("[data-encounter]"))];
}
