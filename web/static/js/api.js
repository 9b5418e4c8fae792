/** Asking the server for JSON. Every failure is a Fault whose message can be shown to a person as it is. */

import { t } from "./i18n.js";
import { roleHeader } from "./role.js";

/** What went wrong, said to a person. `status` is 0 when the server was not reached. */
export class Fault extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: string, details?: unknown}} [more]
   */
  constructor(message, { status = 0, code = "fault", details = null } = {}) {
    super(message);
    this.name = "Fault";
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 400;

/**
 * @template [T=unknown]
 * @param {string} path
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<T>}
 */
export function get(path, options = {}) {
  return ask("GET", path, undefined, options);
}

/**
 * @template [T=unknown]
 * @param {string} path
 * @param {unknown} [body]
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<T>}
 */
export function post(path, body = {}, options = {}) {
  return ask("POST", path, body, options);
}

/**
 * The message of anything that was thrown, for a person.
 * @param {unknown} thrown
 * @returns {string}
 */
export function messageOf(thrown) {
  if (thrown instanceof Fault) return thrown.message;
  console.error(thrown);
  return t("Something went wrong on this page. Load it again; what was saved is kept.");
}

/**
 * A 503 means that nothing was saved and that trying again is right; everything else is told at once.
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{signal?: AbortSignal}} options
 * @returns {Promise<any>}
 */
async function ask(method, path, body, options) {
  for (let attempt = 1; ; attempt++) {
    const response = await reach(method, path, body, options);
    if (response.ok) return response.status === 204 ? null : await response.json();
    if (response.status !== 503 || attempt === ATTEMPTS) throw await faultOf(response);
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), options.signal);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{signal?: AbortSignal}} options
 */
async function reach(method, path, body, options) {
  try {
    return await fetch(path, {
      method,
      headers: { Accept: "application/json", ...roleHeader(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: options.signal,
    });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    throw new Fault(t("The server could not be reached. Check your internet connection, then try again."), { code: "unreachable" });
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Fault>}
 */
async function faultOf(response) {
  const body = await response.json().catch(() => null);
  const error = body?.error;
  const message = error?.message || t("The server answered with an error ({status}). Try again in a moment.", { status: response.status });
  return new Fault(message, { status: response.status, code: error?.code, details: error?.details });
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
