import assert from "node:assert/strict";
import { test } from "node:test";

import { complete, everybody, keepPerson, setCircuits, setPlace } from "../../web/static/js/plan/document.js";

test("short forms of a file become a whole document, and what the page does not know stays", () => {
  const plan = complete({ title: "Finals", starts: "2026-12-01 09:00", stations: ["low-mood", { station: "rest", people: { A: "Pat" } }], candidates: ["Ada"], rounds: 2 }, "UTC");
  assert.deepEqual(plan.starts, ["2026-12-01 09:00"]);
  assert.deepEqual(plan.stations, [{ station: "low-mood", people: {} }, { station: "rest", people: { A: { sp: "Pat" } } }]);
  assert.deepEqual(plan.circuits, [{ name: "A" }]);
  assert.deepEqual(plan.candidates, [{ name: "Ada" }]);
  assert.equal(plan.rounds, 2);
  assert.equal(plan.zone, "UTC");
});

test("people of a circuit that goes, go with it", () => {
  const plan = complete({ stations: [{ station: "s", people: { A: "Pat", B: "Kim" } }], circuits: ["A", "B"], candidates: [{ name: "Ada", circuit: "B" }] }, "UTC");
  setCircuits(plan, 1);
  assert.deepEqual(plan.stations[0]?.people, { A: { sp: "Pat" } });
  assert.equal(plan.candidates[0]?.circuit, undefined);
  setCircuits(plan, 3);
  assert.deepEqual(plan.circuits.map((one) => one.name), ["A", "B", "C"]);
});

test("whoever is named at a station is asked for, and listed once something is known", () => {
  const plan = complete({ stations: [{ station: "s", people: {} }], people: [{ name: "Spare" }] }, "UTC");
  const [station] = plan.stations;
  assert.ok(station);
  setPlace(station, "A", "sp", "Pat");
  const pat = everybody(plan).find((one) => one.person.name === "Pat");
  assert.ok(pat?.at);
  keepPerson(plan, pat.person, true);
  assert.equal(plan.people.length, 1);
  pat.person.email = "pat@x.org";
  keepPerson(plan, pat.person, true);
  assert.deepEqual(plan.people.map((one) => one.name), ["Spare", "Pat"]);
  setPlace(station, "A", "sp", "");
  assert.deepEqual(station.people, {});
});
