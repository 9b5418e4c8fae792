/** What can be done: each asks the server, says what came of it, and asks the person first only where there is no way back. */

/** @import { Board } from "./board.js" */
/** @import { DayEncounter, DayPerson, Decision } from "../types.js" */

import { toast } from "../announce.js";
import { messageOf, post } from "../api.js";
import { ask, askWhy, open } from "../dialog.js";
import { el, icon, state } from "../dom.js";
import { phaseName, roleName, t } from "../i18n.js";
import { pageRole } from "../role.js";
import { calledName, isRunning, onCamera } from "./board.js";

export class Actions {
  /** What is under way, by encounter: where one hangs, the others do not wait. @type {Map<string, Promise<void>>} */ #before = new Map();

  /**
   * @param {string} exam
   * @param {Board} board
   */
  constructor(exam, board) {
    this.exam = exam;
    this.board = board;
  }

  /**
   * Does it; a refusal says how things stand instead. The next `day` message shows what came of it.
   * @param {string} path
   * @param {object} body
   * @param {string} [done] said when it is
   * @returns {Promise<any>} null when it was refused
   */
  async send(path, body = {}, done = "") {
    try {
      const answer = await post(path, body);
      if (done) toast(done);
      return answer;
    } catch (thrown) {
      toast(messageOf(thrown), "bad");
      return null;
    }
  }

  /**
   * @param {string} verb
   * @param {string[] | null} circuits null for all
   * @param {object} [more]
   */
  circuits(verb, circuits, more = {}) {
    return this.send(`/api/exams/${this.exam}/${verb}`, { circuits, ...more });
  }

  /**
   * @param {DayEncounter} encounter
   * @param {string} verb
   * @param {object} [body]
   * @param {string} [done]
   */
  encounter(encounter, verb, body = {}, done = "") {
    return this.send(`/api/encounters/${encounter.id}/${verb}`, body, done);
  }

  /**
   * @param {string} take
   * @param {string} text what is wrong with it
   */
  async readDamage(take, text) {
    const read = await ask({
      title: t("A recording is damaged"),
      text: t("{text} Nothing is deleted; whatever can be read is in the recording, with its gaps named. Putting this alarm away is written down with your name.", { text }),
      action: t("I have read it: put it away"),
    });
    if (read) await this.send(`/api/exams/${this.exam}/takes/${take}/read`, {}, t("Put away. It still stands with the recording."));
  }

  /** @param {string[] | null} circuits */
  async go(circuits) {
    const missing = this.missing(circuits);
    if (missing.length) {
      const names = missing.length > 4 ? t("{n} people", { n: missing.length }) : missing.map(calledName).join(", ");
      const sure = await ask({
        title: t("Start without {names}?", { names }),
        text: t("Not everyone is here. The time runs from the moment you start; whoever comes later joins what is under way."),
        action: t("Start anyway"),
      });
      if (!sure) return;
    }
    await this.circuits("go", circuits);
  }

  /**
   * @param {string[] | null} circuits
   * @returns {DayPerson[]}
   */
  missing(circuits) {
    const names = circuits ?? [...this.board.circuits.keys()];
    const next = names.flatMap((name) => this.board.stations().map(({ number }) => this.board.now(name, number)));
    const seats = new Set(next.flatMap((one) => (one && one.phase === "waiting" && !one.rest ? one.seats : [])));
    return [...this.board.people.values()].filter((one) => seats.has(one.seat) && onCamera(one) && !one.present);
  }

  /** @param {string[] | null} circuits */
  stop(circuits) {
    const scope = circuits === null ? t("all circuits") : circuits.join(", ");
    const dialog = open(
      t("Stop {scope}?", { scope }),
      [
        el("p", {}, t("Gently: consultations end within 30 seconds, with the bell, and notes are still written. At once: everything ends now.")),
        el("p", {}, t("What has not begun waits, and can be started another time. What was recorded and marked is kept.")),
      ],
      [
        el("button", { class: "button", value: "", autofocus: true }, t("Cancel")),
        el("button", { class: "button danger", value: "hard" }, t("Stop at once")),
        el("button", { class: "button primary", value: "soft" }, t("Stop gently")),
      ],
    );
    dialog.addEventListener("close", () => dialog.returnValue && void this.circuits("stop", circuits, { hard: dialog.returnValue === "hard" }));
  }

  /** @param {DayEncounter} encounter */
  async begin(encounter) {
    const missing = this.board.peopleOf(encounter).filter((one) => onCamera(one) && !one.present);
    if (missing.length) {
      const sure = await ask({
        title: t("Begin without {names}?", { names: missing.map((one) => one.name).join(", ") }),
        text: t("Not everyone is here. The time runs from the moment you begin; whoever comes later joins what is under way."),
        action: t("Begin anyway"),
      });
      if (!sure) return;
    }
    await this.encounter(encounter, "begin");
  }

  /** @param {DayEncounter} encounter */
  async endPhase(encounter) {
    // What was on the screen when the button was pressed: the server refuses if the phase has moved on since.
    const expected = encounter.phase;
    if (expected === "encounter") {
      const sure = await ask({
        title: t("End this encounter now?"),
        text: t("The bell rings, the two can no longer see and hear each other, and the recording is closed. This cannot be taken back; a re-run makes a new attempt."),
        action: t("End the encounter"),
        danger: true,
      });
      if (!sure) return;
    }
    await this.encounter(encounter, "end-phase", { expected });
  }

  /** @param {DayEncounter} encounter */
  async restart(encounter) {
    const sure = await ask({
      title: t("Start this phase again?"),
      text: t("{phase} starts again with its full time, and its circuit waits for it. The recording goes on.", { phase: phaseName(encounter.phase) }),
      action: t("Start it again"),
    });
    if (sure) await this.#inTime(encounter, "restart-phase", {});
  }

  /** @param {DayEncounter} encounter */
  async noShow(encounter) {
    const sure = await ask({
      title: t("Record that the candidate did not come?"),
      text: t("This encounter ends as missed. Another attempt can be put at the end."),
      action: t("Did not come"),
      danger: true,
    });
    if (sure) await this.encounter(encounter, "no-show");
  }

  /**
   * Whether another attempt would begin at once, and its circuit wait for it.
   * @param {DayEncounter} encounter
   */
  holds({ circuit, rotation }) {
    const now = this.board.circuits.get(circuit);
    return now?.rotation === rotation && (now.state === "running" || now.state === "paused");
  }

  /** @param {DayEncounter} encounter */
  async rerun(encounter) {
    if (this.holds(encounter)) {
      const sure = await ask({
        title: t("Run this encounter again now?"),
        text: t("A new attempt begins at once, and the whole circuit waits for it. What was recorded and marked is kept."),
        action: t("Run it again"),
      });
      if (!sure) return;
    }
    const made = await this.encounter(encounter, "rerun");
    if (made) toast(made.phase === "waiting" ? t("A new attempt waits.") : t("A new attempt has begun."));
  }

  /** @param {DayEncounter} encounter */
  async void(encounter) {
    const [who, other] = [encounter, this.board.beside(encounter)].map((one) => one && this.board.candidateOf(one));
    if (who && other && encounter.joins === null) {
      toast(t("{who} and {other} meet the patient together, and it goes on for {other}. Make it void for {who} at its end; to end it for both, make it void for {other} first.", { who, other }), "bad");
      return;
    }
    const ends = who && other ? t("It ends now for {who}, goes on for {other}, and will never count for {who}. What was recorded and marked is kept.", { who, other }) : t("It ends now and will never count. What was recorded and marked is kept.");
    const reason = await askWhy({
      title: t("Void this encounter?"),
      text: isRunning(encounter) ? ends : t("It will never count. What was recorded and marked is kept."),
      label: t("Why?"),
      action: t("Make it void"),
      danger: true,
    });
    if (reason !== null) await this.encounter(encounter, "void", { reason });
  }

  /** @param {DayEncounter} encounter */
  addTime(encounter) {
    const seconds = el("input", { class: "input", id: "add-seconds", type: "number", min: 1, max: 3600, value: 120, required: true });
    const dialog = open(
      t("Add time"),
      [el("div", { class: "field" }, el("label", { for: "add-seconds" }, t("How many seconds?")), seconds)],
      [el("button", { class: "button", value: "", formnovalidate: true }, t("Cancel")), el("button", { class: "button primary", value: "yes" }, t("Add"))],
    );
    seconds.select();
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && void this.more(encounter, Number(seconds.value)));
  }

  /**
   * @param {DayEncounter} encounter
   * @param {number} seconds
   */
  more(encounter, seconds) {
    return this.#inTime(encounter, "add-time", { seconds }, t("{seconds} seconds added.", { seconds }));
  }

  /**
   * What two hands must not do twice: the server refuses if the end is no longer the one that was on the screen. A second
   * press of the same hand is meant, and goes by what the first came to.
   * @param {DayEncounter} encounter
   * @param {string} verb
   * @param {object} body
   * @param {string} [done]
   */
  #inTime(encounter, verb, body, done) {
    const act = async () => {
      const moved = await this.encounter(encounter, verb, { ...body, seen_ends_ms: encounter.phase_ends_ms }, done);
      if (moved) encounter.phase_ends_ms = moved.phase_ends_ms;
    };
    const turn = (this.#before.get(encounter.id) ?? Promise.resolve()).then(act);
    this.#before.set(encounter.id, turn);
    return turn.finally(() => this.#before.get(encounter.id) === turn && this.#before.delete(encounter.id));
  }

  /** @param {DayEncounter} encounter */
  observe(encounter) {
    window.open(`/observe/${encounter.id}?role=${pageRole()}`, "_blank", "noopener");
  }

  /**
   * Another takes the seat's stations: a spare, who has none of their own.
   * @param {DayPerson} person
   */
  swap(person) {
    const busy = new Set([...this.board.encounters.values()].filter((one) => one.phase !== "done").flatMap((one) => one.seats));
    const spares = [...this.board.people.values()].filter((one) => one.role === person.role && one.seat !== person.seat && !busy.has(one.seat));
    const choices = spares.map((one, index) =>
      el(
        "label",
        { class: "choice" },
        el("input", { type: "radio", name: "with", value: one.seat, checked: index === 0 }),
        el("span", {}, calledName(one), " ", state(one.present ? "good" : "idle", one.present ? t("here") : t("not here"))),
      ),
    );
    const dialog = open(
      t("Who takes over from {name}?", { name: person.name }),
      spares.length
        ? [el("p", {}, t("{name} is replaced in everything that is waiting or under way. What is finished stays theirs.", { name: person.name })), ...choices]
        : [el("p", {}, t("There is no spare {role} in this exam: nobody is without stations of their own.", { role: roleName(person.role).toLowerCase() }))],
      [
        el("button", { class: "button", value: "", autofocus: true }, t("Cancel")),
        ...(spares.length ? [el("button", { class: "button primary", value: "yes" }, t("Swap"))] : []),
      ],
    );
    dialog.addEventListener("close", () => {
      const chosen = /** @type {HTMLInputElement | null} */ (dialog.querySelector("input:checked"));
      if (dialog.returnValue === "yes" && chosen) void this.send(`/api/exams/${this.exam}/swap`, { seat: person.seat, with: chosen.value }, t("Swapped."));
    });
  }

  /**
   * @param {DayPerson} person
   * @param {"photo" | "number"} how
   */
  identify(person, how) {
    return this.send(`/api/exams/${this.exam}/identities`, { seat: person.seat, how });
  }

  /**
   * @param {string} incident
   * @param {Decision} decision
   * @param {string} note
   */
  decide(incident, decision, note) {
    return this.send(`/api/exams/${this.exam}/incidents/${incident}`, { decision, note });
  }

  /**
   * @param {string} text
   * @param {string | null} to null for everyone
   */
  say(text, to) {
    return this.send(`/api/exams/${this.exam}/messages`, { text, to });
  }

  /** @param {DayPerson} person */
  async replaceLink({ name, seat }) {
    const sure = await ask({
      title: t("Make a new link for {name}?", { name }),
      text: t("The old link stops working at once. If {name} is in the exam now, they stay in until the new link is opened.", { name }),
      action: t("Make a new link"),
    });
    const made = sure && (await this.send("/api/links", { seat }));
    if (made) showLink(name, new URL(made.link, location.href).href);
  }
}

/**
 * The server keeps only the link's hash, so this is the one time that it can be read.
 * @param {string} name
 * @param {string} url
 */
function showLink(name, url) {
  const copied = state("good", t("Copied"));
  copied.hidden = true;
  const copy = el("button", { class: "button primary", type: "button", autofocus: true }, icon("copy"), t("Copy the link"));
  copy.addEventListener("click", async () => {
    copied.hidden = !(await navigator.clipboard.writeText(url).then(() => true, () => false));
    if (copied.hidden) getSelection()?.selectAllChildren(link);
  });
  const link = el("p", { class: "new-link" }, url);
  const text = el("p", {}, t("Send it to {name} alone: whoever has it can take this place. It is shown only this once.", { name }));
  open(t("The new link for {name}", { name }), [text, link, el("p", { role: "status" }, copied)], [copy, el("button", { class: "button", value: "" }, t("Close"))]);
}
