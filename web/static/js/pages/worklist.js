/** /mark: the worklist keeps itself fresh; rows change in place, and nothing under the hand moves. */

import { byId, pageData, setState, setText } from "../dom.js";
import { language, t } from "../i18n.js";
import { fetchWorklist } from "../worklist-rows.js";

const EVERY_MS = 6000;

const { role } = /** @type {{role: string}} */ (pageData());

times(document);
setInterval(() => document.hidden || void refresh(), EVERY_MS);
// Back from a desk, by the Back button too, the list is as it is now.
document.addEventListener("visibilitychange", () => document.hidden || void refresh());
addEventListener("pageshow", (event) => event.persisted && void refresh());

async function refresh() {
  const signal = AbortSignal.timeout(EVERY_MS);
  const fresh = await fetchWorklist(role, { signal }).catch(() => null);
  const state = byId("work-fresh");
  state.hidden = fresh !== null;
  if (!fresh) return setState(state, "fair", t("The line is lost: this is what was known last"));
  times(fresh);
  setText(byId("work-summary"), fresh.getElementById("work-summary")?.textContent?.trim() ?? "");
  const called = fresh.getElementById("work-called");
  if (called && called.dataset.encounter !== document.getElementById("work-called")?.dataset.encounter) {
    // A candidate waits for this examiner's voice: nothing on this page is more urgent.
    return location.assign(called.querySelector("a")?.href ?? location.href);
  }
  const work = fresh.getElementById("work");
  if (work) renew(byId("work"), work);
}

/**
 * Rows that stay are changed cell by cell; only when rows come, go or move is the list written anew, with the keyboard where it was.
 * @param {HTMLElement} old
 * @param {HTMLElement} fresh
 */
function renew(old, fresh) {
  if (order(old) === order(fresh)) {
    for (const row of fresh.querySelectorAll("[data-encounter]")) patch(/** @type {Element} */ (document.getElementById(row.id)), row);
    return;
  }
  const focused = document.activeElement?.closest("[data-encounter]")?.id;
  old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  if (focused) document.getElementById(focused)?.querySelector("a")?.focus({ preventScroll: true });
}

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function patch(old, fresh) {
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const [index, cell] of [...fresh.children].entries()) {
    const known = old.children[index];
    if (known && known.innerHTML !== cell.innerHTML && !known.contains(document.activeElement)) known.replaceChildren(...[...cell.childNodes].map((node) => document.importNode(node, true)));
  }
}

/** @param {HTMLElement} work */
const order = (work) => [...work.querySelectorAll("[id]")].map((each) => each.id).join(" ");

/**
 * Writes times in the reader's own zone.
 * @param {Document} where
 */
function times(where) {
  const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  for (const time of where.querySelectorAll("time[data-ms]")) {
    const ms = Number(time.getAttribute("data-ms"));
    time.setAttribute("datetime", new Date(ms).toISOString());
    time.textContent = format.format(ms);
  }
}
