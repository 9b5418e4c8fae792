import assert from "node:assert/strict";
import { test } from "node:test";

import { EXPLAINED, Keymap, repeats } from "../../web/static/js/desk/keymap.js";
import { count, missing, nextUnmarked, percentage } from "../../web/static/js/desk/marks.js";
import { momentAt, search, turnAt, wordAt } from "../../web/static/js/desk/reading.js";
import { correction, SEEK_MS } from "../../web/static/js/desk/sync.js";
import { nextToMark } from "../../web/static/js/worklist-rows.js";
import { complement, gapAt, gapsOf, merged, nextTake, silences, skipTo, takeAt, voicesOf } from "../../web/static/js/desk/timeline.js";

/**
 * @param {string} id
 * @param {number} starts_ms
 * @param {number} duration_ms
 * @param {object} [more]
 * @returns {any}
 */
const take = (id, starts_ms, duration_ms, more = {}) => ({
  id, seat: "s1", role: "candidate", name: "Robin", number: 1, starts_ms, duration_ms, url: `/media/takes/${id}.webm`, gaps: [], ...more,
});

const TAKES = [take("a", 0, 12_000), take("b", 20_000, 40_000)];

test("the take at a moment, and none in a gap", () => {
  assert.equal(takeAt(TAKES, 0)?.id, "a");
  assert.equal(takeAt(TAKES, 11_999)?.id, "a");
  assert.equal(takeAt(TAKES, 12_000), null);
  assert.equal(takeAt(TAKES, 20_000)?.id, "b");
  assert.equal(takeAt(TAKES, 60_000), null);
  assert.equal(nextTake(TAKES, 5_000)?.id, "b");
  assert.equal(nextTake(TAKES, 20_000), null);
});

test("of two takes that overlap after a rejoin the newer counts", () => {
  const overlapping = [take("a", 0, 30_000), take("b", 20_000, 40_000)];
  assert.equal(takeAt(overlapping, 25_000)?.id, "b");
});

test("a take that cannot be played is a gap", () => {
  const takes = [take("a", 0, 12_000), take("b", 20_000, 40_000, { url: null })];
  assert.equal(takeAt(takes, 30_000), null);
  assert.deepEqual(gapsOf(takes, 60_000), [{ kind: "absent", from_ms: 12_000, to_ms: 60_000 }]);
});

test("what lies between takes and what was noted as such is one gap; other kinds stay apart", () => {
  const noted = [
    { kind: "rejoin", from_ms: 12_000, to_ms: 20_000 },
    { kind: "line", from_ms: 10_500, to_ms: 12_000 },
    { kind: "pause", from_ms: 30_000, to_ms: 33_000, track: "video" },
    { kind: "loss", from_ms: 40_000, to_ms: 40_060 },
  ];
  const takes = [take("a", 0, 12_000, { gaps: noted }), take("b", 20_000, 40_000)];
  assert.deepEqual(gapsOf(takes, 60_200), [{ kind: "absent", from_ms: 10_500, to_ms: 20_000 }, noted[2]]);
});

test("the voices of a recording: the candidate first, each with their own gaps and speech", () => {
  const sp = { seat: "s2", role: "sp", name: "Mr Doyle" };
  const voices = voicesOf({
    state: "sealed", duration_ms: 60_000, takes: [take("c", 1000, 59_000, sp), ...[...TAKES].reverse()], speech: { sp: [[2000, 3000]] },
  });
  assert.deepEqual(voices.map((voice) => voice.role), ["candidate", "sp"]);
  assert.deepEqual(voices[0]?.takes.map((one) => one.id), ["a", "b"]);
  assert.deepEqual(voices[1]?.speech, [[2000, 3000]]);
  const voice = /** @type {NonNullable<typeof voices[0]>} */ (voices[0]);
  assert.deepEqual(gapAt(voice, 15_000), { kind: "absent", from_ms: 12_000, to_ms: 20_000 });
  assert.equal(gapAt(voice, 25_000), null);
});

test("spans are merged and turned inside out", () => {
  assert.deepEqual(merged([[5, 7], [0, 2], [2, 3], [6, 9]]), [[0, 3], [5, 9]]);
  assert.deepEqual(complement([[2, 3], [5, 9]], 12), [[0, 2], [3, 5], [9, 12]]);
  assert.deepEqual(complement([], 4), [[0, 4]]);
  assert.deepEqual(complement([[0, 4]], 4), []);
});

test("silence is skipped where nobody speaks, but not a breath, and never into a word", () => {
  const voices = /** @type {any[]} */ ([{ speech: [[4000, 6000], [20_000, 21_000]] }, { speech: [[6500, 9000]] }]);
  const quiet = silences(voices, 40_000);
  assert.deepEqual(quiet, [[0, 3600], [9600, 19_600], [21_600, 40_000]]);
  assert.equal(skipTo(quiet, 0), 3600);
  assert.equal(skipTo(quiet, 6200), null);
  assert.equal(skipTo(quiet, 10_000), 19_600);
  assert.equal(skipTo(quiet, 19_600), null);
  assert.deepEqual(silences(/** @type {any[]} */ ([{ speech: [] }]), 40_000), []);
});

test("a picture far off is set to its place; a little off it catches up; well in step it is left alone", () => {
  assert.deepEqual(correction(SEEK_MS + 1, false), { seek: true, factor: 1 });
  assert.deepEqual(correction(-SEEK_MS - 1, true), { seek: true, factor: 1 });
  assert.deepEqual(correction(10, false), { seek: false, factor: 1 });
  assert.ok(correction(10, true).factor < 1);
  assert.deepEqual(correction(3, true), { seek: false, factor: 1 });
  assert.ok(correction(30, false).factor < 1);
  assert.ok(correction(-30, false).factor > 1);
});

test("correcting converges: any error below the limit is gone within two seconds", () => {
  for (const begin of [-200, -60, 16, 120, 200]) {
    let error = begin;
    let correcting = false;
    for (let step = 0; step < 60; step++) {
      const { factor } = correction(error, correcting);
      correcting = factor !== 1;
      error += (factor - 1) * 50;
    }
    assert.ok(Math.abs(error) < 15, `${begin} became ${error}`);
  }
});

/**
 * @param {string} id
 * @param {string} role
 * @param {number} starts_ms
 * @param {string} text one word every 500 ms
 * @returns {any}
 */
function turn(id, role, starts_ms, text) {
  const words = text.split(" ").map((word, index) => ({
    id: `${id}-${index}`, text: word, corrected: null, confidence: 0.9, starts_ms: starts_ms + index * 500, ends_ms: starts_ms + index * 500 + 400,
  }));
  return { id, role, starts_ms, ends_ms: /** @type {any} */ (words.at(-1)).ends_ms, words };
}

const TURNS = [
  turn("t1", "candidate", 1000, "Hello, where are you right now?"),
  turn("t2", "sp", 5000, "At my sister’s café, not at home. The pain is in my chest and in my arm."),
  turn("t3", "candidate", 7000, "Mm."),
  turn("t4", "candidate", 14_000, "Painful, I see. Chest pain?"),
];

test("the turn and the word at a moment", () => {
  assert.equal(turnAt(TURNS, 500), null);
  assert.equal(turnAt(TURNS, 1200)?.id, "t1");
  assert.equal(turnAt(TURNS, 4900)?.id, "t1");
  assert.equal(turnAt(TURNS, 7100)?.id, "t3");
  assert.equal(turnAt(TURNS, 8000)?.id, "t2");
  assert.equal(wordAt(TURNS[0], 1600)?.text, "where");
  assert.equal(wordAt(TURNS[0], 900), null);
});

test("search finds words in a row, the last from its beginning, whatever the case and the accents", () => {
  assert.deepEqual(search(TURNS, "").length, 0);
  assert.deepEqual(search(TURNS, " ,. ").length, 0);
  assert.deepEqual(search(TURNS, "pain").map((hit) => hit.words[0]?.id), ["t2-8", "t4-0", "t4-4"]);
  assert.deepEqual(search(TURNS, "cafe NOT at ho").map((hit) => hit.words.map((word) => word.text).join(" ")), ["café, not at home."]);
  assert.deepEqual(search(TURNS, "sisters").length, 1);
  assert.deepEqual(search(TURNS, "pai n").length, 0);
});

test("search reads what a person corrected, and not what was said not to be there", () => {
  const corrected = structuredClone(TURNS);
  corrected[0].words[1].corrected = "when";
  corrected[0].words[2].corrected = "";
  assert.equal(search(corrected, "where").length, 0);
  assert.equal(search(corrected, "hello when you").length, 1);
});

test("the present moment is what is being said, or was said just now", () => {
  assert.deepEqual(momentAt(TURNS, 1700, 60_000), { from_ms: 1000, to_ms: 3900, quote: "Hello, where are you right now?" });
  assert.equal(momentAt(TURNS, 4900, 60_000).quote, "Hello, where are you right now?");
  assert.deepEqual(momentAt(TURNS, 40_000.4, 60_000), { from_ms: 32_000, to_ms: 42_000, quote: "" });
  assert.deepEqual(momentAt([], 59_500, 60_000), { from_ms: 51_500, to_ms: 60_000, quote: "" });
});

test("of a long turn only what is near the moment is quoted", () => {
  const long = [turn("t", "sp", 0, Array.from({ length: 100 }, (_, index) => `w${index}`).join(" "))];
  const moment = momentAt(long, 25_000, 60_000);
  assert.ok(moment.from_ms >= 16_500 && moment.to_ms <= 27_500);
  assert.ok(moment.quote.startsWith("w3"));
});

/** @param {any} press @param {any} where */
const actionOf = (press, where) => new Keymap().actionOf(press, where);

test("a key means the same everywhere but in a text, where it writes", () => {
  const press = (/** @type {string} */ key, more = {}) => ({ key, ...more });
  assert.equal(actionOf(press("1"), "page"), "done");
  assert.equal(actionOf(press("1"), "typing"), null);
  assert.equal(actionOf(press(" "), "page"), "play");
  assert.equal(actionOf(press(" "), "control"), null);
  assert.equal(actionOf(press("1"), "control"), "done");
  assert.equal(actionOf(press("1"), "rating"), "grade-1");
  assert.equal(actionOf(press("0"), "rating"), "clear");
  assert.equal(actionOf(press("ArrowLeft"), "page"), "back");
  assert.equal(actionOf(press("ArrowLeft"), "word"), "word-back");
  assert.equal(actionOf(press("ArrowDown"), "scroller"), null);
  assert.equal(actionOf(press("c"), "word"), "correct");
  assert.equal(actionOf(press("c"), "page"), null);
  assert.equal(actionOf(press("E"), "page"), "evidence");
  assert.equal(actionOf(press("f", { ctrlKey: true }), "page"), null);
  assert.equal(actionOf(press("Enter", { ctrlKey: true }), "typing"), "submit");
  assert.equal(actionOf(press("Enter", { metaKey: true }), "page"), "submit");
});

test("other keyboards: by what the key writes, else by its place", () => {
  assert.equal(actionOf({ key: "&", code: "Digit1" }, "page"), "done");
  assert.equal(actionOf({ key: "/", code: "Digit7", shiftKey: true }, "page"), "search");
  assert.equal(actionOf({ key: "π", code: "KeyP" }, "page"), "previous");
  assert.equal(actionOf({ key: "z", code: "KeyW" }, "page"), null);
  assert.equal(actionOf({ key: "[", code: "Digit8", ctrlKey: true, altKey: true, altGraph: true }, "page"), "slower");
});

test("no key has two meanings, each is explained, and a held key marks nothing twice", () => {
  const explained = new Set(EXPLAINED.map(([, , action]) => action));
  for (const key of " kjl[],.xsvibnpu1230ehadwog/tf?") assert.ok(explained.has(/** @type {any} */ (actionOf({ key }, "page"))), key);
  const keymap = new Keymap();
  const keys = EXPLAINED.flatMap(([, fixed, action]) => [...fixed, ...keymap.keys(action)]);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(repeats("done"), false);
  assert.equal(repeats("forward"), true);
});

test("a key of one's own: who had no other gets the old one in exchange, and what was chosen is kept", () => {
  const keymap = new Keymap();
  assert.ok(keymap.change("done", "q"));
  assert.equal(keymap.actionOf({ key: "q" }, "page"), "done");
  assert.equal(keymap.actionOf({ key: "1" }, "page"), null);
  assert.equal(keymap.actionOf({ key: "1" }, "rating"), "grade-1");
  assert.ok(keymap.change("partly", "S"));
  assert.deepEqual([keymap.keys("partly"), keymap.keys("skip")], [["s"], ["2"]]);
  assert.ok(keymap.change("bookmark", ","));
  assert.deepEqual([keymap.keys("bookmark"), keymap.keys("slower")], [[","], ["["]]);
  assert.deepEqual(new Keymap(keymap.chosen).chosen, { done: "q", partly: "s", skip: "2", bookmark: "," });
  keymap.reset();
  assert.deepEqual([keymap.chosen, keymap.keys("done")], [{}, ["1"]]);
});

test("keys that stay what they are cannot be chosen, and nonsense that was kept is left out", () => {
  const keymap = new Keymap({ done: "?", partly: "two", nothing: "q", clear: "" });
  assert.deepEqual(keymap.chosen, {});
  for (const key of [" ", "ArrowLeft", "?", "Enter", "F1"]) assert.equal(keymap.change("done", key), false, key);
  assert.equal(keymap.change("submit", "q"), false);
});

test("whatever is chosen, every action has a key and every key one action", () => {
  const keymap = new Keymap();
  const signs = "abcdefghijklmnopqrstuvwxyz0123456789[],.;-";
  let seed = 7;
  const chance = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
  const actions = EXPLAINED.map(([, , action]) => action).filter((action) => keymap.keys(action).length > 0);
  for (let turn = 0; turn < 500; turn++) {
    keymap.change(/** @type {any} */ (actions[chance(actions.length)]), signs[chance(signs.length)] ?? "");
    const keys = actions.map((action) => keymap.keys(action));
    assert.ok(keys.every((own) => own.length > 0));
    assert.equal(new Set(keys.flat()).size, keys.flat().length);
    for (const action of actions) for (const key of keymap.keys(action)) assert.equal(keymap.actionOf({ key }, "page"), action);
  }
});

test("sentences that one person adds without a pause for the other are quoted together", () => {
  const run = [turn("a", "candidate", 0, "Where?"), turn("b", "sp", 1000, "I have pain."), turn("c", "sp", 3000, "It is bad."), turn("d", "candidate", 5000, "I see.")];
  assert.equal(momentAt(run, 4000, 60_000).quote, "I have pain. It is bad.");
  assert.equal(momentAt(run, 5100, 60_000).quote, "I see.");
});

const ITEMS = ["a", "b", "c"].map((id, index) => ({ id, text: id, weight: index + 1, partly: 0.5, critical: false }));

test("what is missing, how far it is, and what comes next", () => {
  const values = new Map(Object.entries({ "item.a": "done", "item.c": "not_done" }));
  const value = (/** @type {string} */ field) => values.get(field) ?? null;
  assert.deepEqual(missing(ITEMS, value), ["item.b", "global"]);
  assert.deepEqual(count(ITEMS, value), { marked: 2, total: 3, rated: false });
  assert.equal(nextUnmarked(ITEMS, "b", value), "b");
  assert.equal(nextUnmarked(ITEMS, "c", value), "b");
  assert.equal(nextUnmarked(ITEMS, null, value), "b");
  assert.equal(percentage(ITEMS, value, true), null);
  values.set("item.b", "partly");
  assert.equal(percentage(ITEMS, value, true), null);
  assert.equal(nextUnmarked(ITEMS, "a", value), null);
  assert.equal(percentage(ITEMS, value, false), (100 * (1 + 1)) / 6);
  values.set("global", "pass");
  assert.equal(percentage(ITEMS, value, true), (100 * (1 + 1)) / 6);
});

test("what costs points is taken off what is worth some, and nothing is less than nothing", () => {
  const items = [{ ...ITEMS[0], weight: 4, partly: 0.25 }, { ...ITEMS[1], weight: -2 }];
  const percent = (/** @type {string} */ a, /** @type {string} */ b) =>
    percentage(items, (field) => (field === "item.a" ? a : field === "item.b" ? b : "pass"), true);
  assert.equal(percent("done", "not_done"), 100);
  assert.equal(percent("partly", "not_done"), 25);
  assert.equal(percent("done", "partly"), 75);
  assert.equal(percent("not_done", "done"), 0);
});

test("next comes what was begun, then what can be read, then what can only be watched", () => {
  const row = (/** @type {string} */ encounter, more = {}) => ({ encounter, name: "", href: "", form: "", open: true, recorded: true, state: "new", transcript: "ready", ...more });
  const rows = [row("unrecorded", { recorded: false }), row("waits", { transcript: "waiting" }), row("failed", { transcript: "failed" }), row("begun", { state: "draft" }), row("over", { open: false })];
  assert.equal(nextToMark(rows)?.encounter, "begun");
  assert.equal(nextToMark(rows.filter((one) => one.state === "new"))?.encounter, "failed");
  assert.equal(nextToMark(rows.slice(0, 2))?.encounter, "waits");
  assert.equal(nextToMark([...rows.slice(0, 1), ...rows.slice(4)]), null);
});
