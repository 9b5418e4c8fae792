/**
 * Opens a marking desk from the copy that copy.js keeps on this device, while the server is out of reach. Otherwise it only passes answers through, and
 * deletes all copies when one of them says that the desk is not this browser's any more.
 */

/**
 * TypeScript's workers and windows cannot be checked in one go, so the little of a worker that is used is named here.
 * @typedef {Event & {request: Request, clientId: string, resultingClientId: string, preloadResponse: Promise<Response | undefined>, respondWith: (response: Promise<Response>) => void, waitUntil: (done: Promise<unknown>) => void}} Asked
 */

const COPIES = "teleosce-desk";
const KEPT_MS = 12 * 60 * 60 * 1000;
const FORM = /^\/api\/encounters\/[^/]+\/forms\/mark$/;
/** Said by a proxy whose server is gone, or by a server that is not ready. */
const AWAY = [502, 503, 504];
const LOST = [401, 403, 404];

const worker = /** @type {any} */ (self);
/**
 * Whose copy a page was opened from: its sheet, modules and styles are those of that copy, and nobody else's page is given that sheet. A worker that
 * was stopped has forgotten them; by then they are loaded.
 * @type {Map<string, string | null>}
 */
const opened = new Map();

worker.addEventListener("install", () => worker.skipWaiting());
// The page that brought the worker is looked after too: it may hear that its session is over.
worker.addEventListener("activate", (/** @type {Asked} */ event) => event.waitUntil(Promise.all([worker.registration.navigationPreload?.enable(), worker.clients.claim()])));
worker.addEventListener("fetch", (/** @type {Asked} */ event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname } = new URL(request.url);
  const whose = opened.get(event.clientId);
  if (request.mode === "navigate") event.respondWith(served(loaded(event), () => desk(event)));
  else if (FORM.test(pathname)) event.respondWith(served(fetch(request), () => sheet(request.url, whose)));
  else if (whose && pathname.startsWith("/static/")) event.respondWith(found(request.url).then((copy) => copy ?? fetch(request)));
});

/** @param {Asked} event */
async function loaded(event) {
  return (await event.preloadResponse) ?? (await fetch(event.request));
}

/**
 * The server's answer; while it is out of reach, what is kept.
 * @param {Promise<Response>} asked
 * @param {() => Promise<Response | undefined>} kept
 */
async function served(asked, kept) {
  const answer = await asked.catch(() => null);
  if (!answer || AWAY.includes(answer.status)) return (await kept()) ?? answer ?? Response.error();
  if (LOST.includes(answer.status) || answer.redirected || answer.type === "opaqueredirect") await caches.delete(COPIES);
  return answer;
}

/** @param {Asked} event */
async function desk({ request, resultingClientId }) {
  const copy = await fresh(request.url);
  if (copy) opened.set(resultingClientId, copy.headers.get("Teleosce-Person"));
  return copy;
}

/**
 * @param {string} url
 * @param {string | null | undefined} whose the person whose page asks; undefined: the page is not from a copy
 */
async function sheet(url, whose) {
  const copy = whose ? await fresh(url) : undefined;
  return copy?.headers.get("Teleosce-Person") === whose ? copy : undefined;
}

/** What is kept of an address and not too old. @param {string} url */
async function fresh(url) {
  const copy = await found(url);
  return copy && Date.now() - Number(copy.headers.get("Teleosce-Kept-Ms")) < KEPT_MS ? copy : undefined;
}

/** @param {string} url */
function found(url) {
  return caches.match(url, { cacheName: COPIES, ignoreVary: true });
}
