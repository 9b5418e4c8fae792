/** /control/<exam>: the day as the server tells it, and the organiser's few levers. */

/** @import { DayEncounter, ServerEvents } from "../types.js" */

import { toast } from "../announce.js";
import { everyTick } from "../clock.js";
import { byId, el, pageData, setState, setText } from "../dom.js";
import { roleName, t, timeOfDay } from "../i18n.js";
import { Socket } from "../socket.js";
import { AlarmTeller, inOrder } from "./control-alarms.js";
import { EncounterRow } from "./control-encounter.js";
import { PersonRow } from "./control-person.js";

const { exam, zone } = /** @type {{exam: string, zone: string}} */ (pageData());
/** @type {Map<string, EncounterRow>} */
const encounters = new Map();
/** @type {Map<string, PersonRow>} */
const people = new Map();
const teller = new AlarmTeller(zone);

const socket = new Socket({ onstate: showConnection, path: `/ws?exam=${encodeURIComponent(exam)}` });
socket.on("day", show);
socket.on("help", ({ name, role, text }) => toast(text ? t("{name} ({role}) asks for help: {text}", { name, role: roleName(role), text }) : t("{name} ({role}) asks for help.", { name, role: roleName(role) }), "fair"));
socket.on("notice", ({ level, text }) => toast(text, level === "error" ? "bad" : "good"));
socket.start();
everyTick(() => {
  const now = socket.clock.now();
  setText(byId("clock"), timeOfDay(now, zone));
  for (const row of encounters.values()) row.tick(now);
});

/** @param {ServerEvents["day"]} day */
function show(day) {
  if (day.exam.id !== exam) return;
  place(byId("encounters"), encounters, inOrder(day.encounters), (one) => one.id, (one) => new EncounterRow(one));
  const everyone = new Map(day.encounters.flatMap((one) => one.people).map((person) => [person.seat, person]));
  place(byId("people"), people, [...everyone.values()], (one) => one.seat, (one) => new PersonRow(one));
  showAlarms(day.alarms);
  teller.tell(day.encounters);
  byId("no-encounters").hidden = day.encounters.length > 0;
  setText(byId("summary"), summary(day.encounters, [...everyone.values()].filter((one) => one.present).length, everyone.size));
}

/**
 * One row for each thing, kept while it lasts: nothing is drawn anew, so focus and reading stay put. Rows change places only
 * when no button is under the pointer, so that nobody presses what was another's a moment ago.
 * @template T
 * @template {{element: HTMLElement, show: (one: T) => void}} R
 * @param {HTMLElement} list
 * @param {Map<string, R>} rows
 * @param {T[]} things
 * @param {(one: T) => string} key
 * @param {(one: T) => R} make
 */
function place(list, rows, things, key, make) {
  const present = new Set(things.map(key));
  for (const [id, row] of rows) {
    if (present.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  const focused = document.activeElement;
  const aiming = list.querySelector("button:hover, a:hover") !== null;
  things.forEach((one, index) => {
    const row = rows.get(key(one)) ?? make(one);
    rows.set(key(one), row);
    row.show(one);
    if (list.children[index] === row.element || (aiming && row.element.isConnected)) return;
    list.insertBefore(row.element, list.children[index] ?? null);
  });
  // What is moved loses the focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

/**
 * @param {DayEncounter[]} all
 * @param {number} here
 * @param {number} expected
 */
function summary(all, here, expected) {
  const done = all.filter((one) => one.phase === "done").length;
  return t("{done} of {all} encounters done · {here} of {expected} people here", { done, all: all.length, here, expected });
}

/**
 * What a person must see to now. Drawn only when it changes, as a screen reader says it each time it is drawn.
 * @param {string[]} alarms
 */
function showAlarms(alarms) {
  const list = byId("alarms");
  const told = alarms.join("\n");
  if ((list.dataset.told ?? "") === told) return;
  list.dataset.told = told;
  list.hidden = alarms.length === 0;
  list.replaceChildren(...alarms.map((one) => el("li", {}, one)));
}

/** @param {import("../socket.js").SocketState} state */
function showConnection(state) {
  const connection = byId("connection");
  const stale = byId("stale");
  stale.hidden = state === "open" || state === "connecting";
  if (state === "open") setState(connection, "good", t("Live"));
  else if (state === "lost") {
    setState(connection, "fair", t("Reconnecting"));
    setText(stale, t("The line to the server is lost. What you see is from {time}; the exam goes on without this page.", { time: timeOfDay(Date.now(), zone) }));
  } else {
    setState(connection, "bad", t("Stopped"));
    stale.replaceChildren(
      state === "replaced" ? t("You opened this account in another window, and this one has stopped.") : t("You have been signed out."),
      " ",
      el("a", { href: location.href }, t("Load this page again")),
    );
  }
}
