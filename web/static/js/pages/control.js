/** /control/<exam>: the day as the server tells it, and everything that can be done about it. */

/** @import { DayPerson, ServerEvents } from "../types.js" */

import { announce, toast } from "../announce.js";
import { everyTick } from "../clock.js";
import { Actions } from "../control/actions.js";
import { Board, cellKey } from "../control/board.js";
import { Direction } from "../control/direct.js";
import { Grid } from "../control/grid.js";
import { Ledger } from "../control/ledger.js";
import { Panel } from "../control/panel.js";
import { PeopleTable } from "../control/people.js";
import { Talk } from "../control/talk.js";
import { Troubles } from "../control/troubles.js";
import { open } from "../dialog.js";
import { byId, el, find, pageData, setState, setText } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";
import { Socket } from "../socket.js";
import { tabs } from "../tabs.js";

const { exam, zone, may } = /** @type {{exam: string, zone: string, may: Record<string, boolean>}} */ (pageData());
const board = new Board();
const actions = new Actions(exam, board);
const selectTab = tabs(find(byId("below"), '[role="tablist"]'), (id) => id === "tab-people" && people.show());
const write = (/** @type {DayPerson | null} */ person) => {
  selectTab("tab-messages");
  talk.write(person);
};
const panel = new Panel(board, actions, may, zone, {
  onclose: () => {
    const cell = panel.cell;
    grid.choose(null);
    if (cell) grid.focus(cell);
  },
  onwrite: write,
});
const grid = new Grid(byId("grid"), board, zone, openCell, (key, { encounter }) => {
  if (key === "m") write(null);
  return key === "m" || (encounter !== null && panel.press(key, encounter));
});
const direction = new Direction(board, actions, may);
const ledger = new Ledger(board, actions, may, zone, ({ encounter }) => openEncounter(encounter));
const talk = new Talk(board, actions, zone);
const people = new PeopleTable(board, actions, may, zone, write);
const troubles = new Troubles(board, ({ encounter, incident, key, seat, take, text }) => {
  if (take) void actions.readDamage(take, text);
  else if (incident) {
    selectTab("tab-incidents");
    ledger.focus(incident);
  } else if (key.startsWith("message ")) write(board.people.get(seat ?? "") ?? null);
  else openEncounter(encounter);
});
const above = [grid, direction, panel, troubles];
const below = [ledger, talk, people];

const socket = new Socket({ onstate: showConnection, path: `/ws?exam=${encodeURIComponent(exam)}` });
socket.on("day", show);
socket.on("messages", ({ messages }) => hear(messages));
socket.on("message", (said) => hear([said]));
socket.on("notice", ({ level, text }) => toast(text, level === "error" ? "bad" : "good"));
socket.start();
everyTick(() => {
  const now = socket.clock.now();
  setText(byId("clock"), timeOfDay(now, zone));
  for (const part of [grid, panel, troubles]) part.tick(now);
});
byId("broadcast").addEventListener("click", () => write(null));
byId("keys").addEventListener("click", explain);
addEventListener("keydown", (event) => {
  const typing = /** @type {HTMLElement | null} */ (event.target)?.closest("input, textarea, select, dialog");
  if (event.key === "?" && !typing) explain();
});

/** @param {ServerEvents["day"]} day */
function show(day) {
  if (day.exam.id !== exam) return;
  board.take(day);
  told = true;
  redraw();
}

/** @param {ServerEvents["messages"]["messages"]} said */
function hear(said) {
  board.hear(said);
  redraw();
}

/** Whether the day has been told. Messages may come before it, and an empty day is not what they say. */
let told = false;
let due = false;

/** However much comes, the page is drawn once, in two frames; in a tab that nobody sees, at once. */
function redraw() {
  if (due || !told) return;
  due = true;
  inFrame(() => {
    due = false;
    for (const part of above) part.show();
    const now = socket.clock.now();
    for (const part of [grid, panel, troubles]) part.tick(now);
    byId("no-encounters").hidden = board.encounters.size > 0;
    setText(byId("summary"), summary());
    inFrame(() => below.forEach((part) => part.show()));
  });
}

/** @param {() => void} draw */
function inFrame(draw) {
  if (document.hidden) draw();
  else requestAnimationFrame(draw);
}

/**
 * @param {string} circuit
 * @param {number} station
 */
function openCell(circuit, station) {
  panel.open(circuit, station);
  panel.tick(socket.clock.now());
  grid.choose(cellKey(circuit, station));
}

/** @param {string | null} id */
function openEncounter(id) {
  const one = id === null ? null : (board.encounters.get(id) ?? null);
  if (!one) return;
  panel.open(one.circuit, one.station.number, one.id);
  panel.tick(socket.clock.now());
  grid.choose(cellKey(one.circuit, one.station.number));
}

function summary() {
  const all = [...board.encounters.values()];
  const done = all.filter((one) => one.phase === "done").length;
  return t("{done} of {all} encounters done", { done, all: all.length });
}

function explain() {
  const keys = [
    ["← ↑ → ↓", t("from cell to cell")],
    ["Enter", t("open the cell; Escape closes it")],
    ["P", t("pause or resume the cell’s encounter")],
    ["A", t("add a minute")],
    ["B", t("ring the bell")],
    ["O", t("observe")],
    ["M", t("write a message")],
    ["?", t("this list")],
  ];
  const list = el("dl", { class: "facts keys" }, ...keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key ?? "")), el("dd", {}, what ?? "")]));
  open(t("Keys"), [el("p", {}, t("Letters work while a cell of the grid has the focus.")), list], [el("button", { class: "button", value: "" }, t("Close"))]);
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
    announce(stale.textContent ?? "");
  } else {
    setState(connection, "bad", t("Stopped"));
    stale.replaceChildren(
      state === "replaced" ? t("You opened this account in another window, and this one has stopped.") : t("You have been signed out."),
      " ",
      el("a", { href: location.href }, t("Load this page again")),
    );
  }
}
