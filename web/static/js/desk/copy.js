/**
 * A copy of the desk on this device while it is being marked, so that it opens again without a network (worker.js): its page, its mark sheet as
 * the server has it, and what the page is built of. No recording and no transcript. It goes when the mark is submitted, when its person signs out, and
 * counts for twelve hours at most.
 */

/** @import { MarkForm } from "./mark-form.js" */

const COPIES = "teleosce-desk";
/** As in worker.js. */
const KEPT_MS = 12 * 60 * 60 * 1000;
/** Long enough after the page is usable that nobody waits for it; later only the sheet is written again. */
const REST_MS = 2000;
const AGAIN_MS = 200;

export class DeskCopy {
  #form;
  #page = location.href.replace(/#.*/, "");
  #sheet;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #whole = false;

  /** @param {MarkForm} form */
  constructor(form) {
    this.#form = form;
    this.#sheet = `/api/encounters/${form.encounter}/forms/${form.kind}`;
    this.changed();
  }

  /** The server has something new on disk, or the form was locked or opened. */
  changed() {
    if (!("serviceWorker" in navigator) || !("caches" in window) || this.#form.kind !== "mark") return;
    clearTimeout(this.#timer);
    // At once: whoever has submitted goes on to the next.
    if (this.#form.locked) return void this.#forget().catch(() => undefined);
    this.#timer = setTimeout(() => void this.#keep().catch(() => undefined), this.#whole ? AGAIN_MS : REST_MS);
  }

  async #keep() {
    const copies = await caches.open(COPIES);
    if (!this.#whole) {
      await navigator.serviceWorker.register("/mark/worker.js");
      await this.#keepPage(copies);
      this.#whole = true;
    }
    await copies.put(this.#sheet, stamped(JSON.stringify({ ...this.#form.view, kept: true }), "application/json"));
    if (this.#form.locked) await this.#forget();
  }

  /** @param {Cache} copies */
  async #keepPage(copies) {
    for (const one of await copies.keys()) if (ageOf(await copies.match(one)) > KEPT_MS) await copies.delete(one);
    const page = await fetch(this.#page);
    if (!page.ok || page.redirected) throw new Error("not kept");
    const parts = new Set(performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.startsWith(`${location.origin}/static/`)));
    for (const part of parts) {
      if (ageOf(await copies.match(part)) < KEPT_MS / 2) continue;
      // The browser has just loaded it, so nothing is asked of the server again.
      const found = await fetch(part, { cache: "force-cache" });
      if (!found.ok) throw new Error("not kept");
      await copies.put(part, stamped(await found.blob(), found.headers.get("Content-Type") ?? ""));
    }
    await copies.put(this.#page, stamped(await page.text(), "text/html; charset=utf-8", page.headers.get("Content-Security-Policy")));
  }

  async #forget() {
    this.#whole = false;
    const copies = await caches.open(COPIES);
    await Promise.all([copies.delete(this.#page), copies.delete(this.#sheet)]);
  }
}

/** Whoever signs out leaves no copy behind; what is unsent stays (shelf.js). */
export function forgetCopies() {
  if ("caches" in window) void caches.delete(COPIES);
}

/** @param {Response | undefined} copy */
function ageOf(copy) {
  return Date.now() - Number(copy?.headers.get("Teleosce-Kept-Ms") ?? 0);
}

/**
 * @param {BodyInit} body
 * @param {string} type
 * @param {string | null} [policy]
 */
function stamped(body, type, policy = null) {
  const headers = { "Content-Type": type, "Teleosce-Kept-Ms": String(Date.now()), "X-Content-Type-Options": "nosniff", ...(policy ? { "Content-Security-Policy": policy } : {}) };
  return new Response(body, { headers });
}
