import assert from "node:assert/strict";
import { test } from "node:test";

import { crowded, namesIn, remarks, summary } from "../../web/static/js/plan.js";
import { csv, tabbed } from "../../web/static/js/spreadsheet.js";

/** @param {string} title */
const station = (title, rest = false) => ({ hash: title, title, specialty: "", rest, seconds: 1020 });

test("a plan is said in plain words", () => {
  const ring = [station("A"), station("B"), station("C")];
  assert.equal(summary(ring, ["Ada", "Ben", "Cy"]), "3 stations, 3 candidates: 3 rotations, 9 encounters. About 51 minutes from the first bell to the last, without breaks.");
  assert.match(summary([...ring, station("Rest", true)], ["Ada"]), /^4 stations, 1 candidate: 4 rotations, 3 encounters\. About 1 h 8 min /);
  assert.equal(summary([], ["Ada"]), "");
});

test("more candidates than stations are refused, with what to do", () => {
  assert.equal(crowded([station("A"), station("B")], ["1", "2"]), "");
  assert.match(crowded([station("A"), station("B")], ["1", "2", "3"]), /3 candidates need 3 stations\. Add 1 more/);
  assert.match(crowded([], Array.from({ length: 31 }, (_, n) => `${n}`)), /at most 30/);
});

test("what is allowed but odd is remarked on", () => {
  const odd = remarks([station("A"), station("A"), station("Rest", true), station("Rest", true)], ["Ada", "Ada"]);
  assert.equal(odd.length, 3);
  assert.match(odd.join(" "), /2 of the stations.*“A” is in the ring.*“Ada” stands/);
});

test("names are the lines that say something", () => {
  assert.deepEqual(namesIn(" Ada \r\n\n\tBen\n"), ["Ada", "Ben"]);
});

test("no cell of a table is a formula, and every cell stays whole", () => {
  assert.equal(csv([["Name", '=cmd()"x'], [" +1", "O, K"]]), '\uFEFF"Name","\'=cmd()""x"\r\n"\' +1","O, K"\r\n');
  assert.equal(tabbed([["a\tb", "@x"], ["-1", "c\nd"]]), "a b\t'@x\n'-1\tc d");
});
