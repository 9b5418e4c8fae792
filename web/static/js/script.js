/** The SP's script: parts that fold, and a search that leaves only the lines that hold the words. */

import { byId, el, setText } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {{kind: string, title: string, html: string}} ScriptPart */

const OPEN_AT_FIRST = ["opening", "story", "facts", "on_request"];
const HIGHLIGHT = "script-search";

export class Script {
  #root = byId("script");
  #search = byId("script-search", HTMLInputElement);
  #found = byId("script-found");
  /** How this person left each part, by its title. @type {Map<string, boolean>} */ #folds = new Map();

  constructor() {
    this.#search.addEventListener("input", () => this.#look());
  }

  /** @param {ScriptPart[]} parts */
  show(parts) {
    this.#root.replaceChildren(...parts.map((part) => this.#part(part)));
    this.#search.value = "";
    this.#look();
  }

  /** @param {ScriptPart} part */
  #part({ kind, title, html }) {
    const body = el("div", { class: "prose" });
    // The server made this HTML from markdown and cleaned it.
    body.innerHTML = html;
    // Topics are written two levels below a part; on this page they stand right under its title.
    for (const topic of body.querySelectorAll("h4")) topic.replaceWith(el("h3", {}, ...topic.childNodes));
    const part = el(
      "details",
      { class: "script-part", "data-kind": kind, open: this.#folds.get(title) ?? OPEN_AT_FIRST.includes(kind) },
      el("summary", {}, el("h2", {}, title)),
      body,
    );
    part.addEventListener("toggle", () => this.#query() || this.#folds.set(title, part.open));
    return part;
  }

  #query() {
    return this.#search.value.trim().toLowerCase();
  }

  #look() {
    const query = this.#query();
    let found = 0;
    for (const part of /** @type {NodeListOf<HTMLDetailsElement>} */ (this.#root.querySelectorAll("details"))) {
      const here = filter(part, query);
      found += here;
      part.hidden = query !== "" && here === 0;
      if (query) part.open = true;
      else part.open = this.#folds.get(part.querySelector("h2")?.textContent ?? "") ?? OPEN_AT_FIRST.includes(part.dataset.kind ?? "");
    }
    highlight(this.#root, query);
    setText(this.#found, query ? (found === 0 ? t("Nothing in the script: answer as the patient would, or say that you do not know.") : found === 1 ? t("1 line found") : t("{n} lines found", { n: found })) : "");
  }
}

/**
 * Hides the lines of a part that do not hold the query.
 * @param {HTMLElement} part
 * @param {string} query
 * @returns {number} how many are left
 */
function filter(part, query) {
  const lines = [...part.querySelectorAll(".prose :is(p, li, tr, blockquote)")].filter((line) => !line.querySelector("p, li, tr"));
  let left = 0;
  for (const line of lines) {
    const holds = query === "" || (line.textContent ?? "").toLowerCase().includes(query);
    /** @type {HTMLElement} */ (line).hidden = !holds;
    if (holds) left++;
  }
  for (const heading of part.querySelectorAll(".prose :is(h1, h2, h3, h4)")) {
    /** @type {HTMLElement} */ (heading).hidden = query !== "" && !topicHasLines(heading);
  }
  return left;
}

/** @param {Element} heading */
function topicHasLines(heading) {
  for (let next = heading.nextElementSibling; next && !/^H[1-4]$/.test(next.tagName); next = next.nextElementSibling) {
    const lines = next.matches("p, li") ? [next] : [...next.querySelectorAll("p, li, tr")];
    if (lines.some((line) => !(/** @type {HTMLElement} */ (line).hidden) && !line.querySelector("p, li, tr"))) return true;
  }
  return false;
}

/**
 * Marks the words where the browser can do so without changing the text.
 * @param {HTMLElement} root
 * @param {string} query
 */
function highlight(root, query) {
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete(HIGHLIGHT);
  if (!query) return;
  const ranges = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = (node.textContent ?? "").toLowerCase();
    for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + query.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + query.length);
      ranges.push(range);
    }
  }
  CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
}
