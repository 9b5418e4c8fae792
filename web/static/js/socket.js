/**
 * The page's one WebSocket to the server (web/PROTOCOL.md). It comes back by itself; `replaced` and `ended` are final.
 *
 *     const socket = new Socket({ onstate: show });
 *     socket.on("place", (place) => …);
 *     socket.start();
 */

/** @import { PageMessages, ServerEvents, Ticket } from "./types.js" */

import { Fault } from "./api.js";
import { ServerClock } from "./clock.js";
import { t } from "./i18n.js";
import { pageRole } from "./role.js";

/** @typedef {"connecting" | "open" | "lost" | "replaced" | "ended"} SocketState */

const PING_EVERY_MS = 5000;
const SILENCE_MS = 12000;
const PROBE_MS = 2000;
const FIRST_WAIT_MS = 500;
/** A server that was killed is back within seconds, and then everybody should be. */
const LONGEST_WAIT_MS = 1500;
/** A try that met a dead line asks again ever more seldom: a fresh one finds the mended line sooner. */
const OPEN_WITHIN_MS = 5000;
const TICKET_WAIT_MS = 10000;
const CLOSED_REPLACED = 4001;
const CLOSED_ENDED = 4003;

export class Socket {
  /**
   * @param {object} [options]
   * @param {(state: SocketState, detail: string) => void} [options.onstate] detail: the reason of `ended`
   * @param {string} [options.path]
   */
  constructor({ onstate = () => {}, path = "/ws" } = {}) {
    this.clock = new ServerClock();
    /** @type {SocketState} */
    this.state = "connecting";
    this.onstate = onstate;
    this.path = path;
    /** @type {Map<string, Set<(body: any) => void>>} */
    this.listeners = new Map();
    /** @type {WebSocket | null} */
    this.wire = null;
    this.attempt = 0;
    this.heard = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.pinging = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    this.reason = "";
    /** Which start of the server this page spoke with last. @type {string | null} */
    this.boot = null;
    /** Whether the server was started since; true from the welcome that tells it until the next. */
    this.anew = false;
  }

  /**
   * Listens to an event of the server. Returns a function that stops listening.
   * @template {keyof ServerEvents} K
   * @param {K} type
   * @param {(body: ServerEvents[K]) => void} listener
   */
  on(type, listener) {
    const those = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, those.add(listener));
    return () => those.delete(listener);
  }

  /**
   * Sends; false when there is no connection (nothing is queued: the server tells the whole truth again on return).
   * @template {keyof PageMessages} K
   * @param {K} type
   * @param {PageMessages[K]} body
   */
  send(type, body) {
    if (this.wire?.readyState !== WebSocket.OPEN) return false;
    this.wire.send(JSON.stringify({ type, ...body }));
    return true;
  }

  /**
   * A fresh ticket for the room where this person is now. Throws a Fault when none comes within 10 s.
   * @returns {Promise<Ticket>}
   * @param {"check" | "encounter" | "observe"} [purpose] `check` leads to a room of one's own, `observe` to the one looked in on
   */
  ticket(purpose = "encounter") {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        stopTicket();
        stopWelcome();
      };
      const timer = setTimeout(() => {
        done();
        reject(new Fault(t("The server gave no ticket for the media connection. It is tried again."), { code: "no-ticket" }));
      }, TICKET_WAIT_MS);
      const stopTicket = this.on("ticket", (ticket) => {
        done();
        resolve(ticket);
      });
      const stopWelcome = this.on("welcome", () => this.send("ticket", { purpose }));
      this.send("ticket", { purpose });
    });
  }

  /** Call it when there is reason to doubt the line: without a word within 2 s it is given up, and a fresh one is tried. */
  probe() {
    const wire = this.wire;
    if (!this.send("ping", { at: performance.now() })) return this.hurry();
    const before = this.heard;
    setTimeout(() => wire === this.wire && this.heard === before && this.drop(), PROBE_MS);
  }

  start() {
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.connect();
  }

  /** Leaves for good; the server may be told of it by the close alone. */
  close() {
    this.finish("ended", "");
  }

  /** @private */
  connect() {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const address = new URL(this.path, location.href.replace(/^http/, "ws"));
    address.searchParams.set("role", pageRole());
    const wire = new WebSocket(address);
    this.wire = wire;
    this.heard = performance.now();
    setTimeout(() => wire === this.wire && wire.readyState === WebSocket.CONNECTING && this.drop(), OPEN_WITHIN_MS);
    wire.onopen = () => this.opened();
    wire.onmessage = (event) => this.received(event.data);
    wire.onclose = (event) => wire === this.wire && this.closed(event.code);
    clearInterval(this.pinging);
    this.pinging = setInterval(() => this.beat(), PING_EVERY_MS);
  }

  /** @private */
  opened() {
    this.attempt = 0;
    this.change("open");
    this.send("ping", { at: performance.now() });
  }

  /** @private */
  beat() {
    // A dead line can look open for minutes: no word for 12 s, though we ping every 5, means that it is gone.
    if (performance.now() - this.heard > SILENCE_MS) this.drop();
    else this.send("ping", { at: performance.now() });
  }

  /** @private */
  drop() {
    const wire = this.wire;
    this.wire = null;
    wire?.close();
    this.closed(1006);
  }

  /**
   * @private
   * @param {string} data
   */
  received(data) {
    this.heard = performance.now();
    const { type, ...body } = JSON.parse(data);
    if (type === "pong") this.clock.sample(body.at, this.heard, body.now_ms);
    else if (typeof body.now_ms === "number") this.clock.guess(body.now_ms);
    if (type === "ended") this.reason = body.reason;
    if (type === "welcome") [this.anew, this.boot] = [this.boot !== null && this.boot !== body.boot, body.boot];
    for (const listener of this.listeners.get(type) ?? []) listener(body);
    if (type === "replaced") this.finish("replaced", "");
    if (type === "ended") this.finish("ended", this.reason);
  }

  /**
   * @private
   * @param {number} code
   */
  closed(code) {
    if (code === CLOSED_REPLACED) return this.finish("replaced", "");
    if (code === CLOSED_ENDED) return this.finish("ended", this.reason);
    clearInterval(this.pinging);
    this.change("lost");
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt++);
    this.waiting = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  /** @private The line is back, or the person looks at the page again: do not sit out the pause. */
  hurry() {
    if (this.waiting === undefined) return;
    this.attempt = 0;
    this.connect();
  }

  /**
   * @private
   * @param {SocketState} state
   * @param {string} detail
   */
  finish(state, detail) {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    clearInterval(this.pinging);
    const wire = this.wire;
    this.wire = null;
    wire?.close();
    this.change(state, detail);
  }

  /**
   * @private
   * @param {SocketState} state
   */
  change(state, detail = "") {
    if (this.state === state || this.state === "replaced" || this.state === "ended") return;
    this.state = state;
    this.onstate(state, detail);
  }
}
