import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { complete } from "../../web/static/js/plan/document.js";
import { Keeper } from "../../web/static/js/plan/keeper.js";

const reached = globalThis.fetch;
afterEach(() => void (globalThis.fetch = reached));

/** @param {{title: string}} [plan] */
function made(plan = { title: "Finals" }) {
  /** @type {string[]} */
  const said = [];
  const does = { view: () => {}, said: (/** @type {string} */ _tone, /** @type {string} */ text) => void said.push(text), fault: () => {}, made: () => {}, table: () => false };
  return { said, keeper: new Keeper({ exam: "e", version: 1, plan: complete(plan, "UTC") }, does) };
}

/** What was asked, each answered when the test says so. */
function server() {
  /** @type {{body: any, answer: (view: object | null) => void}[]} null: the answer is lost */
  const asked = [];
  globalThis.fetch = (_path, options) =>
    new Promise((resolve, reject) => {
      const body = JSON.parse(String(options?.body));
      asked.push({ body, answer: (view) => (view ? resolve(Response.json(view)) : reject(new TypeError("lost"))) });
    });
  return asked;
}

test("who waits for the plan to be kept waits for the last change too", async () => {
  const { keeper } = made();
  const asked = server();
  void keeper.keep();
  keeper.plan.title = "Finals, mended";
  keeper.changed();
  let over = false;
  const kept = keeper.keep().then(() => (over = true));
  asked[0]?.answer({ version: 2 });
  await setTimeout(5);
  assert.ok(!over && keeper.waiting);
  assert.equal(asked[1]?.body.plan.title, "Finals, mended");
  assert.equal(asked[1]?.body.version, 2);
  asked[1]?.answer({ version: 3 });
  await kept;
  assert.ok(!keeper.waiting);
});

test("a change that is on its way is still waited for", async () => {
  const { keeper, said } = made();
  const asked = server();
  keeper.changed();
  const kept = keeper.keep();
  assert.ok(keeper.waiting);
  asked[0]?.answer({ version: 2 });
  await kept;
  assert.ok(!keeper.waiting);
  assert.equal(said.at(-1), "Saved");
});

test("what was not answered is asked again word for word, and what was changed since follows", async () => {
  const { keeper } = made();
  const asked = server();
  keeper.plan.title = "Finals, once";
  keeper.changed();
  const lost = keeper.keep();
  asked[0]?.answer(null);
  await lost;
  assert.ok(keeper.waiting);
  keeper.plan.title = "Finals, twice";
  const kept = keeper.keep();
  assert.deepEqual(asked[1]?.body, asked[0]?.body);
  asked[1]?.answer({ version: 2 });
  await setTimeout(5);
  assert.ok(keeper.waiting);
  assert.deepEqual([asked[2]?.body.plan.title, asked[2]?.body.version], ["Finals, twice", 2]);
  asked[2]?.answer({ version: 3 });
  await kept;
  assert.ok(!keeper.waiting);
});
