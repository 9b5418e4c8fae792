/** The links of a new exam, which can be read only now: each to copy, all to copy, and as a file. */

/** @import { BankStation } from "../plan.js" */
/** @import { Role } from "../types.js" */

import { toast } from "../announce.js";
import { byId, el, icon, setText } from "../dom.js";
import { roleName, t } from "../i18n.js";
import { pageRole } from "../role.js";
import { csv, tabbed } from "../spreadsheet.js";

/** @typedef {{role: Role, name: string, path: string}} PersonsLink as the server gives it */
/** @typedef {{name: string, role: string, place: string, url: string}} Row */

/**
 * Shows them in place of the form.
 * @param {{exam: string, links: PersonsLink[]}} made
 * @param {string} title
 * @param {string} sum the plan in a sentence
 * @param {BankStation[]} ring
 * @param {() => void} kept called once they have left the page by copy or file
 */
export function showLinks(made, title, sum, ring, kept) {
  const rows = rowsOf(made.links, ring);
  const table = [[t("Name"), t("Role"), t("Place"), t("Link")], ...rows.map((row) => [row.name, row.role, row.place, row.url])];
  setText(byId("made-title"), t("“{title}” is made", { title }));
  setText(byId("made-sum"), sum);
  byId("links").replaceChildren(...rows.map((row) => lineOf(row)));
  byId("to-control", HTMLAnchorElement).href = `/control/${made.exam}?role=${pageRole()}`;
  byId("copy-all").addEventListener("click", async () => {
    if (await copy(tabbed(table))) said(t("All {n} links are copied.", { n: rows.length }), kept);
  });
  byId("save-csv").addEventListener("click", () => {
    save(csv(table), `${title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "exam"}-links.csv`);
    said(t("All {n} links are in the file.", { n: rows.length }), kept);
  });
  byId("part-form").hidden = true;
  byId("part-made").hidden = false;
  scrollTo(0, 0);
  byId("made-title").focus();
}

/**
 * Candidates and patients come in the ring's order, so that each one's place can be said.
 * @param {PersonsLink[]} links
 * @param {BankStation[]} ring
 * @returns {Row[]}
 */
function rowsOf(links, ring) {
  const places = {
    candidate: ring.map((_, index) => t("Begins at station {number}", { number: index + 1 })),
    sp: ring.flatMap((one, index) => (one.rest ? [] : [`${index + 1}. ${one.title}`])),
  };
  return links.map(({ role, name, path }) => ({
    name,
    role: roleName(role),
    place: (role === "candidate" || role === "sp" ? places[role].shift() : undefined) ?? t("The whole exam"),
    url: new URL(path, location.href).href,
  }));
}

/** @param {Row} row */
function lineOf({ name, role, place, url }) {
  const words = el("span", {}, t("Copy"));
  const button = el("button", { class: "button", type: "button", "aria-label": t("Copy the link of {name}", { name }) }, icon("copy"), words);
  const link = el("td", { class: "link" }, url);
  button.addEventListener("click", async () => {
    if (!(await copy(url, link))) return;
    setText(words, t("Copied"));
    button.setAttribute("aria-label", t("Copied the link of {name}", { name }));
  });
  return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, role), el("td", { class: "soft" }, place), link, el("td", {}, button));
}

/**
 * @param {string} text
 * @param {() => void} kept
 */
function said(text, kept) {
  byId("kept").hidden = false;
  setText(byId("kept"), text);
  kept();
}

/**
 * @param {string} text
 * @param {HTMLElement} [shown] selected when the browser refuses, so that Ctrl+C does it
 */
async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
    toast(shown ? t("The browser did not let the page copy. The link is selected: press Ctrl+C.") : t("The browser did not let the page copy. Download the file instead."), "fair");
    return false;
  }
}

/**
 * @param {string} text
 * @param {string} name
 */
function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
