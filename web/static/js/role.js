/**
 * Which of this browser's sessions a page speaks for: one browser may hold an organiser's and a candidate's tab.
 * Every request of ours says so (web/PROTOCOL.md, Sessions).
 */

const NAME = "teleosce-role";

/** @returns {string} the role of this page; empty when nobody has joined */
export function pageRole() {
  return globalThis.document?.querySelector(`meta[name="${NAME}"]`)?.getAttribute("content") ?? "";
}

/**
 * For the join page, which becomes somebody's when they join.
 * @param {string} role
 */
export function setPageRole(role) {
  globalThis.document?.querySelector(`meta[name="${NAME}"]`)?.setAttribute("content", role);
}

/** @returns {Record<string, string>} the header that names the role, where there is one */
export function roleHeader() {
  const role = pageRole();
  return role ? { "Teleosce-Role": role } : {};
}
