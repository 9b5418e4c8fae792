/** Reads a peer connection's statistics: is the line alive, how good is it, does the microphone hear anything? */

const FALTERING_MS = 3000;
const DEAD_MS = 8000;
const SILENT_MS = 10_000;
/** Statistics are read each second. */
const UNHEARD_MS = 2500;
/** Below this a microphone hears nothing at all: a quiet room is about −60 dB. */
const SILENT_DB = -75;

/**
 * @typedef {object} LineSummary
 * @property {RTCPeerConnectionState} connection
 * @property {number | null} round_trip_ms
 * @property {number | null} loss of what this side sends, 0 to 1, as the server reports it
 * @property {number | null} sent_kbps
 * @property {number | null} received_kbps
 * @property {number | null} level_db the microphone's level of the last second, 0 is full scale
 * @property {boolean} silent the microphone has heard nothing for ten seconds
 * @property {boolean} sending
 * @property {boolean} receiving
 * @property {boolean} hears somebody's sound arrives
 */

/** @typedef {{at: number, sent: number, received: number, energy: number | null, spoken: number}} Sample */

export class LineWatch {
  /** Someone is bound to a slot, so packets should come. */
  expects = false;
  /** A count over everything that arrived by RTP or RTCP: it changes while the line lives. */
  heard = 0;
  /** @type {number | null} */ round_trip_ms = null;
  /** @type {number | null} */ loss = null;
  /** @type {number | null} */ level_db = null;
  /** @type {Sample | null} */ last = null;
  /** @type {Sample | null} */ previous = null;
  #began = performance.now();
  #heard_at = performance.now();
  /** @type {number | null} */ #loud_at = null;
  /** The server has reported on what we send, which it does every second. */ #reported = false;
  /** Packets of the others have come; in a held room none do. */ #flowed = false;
  #received_packets = 0;
  #sound_packets = 0;
  #sound_at = -Infinity;

  /**
   * @param {RTCStatsReport} report
   * @param {number} now milliseconds of a steady clock
   */
  read(report, now) {
    /** @type {Sample} */
    const sample = { at: now, sent: 0, received: 0, energy: null, spoken: 0 };
    let heard = 0;
    let packets = 0;
    let sounds = 0;
    report.forEach((/** @type {Record<string, any>} */ stat) => {
      if (stat.type === "outbound-rtp") sample.sent += stat.bytesSent ?? 0;
      if (stat.type === "inbound-rtp") {
        sample.received += stat.bytesReceived ?? 0;
        packets += stat.packetsReceived ?? 0;
        if (stat.kind === "audio") sounds += stat.packetsReceived ?? 0;
      }
      if (stat.type === "remote-inbound-rtp") {
        heard += stat.timestamp;
        this.#reported = true;
        if (typeof stat.roundTripTime === "number") this.round_trip_ms = Math.round(stat.roundTripTime * 1000);
        if (stat.kind === "audio" && typeof stat.fractionLost === "number") this.loss = stat.fractionLost;
      }
      if (stat.type === "remote-outbound-rtp") heard += stat.timestamp;
      if (stat.type === "media-source" && typeof stat.totalAudioEnergy === "number") {
        sample.energy = stat.totalAudioEnergy;
        sample.spoken = stat.totalSamplesDuration ?? 0;
      }
      if (stat.type === "candidate-pair" && stat.nominated && this.round_trip_ms === null && stat.currentRoundTripTime)
        this.round_trip_ms = Math.round(stat.currentRoundTripTime * 1000);
    });
    heard += packets;
    if (packets > this.#received_packets) this.#flowed = true;
    if (!this.expects) this.#flowed = false;
    this.#received_packets = packets;
    if (sounds > this.#sound_packets) this.#sound_at = now;
    this.#sound_packets = sounds;
    if (heard !== this.heard) this.#heard_at = now;
    this.heard = heard;
    this.previous = this.last;
    this.last = sample;
    this.#listen(now);
  }

  /** @param {number} now */
  #listen(now) {
    const { last, previous } = this;
    if (!last || !previous || last.energy === null || previous.energy === null) return;
    const seconds = last.spoken - previous.spoken;
    if (seconds <= 0) return;
    // Energy is the sum of squared levels over time (webrtc-stats, totalAudioEnergy), so its slope is the mean square.
    const mean_square = Math.max((last.energy - previous.energy) / seconds, 1e-10);
    this.level_db = Math.round(10 * Math.log10(mean_square));
    if (this.level_db > SILENT_DB || this.#loud_at === null) this.#loud_at = now;
  }

  /** @param {number} now */
  quiet_ms(now) {
    return now - this.#heard_at;
  }

  /**
   * Silence only means something once something was due: a held room forwards nothing, and the others may have no devices.
   * @param {number} now
   */
  dead(now) {
    return (this.#flowed || this.#reported) && this.quiet_ms(now) > DEAD_MS;
  }

  /** @param {number} now */
  faltering(now) {
    return (this.#flowed || this.#reported) && this.quiet_ms(now) > FALTERING_MS;
  }

  /** @param {number} now */
  steady(now) {
    return now - this.#began > DEAD_MS && this.quiet_ms(now) < FALTERING_MS;
  }

  /** @param {number} now */
  hears(now) {
    return now - this.#sound_at < UNHEARD_MS;
  }

  /** @param {number} now */
  silent(now) {
    return this.#loud_at !== null && now - this.#loud_at > SILENT_MS;
  }
}

/**
 * @param {LineWatch} watch
 * @param {RTCPeerConnectionState} connection
 * @returns {LineSummary}
 */
export function summary(watch, connection) {
  const { last, previous } = watch;
  const rate = (/** @type {"sent" | "received"} */ way) =>
    last && previous && last.at > previous.at ? Math.round(((last[way] - previous[way]) * 8) / (last.at - previous.at)) : null;
  const sent = rate("sent");
  const received = rate("received");
  return {
    connection,
    round_trip_ms: watch.round_trip_ms,
    loss: watch.loss,
    sent_kbps: sent,
    received_kbps: received,
    level_db: watch.level_db,
    silent: watch.silent(performance.now()),
    sending: (sent ?? 0) > 0,
    receiving: (received ?? 0) > 0,
    hears: watch.hears(performance.now()),
  };
}
