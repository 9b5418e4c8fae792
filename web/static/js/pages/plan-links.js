/** The links of an exam that is made: as files, told once, and by mail, a few letters at a time. */

/** @import { Role } from "../types.js" */
/** @import { Addressee, Told } from "../letters.js" */
/** @typedef {Addressee & {role: Role, number: string | null}} Person */

import { toast } from "../announce.js";
import { Fault, messageOf } from "../api.js";
import { byId, el, pageData, setText, whileBusy } from "../dom.js";
import { roleName, t } from "../i18n.js";
import { Letters } from "../letters.js";
import { roleHeader } from "../role.js";

const { exam } = /** @type {{exam: string}} */ (pageData());
const base = `/api/exams/${exam}`;
/** @type {Letters<Person>} */
const letters = new Letters(`${base}/mail`, () => true, tell);

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-form]"))) {
  button.addEventListener("click", () => void whileBusy(button, () => download(button.dataset.form ?? "csv")));
}
await letters.open(`${base}/invitations`);

/** @param {string} form */
async function download(form) {
  byId("links-fault").hidden = true;
  try {
    const response = await fetch(`${base}/links`, { method: "POST", headers: { "Content-Type": "application/json", ...roleHeader() }, body: JSON.stringify({ form }) });
    if (!response.ok) throw new Fault((await response.json()).error.message);
    const url = URL.createObjectURL(await response.blob());
    el("a", { href: url, download: `links.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    toast(t("The file with the links is in your downloads. They are not shown again."));
  } catch (thrown) {
    setText(byId("links-fault"), thrown instanceof TypeError ? t("The server could not be reached. Check your internet connection, then try again.") : messageOf(thrown));
    byId("links-fault").hidden = false;
  }
}

/** @param {Told<Person>} told */
function tell(told) {
  const having = told.people.filter((one) => one.email);
  const sent = having.filter((one) => one.state === "sent").length;
  byId("mail-frame").hidden = !told.people.length;
  byId("mail-people").replaceChildren(...told.people.map((one) => line(one, told)));
  return t("{sent} of {all} letters are sent; {without} people have no e-mail address.", { sent, all: having.length, without: told.people.length - having.length });
}

/**
 * @param {Person} one
 * @param {Told<Person>} told
 */
function line(one, told) {
  const [became, again] = letters.became(one, told);
  return el("tr", {}, el("th", { scope: "row" }, one.name, one.number ? ` (${one.number})` : ""), el("td", {}, roleName(one.role)), el("td", {}, one.email ?? ""), el("td", {}, became), el("td", {}, again));
}
