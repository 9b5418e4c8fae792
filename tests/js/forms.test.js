import assert from "node:assert/strict";
import { test } from "node:test";

import { AutosavedForm } from "../../web/static/js/forms.js";
import { memoryShelf, storageShelf } from "../../web/static/js/shelf.js";
import { WaitingForms } from "../../web/static/js/waiting.js";

/** @typedef {import("../../web/static/js/forms.js").Value} Value */

/** The server's side of a form, as web/PROTOCOL.md has it, over a line with faults. */
class Server {
  /** @type {Record<string, {value: Value, version: number}>} */ fields = {};
  /** @type {Map<string, number>} */ seen = new Map();
  /** @type {Value[][]} */ requests = [];
  /** What happens to the next requests: lost on the way there, lost on the way back, a status, or held until `release`.
   *  @type {("lost" | "unheard" | "held" | number)[]} */ faults = [];
  release = () => {};
  /** @type {(() => void)[]} */ #waiting = [];

  fetch = /** @type {typeof fetch} */ (async (_url, init) => {
    const { changes } = JSON.parse(/** @type {string} */ (init?.body));
    this.requests.push(changes.map((/** @type {any} */ change) => change.value));
    const fault = this.faults.shift();
    if (fault === "lost") throw new TypeError("Failed to fetch");
    if (fault === "held") await new Promise((resolve) => (this.release = () => resolve(undefined)));
    if (typeof fault === "number") return Response.json({ error: { code: "no", message: "The note is submitted." } }, { status: fault });
    const answer = { saved: changes.map(this.#save).filter(Boolean), conflicts: changes.map(this.#conflict).filter(Boolean) };
    if (fault === "unheard") throw new TypeError("Failed to fetch");
    for (const wake of this.#waiting.splice(0)) wake();
    return Response.json(answer);
  });

  #save = (/** @type {any} */ { change_id, field, value, base_version }) => {
    const before = this.fields[field]?.version ?? 0;
    if (!this.seen.has(change_id)) {
      if (base_version !== before) return null;
      this.fields[field] = { value, version: before + 1 };
      this.seen.set(change_id, before + 1);
    }
    return { change_id, field, version: this.seen.get(change_id) };
  };

  #conflict = (/** @type {any} */ { change_id, field }) => (this.seen.has(change_id) ? null : { change_id, field, ...this.fields[field] });
}

/**
 * @param {Server} server
 * @param {Partial<import("../../web/static/js/forms.js").FormOptions>} [more]
 */
function formOf(server, more = {}) {
  /** @type {string[]} */
  const states = [];
  const form = new AutosavedForm({
    id: "form",
    fields: structuredClone(server.fields),
    shelf: memoryShelf(),
    fetch: server.fetch,
    onstate: (state) => states.push(state),
    typing_ms: 5,
    retry_ms: [1],
    ...more,
  });
  return { form, states };
}

/**
 * @param {AutosavedForm} form
 * @param {string[]} states
 * @param {string} wanted
 */
async function until(form, states, wanted) {
  while (form.state !== wanted) {
    const seen = states.length;
    while (states.length === seen) await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a choice is sent at once and acknowledged", async () => {
  const server = new Server();
  const { form, states } = formOf(server);
  await form.set("sp.warmth", 4);
  await until(form, states, "saved");
  assert.deepEqual(server.fields, { "sp.warmth": { value: 4, version: 1 } });
  assert.deepEqual(states.slice(0, 1), ["saving"]);
  assert.equal(form.value("sp.warmth"), 4);
});

test("typing is sent as one change after a pause", async () => {
  const server = new Server();
  const { form, states } = formOf(server);
  for (const text of ["c", "ch", "che", "chest"]) await form.set("note.s", text, { typing: true });
  await until(form, states, "saved");
  assert.deepEqual(server.requests, [["chest"]]);
});

test("setting what is there already sends nothing", async () => {
  const server = new Server();
  server.fields["note.s"] = { value: "pain", version: 3 };
  const { form } = formOf(server);
  await form.set("note.s", "pain");
  await form.flush();
  assert.equal(server.requests.length, 0);
});

test("typing on while a change is under way is based on what that change becomes", async () => {
  const server = new Server();
  server.faults = ["held"];
  const { form, states } = formOf(server);
  await form.set("note.s", "one");
  while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await form.set("note.s", "one two");
  await form.set("note.s", "one two three");
  server.release();
  await until(form, states, "saved");
  assert.deepEqual(server.requests, [["one"], ["one two three"]]);
  assert.deepEqual(server.fields["note.s"], { value: "one two three", version: 2 });
});

test("a lost line keeps the change and says so; it is sent when the line is back", async () => {
  const server = new Server();
  server.faults = ["lost", "lost", 503];
  const { form, states } = formOf(server);
  await form.set("note.s", "kept");
  await until(form, states, "kept");
  await until(form, states, "saved");
  assert.equal(server.fields["note.s"]?.value, "kept");
});

test("an answer that got lost does not become a conflict with oneself", async () => {
  const server = new Server();
  server.faults = ["unheard"];
  const { form, states } = formOf(server);
  await form.set("note.s", "first");
  await until(form, states, "kept");
  await form.set("note.s", "second");
  await until(form, states, "saved");
  assert.deepEqual(server.fields["note.s"], { value: "second", version: 2 });
});

test("a reload takes up what was left, even when the server had it already", async () => {
  const server = new Server();
  const shelf = memoryShelf();
  server.faults = ["unheard", ...Array.from({ length: 50 }, () => /** @type {"lost"} */ ("lost"))];
  const before = formOf(server, { shelf, retry_ms: [60_000] });
  const given = structuredClone(server.fields);
  await before.form.set("note.s", "first");
  await until(before.form, before.states, "kept");
  before.form.leave();
  server.faults = [];
  const after = formOf(server, { shelf, fields: given });
  await after.form.restore();
  assert.equal(after.form.value("note.s"), "first");
  await after.form.set("note.s", "first and more");
  await after.form.flush();
  assert.equal(server.fields["note.s"]?.value, "first and more");
  assert.deepEqual(await shelf.all("form"), []);
});

test("someone else was faster: nothing is overwritten until a person chooses", async () => {
  for (const choice of /** @type {const} */ (["mine", "theirs"])) {
    const server = new Server();
    server.fields["note.s"] = { value: "old", version: 1 };
    /** @type {unknown[]} */
    const asked = [];
    const { form, states } = formOf(server, { onconflict: (...what) => asked.push(what) });
    server.fields["note.s"] = { value: "theirs", version: 2 };
    await form.set("note.s", "mine");
    await until(form, states, "conflict");
    await form.set("note.s", "mine, longer");
    await form.set("note.o", "another field is saved all the same");
    await assert.rejects(form.flush(), { state: "conflict" });
    while (!server.fields["note.o"]) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(server.fields["note.s"], { value: "theirs", version: 2 });
    assert.deepEqual(asked, [["note.s", "mine", "theirs"]]);
    await form.resolve("note.s", choice);
    await form.flush();
    assert.equal(server.fields["note.s"]?.value, choice === "mine" ? "mine, longer" : "theirs");
    assert.equal(form.value("note.s"), server.fields["note.s"]?.value);
  }
});

test("the same words from both sides are no conflict", async () => {
  const server = new Server();
  const { form, states } = formOf(server, { onconflict: () => assert.fail("nobody need be asked") });
  server.fields["note.s"] = { value: "same", version: 1 };
  await form.set("note.s", "same");
  await until(form, states, "saved");
});

test("a refusal is said in the server’s words and keeps the text on the device", async () => {
  const server = new Server();
  const shelf = memoryShelf();
  server.faults = [409];
  const { form } = formOf(server, { shelf });
  await form.set("note.s", "too late", { typing: true });
  await assert.rejects(form.flush(), { state: "refused", message: "The note is submitted." });
  assert.equal(form.state, "refused");
  assert.equal((await shelf.all("form")).length, 1);
});

test("flush does not wait for the pause in the typing", async () => {
  const server = new Server();
  const { form } = formOf(server, { typing_ms: 60_000 });
  await form.set("note.s", "at the bell", { typing: true });
  await form.flush();
  assert.equal(server.fields["note.s"]?.value, "at the bell");
});

test("a page that goes away sends without waiting", async () => {
  const server = new Server();
  const { form } = formOf(server, { typing_ms: 60_000 });
  await form.set("note.s", "closing", { typing: true });
  form.leave();
  assert.deepEqual(server.requests, [["closing"]]);
});

test("a device that cannot store still saves to the server", async () => {
  const server = new Server();
  const broken = { ...memoryShelf(), put: () => Promise.reject(new Error("QuotaExceededError")) };
  const { form } = formOf(server, { shelf: broken });
  await form.set("note.s", "private window");
  await form.flush();
  assert.equal(server.fields["note.s"]?.value, "private window");
});

test("the fallback shelf keeps changes in order and apart by form", async () => {
  /** @type {Map<string, string>} */
  const map = new Map();
  const storage = /** @type {Storage} */ (/** @type {unknown} */ ({
    get length() {
      return map.size;
    },
    key: (/** @type {number} */ index) => [...map.keys()][index] ?? null,
    getItem: (/** @type {string} */ key) => map.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => map.set(key, value),
    removeItem: (/** @type {string} */ key) => map.delete(key),
  }));
  const shelf = storageShelf(storage);
  const change = (/** @type {string} */ form, /** @type {number} */ order) => ({
    change_id: `${form}${order}`, form, field: "note.s", value: order, base_version: 0, order,
  });
  for (const each of [change("a", 2), change("b", 1), change("a", 1)]) await shelf.put(each);
  assert.deepEqual((await shelf.all("a")).map((each) => each.order), [1, 2]);
  await shelf.remove("a1");
  assert.deepEqual((await shelf.all("a")).map((each) => each.order), [2]);
});

/** Node has no locks: here the form called "open" is in another page's hand. */
const LOCKS = /** @type {LockManager} */ (/** @type {unknown} */ ({
  request: async (/** @type {string} */ name, /** @type {unknown} */ _how, /** @type {(lock: object | null) => Promise<void>} */ held) => held(name.endsWith(".open") ? null : {}),
}));

test("what closed pages left is sent by another page, form by form; a conflict is left for a person", async () => {
  const server = new Server();
  const shelf = memoryShelf();
  server.faults = Array(9).fill("lost");
  for (const id of ["one", "two", "open"]) {
    const { form, states } = formOf(server, { id, shelf });
    await form.set(`item.${id}`, "done");
    await until(form, states, "kept");
    form.leave();
  }
  server.faults = [];
  server.fields["item.two"] = { value: "partly", version: 1 };
  const waiting = new WaitingForms(shelf, { send: server.fetch, locks: LOCKS });
  assert.deepEqual((await waiting.all()).map(({ form, count }) => [form, count]), [["one", 1], ["two", 1], ["open", 1]]);
  const left = await waiting.send();
  assert.deepEqual(left.map(({ form, count, state }) => [form, count, state]), [["two", 1, "conflict"], ["open", 1, "kept"]]);
  assert.deepEqual(server.fields["item.one"], { value: "done", version: 1 });
  assert.deepEqual(server.fields["item.two"], { value: "partly", version: 1 });
});
