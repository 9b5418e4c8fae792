/** /results/<exam>/panel for a judge: each value is saved as it is entered, and the page says when the panel moves on. */

import { get, messageOf, post } from "../api.js";
import { byId, pageData, setText, tellFault } from "../dom.js";
import { t } from "../i18n.js";

const LOOK_MS = 10_000;
const AGAIN_MS = 3000;

const { exam, version, open, closed } = /** @type {{exam: string, version: number, open: boolean, closed: boolean}} */ (pageData());
const base = `/api/exams/${exam}/panel`;
const fields = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(".panel-value")]);

/** What is entered and not on the server yet, by field. @type {Map<HTMLInputElement, number | null>} */
const waiting = new Map();
let sending = false;

for (const field of fields) {
  field.addEventListener("change", () => enter(field));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const next = fields[fields.indexOf(field) + (event.shiftKey ? -1 : 1)];
    if (next) next.select();
    else field.blur();
    next?.focus();
  });
}
addEventListener("beforeunload", (event) => {
  // What is being typed is entered when its field is left, and the page may be left first.
  const typed = fields.find((field) => field === document.activeElement && field.value !== field.defaultValue);
  if (open && typed) enter(typed);
  if (waiting.size) event.preventDefault();
});
byId("reload").addEventListener("click", () => location.reload());
if (open) {
  tally();
  // Typed before this script was there, or put back by the browser when the page was loaded again.
  for (const field of fields) if (field.value !== field.defaultValue) enter(field);
}
if (!closed) setInterval(() => void look(), LOOK_MS);

/** @param {HTMLInputElement} field */
function enter(field) {
  const good = field.validity.valid;
  field.setAttribute("aria-invalid", String(!good));
  if (!good) return say(t("A value is a whole number from 0 to 100."), "bad");
  field.defaultValue = field.value;
  waiting.set(field, field.value === "" ? null : Number(field.value));
  tally();
  void send();
}

async function send() {
  if (sending || !waiting.size) return;
  sending = true;
  const now = [...waiting];
  say(t("Saving …"), "idle");
  try {
    const values = now.map(([field, percent]) => ({ station: field.dataset.station, item: field.dataset.item, percent }));
    await post(`${base}/judgements`, { values });
    for (const [field, percent] of now) if (waiting.get(field) === percent) waiting.delete(field);
    tellFault(null);
    if (!waiting.size) say(t("Everything is saved"), "good");
  } catch (thrown) {
    tellFault(messageOf(thrown));
    say(t("Not saved yet"), "bad");
    setTimeout(() => void send(), AGAIN_MS);
    sending = false;
    return;
  }
  sending = false;
  void send();
}

async function look() {
  try {
    const now = /** @type {{version: number}} */ (await get(base));
    byId("moved").hidden = now.version === version;
  } catch {
    // The next look tells; what is entered says by itself whether it is saved.
  }
}

function tally() {
  const done = fields.filter((field) => field.value !== "" && field.validity.valid).length;
  setText(byId("count"), t("{done} of {total}", { done, total: fields.length }));
}

/**
 * @param {string} words
 * @param {string} tone
 */
function say(words, tone) {
  setText(byId("saved"), words);
  byId("saved").dataset.tone = tone;
}
