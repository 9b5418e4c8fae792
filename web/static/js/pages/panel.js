/** /results/<exam>/panel for the organiser: opens a panel and moves it on. */

import { messageOf, post } from "../api.js";
import { byId, pageData, setText, tellFault, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

const { exam, version: first } = /** @type {{exam: string, version: number}} */ (pageData());
const base = `/api/exams/${exam}/panel`;

let version = first;
/** Moves go one after the other, as each begins at the version that the one before it made. */
let moved = Promise.resolve();

document.querySelector("#open")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const judges = [...document.querySelectorAll("input[name=judge]:checked")].map((one) => /** @type {HTMLInputElement} */ (one).value);
  if (judges.length < 2) return void tellFault(t("Choose at least two judges."));
  void whileBusy(byId("go"), () => tried(async () => (await post(base, { judges }), location.reload())));
});

for (const button of document.querySelectorAll("button[data-state]")) {
  const own = /** @type {HTMLButtonElement} */ (button);
  own.addEventListener("click", () => void whileBusy(own, () => move({ state: own.dataset.state }, () => location.reload())));
}

document.querySelector("#facility")?.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  const wanted = box.checked;
  void move({ facility: wanted }, () => setText(byId("facility-said"), wanted ? t("They will see it.") : t("They will not see it.")));
});

/**
 * @param {{state?: string, facility?: boolean}} what
 * @param {() => void} then
 */
function move(what, then) {
  moved = moved.then(() =>
    tried(async () => {
      const panel = /** @type {{version: number}} */ (await post(`${base}/move`, { version, ...what }));
      version = panel.version;
      then();
    }),
  );
  return moved;
}

/** @param {() => Promise<unknown>} work */
async function tried(work) {
  try {
    tellFault(null);
    await work();
  } catch (thrown) {
    tellFault(messageOf(thrown));
  }
}
