/** One encounter in the control page: its people, its clock, what has come of it, and what can be done. */

/** @import { DayEncounter, DayPerson, MediaHealth, Phase, Tone } from "../types.js" */

import { alarmWords } from "../alarm-words.js";
import { toast } from "../announce.js";
import { messageOf, post } from "../api.js";
import { countdown, duration } from "../clock.js";
import { incidentList } from "./control-alarms.js";
import { ask } from "../dialog.js";
import { el, setState, setText, state, whileBusy } from "../dom.js";
import { phaseName, shortRoleName, t } from "../i18n.js";
import { pageRole } from "../role.js";

/** @type {Record<string, Tone>} */
const WORK_TONE = { ready: "good", sealed: "good", recording: "good", submitted: "good", amended: "good", running: "fair", sealing: "fair", draft: "fair", failed: "bad" };

export class EncounterRow {
  /** @param {DayEncounter} encounter */
  constructor(encounter) {
    this.encounter = encounter;
    this.title = el("h3");
    this.where = el("p", { class: "soft small" });
    this.people = el("ul", { class: "encounter-people", "aria-label": t("People") });
    this.incidents = el("div", { class: "encounter-incidents" });
    this.phase = state("idle", "");
    this.clock = el("p", { class: "encounter-clock", role: "timer" });
    this.products = el("dl", { class: "encounter-products" });
    this.begin = this.button(t("Begin"), "", () => this.start());
    this.next = this.button("", "", () => this.moveOn());
    this.more = this.button(t("+1 min"), "", () => this.act("add-time", { seconds: 60 }));
    this.rerun = this.button(t("Re-run"), "", () => this.runAgain());
    this.mark = el("a", { class: "button" }, t("Mark"));
    this.element = el(
      "article",
      { class: "encounter", "aria-labelledby": `encounter-${encounter.id}` },
      el("div", { class: "encounter-name" }, this.title, this.where),
      el("div", { class: "encounter-who" }, this.people, this.incidents),
      el("div", { class: "encounter-phase" }, this.phase, this.clock),
      this.products,
      el("div", { class: "encounter-actions" }, this.begin, this.next, this.more, this.rerun, this.mark),
    );
    this.title.id = `encounter-${encounter.id}`;
  }

  /** @param {DayEncounter} encounter */
  show(encounter) {
    this.encounter = encounter;
    const { station, rotation, circuit, attempt, phase, outcome } = encounter;
    const live = phase !== "waiting" && phase !== "done";
    this.element.dataset.live = String(live);
    this.element.dataset.alarm = String(encounter.people.some((person) => person.alarms.length > 0));
    setText(this.title, t("{number}. {title}", { ...station }));
    const where = t("Rotation {rotation}, circuit {circuit}", { rotation, circuit });
    setText(this.where, attempt > 1 ? `${where}, ${t("attempt {attempt}", { attempt })}` : where);
    const word = phase === "done" && outcome ? outcomeName(outcome) : phaseName(phase);
    setState(this.phase, live ? "good" : phase === "done" && outcome === "void" ? "bad" : "idle", word);
    renew(this.people, encounter.people.map((person) => personLine(person, encounter)));
    incidentList(this.incidents, encounter);
    // Before the encounter there is nothing to say of its recording, and ten rows that say so hide the one that matters.
    const early = phase === "waiting" || phase === "reading";
    renew(this.products, encounter.rest || early ? [] : products(encounter));
    this.offer(phase);
  }

  /**
   * Shows the actions that make sense now.
   * @param {Phase} phase
   */
  offer(phase) {
    const live = phase !== "waiting" && phase !== "done";
    this.begin.hidden = phase !== "waiting";
    this.begin.classList.toggle("primary", this.missing().length === 0);
    this.next.hidden = !live;
    this.more.hidden = !live;
    this.rerun.hidden = phase !== "done";
    setText(this.next, t("End {phase}", { phase: phaseName(phase).toLowerCase() }));
    this.mark.hidden = this.encounter.rest || phase === "waiting" || phase === "reading" || phase === "encounter";
    const href = `/mark/${this.encounter.id}?role=${pageRole()}`;
    if (this.mark.getAttribute("href") !== href) this.mark.href = href;
    for (const action of [this.begin, this.next, this.more, this.rerun, this.mark]) {
      const label = `${action.textContent}: ${this.title.textContent}, ${this.where.textContent}`;
      if (action.getAttribute("aria-label") !== label) action.setAttribute("aria-label", label);
    }
  }

  /** @param {number} now_ms the server's time */
  tick(now_ms) {
    const ends = this.encounter.phase_ends_ms;
    setText(this.clock, ends === null || this.encounter.phase === "done" ? "" : countdown(ends - now_ms));
  }

  /**
   * @private
   * @param {string} text
   * @param {string} kind
   * @param {() => Promise<unknown>} action
   */
  button(text, kind, action) {
    const made = el("button", { class: `button ${kind}`, type: "button" }, text);
    made.addEventListener("click", () => void whileBusy(made, action));
    return made;
  }

  /**
   * The next `day` message shows what came of it.
   * @private
   * @param {string} verb
   * @param {object} [body]
   */
  async act(verb, body = {}) {
    try {
      await post(`/api/encounters/${this.encounter.id}/${verb}`, body);
    } catch (thrown) {
      toast(messageOf(thrown), "bad");
    }
  }

  /** @private The names of those who should be here and are not. */
  missing() {
    return this.encounter.people.filter((person) => onCamera(person) && !person.present).map((person) => person.name);
  }

  /** @private */
  async start() {
    const missing = this.missing();
    if (missing.length) {
      const sure = await ask({
        title: t("Begin without {names}?", { names: missing.join(", ") }),
        text: t("Not everyone is here. The time runs from the moment you begin; whoever comes later joins what is under way."),
        action: t("Begin all the same"),
      });
      if (!sure) return;
    }
    await this.act("begin");
  }

  /** @private */
  async moveOn() {
    // What was on the screen when the button was pressed: the server refuses if the phase has moved on since.
    const expected = this.encounter.phase;
    if (expected === "encounter") {
      const sure = await ask({
        title: t("End this encounter now?"),
        text: t("The bell rings, the two can no longer see and hear each other, and the recording is closed. This cannot be taken back; a re-run makes a new attempt."),
        action: t("End the encounter"),
        danger: true,
      });
      if (!sure) return;
    }
    await this.act("end-phase", { expected });
  }

  /** @private */
  async runAgain() {
    const sure = await ask({
      title: t("Run this encounter again?"),
      text: t("A new attempt begins, waiting for its people. The recording and the marks of this attempt stay as they are."),
      action: t("Run again"),
    });
    if (sure) await this.act("rerun");
  }
}

/**
 * Replaces children only if they differ.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} children
 */
function renew(parent, children) {
  const same = children.length === parent.children.length && children.every((child, index) => child.isEqualNode(parent.children[index] ?? null));
  if (!same) parent.replaceChildren(...children);
}

/** @param {DayPerson} person */
function onCamera(person) {
  return person.role === "candidate" || person.role === "sp";
}

/**
 * Somebody dark or silent in the room is what an organiser must not miss.
 * @param {DayPerson} person
 * @param {DayEncounter} encounter
 */
function personLine(person, { phase, people }) {
  const { media, present, alarms } = person;
  // Whoever is alone, or waits for the encounter to begin, receives nothing, and that is as it should be.
  const receives = phase === "encounter" && people.some((other) => other !== person && other.media?.sending);
  const flows = media !== null && (media.sending || sendsNothing(person)) && (media.receiving || !receives);
  const remark = media ? mediaText(person, media, receives) : remarkOn(person);
  return el(
    "li",
    {},
    state(present ? "good" : "idle", present ? t("Here") : t("Not here")),
    el("span", {}, person.name, el("span", { class: "soft" }, ` · ${shortRoleName(person.role)}`)),
    ...alarms.map(({ kind }) => el("span", { class: "person-alarm" }, state("bad", alarmWords(kind)))),
    remark && el("span", { class: "media", "data-tone": media && alarms.length === 0 && !flows ? "bad" : "idle" }, remark),
  );
}

/** By the person's own wish. @param {DayPerson} person */
function sendsNothing({ microphone, camera }) {
  return microphone === "off" && camera === "off";
}

/**
 * What stands in the way of somebody who is here.
 * @param {DayPerson} person
 */
function remarkOn(person) {
  if (!person.present || !onCamera(person)) return "";
  if (!person.consented) return t("consent not yet given");
  return person.check === "not-ready" ? t("equipment not ready") : "";
}

/**
 * @param {DayPerson} person
 * @param {MediaHealth} media
 * @param {boolean} receives whether there is something to receive
 */
function mediaText({ microphone, camera }, media, receives) {
  const parts = [
    media.state === "connected" ? null : media.state,
    media.sending ? t("sending") : t("sends nothing"),
    !receives ? null : media.receiving ? t("receiving") : t("receives nothing"),
    media.loss === null ? null : t("{percent} % lost", { percent: (media.loss * 100).toFixed(1) }),
    media.round_trip_ms === null ? null : t("{ms} ms", { ms: Math.round(media.round_trip_ms) }),
    microphone === "off" ? t("microphone off") : microphone === "none" ? t("no microphone") : null,
    camera === "off" ? t("camera off") : camera === "none" ? t("no camera") : null,
  ];
  return parts.filter(Boolean).join(", ");
}

/** @param {DayEncounter} encounter */
function products({ recording, transcript, marking }) {
  const length = recording.seconds > 0 ? `, ${duration(recording.seconds)}` : "";
  const marked = marking.state === "none" ? "" : `, ${t("{marked} of {total} items", { marked: marking.marked, total: marking.total })}`;
  return [
    product(t("Recording"), recording.state, workName(recording.state) + length),
    product(t("Transcript"), transcript.state, recording.state === "recording" ? t("After the encounter") : transcriptText(transcript)),
    product(t("Marks"), marking.state, workName(marking.state) + marked),
  ];
}

/** @param {DayEncounter["transcript"]} transcript */
function transcriptText({ state: now, done, message }) {
  if (now === "running") return t("Running, {percent} %", { percent: Math.round(done * 100) });
  return message ? `${workName(now)}: ${message}` : workName(now);
}

/**
 * @param {string} name
 * @param {keyof typeof WORK_TONE} now
 * @param {string} text
 */
function product(name, now, text) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, state(WORK_TONE[now] ?? "idle", text)));
}

/** @param {DayEncounter["recording"]["state"] | DayEncounter["transcript"]["state"] | DayEncounter["marking"]["state"]} now */
function workName(now) {
  return {
    none: t("None yet"),
    recording: t("Recording"),
    sealing: t("Being sealed"),
    sealed: t("Sealed"),
    waiting: t("Waiting"),
    running: t("Running"),
    ready: t("Ready"),
    failed: t("Failed"),
    deleted: t("Deleted"),
    draft: t("Begun"),
    submitted: t("Submitted"),
    amended: t("Amended"),
  }[now];
}

/** @param {"completed" | "void" | "missed"} outcome */
function outcomeName(outcome) {
  return { completed: t("Completed"), void: t("Void"), missed: t("Missed") }[outcome];
}
