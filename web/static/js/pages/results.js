/** /results/<exam>: whether the figures are of the marks as they are, and what is being worked out meanwhile. */

import { Fault, get, messageOf, post } from "../api.js";
import { byId, pageData, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @typedef {object} State as in web/PROTOCOL.md
 * @property {number | null} at_ms
 * @property {boolean} current
 * @property {number} since
 * @property {string | null} working
 * @property {string | null} fault
 */

const EVERY_MS = 1500;

const { exam, current, figures } = /** @type {{exam: string, current: boolean, figures: boolean}} */ (pageData());
const base = `/api/exams/${exam}/results`;
const go = byId("fresh-go");

go.addEventListener("click", () => void whileBusy(go, go.dataset.do === "show" ? async () => location.reload() : again));
if (!current) void follow();

/** Until the figures are there. The page is not moved under somebody who reads the old ones: they ask for the new. */
async function follow() {
  for (;;) {
    try {
      const state = /** @type {State} */ (await get(`${base}/state`));
      if (state.fault) return failed(state.fault);
      if (state.current && !figures) return location.reload();
      if (state.current) return ready();
      setText(byId("fresh-step"), state.working ? t("Now: {step} …", { step: state.working }) : "");
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.status !== 0) return failed(messageOf(thrown));
      // The line alone is away: the server goes on working, and is asked again.
      setText(byId("fresh-step"), messageOf(thrown));
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

function ready() {
  setText(byId("fresh-what"), t("Newer figures are ready"));
  setText(byId("fresh-step"), "");
  offer("show", t("Show them"));
}

/** @param {string} why */
function failed(why) {
  setText(byId("fresh-what"), t("The figures are not there"));
  setText(byId("fresh-step"), why);
  offer("again", t("Try again"));
}

/**
 * @param {string} what
 * @param {string} words
 */
function offer(what, words) {
  go.dataset.do = what;
  setText(go, words);
  byId("fresh-do").hidden = false;
}

async function again() {
  try {
    await post(`${base}/again`);
    byId("fresh-do").hidden = true;
    setText(byId("fresh-what"), t("The figures are being worked out"));
    void follow();
  } catch (thrown) {
    failed(messageOf(thrown));
  }
}
