import assert from "node:assert/strict";
import { test } from "node:test";

import { balance, columnsFor, longestSilence } from "../../web/static/js/desk/glance-picture.js";

test("each column says how much of its time was voice", () => {
  assert.deepEqual(balance([[0, 5_000], [9_000, 12_000]], 20_000, 4), [1, 0.2, 0.4, 0]);
  assert.deepEqual(balance([], 20_000, 2), [0, 0]);
});

test("columns are neither too many to see nor shorter than five seconds", () => {
  assert.equal(columnsFor(15 * 60_000), 30);
  assert.equal(columnsFor(20_000), 4);
  assert.equal(columnsFor(0), 1);
});

test("the longest silence is the first of equals, and there may be none", () => {
  const glance = (/** @type {[number, number][]} */ silences) => /** @type {any} */ ({ silences });
  assert.deepEqual(longestSilence(glance([[0, 2_000], [5_000, 9_000], [20_000, 24_000]])), [5_000, 9_000]);
  assert.equal(longestSilence(glance([])), null);
});
