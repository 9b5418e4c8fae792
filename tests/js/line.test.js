import assert from "node:assert/strict";
import { test } from "node:test";

import { LineWatch, summary } from "../../web/static/js/line.js";

/** @param {Record<string, unknown>[]} stats */
function report(...stats) {
  return /** @type {RTCStatsReport} */ (/** @type {unknown} */ (new Map(stats.map((stat, index) => [index, stat]))));
}

/** @param {number} packets */
const inbound = (packets) => ({ type: "inbound-rtp", packetsReceived: packets, bytesReceived: packets * 100 });
/** @param {number} at */
const reported = (at) => ({ type: "remote-inbound-rtp", kind: "audio", timestamp: at, fractionLost: 0.1, roundTripTime: 0.04 });

test("a held room is quiet and yet alive", () => {
  const watch = new LineWatch();
  watch.expects = true;
  for (const at of [0, 60_000, 120_000]) watch.read(report(inbound(0)), at);
  assert.equal(watch.dead(120_000), false);
  assert.equal(watch.faltering(120_000), false);
});

test("packets that stop are a faltering line after three seconds and a dead one after eight", () => {
  const watch = new LineWatch();
  watch.expects = true;
  watch.read(report(inbound(1)), 1000);
  watch.read(report(inbound(50)), 2000);
  watch.read(report(inbound(50)), 5500);
  assert.deepEqual([watch.faltering(4900), watch.faltering(5500), watch.dead(5500)], [false, true, false]);
  watch.read(report(inbound(50)), 10_500);
  assert.equal(watch.dead(10_500), true);
  watch.read(report(inbound(51)), 11_000);
  assert.equal(watch.faltering(11_500), false);
});

test("the other's broken line is not ours: the server's reports still come", () => {
  const watch = new LineWatch();
  watch.expects = true;
  watch.read(report(inbound(10), reported(1)), 1000);
  watch.read(report(inbound(20), reported(2)), 2000);
  for (const second of [3, 6, 9, 12]) watch.read(report(inbound(20), reported(second)), second * 1000);
  assert.equal(watch.faltering(12_500), false);
});

test("alone in the room, the missing reports tell of a dead line", () => {
  const watch = new LineWatch();
  watch.read(report(reported(1)), 1000);
  watch.read(report(reported(1)), 9500);
  assert.equal(watch.dead(9500), true);
});

test("rates, loss, round trip and the microphone's level are said in plain units", () => {
  const watch = new LineWatch();
  const source = (/** @type {number} */ energy, /** @type {number} */ seconds) => ({ type: "media-source", totalAudioEnergy: energy, totalSamplesDuration: seconds });
  watch.read(report({ type: "outbound-rtp", bytesSent: 0 }, reported(1), source(0, 1)), 1000);
  watch.read(report({ type: "outbound-rtp", bytesSent: 50_000 }, reported(2), source(0.01, 2)), 2000);
  const now = summary(watch, "connected");
  assert.deepEqual([now.sent_kbps, now.loss, now.round_trip_ms, now.level_db, now.sending], [400, 0.1, 40, -20, true]);
});

test("whose sound stops to come is not heard, however many pictures do", () => {
  const watch = new LineWatch();
  const came = (/** @type {number} */ sounds, /** @type {number} */ pictures) =>
    report({ type: "inbound-rtp", kind: "audio", packetsReceived: sounds }, { type: "inbound-rtp", kind: "video", packetsReceived: pictures });
  watch.read(came(0, 0), 0);
  assert.equal(watch.hears(0), false);
  watch.read(came(50, 20), 1000);
  assert.equal(watch.hears(1500), true);
  for (const at of [2000, 3000, 4000]) watch.read(came(50, at), at);
  assert.equal(watch.hears(4000), false);
  watch.read(came(51, 4000), 5000);
  assert.equal(watch.hears(5000), true);
});
