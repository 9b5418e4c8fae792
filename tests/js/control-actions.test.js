import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { Actions } from "../../web/static/js/control/actions.js";

/** The server answers when the test says so. */
class Asked extends Actions {
  /** @type {{path: string, body: any, answer: (moved: any) => void}[]} */ asked = [];

  /**
   * @param {string} path
   * @param {object} body
   */
  send(path, body) {
    return new Promise((answer) => this.asked.push({ path, body, answer }));
  }
}

/** @param {string} id */
const encounter = (id) => /** @type {any} */ ({ id, phase_ends_ms: 1000 });

test("a station whose request hangs holds up no other", async () => {
  const actions = new Asked("exam", /** @type {any} */ (null));
  void actions.more(encounter("a"), 60);
  void actions.more(encounter("b"), 60);
  await setTimeout();
  assert.deepEqual(actions.asked.map(({ path }) => path), ["/api/encounters/a/add-time", "/api/encounters/b/add-time"]);
});

test("a second press waits for the first, and goes by what it came to", async () => {
  const actions = new Asked("exam", /** @type {any} */ (null));
  const one = encounter("a");
  const both = [actions.more(one, 60), actions.more(one, 60)];
  await setTimeout();
  assert.equal(actions.asked.length, 1);
  actions.asked[0]?.answer({ phase_ends_ms: 61_000 });
  await setTimeout();
  assert.equal(actions.asked[1]?.body.seen_ends_ms, 61_000);
  // Refused: another's hand was first.
  actions.asked[1]?.answer(null);
  await Promise.all(both);
  void actions.more(one, 60);
  await setTimeout();
  assert.equal(actions.asked.length, 3);
});

test("a re-run that waits is done at once, and one that would hold its circuit is not", async () => {
  const circuits = new Map([["A", { rotation: 2, state: "running" }], ["B", { rotation: 2, state: "stopping" }]]);
  const actions = new Asked("exam", /** @type {any} */ ({ circuits }));
  const at = (/** @type {string} */ circuit, /** @type {number} */ rotation) => ({ ...encounter("a"), circuit, rotation });
  assert.deepEqual([at("A", 2), at("A", 1), at("A", 3), at("B", 2), at("C", 1)].map((one) => actions.holds(one)), [true, false, false, false, false]);
  void actions.rerun(at("A", 1));
  await setTimeout();
  assert.deepEqual(actions.asked.map(({ path }) => path), ["/api/encounters/a/rerun"]);
});
