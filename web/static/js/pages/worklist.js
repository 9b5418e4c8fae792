/** /mark: the worklist keeps itself fresh; rows change in place, and nothing under the hand moves. */

import { byId, el, pageData, setState, setText } from "../dom.js";
import { isOff } from "../keys.js";
import { language, t } from "../i18n.js";
import { openShelf } from "../shelf.js";
import { WaitingForms } from "../waiting.js";
import { fetchWorklist, isAwaited, nextToMark, rowsIn } from "../worklist-rows.js";

/** @import { WorkRow } from "../worklist-rows.js" */

const EVERY_MS = 6000;

/** @type {Record<string, (row: WorkRow) => boolean>} */
const FILTERS = {
  all: () => true,
  begun: (row) => row.open && row.state !== "new",
  ready: (row) => row.open && row.recorded && !isAwaited(row),
  awaited: isAwaited,
  closed: (row) => !row.open,
};

const { role } = /** @type {{role: string}} */ (pageData());
const work = byId("work");
let filter = "all";
/** @type {WaitingForms | null} */ let waiting = null;

times(document);
if (document.getElementById("work-next")) begin();
setInterval(() => document.hidden || void refresh(), EVERY_MS);
// Back from a desk, by the Back button too, the list is as it is now.
document.addEventListener("visibilitychange", () => document.hidden || void refresh());
addEventListener("pageshow", (event) => event.persisted && void refresh());

function begin() {
  for (const button of byId("work-filters").querySelectorAll("button"))
    button.addEventListener("click", () => {
      filter = button.dataset.filter ?? "all";
      draw();
    });
  addEventListener("keydown", (event) => pressed(event));
  byId("work-send").addEventListener("click", () => void send());
  addEventListener("online", () => void send());
  draw();
  // A page that was on top of this list may have been closed with something unsent.
  void openShelf().then((shelf) => {
    waiting = new WaitingForms(shelf);
    return send();
  });
}

/** Shows the rows that are asked for, how many there are of each kind, and what comes next. */
function draw() {
  if (!document.getElementById("work-next")) return;
  const rows = rowsIn(work);
  for (const button of byId("work-filters").querySelectorAll("button")) {
    const name = button.dataset.filter ?? "all";
    button.setAttribute("aria-pressed", String(name === filter));
    const count = button.querySelector("[data-count]");
    if (count) setText(count, String(rows.filter((row) => FILTERS[name]?.(row)).length));
  }
  for (const row of rows) byId(`row-${row.encounter}`).hidden = !FILTERS[filter]?.(row);
  for (const frame of /** @type {NodeListOf<HTMLElement>} */ (work.querySelectorAll(".table-frame"))) frame.hidden = !frame.querySelector("tr[data-encounter]:not([hidden])");
  const next = nextToMark(rows);
  const link = byId("work-next", HTMLAnchorElement);
  link.hidden = next === null;
  if (!next) return;
  link.href = next.href;
  setText(byId("work-next-name"), next.state === "new" ? t("Next: {what}", { what: next.name }) : t("Go on: {what}", { what: next.name }));
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isOff() || document.querySelector("dialog[open]")) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select")) return;
  if (event.key.toLowerCase() === "n" && !event.repeat) return byId("work-next").hidden ? undefined : byId("work-next").click();
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!way) return;
  const links = /** @type {HTMLElement[]} */ ([...work.querySelectorAll("tr[data-encounter]:not([hidden]) a")]);
  const here = links.findIndex((link) => link === document.activeElement);
  const next = links[here < 0 ? (way > 0 ? 0 : links.length - 1) : here + way];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Sends what pages that are closed by now left on this device, and says what still waits. */
async function send() {
  if (!waiting) return; // there is no list yet, or its device's store is still being opened
  const left = (await waiting.send().catch(() => null)) ?? [];
  const rows = rowsIn(work);
  const count = left.reduce((sum, one) => sum + one.count, 0);
  byId("work-waiting").hidden = count === 0;
  for (const mark of work.querySelectorAll(".work-kept")) mark.remove();
  for (const one of left) {
    const row = rows.find(({ form }) => form === one.form);
    if (row) document.querySelector(`#row-${row.encounter} td:last-child`)?.append(el("span", { class: "work-kept state", "data-tone": one.state === "conflict" ? "bad" : "fair" }, wordsOf(one)));
  }
  if (count === 0) return;
  const conflicts = left.filter(({ state }) => state === "conflict").length;
  const kept = count === 1 ? t("1 change waits on this device. It is sent when the line is back.") : left.length === 1 ? t("{count} changes of an encounter wait on this device. They are sent when the line is back.", { count }) : t("{count} changes of {marks} encounters wait on this device. They are sent when the line is back.", { count, marks: left.length });
  setText(byId("work-waiting-text"), conflicts > 0 ? `${kept} ${t("{count} of them were changed elsewhere too: open them and choose.", { count: conflicts })}` : kept);
}

/** @param {import("../waiting.js").Waiting} one */
function wordsOf({ count, state, message }) {
  if (state === "conflict") return t("Changed in two places: open it and choose");
  if (state === "refused") return message ?? t("Not saved on the server; kept on this device");
  return t("{count} unsent, on this device", { count });
}

async function refresh() {
  const signal = AbortSignal.timeout(EVERY_MS);
  const fresh = await fetchWorklist(role, { signal }).catch(() => null);
  const state = byId("work-fresh");
  state.hidden = fresh !== null;
  if (!fresh) return setState(state, "fair", t("The line is lost: this is what was last known"));
  times(fresh);
  setText(byId("work-summary"), fresh.getElementById("work-summary")?.textContent?.trim().replace(/\s+/g, " ") ?? "");
  const called = fresh.getElementById("work-called");
  if (called && called.dataset.encounter !== document.getElementById("work-called")?.dataset.encounter) {
    // A candidate waits for this examiner's voice: nothing on this page is more urgent.
    return location.assign(called.querySelector("a")?.href ?? location.href);
  }
  // The first encounter has come: the page is another one.
  if (!document.getElementById("work-next") && fresh.getElementById("work-next")) return location.reload();
  const now = fresh.getElementById("work");
  if (now) renew(work, now);
  draw();
  await send();
}

/**
 * Rows that stay are changed cell by cell; only when rows come, go or move is the list written anew, with the keyboard where it was.
 * @param {HTMLElement} old
 * @param {HTMLElement} fresh
 */
function renew(old, fresh) {
  if (order(old) === order(fresh)) {
    for (const row of fresh.querySelectorAll("tr[data-encounter]")) patch(/** @type {Element} */ (document.getElementById(row.id)), row);
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

/** @param {HTMLElement} list */
const order = (list) => [...list.querySelectorAll("[id]")].map((each) => each.id).join(" ");

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
