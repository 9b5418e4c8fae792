/**
 * Two pictures, one clock. The clock follows the picture that leads (so that its sound is never bent), and else the time that passes;
 * the others follow the clock. While one of them waits for data, all wait.
 */

/** @import { Span } from "./types.js" */
/** @import { Screen } from "./screen.js" */

import { skipTo } from "./timeline.js";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

const TICK_MS = 40;
/** A leader farther from the clock than this does not lead: it is set to its place. */
const BELIEVED_MS = 500;

/**
 * What there is to know of a player. `waiting`: it would play, but data is missing. `skipped_ms`: silence just passed over.
 * @typedef {{at_ms: number, playing: boolean, waiting: boolean, speed: number, skipped_ms: number}} Playing
 */

export class Player {
  at_ms = 0;
  playing = false;
  speed = 1;
  skipping = false;
  waiting = false;
  skipped_ms = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** @type {((now: Playing) => void)[]} */ #listeners = [];
  #last = 0;
  /** Whether the pictures have been told to run. */
  #running = false;

  /**
   * @param {Screen[]} screens
   * @param {number} length_ms
   * @param {Span[]} quiet what skipping passes over
   * @param {(thrown: unknown) => void} onfault
   */
  constructor(screens, length_ms, quiet, onfault) {
    this.screens = screens;
    this.length_ms = length_ms;
    this.quiet = quiet;
    this.onfault = onfault;
  }

  /** @param {(now: Playing) => void} listener told at every step and change */
  listen(listener) {
    this.#listeners.push(listener);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing) return;
    if (this.at_ms >= this.length_ms) this.seek(0);
    this.playing = true;
    this.#last = performance.now();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  pause() {
    this.playing = false;
    this.#halt();
    this.#settleWhenReady();
    this.#tell();
  }

  /** @param {number} at_ms */
  seek(at_ms) {
    this.at_ms = Math.min(this.length_ms, Math.max(0, at_ms));
    this.#halt();
    for (const screen of this.screens) {
      screen.show(this.at_ms);
      screen.place(this.at_ms);
    }
    if (!this.playing) this.#settleWhenReady();
    this.#tell();
  }

  /** @param {number} by_ms */
  step(by_ms) {
    this.seek(this.at_ms + by_ms);
  }

  /** @param {number} steps */
  changeSpeed(steps) {
    const now = SPEEDS.indexOf(this.speed);
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (now < 0 ? SPEEDS.indexOf(1) : now) + steps))] ?? 1);
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = SPEEDS.includes(speed) ? speed : 1;
    for (const screen of this.screens) if (screen.video) screen.video.playbackRate = this.speed;
    this.#tell();
  }

  #tick() {
    const now = performance.now();
    const passed = Math.min(1500, now - this.#last);
    this.#last = now;
    this.skipped_ms = 0;
    if (this.screens.some((screen) => !screen.ready)) {
      this.#halt();
      this.waiting = true;
      this.#tell();
      return;
    }
    this.waiting = false;
    if (this.#running) this.#advance(passed);
    // The end, or a silence passed over: the next step goes on from there.
    if (!this.playing || this.skipped_ms > 0) return this.#tell();
    this.#running = true;
    for (const screen of this.screens) {
      screen.show(this.at_ms);
      screen.play(this.speed).catch((thrown) => this.#refused(thrown));
      screen.follow(this.at_ms, this.speed);
    }
    this.#tell();
  }

  /** @param {number} passed_ms */
  #advance(passed_ms) {
    const expected = this.at_ms + passed_ms * this.speed;
    const lead = this.screens.map((screen) => screen.position_ms).find((position) => position !== null && Math.abs(position - expected) < BELIEVED_MS);
    this.at_ms = Math.min(this.length_ms, lead ?? expected);
    const onward = this.skipping ? skipTo(this.quiet, this.at_ms) : null;
    if (onward !== null && onward > this.at_ms) {
      const from = this.at_ms;
      this.seek(onward);
      this.skipped_ms = this.at_ms - from;
    }
    if (this.at_ms >= this.length_ms) this.pause();
  }

  /** Stops the pictures; the clock stands. */
  #halt() {
    this.#running = false;
    for (const screen of this.screens) screen.pause();
  }

  /** At rest the pictures show the very moment of the clock, not where each happened to stop. */
  #settleWhenReady() {
    this.waiting = false;
    clearInterval(this.#timer);
    for (const screen of this.screens) screen.place(this.at_ms);
  }

  /**
   * A pause that comes before the picture has begun rejects what was asked: that is no fault.
   * @param {unknown} thrown
   */
  #refused(thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") return;
    this.pause();
    this.onfault(thrown);
  }

  #tell() {
    const { at_ms, playing, waiting, speed, skipped_ms } = this;
    for (const listener of this.#listeners) listener({ at_ms, playing, waiting, speed, skipped_ms });
  }
}
