/** /search: asks, shows what was found, and lets moments be picked for a reel. The address bar keeps the question. */

/** @import { Answer } from "../search/types.js" */

import { announce } from "../announce.js";
import { get, messageOf } from "../api.js";
import { byId, pageData, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { chosen, showTray, startReels } from "../search/reels.js";
import { showResults } from "../search/results.js";

const FIELDS = ["q", "exam", "station", "said", "match", "strength"];

const { may_export } = /** @type {{may_export: boolean}} */ (pageData());
const form = byId("search-form", HTMLFormElement);
const go = byId("search-go");
/** Only the answer to the last question counts. */
let asked = 0;

form.addEventListener("submit", (event) => (event.preventDefault(), void search()));
for (const field of form.querySelectorAll("select")) field.addEventListener("change", () => void (value("q") && search()));
if (may_export) startReels(uncheck);
fill();
if (value("q")) void search();

/** @param {string} name */
function value(name) {
  return String(new FormData(form).get(name) ?? "").trim();
}

/** The question of the address. */
function fill() {
  const query = new URLSearchParams(location.search);
  for (const name of FIELDS) {
    const field = form.elements.namedItem(name);
    const said = query.get(name);
    if (said !== null && (field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) field.value = said;
    if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.selectedIndex = 0;
  }
}

async function search() {
  const query = new URLSearchParams(FIELDS.flatMap((name) => (value(name) ? [[name, value(name)]] : [])));
  const mine = ++asked;
  const address = new URL(location.href);
  for (const name of FIELDS) {
    if (value(name)) address.searchParams.set(name, value(name));
    else address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
  go.removeAttribute("aria-busy");
  await whileBusy(go, async () => {
    try {
      const answer = /** @type {Answer} */ (await get(`/api/search?${query}`));
      if (mine !== asked) return;
      showResults(answer, value("q"), may_export ? { chosen, onchange: showTray } : null);
      announce(byId("results-title").textContent ?? "");
    } catch (thrown) {
      if (mine !== asked) return;
      byId("results").hidden = false;
      byId("found").replaceChildren();
      byId("none").hidden = byId("unsearched").hidden = byId("results-note").hidden = true;
      setText(byId("results-title"), t("Nothing was searched"));
      setText(byId("results-fault"), messageOf(thrown));
      byId("results-fault").hidden = false;
    }
  });
}

function uncheck() {
  for (const box of document.querySelectorAll(".moment-pick")) /** @type {HTMLInputElement} */ (box).checked = false;
}
