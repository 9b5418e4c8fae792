/** The words of the control room. */

/** @import { CircuitState, DayEncounter, DayIncident, DayPerson, Decision, Tone } from "../types.js" */

import { shortAlarmWords } from "../alarm-words.js";
import { duration } from "../clock.js";
import { phaseName, t, timeOfDay } from "../i18n.js";
import { isRunning, onCamera } from "./board.js";

/** @param {CircuitState} state */
export function circuitWords(state) {
  return {
    planned: t("Planned"),
    gathering: t("Gathering"),
    running: t("Running"),
    paused: t("Paused"),
    stopping: t("Stopping"),
    finished: t("Finished"),
  }[state];
}

/** @type {Record<CircuitState, Tone>} */
export const CIRCUIT_TONE = { planned: "idle", gathering: "fair", running: "good", paused: "fair", stopping: "fair", finished: "idle" };

/**
 * Phase, or what came of it.
 * @param {DayEncounter} encounter
 * @returns {[Tone, string]}
 */
export function phaseState(encounter) {
  const { phase, outcome, paused_ms, rest } = encounter;
  if (phase === "done") return [outcome === "completed" ? "idle" : "bad", outcome ? outcomeWords(outcome) : phaseName(phase)];
  if (paused_ms !== null) return ["fair", t("Paused")];
  if (phase === "waiting") return ["idle", phaseName(phase)];
  return ["good", rest ? t("Rest") : phaseName(phase)];
}

/** @param {NonNullable<DayEncounter["outcome"]>} outcome */
export function outcomeWords(outcome) {
  return { completed: t("Done"), void: t("Void"), missed: t("Missed") }[outcome];
}

/**
 * Somebody in a cell: how they are, in a word or two; no word when all is well, and none once nobody need be there.
 * @param {DayPerson} person
 * @param {DayEncounter} encounter
 * @param {DayPerson[]} others
 * @returns {[Tone, string]}
 */
export function personState(person, encounter, others) {
  const { alarms, present } = person;
  if (encounter.phase === "done") return ["idle", ""];
  const inRoom = encounter.phase === "reading" || encounter.phase === "encounter";
  if (!onCamera(person)) return [present ? "good" : "idle", present ? "" : t("not here")];
  if (isRunning(encounter) && alarms.length > 0) return ["bad", alarms.map(({ kind }) => shortAlarmWords(kind)).join(", ")];
  if (!present) return [inRoom && !encounter.rest ? "bad" : "idle", t("not here")];
  if (!person.consented) return ["fair", t("no consent yet")];
  if (person.check === "not-ready") return ["fair", t("not ready")];
  if (encounter.phase === "encounter" && !encounter.rest) {
    const wrong = mediaFault(person, others);
    if (wrong) return ["bad", wrong];
    if (person.microphone === "off") return ["fair", t("microphone off")];
    if (person.camera === "off") return ["fair", t("camera off")];
  }
  return ["good", ""];
}

/**
 * @param {DayPerson} person
 * @param {DayPerson[]} others
 */
function mediaFault({ media, microphone, camera }, others) {
  if (media === null) return t("no line");
  if (!media.sending && !(microphone === "off" && camera === "off")) return t("sends nothing");
  // Whoever is alone receives nothing, and that is as it should be.
  if (!media.receiving && others.some((one) => one.media?.sending)) return t("receives nothing");
  return (media.loss ?? 0) > 0.1 ? t("{percent} % lost", { percent: Math.round((media.loss ?? 0) * 100) }) : "";
}

/**
 * All of it, for the panel.
 * @param {DayPerson} person
 */
export function mediaWords({ media, microphone, camera }) {
  if (media === null) return "";
  const parts = [
    media.state === "connected" ? null : media.state,
    media.sending ? t("sending") : t("sends nothing"),
    media.receiving ? t("receiving") : t("receives nothing"),
    media.loss === null ? null : t("{percent} % lost", { percent: Math.round(media.loss * 100) }),
    media.round_trip_ms === null ? null : t("{ms} ms", { ms: Math.round(media.round_trip_ms) }),
    microphone === "off" ? t("microphone off") : microphone === "none" ? t("no microphone") : null,
    camera === "off" ? t("camera off") : camera === "none" ? t("no camera") : null,
  ];
  return parts.filter(Boolean).join(", ");
}

/**
 * @param {DayEncounter["recording"]} recording
 * @returns {[Tone, string]}
 */
export function recordingState({ state, seconds }) {
  const length = duration(seconds);
  return /** @type {Record<string, [Tone, string]>} */ ({
    none: ["idle", t("Nothing recorded")],
    recording: ["good", t("Recorded {length}", { length })],
    sealing: ["fair", t("Being sealed")],
    sealed: ["good", t("Sealed {length}", { length })],
    deleted: ["idle", t("Deleted")],
  })[state] ?? ["idle", state];
}

/**
 * @param {DayEncounter["transcript"]} transcript
 * @returns {[Tone, string]}
 */
export function transcriptState({ state, done, message }) {
  return /** @type {Record<string, [Tone, string]>} */ ({
    waiting: ["idle", t("Waiting")],
    running: ["fair", t("Running, {percent} %", { percent: Math.round(done * 100) })],
    ready: ["good", t("Ready")],
    failed: ["bad", t("Failed: {message}", { message })],
    deleted: ["idle", t("Deleted")],
  })[state] ?? ["idle", state];
}

/**
 * @param {DayEncounter["marking"]} marking
 * @returns {[Tone, string]}
 */
export function markingState({ state, marked, total, live }) {
  const far = `${marked}/${total}`;
  const how = live ? ` ${t("live")}` : "";
  return /** @type {Record<string, [Tone, string]>} */ ({
    none: ["idle", t("Not marked")],
    draft: ["fair", t("Marked {far}", { far }) + how],
    submitted: ["good", t("Mark submitted") + how],
    amending: ["fair", t("Being amended") + how],
    amended: ["good", t("Mark amended") + how],
  })[state] ?? ["idle", state];
}

/** @param {Decision} decision */
export function decisionWords(decision) {
  return { none: t("Nothing"), "add-time": t("Extra time"), "re-run": t("Re-run"), void: t("Void") }[decision];
}

/** @param {DayIncident["kind"]} kind */
export function incidentWords(kind) {
  return { line: t("Line lost"), sound: t("Sound lost or disturbed"), picture: t("Picture lost"), server: t("Server away"), other: t("Other"), missed: t("Was not there") }[kind];
}

/**
 * With its seconds: "09:30:05".
 * @param {number} ms
 * @param {string} zone
 */
export function exactTime(ms, zone) {
  return `${timeOfDay(ms, zone)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
}
