/** Measures the line to the server over a real connection, in a room of one's own where nobody hears. */

/** @import { Ticket, Verdict } from "./types.js" */

import { Peer } from "./peer.js";

/** @typedef {{round_trip_ms: number | null, loss: number | null}} LineMeasure means over the measured time; loss from 0 to 1 */

const MEASURE_MS = 6000;
const EVERY_MS = 500;
const CONNECT_WITHIN_MS = 15000;

/**
 * The verdict on a line. Speech stays natural up to 150 ms one way (ITU-T G.114), and Opus hides a few lost packets in a hundred.
 * @param {LineMeasure} measure
 * @returns {Verdict}
 */
export function lineVerdict({ round_trip_ms, loss }) {
  if (round_trip_ms === null) return "not-ready";
  if (round_trip_ms <= 200 && (loss ?? 0) <= 0.01) return "ready";
  if (round_trip_ms <= 500 && (loss ?? 0) <= 0.05) return "will-do";
  return "not-ready";
}

export class LineCheck {
  /**
   * @param {object} options
   * @param {() => Promise<Ticket>} options.ticket for the room of the check
   * @param {MediaStream} options.stream
   * @param {(share: number) => void} options.onprogress from 0, when connected, to 1
   */
  constructor({ ticket, stream, onprogress }) {
    this.ticket = ticket;
    this.stream = stream;
    this.onprogress = onprogress;
    this.closed = false;
    /** @type {Peer | null} */
    this.peer = null;
  }

  /**
   * Sends another device from now on.
   * @param {MediaStreamTrack} track
   */
  replaceTrack(track) {
    void this.peer?.replaceTrack(track.kind === "video" ? "video" : "audio", track);
  }

  /**
   * Takes about eight seconds. Resolves with null when no connection comes about within 15 s, or when it was closed.
   * @returns {Promise<LineMeasure | null>}
   */
  async measure() {
    const peer = await this.connect();
    const measured = peer && (await this.sample(peer));
    this.close();
    return measured;
  }

  close() {
    this.closed = true;
    this.peer?.close();
  }

  /** @private @returns {Promise<Peer | null>} */
  connect() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), CONNECT_WITHIN_MS);
      const peer = new Peer({
        ticket: this.ticket,
        stream: this.stream,
        onstate: (state) => {
          if (state !== "connected") return;
          clearTimeout(timer);
          resolve(peer);
        },
      });
      this.peer = peer;
      peer.start();
    });
  }

  /**
   * @private
   * @param {Peer} peer
   * @returns {Promise<LineMeasure | null>}
   */
  async sample(peer) {
    /** @type {number[]} */
    const trips = [];
    /** @type {number[]} */
    const losses = [];
    const began = performance.now();
    for (let passed = 0; passed < MEASURE_MS; passed = performance.now() - began) {
      this.onprogress(passed / MEASURE_MS);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      if (this.closed) return null;
      const { round_trip_ms, loss } = peer.stats();
      if (round_trip_ms !== null) trips.push(round_trip_ms);
      if (loss !== null) losses.push(loss);
    }
    return { round_trip_ms: mean(trips), loss: mean(losses) };
  }
}

/** @param {number[]} those */
function mean(those) {
  return those.length ? those.reduce((sum, one) => sum + one, 0) / those.length : null;
}
