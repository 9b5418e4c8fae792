import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../web/static/js/clock.js";

const AHEAD_MS = 5000;
/** What the server's clock says at a moment of ours. */
const server = (/** @type {number} */ at, ahead = AHEAD_MS) => performance.timeOrigin + at + ahead;
const near = (/** @type {number} */ found, /** @type {number} */ wanted) => assert.ok(Math.abs(found - wanted) < 1, `${found}, not ${wanted}`);

test("the shortest round trip is believed, for a minute", () => {
  const clock = new ServerClock();
  const before = performance.now();
  clock.guess(server(before));
  const took_ms = performance.now() - before;
  near(clock.offset_ms, Math.max(AHEAD_MS - took_ms, Math.min(AHEAD_MS, clock.offset_ms)));
  clock.sample(1000, 1010, server(1005));
  clock.sample(2000, 2400, server(2300));
  near(clock.offset_ms, AHEAD_MS);
  for (let at = 3000; at < 15_000; at += 1000) clock.sample(at, at + 300, server(at + 200));
  near(clock.offset_ms, AHEAD_MS + 50);
});

test("a computer that has slept believes what it hears now", () => {
  const clock = new ServerClock();
  clock.sample(1000, 1010, server(1005));
  clock.sample(2000, 2200, server(2100, AHEAD_MS + 600_000));
  near(clock.offset_ms, AHEAD_MS + 600_000);
  clock.sample(3000, 3020, server(3010, AHEAD_MS + 600_000));
  near(clock.offset_ms, AHEAD_MS + 600_000);
});
