/** Opens a marking desk from the copy that copy.js keeps on this device, while the server is out of reach. Online it only passes pages through. */

/**
 * TypeScript's workers and windows cannot be checked in one go, so the little of a worker that is used is named here.
 * @typedef {Event & {request: Request, clientId: string, resultingClientId: string, preloadResponse: Promise<Response | undefined>, respondWith: (response: Promise<Response>) => void, waitUntil: (done: Promise<unknown>) => void}} Asked
 */

const COPIES = "teleosce-desk";
const KEPT_MS = 12 * 60 * 60 * 1000;
const FORM = /^\/api\/encounters\/[^/]+\/forms\/mark$/;

const worker = /** @type {any} */ (self);
/** The pages that were opened from a copy: their modules and styles are those of that copy. @type {Set<string>} */
const opened = new Set();

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {Asked} */ event) => event.waitUntil(worker.registration.navigationPreload?.enable()));
worker.addEventListener("fetch", (/** @type {Asked} */ event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") return event.respondWith(desk(event));
  const { pathname } = new URL(request.url);
  if (FORM.test(pathname)) return event.respondWith(fetch(request).catch((thrown) => copyOf(request.url, thrown)));
  if (pathname.startsWith("/static/") && opened.has(event.clientId)) event.respondWith(copyOf(request.url).catch(() => fetch(request)));
});

/** @param {Asked} event */
async function desk(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (thrown) {
    const copy = await copyOf(event.request.url, thrown);
    opened.add(event.resultingClientId);
    return copy;
  }
}

/**
 * What is kept of an address; without it, or when it is too old, what went wrong on the way to the server.
 * @param {string} url
 * @param {unknown} [thrown]
 */
async function copyOf(url, thrown = new TypeError("no copy")) {
  const copy = await caches.match(url, { cacheName: COPIES, ignoreVary: true });
  if (copy && Date.now() - Number(copy.headers.get("Teleosce-Kept-Ms") ?? 0) < KEPT_MS) return copy;
  throw thrown;
}
