/** What the candidate's and the patient's page share: the socket, the place, the bar, the bell, and the media connection. */

/** @import { BellKind, EncounterNow, Phase, Said, ServerEvents, Tone } from "./types.js" */
/** @import { PeerState } from "./peer.js" */

import { announce, toast } from "./announce.js";
import { ring, unlockBell } from "./bell.js";
import { everyTick } from "./clock.js";
import { byId } from "./dom.js";
import { withdraw } from "./dialog.js";
import { t } from "./i18n.js";
import { Keys } from "./keys.js";
import { LiveBar, stationName, timeLeft } from "./live-bar.js";
import { LiveDay, pausedWords } from "./live-day.js";
import { OwnMedia } from "./own-media.js";
import { Peer } from "./peer.js";
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";
import { ScreenWake } from "./screen-wake.js";

/** @typedef {EncounterNow} Encounter */
/** @typedef {Omit<ServerEvents["place"], "encounter" | "next"> & {encounter: Encounter | null, next: {station: {number: number, title: string}, rest?: boolean, candidate?: string | null} | null}} Place */
/**
 * @typedef {object} LivePage what a page adds to the shared part
 * @property {(place: Place) => string} view the data-views to show
 * @property {(place: Place, before: Place | null) => void} onplace
 * @property {(shown: string[]) => void} onstimuli
 * @property {(phase: Phase, place: Place) => string} phaseWords
 * @property {(place: Place, seen: boolean) => string} absent said on the stage while nobody can be seen; `seen`: somebody was, in this encounter
 * @property {string} resting the bar's title while there is no station
 * @property {{hear: string, unseen: (name: string) => string, kept: string}} words
 */

/** Phases with a media room; it is held until the encounter begins. */
const IN_ROOM = ["reading", "encounter"];
const HEALTH_MS = 2000;
/** A bell says what has begun; without one (after a reconnection) the page says it a moment later. */
const BELL_COMES_MS = 1200;
const WEAK_LOSS = 0.06;
/** So far apart may the server's clock be and what is known of it here. */
const CLOCKS_MS = 5000;
/** Characters, as the server takes them. */
const LONGEST_CALL = 500;
const WEAK_ROUND_TRIP_MS = 500;

export class Live {
  /** @type {Place | null} */ place = null;
  socket = new Socket({ onstate: () => this.#onsocket() });
  #day = new LiveDay();
  #bar = new LiveBar(() => this.socket.clock.now());
  #media = new OwnMedia((kind, track) => void this.#peer?.replaceTrack(kind, track), () => this.#report());
  #wake = new ScreenWake();
  #keys = new Keys();
  /** @type {Peer | null} */ #peer = null;
  /** The encounter whose room the peer is in. @type {string | null} */ #room = null;
  /** The room in which somebody was seen. @type {string | null} */ #seen = null;
  #left = false;
  #was_open = false;
  /** A call for help that the server has not told back: a line may be dead for seconds before anybody notices. @type {string | null} */ #plea = null;
  #asked_ms = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #saying;

  /** @param {LivePage} page */
  constructor(page) {
    this.page = page;
    this.stage = new Stage(page.words);
    this.#keys.on("m", () => this.#media.toggle("microphone"));
    this.#keys.on("v", () => this.#media.toggle("camera"));
    byId("live-help").addEventListener("click", () => this.#help());
    byId("veil-action").addEventListener("click", () => this.comeBack());
  }

  start() {
    unlockBell((heard) => this.#tellSound(heard));
    this.socket.on("welcome", () => this.#onwelcome());
    this.socket.on("place", (place) => this.#onplace(/** @type {Place} */ (place)));
    this.socket.on("bound", ({ slots }) => this.#peer?.bind(slots));
    this.socket.on("bell", ({ kind, phase }) => this.#onbell(kind, phase));
    this.socket.on("stimuli", ({ shown }) => this.page.onstimuli(shown));
    this.socket.on("alarms", ({ kinds }) => this.#media.told(kinds));
    this.socket.on("messages", ({ messages }) => {
      this.#hear(messages);
      // These come with every connection: what is not among them did not arrive.
      if (this.#plea !== null) this.socket.send("help", { text: this.#plea });
    });
    this.socket.on("message", (said) => this.#hear([said]));
    everyTick(() => this.#day.tick(this.socket.clock.now()));
    this.socket.on("notice", (notice) => this.#onnotice(notice));
    this.socket.on("ended", ({ reason }) => this.#final("ended", reason));
    setInterval(() => {
      this.#media.hear(this.#peer?.stats().level_db ?? null);
      this.#report();
    }, HEALTH_MS);
    this.socket.start();
    void this.#media.open();
  }

  /**
   * A key of the page's own; it does nothing while somebody types.
   * @param {string} key
   * @param {() => void} action
   */
  key(key, action) {
    this.#keys.on(key, action);
  }

  /** Steps out of the consultation; the place is kept. */
  leave() {
    this.#left = true;
    this.#hangUp();
    this.#tellStage();
  }

  comeBack() {
    this.#left = false;
    if (this.place) this.#follow(this.place);
    this.#tellStage();
  }

  #onwelcome() {
    if (this.#was_open) this.#peer?.back(this.socket.anew);
    this.#was_open = true;
  }

  /** @param {Place} place */
  #onplace(place) {
    const before = this.place;
    this.place = place;
    const { encounter } = place;
    if (before?.encounter?.id !== encounter?.id || before?.encounter?.phase !== encounter?.phase) this.#onphase(place);
    this.#bar.show(encounter, encounter ? this.page.phaseWords(encounter.phase, place) : "", this.page.resting);
    this.#day.show(place);
    this.#follow(place);
    this.page.onplace(place, before);
    this.page.onstimuli(place.stimuli);
    this.show(this.page.view(place));
    this.#tellStage();
  }

  /** @param {Place} place */
  #onphase({ encounter }) {
    if (encounter?.phase !== "encounter") this.#left = false;
    withdraw();
    clearTimeout(this.#saying);
    if (encounter) {
      const words = `${stationName(encounter)}. ${this.page.phaseWords(encounter.phase, /** @type {Place} */ (this.place))}.`;
      this.#saying = setTimeout(() => announce(words), BELL_COMES_MS);
    }
    this.#wake.keep(encounter !== null && encounter.phase !== "done");
  }

  /**
   * Shows the parts of the page whose data-views name this view, and moves the mirror to where it wants it.
   * @param {string} view
   */
  show(view) {
    if (document.body.dataset.view !== view) {
      document.body.dataset.view = view;
      for (const part of document.querySelectorAll("[data-views]")) {
        const shown = part.getAttribute("data-views")?.split(" ").includes(view) ?? false;
        /** @type {HTMLElement} */ (part).hidden = !shown;
      }
      scrollTo(0, 0);
    }
    const mirror = [...document.querySelectorAll("[data-mirror]")].find((each) => !each.closest("[hidden]"));
    this.#media.moveTo(mirror ?? byId("mirror-kept"));
  }

  /** Makes, keeps or ends the media connection, as the place says. @param {Place} place */
  #follow({ encounter }) {
    const room = encounter && IN_ROOM.includes(encounter.phase) && !encounter.rest && !this.#left ? encounter.id : null;
    if (room === this.#room) return;
    this.#hangUp();
    if (room === null) return;
    this.#room = room;
    this.#peer = new Peer({
      ticket: () => this.socket.ticket(),
      stream: this.#media.sent,
      onstate: (state) => {
        if (state === "reconnecting") this.socket.probe();
        this.#tellStage();
      },
      onbound: (people) => {
        this.stage.show(people);
        if (this.stage.size > 0) this.#seen = room;
        this.#tellStage();
      },
    });
    this.#peer.start();
  }

  #hangUp() {
    this.#peer?.close();
    this.#peer = null;
    this.#room = null;
    this.stage.show([]);
  }

  #onsocket() {
    if (this.socket.state === "replaced") this.#final("replaced", "");
    else if (this.socket.state === "ended") this.#final("ended", "");
    else this.#tellStage();
  }

  /**
   * This page has no place any more.
   * @param {"replaced" | "ended"} view
   * @param {string} reason
   */
  #final(view, reason) {
    this.place = null;
    this.#hangUp();
    this.#media.close();
    this.#bar.show(null, "", this.page.resting);
    this.#bar.line("idle", t("Not connected"));
    this.show(view);
    announce(view === "replaced" ? t("You have moved to another tab or device.") : `${t("This session has ended.")} ${reason}`, "assertive");
    byId("main").focus();
  }

  #tellStage() {
    this.#tellLine();
    if (!this.place) return;
    const state = this.#peer?.state ?? null;
    byId("veil-action").hidden = !this.#left;
    if (this.#left) {
      this.stage.veil({ title: t("You have left the consultation"), text: t("Your place is kept, and the time runs on.") });
    } else if (state === "reconnecting") {
      this.stage.veil({ title: t("Reconnecting"), text: this.page.words.kept, counted: true });
    } else if (pausedWords(this.place)) {
      this.stage.veil({ title: t("Paused"), text: pausedWords(this.place) });
    } else this.stage.veil(null);
    this.stage.message(state === "connecting" ? t("Connecting …") : this.page.absent(this.place, this.#seen !== null && this.#seen === this.#room));
  }

  /** @param {boolean} heard whether the browser lets the bell sound */
  #tellSound(heard) {
    const button = byId("sound-off");
    if (button.hidden === heard) return;
    if (document.activeElement === button) byId("main").focus();
    button.hidden = heard;
    if (!heard) announce(button.textContent?.trim() ?? "");
  }

  #tellLine() {
    const [tone, words] = lineWords(this.socket.state, this.#peer?.state ?? null, this.#weak());
    this.#bar.line(tone, words);
  }

  #weak() {
    const stats = this.#peer?.stats();
    return stats !== undefined && ((stats.loss ?? 0) > WEAK_LOSS || (stats.round_trip_ms ?? 0) > WEAK_ROUND_TRIP_MS);
  }

  #report() {
    const stats = this.#peer?.stats();
    if (!stats) return;
    const { sending, receiving, round_trip_ms, loss, connection } = stats;
    const hears = stats.hears && this.stage.sounds;
    const devices = { level_db: this.#media.level_db, microphone: this.#media.state("microphone"), camera: this.#media.state("camera") };
    this.socket.send("health", { sending, receiving, hears, round_trip_ms, loss, connection, ...devices });
    this.#tellLine();
  }

  /**
   * @param {BellKind} kind
   * @param {Phase} phase
   */
  #onbell(kind, phase) {
    clearTimeout(this.#saying);
    const ends = this.place?.encounter?.phase_ends_ms;
    const words = kind === "warning" && ends ? `${timeLeft(ends - this.socket.clock.now())}.` : bellWords(kind, phase);
    ring(kind, t("Bell. {words}", { words }));
    this.stage.remark(words);
  }

  /** @param {{level: string, text: string, code?: string}} notice */
  #onnotice({ level, text, code }) {
    // A ticket asked for a moment too early or too late: the page asks again by itself.
    if (code === "no-call") return;
    if (code === "told") this.#plea = null;
    toast(text, /** @type {Record<string, Tone>} */ ({ error: "bad", bad: "bad", warning: "fair", fair: "fair" })[level] ?? "good");
  }

  /** @param {Said[]} said */
  #hear(said) {
    this.#day.hear(said);
    const since_ms = this.#asked_ms - CLOCKS_MS;
    if (said.some(({ from_seat, at_ms }) => from_seat !== null && at_ms > since_ms)) this.#plea = null;
  }

  #help() {
    this.#day.talk(this.#keys.explain(), (text) => {
      // One that waits still goes with it.
      this.#asked_ms = this.socket.clock.now();
      this.#plea = [this.#plea, text].filter(Boolean).join("\n").slice(0, LONGEST_CALL);
      if (!this.socket.send("help", { text: this.#plea })) toast(t("There is no line at this moment. Your call is sent as soon as it is back."), "fair");
    });
  }
}

/**
 * @param {Socket["state"]} socket
 * @param {PeerState | null} peer
 * @param {boolean} weak
 * @returns {[Tone, string]}
 */
function lineWords(socket, peer, weak) {
  if (socket === "connecting") return ["idle", t("Connecting")];
  if (socket === "lost" || peer === "reconnecting") return ["fair", t("Reconnecting")];
  if (peer === "connecting") return ["idle", t("Connecting")];
  return weak ? ["fair", t("Weak line")] : ["good", t("Connected")];
}

/**
 * @param {BellKind} kind
 * @param {Phase} phase
 */
function bellWords(kind, phase) {
  if (kind === "call") return t("The organisers are calling: look at your messages.");
  if (kind === "warning") return t("The end is near.");
  if (kind === "start") return phase === "reading" ? t("The reading time begins.") : t("The consultation begins.");
  return phase === "note" ? t("The time for the note is over.") : t("The consultation is over.");
}
