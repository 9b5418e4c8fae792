import assert from "node:assert/strict";
import { test } from "node:test";

import { ownValue, sourceOf } from "../../web/static/js/moderate/cases.js";

const differs = { field: "item.a", text: "A", differs: true, left: "done", right: "partly" };
const same = { ...differs, differs: false, right: "done" };

test("a value comes from the left, the right, both, or neither", () => {
  assert.equal(sourceOf(differs, null), null);
  assert.equal(sourceOf(differs, "done"), "left");
  assert.equal(sourceOf(differs, "partly"), "right");
  assert.equal(sourceOf(differs, "not_done"), "own");
  assert.equal(sourceOf(same, null), "both");
  assert.equal(sourceOf(same, "done"), "both");
  assert.equal(sourceOf(same, "not_done"), "own");
});

test("a digit means a value in the order of the sheet", () => {
  assert.deepEqual([1, 2, 3, 4].map((digit) => ownValue(differs, digit)), ["done", "partly", "not_done", undefined]);
  assert.equal(ownValue({ ...differs, field: "global" }, 5), "excellent");
});
