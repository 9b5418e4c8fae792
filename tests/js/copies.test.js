import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const HOUR_MS = 60 * 60 * 1000;
const SITE = "https://osce.example";
const PAGE = "/mark/one?role=examiner";
const SHEET = "/api/encounters/one/forms/mark";
const PART = "/static/0123/js/pages/desk.js";

/** As much of a browser's Cache Storage as is used. A cache that was deleted is written to in vain. @type {Map<string, Map<string, Response>>} */
const stored = new Map();
const urlOf = (/** @type {string | {url: string}} */ one) => new URL(typeof one === "string" ? one : one.url, SITE).href;
const copyIn = (/** @type {Map<string, Response> | undefined} */ kept, /** @type {any} */ one) => kept?.get(urlOf(one))?.clone();
const globals = /** @type {any} */ (globalThis);
globals.caches = {
  has: async (/** @type {string} */ name) => stored.has(name),
  delete: async (/** @type {string} */ name) => stored.delete(name),
  match: async (/** @type {any} */ one, /** @type {{cacheName: string}} */ { cacheName }) => copyIn(stored.get(cacheName), one),
  open: async (/** @type {string} */ name) => {
    const kept = stored.get(name) ?? new Map();
    stored.set(name, kept);
    return {
      match: async (/** @type {any} */ one) => copyIn(kept, one),
      put: async (/** @type {any} */ one, /** @type {Response} */ copy) => void kept.set(urlOf(one), copy),
      delete: async (/** @type {any} */ one) => kept.delete(urlOf(one)),
      keys: async () => [...kept.keys()].map((url) => ({ url })),
    };
  },
};

/** @type {Record<string, (event: any) => void>} */
const listeners = {};
globals.self = { addEventListener: (/** @type {string} */ name, /** @type {any} */ listener) => (listeners[name] = listener) };
// @ts-ignore a script and not a module: it is loaded for what it listens to
await import("../../web/static/js/desk/worker.js");
const { forgetCopies, sweepCopies } = await import("../../web/static/js/desk/copy.js");

/** What the server says; null: it is not reached. @type {Response | null} */
let server = null;
globals.fetch = async () => {
  if (!server) throw new TypeError("Failed to fetch");
  return server;
};

/**
 * @param {string} path
 * @param {string} person
 * @param {number} [hours] how long ago
 */
async function keep(path, person, hours = 0) {
  const headers = { "Teleosce-Person": person, "Teleosce-Kept-Ms": String(Date.now() - hours * HOUR_MS) };
  await (await caches.open("teleosce-desk")).put(path, new Response(`${path} of ${person}`, { headers }));
}

/**
 * What the worker answers: its text, its status where that is none, undefined where it leaves the request to the browser.
 * @param {string} path
 * @param {string} client
 * @param {string} [mode]
 */
async function asked(path, client, mode = "cors") {
  /** @type {Promise<Response> | null} */
  let answer = null;
  const request = { url: SITE + path, method: "GET", mode };
  listeners.fetch?.({ request, clientId: client, resultingClientId: client, preloadResponse: undefined, respondWith: (/** @type {any} */ response) => (answer = response) });
  const response = await /** @type {Promise<Response> | null} */ (answer)?.catch(() => Response.error());
  return response && ((await response.text()) || response.status);
}

const open = (/** @type {string} */ client) => asked(PAGE, client, "navigate");

beforeEach(async () => {
  stored.clear();
  server = null;
  for (const path of [PAGE, SHEET, PART]) await keep(path, "ada");
});

test("without the server a desk opens from its copy, with its sheet and modules", async () => {
  assert.equal(await open("a"), `${PAGE} of ada`);
  assert.equal(await asked(SHEET, "a"), `${SHEET} of ada`);
  assert.equal(await asked(PART, "a"), `${PART} of ada`);
});

test("a page that the server sent is given no kept sheet", async () => {
  server = new Response("of the server");
  assert.equal(await open("b"), "of the server");
  server = null;
  assert.equal(await asked(SHEET, "b"), 0);
  assert.equal(await asked(PART, "b"), undefined);
});

test("a sheet is given to its own person's page only", async () => {
  await keep(SHEET, "ben");
  assert.equal(await open("c"), `${PAGE} of ada`);
  assert.equal(await asked(SHEET, "c"), 0);
});

test("a proxy that has lost the server is no server, but its word counts where nothing is kept", async () => {
  for (const status of [502, 503, 504]) {
    server = new Response("a proxy's page", { status });
    assert.equal(await open("d"), `${PAGE} of ada`);
    server = new Response("a proxy's page", { status });
    assert.equal(await asked(SHEET, "d"), `${SHEET} of ada`);
  }
  server = new Response("a proxy's page", { status: 502 });
  assert.equal(await asked("/mark/two", "d", "navigate"), "a proxy's page");
});

test("whoever is told that a desk is not theirs keeps nothing", async () => {
  for (const path of [PAGE, SHEET])
    for (const status of [401, 403, 404]) {
      await keep(PAGE, "ada");
      server = new Response("no", { status });
      await asked(path, "e", path === PAGE ? "navigate" : "cors");
      assert.equal(stored.size, 0, `${path} ${status}`);
    }
  await keep(PAGE, "ada");
  server = /** @type {any} */ ({ type: "opaqueredirect", status: 0, redirected: false, text: async () => "to sign in" });
  await open("e");
  assert.equal(stored.size, 0);
});

test("another fault of the server is shown, and nothing is deleted", async () => {
  server = new Response("a defect", { status: 500 });
  assert.equal(await open("f"), "a defect");
  assert.equal(stored.size, 1);
});

test("after twelve hours a copy is not used, and goes; modules have no age, and go with the last page", async () => {
  await keep(PART, "ada", 20);
  await keep(PAGE, "ada", 11.9);
  await keep(SHEET, "ada", 12.1);
  await open("g");
  assert.equal(await asked(SHEET, "g"), 0);
  assert.equal(await asked(PART, "g"), `${PART} of ada`);
  await sweepCopies();
  assert.deepEqual([...(stored.get("teleosce-desk")?.keys() ?? [])], [SITE + PAGE, SITE + PART]);
  await keep(PAGE, "ada", 12.1);
  assert.equal(await open("h"), 0);
  await sweepCopies();
  assert.equal(stored.size, 0);
});

test("what is kept is forgotten at once, and what was being written with it", async () => {
  const copies = await caches.open("teleosce-desk");
  await forgetCopies();
  await copies.put(PAGE, new Response("late"));
  assert.equal(await open("i"), 0);
  await sweepCopies();
  assert.equal(stored.size, 0);
});
