/** The server's clock, seen from here: the offset is measured, and the shortest round trip is believed. */

const KEPT = 12;
/** The server tells whole milliseconds, and two clocks drift apart by some in a minute. */
const SLACK_MS = 20;

export class ServerClock {
  constructor() {
    /** @type {{rtt: number, offset: number}[]} */
    this.samples = [];
    this.offset_ms = 0;
  }

  /**
   * An answer to a ping. Both local times are performance.now().
   * @param {number} sent
   * @param {number} received
   * @param {number} server_now_ms
   */
  sample(sent, received, server_now_ms) {
    const rtt = received - sent;
    if (rtt < 0) return;
    const offset = server_now_ms - performance.timeOrigin - (sent + received) / 2;
    // The truth lies within half a round trip of each sample: where two exclude each other, this computer has slept since.
    this.samples = this.samples.filter((one) => Math.abs(one.offset - offset) <= (one.rtt + rtt) / 2 + SLACK_MS);
    this.samples.push({ rtt, offset });
    if (this.samples.length > KEPT) this.samples.shift();
    this.offset_ms = this.samples.reduce((best, one) => (one.rtt < best.rtt ? one : best)).offset;
  }

  /**
   * A first guess from a message that was not an answer; any ping outranks it.
   * @param {number} server_now_ms
   */
  guess(server_now_ms) {
    if (this.samples.length === 0) this.offset_ms = server_now_ms - localNow();
  }

  /** The server's time now, in milliseconds since the epoch. */
  now() {
    return localNow() + this.offset_ms;
  }

  /** The shortest round trip of late, in milliseconds, or null before the first answer. */
  get round_trip_ms() {
    return this.samples.length ? Math.min(...this.samples.map((one) => one.rtt)) : null;
  }
}

/** Does not jump when somebody sets the computer's clock. */
function localNow() {
  return performance.timeOrigin + performance.now();
}

/**
 * Time left as "7:05" or "1:02:10"; full seconds, rounded up, so that 0:00 means over.
 * @param {number} ms
 * @returns {string}
 */
export function countdown(ms) {
  return duration(Math.ceil(Math.max(0, ms) / 1000));
}

/**
 * Seconds as "7:05" or "1:02:10".
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * Calls back at once and then ten times a second: a countdown is never a fifth of a second behind, while the page is open. Returns a function that stops it.
 * @param {() => void} callback
 */
export function everyTick(callback) {
  callback();
  const timer = setInterval(callback, 100);
  return () => clearInterval(timer);
}
