/** The desk of an examiner who speaks: heard and seen by the candidate, and brought to the next one by the server. */

/** @import { ServerEvents } from "../types.js" */
/** @import { Listener } from "../listener.js" */

import { announce, toast } from "../announce.js";
import { byId, el } from "../dom.js";
import { t } from "../i18n.js";
import { OwnMedia } from "../own-media.js";
import { pageRole } from "../role.js";

const HEALTH_MS = 2000;
/** So long before the consultation begins the next candidate's desk is opened. */
const AHEAD_MS = 10_000;
/** What was marked may take so long to be sent before the page goes on; it is kept on the device as well. */
const SEND_MS = 1500;

export class Speaker {
  #listener;
  #media;
  #encounter;
  #leave;
  /** @type {string | null} */ #seat = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #going;
  /** The encounter that was announced. @type {string | null} */ #told = null;

  /**
   * @param {Listener} listener
   * @param {string} encounter this desk's
   * @param {() => Promise<unknown>} leave sends what is not sent yet
   */
  constructor(listener, encounter, leave) {
    this.#listener = listener;
    this.#encounter = encounter;
    this.#leave = leave;
    this.#media = new OwnMedia((kind, track) => void listener.peer?.replaceTrack(kind, track), () => this.#report());
    listener.own = this.#media;
    const { socket } = listener;
    socket.on("welcome", ({ you }) => (this.#seat = you.seat));
    socket.on("alarms", ({ kinds }) => this.#media.told(kinds));
    socket.on("notice", ({ text, code }) => code === "no-call" || toast(text, "bad"));
    socket.on("place", (place) => this.#called(place));
    setInterval(() => this.#report(), HEALTH_MS);
    void this.#media.open();
  }

  /** Lets microphone and camera go. */
  close() {
    this.#media.close();
  }

  /** Whether the next candidate is on the way to this examiner. @param {ServerEvents["place"]} place */
  #called({ encounter, people }) {
    clearTimeout(this.#going);
    const mine = encounter !== null && encounter.id !== this.#encounter && people.some(({ seat }) => seat === this.#seat);
    const called = mine && (encounter.phase === "reading" || encounter.phase === "encounter") ? encounter : null;
    const notice = byId("desk-called");
    notice.hidden = called === null;
    if (!called) return;
    const address = `/mark/${called.id}?role=${pageRole()}`;
    if (this.#told !== called.id) {
      this.#told = called.id;
      const words = t("The next candidate is reading. This page goes there by itself before the bell; your marks here are kept.");
      notice.replaceChildren(el("span", {}, words), el("a", { class: "button primary", href: address }, t("Go there now")));
      announce(words, "assertive");
    }
    const wait = called.phase === "encounter" ? 0 : Math.max(0, (called.phase_ends_ms ?? 0) - AHEAD_MS - this.#listener.socket.clock.now());
    this.#going = setTimeout(() => void this.#go(address), wait);
  }

  /** @param {string} address */
  async #go(address) {
    await Promise.race([this.#leave().catch(() => undefined), new Promise((done) => setTimeout(done, SEND_MS))]);
    location.assign(address);
  }

  #report() {
    const stats = this.#listener.peer?.stats();
    if (!stats) return;
    this.#media.hear(stats.level_db ?? null);
    const { sending, receiving, round_trip_ms, loss, connection } = stats;
    const devices = { level_db: this.#media.level_db, microphone: this.#media.state("microphone"), camera: this.#media.state("camera") };
    this.#listener.socket.send("health", { sending, receiving, round_trip_ms, loss, connection, ...devices });
  }
}
