/** /results/<exam>/panel for the organiser: opens a panel and moves it on. */

import { messageOf, post } from "../api.js";
import { byId, pageData, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

const { exam, version } = /** @type {{exam: string, version: number}} */ (pageData());
const base = `/api/exams/${exam}/panel`;

document.querySelector("#open")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const judges = [...document.querySelectorAll("input[name=judge]:checked")].map((one) => /** @type {HTMLInputElement} */ (one).value);
  if (judges.length < 2) return fail(t("Choose at least two judges."));
  void whileBusy(byId("go"), () => done(post(base, { judges })));
});

for (const button of document.querySelectorAll("button[data-state]")) {
  const own = /** @type {HTMLButtonElement} */ (button);
  own.addEventListener("click", () => void whileBusy(own, () => done(post(`${base}/move`, { version, state: own.dataset.state }))));
}

document.querySelector("#facility")?.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  void done(post(`${base}/move`, { version, facility: box.checked }));
});

/** @param {Promise<unknown>} asked */
async function done(asked) {
  try {
    await asked;
    location.reload();
  } catch (thrown) {
    fail(messageOf(thrown));
  }
}

/** @param {string} why */
function fail(why) {
  setText(byId("fault"), why);
  byId("fault").hidden = false;
}
