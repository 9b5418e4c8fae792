import assert from "node:assert/strict";
import { test } from "node:test";

import { alarmWords } from "../../web/static/js/alarm-words.js";
import { SilenceWatch, StillWatch, lineTroubles, troubleOf } from "../../web/static/js/own-troubles.js";

/**
 * @param {SilenceWatch} watch
 * @param {number} from seconds
 * @param {number} to
 * @param {number} level_db
 */
function hear(watch, from, to, level_db) {
  for (let at = from * 1000; at <= to * 1000; at += 50) watch.hear(level_db, at);
}

test("a microphone that gives nothing is silent within ten seconds, a quiet room never", () => {
  const watch = new SilenceWatch();
  hear(watch, 0, 60, -85);
  assert.equal(watch.silent, false);
  hear(watch, 60, 66, -100);
  assert.equal(watch.silent, false);
  hear(watch, 66, 69, -100);
  assert.equal(watch.silent, true);
  watch.hear(-70, 70_000);
  assert.equal(watch.silent, false);
});

test("one that came back by itself is given more time, one that was opened afresh is not", () => {
  const watch = new SilenceWatch();
  hear(watch, 0, 9, -100);
  hear(watch, 9, 12, -30);
  hear(watch, 12, 40, -100);
  assert.equal(watch.silent, false);
  hear(watch, 40, 43, -100);
  assert.equal(watch.silent, true);
  watch.reset();
  hear(watch, 50, 58, -100);
  assert.equal(watch.silent, true);
});

test("of a time without measures nothing is said", () => {
  const watch = new SilenceWatch();
  watch.hear(-100, 0);
  watch.hear(-100, 60_000);
  assert.equal(watch.silent, false);
  for (const second of [62, 64, 66, 68]) watch.hear(-100, second * 1000);
  assert.equal(watch.silent, true);
});

test("each trouble has its own words, and none has none", () => {
  const well = { muted: false, silent: false, kinds: /** @type {any[]} */ ([]) };
  assert.equal(troubleOf("microphone", well), null);
  assert.equal(troubleOf("camera", { ...well, silent: true, kinds: ["silent", "absent", "loss", "unheard"] }), null);
  assert.match(troubleOf("microphone", { ...well, silent: true })?.title ?? "", /cannot hear you/);
  const echo = troubleOf("microphone", { ...well, kinds: ["echo"] });
  assert.match(echo?.text ?? "", /^Please put headphones on, or turn your loudspeaker down\. .* most likely from there/);
  // Opening the microphone afresh would not help: there is no button to press in vain.
  assert.equal(echo?.again, false);
  assert.equal(troubleOf("microphone", { ...well, silent: true })?.again, true);
  const loud = troubleOf("microphone", { ...well, kinds: ["clipping"] });
  assert.match(loud?.title ?? "", /too loud/);
  assert.equal(loud?.again, false);
  assert.deepEqual(lineTroubles(["silent", "absent"]), []);
  assert.deepEqual(lineTroubles(["loss", "hears-nothing"]).map(({ title }) => title), ["You do not hear the others.", "Your line is weak."]);
  // It may be the voice itself, of somebody who sits near.
  assert.doesNotMatch(alarmWords("echo"), /echo/i);
  const said = ["no-picture", "dark", "covered", "frozen"].map((kind) => troubleOf("camera", { ...well, kinds: [/** @type {any} */ (kind)] })?.text);
  assert.equal(new Set(said).size, 4);
});

/**
 * @param {StillWatch} watch
 * @param {number} from seconds
 * @param {number} to
 * @param {(at: number) => number[]} picture
 */
function see(watch, from, to, picture) {
  for (let at = from; at <= to; at++) watch.see(picture(at), at * 1000);
}

test("a picture is frozen once it has been the same in every point for five seconds, and not where one differs", () => {
  const watch = new StillWatch();
  see(watch, 0, 60, (at) => [20, 90, 160 + (at % 2)]);
  assert.equal(watch.still, false);
  see(watch, 61, 65, () => [20, 90, 170]);
  assert.equal(watch.still, false);
  see(watch, 66, 66, () => [20, 90, 170]);
  assert.equal(watch.still, true);
  see(watch, 67, 67, () => [20, 91, 170]);
  assert.equal(watch.still, false);
});

test("one shade is no frozen picture, and nothing is known of the time in which nobody looked", () => {
  const watch = new StillWatch();
  see(watch, 0, 20, () => [0, 0, 8]);
  assert.equal(watch.still, false);
  see(watch, 21, 24, () => [20, 90, 160]);
  see(watch, 30, 34, () => [20, 90, 160]);
  assert.equal(watch.still, false);
  watch.reset();
  see(watch, 35, 39, () => [20, 90, 160]);
  assert.equal(watch.still, false);
  see(watch, 40, 40, () => [20, 90, 160]);
  assert.equal(watch.still, true);
});

test("a hidden page that is given new pictures knows as well, and one that is given none knows nothing", () => {
  const given = new StillWatch();
  for (let at = 0; at <= 10; at++) given.see([20, 90, 160 + (at % 2)], at * 1000, at < 5);
  for (let at = 11; at <= 16; at++) given.see([20, 90, 200], at * 1000, false);
  assert.equal(given.still, true);
  // Shown again, and still the same: it has not moved meanwhile.
  given.see([20, 90, 200], 17_000, true);
  assert.equal(given.still, true);
  given.see([20, 90, 201], 18_000, true);
  assert.equal(given.still, false);
  const none = new StillWatch();
  for (let at = 0; at <= 60; at++) none.see([20, 90, at < 5 ? 160 + (at % 2) : 200], at * 1000, at < 5);
  assert.equal(none.still, false);
  // Of the time in which it was given none nothing is known afterwards.
  for (let at = 61; at <= 65; at++) none.see([20, 90, 200], at * 1000, true);
  assert.equal(none.still, false);
});
