/**
 * A copy of the desk on this device while it is being marked, so that it opens again without a network (worker.js): its page, its mark sheet as
 * the server has it, and what the page is built of. No recording and no transcript. All copies are one person's: they go with the session (sign-out.js,
 * join.js, worker.js). One goes when its mark is submitted, is not used after twelve hours, and is deleted then as soon as a page of ours is opened.
 */

/** @import { MarkForm } from "./mark-form.js" */

const COPIES = "teleosce-desk";
/** As in worker.js. */
const KEPT_MS = 12 * 60 * 60 * 1000;
/** Long enough after the page is usable that nobody waits for it; later only the sheet is written again. */
const REST_MS = 2000;
const AGAIN_MS = 200;
/** Where this version's files are: their addresses change with their contents, so they neither age nor are anybody's. */
const BUILT = new URL("../../", import.meta.url).href;

export class DeskCopy {
  #form;
  #person;
  #page = location.href.replace(/#.*/, "");
  #sheet;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #pause = REST_MS;
  /** The server's page is of another version by now, or of another person: this one is not kept any more. */ #over = false;

  /**
   * @param {MarkForm} form
   * @param {string} person whose form it is
   */
  constructor(form, person) {
    this.#form = form;
    this.#person = person;
    this.#sheet = `/api/encounters/${form.encounter}/forms/${form.kind}`;
    this.changed();
  }

  /** The server has something new on disk, or the form was locked or opened. */
  changed() {
    if (!("serviceWorker" in navigator) || !("caches" in window) || this.#form.kind !== "mark") return;
    clearTimeout(this.#timer);
    // At once: whoever has submitted goes on to the next.
    if (this.#form.locked) return void this.#forget().catch(() => undefined);
    if (!this.#over) this.#timer = setTimeout(() => void this.#keep().catch(() => undefined), this.#pause);
  }

  async #keep() {
    // Opened before anything is asked: what is written to it after somebody else deleted it is not found any more.
    const copies = await caches.open(COPIES);
    const kept = await copies.match(this.#page);
    if (kept?.headers.get("Teleosce-Person") !== this.#person || ageOf(kept) > KEPT_MS) await this.#keepPage(copies);
    this.#pause = AGAIN_MS;
    await copies.put(this.#sheet, this.#stamped(JSON.stringify({ ...this.#form.view, kept: true }), "application/json"));
    if (this.#form.locked) await this.#forget();
  }

  /** @param {Cache} copies */
  async #keepPage(copies) {
    await navigator.serviceWorker.register("/mark/worker.js");
    const page = await fetch(this.#page);
    if (page.redirected || (!page.ok && page.status < 500)) await forgetCopies();
    if (page.redirected || !page.ok) throw new Error("not kept");
    const html = await page.text();
    const { person } = JSON.parse(new DOMParser().parseFromString(html, "text/html").getElementById("page-data")?.textContent ?? "{}");
    this.#over = person !== this.#person || !html.includes(`"${new URL(BUILT).pathname}js/pages/desk.js"`);
    if (this.#over) throw new Error("not kept");
    for (const part of new Set(performance.getEntriesByType("resource").map(({ name }) => name))) {
      if (!part.startsWith(BUILT) || (await copies.match(part))) continue;
      // The browser has just loaded it, so nothing is asked of the server again.
      const found = await fetch(part, { cache: "force-cache" });
      if (!found.ok) throw new Error("not kept");
      await copies.put(part, this.#stamped(await found.blob(), found.headers.get("Content-Type") ?? ""));
    }
    await copies.put(this.#page, this.#stamped(html, "text/html; charset=utf-8", page.headers.get("Content-Security-Policy")));
  }

  async #forget() {
    const copies = await caches.open(COPIES);
    await Promise.all([copies.delete(this.#page), copies.delete(this.#sheet)]);
  }

  /**
   * @param {BodyInit} body
   * @param {string} type
   * @param {string | null} [policy]
   */
  #stamped(body, type, policy = null) {
    const headers = { "Content-Type": type, "Teleosce-Kept-Ms": String(Date.now()), "Teleosce-Person": this.#person, "X-Content-Type-Options": "nosniff", ...(policy ? { "Content-Security-Policy": policy } : {}) };
    return new Response(body, { headers });
  }
}

/** Somebody's session is over, or another's begins. A desk that is still open and its person's keeps itself again. What is unsent stays (shelf.js). */
export async function forgetCopies() {
  if ("caches" in globalThis) await caches.delete(COPIES).catch(() => false);
}

/** Deletes what is too old; with the last page goes what pages are built of. */
export async function sweepCopies() {
  if (!("caches" in globalThis) || !(await caches.has(COPIES))) return;
  const copies = await caches.open(COPIES);
  let left = 0;
  for (const one of await copies.keys()) {
    if (new URL(one.url).pathname.startsWith("/static/")) continue;
    if (ageOf(await copies.match(one)) > KEPT_MS) await copies.delete(one);
    else left++;
  }
  if (left === 0) await forgetCopies();
}

/** @param {Response | undefined} copy */
function ageOf(copy) {
  return Date.now() - Number(copy?.headers.get("Teleosce-Kept-Ms") ?? 0);
}
