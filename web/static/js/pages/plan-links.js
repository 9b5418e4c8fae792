/** The links of an exam that is made: as files, told once, and by mail, a few letters at a time. */

/** @import { Role } from "../types.js" */
/** @typedef {{seat: string, role: Role, name: string, number: string | null, email: string | null, state: string, at_ms: number | null, why: string}} Person */
/** @typedef {{can_mail: boolean, people: Person[], failed?: {name: string, why: string}[]}} State */

import { toast } from "../announce.js";
import { Fault, get, messageOf, post } from "../api.js";
import { byId, el, pageData, setText, state, whileBusy } from "../dom.js";
import { roleName, t, timeOfDay } from "../i18n.js";
import { roleHeader } from "../role.js";

const AT_ONCE = 10;
const { exam } = /** @type {{exam: string}} */ (pageData());
const base = `/api/exams/${exam}`;
/** @type {State} */ let now = { can_mail: false, people: [] };

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-form]"))) {
  button.addEventListener("click", () => void whileBusy(button, () => download(button.dataset.form ?? "csv")));
}
byId("mail-all").addEventListener("click", () => void whileBusy(byId("mail-all"), () => send(waiting().map((one) => one.seat), false)));
try {
  show(await get(`${base}/invitations`));
} catch (thrown) {
  fault(messageOf(thrown));
}

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

/** Those who have an address and were sent nothing yet. */
function waiting() {
  return now.people.filter((one) => one.email && (one.state === "" || one.state === "failed"));
}

/**
 * @param {string[]} seats
 * @param {boolean} again
 */
async function send(seats, again) {
  byId("mail-fault").hidden = true;
  const bar = byId("mail-progress", HTMLProgressElement);
  bar.max = seats.length;
  bar.hidden = seats.length <= AT_ONCE;
  try {
    for (let at = 0; at < seats.length; at += AT_ONCE) {
      bar.value = at;
      const done = /** @type {State} */ (await post(`${base}/mail`, { seats: seats.slice(at, at + AT_ONCE), again }));
      show(done);
      const [lost] = done.failed ?? [];
      if (lost && done.failed && done.failed.length > 1 && done.failed.every((one) => one.why === lost.why)) throw new Fault(lost.why);
    }
  } catch (thrown) {
    fault(messageOf(thrown));
  } finally {
    bar.hidden = true;
  }
}

/** @param {string} text */
function fault(text) {
  setText(byId("mail-fault"), text);
  byId("mail-fault").hidden = false;
}

/** @param {State} told */
function show(told) {
  now = told;
  const left = waiting();
  const having = told.people.filter((one) => one.email);
  const sent = having.filter((one) => one.state === "sent").length;
  const without = told.people.length - having.length;
  const server = told.can_mail ? "" : ` ${t("No mail server is set on the server (smtp_host and smtp_from), so nothing can be sent.")}`;
  setText(byId("mail-sum"), t("{sent} of {all} letters are sent; {without} people have no e-mail address.", { sent, all: having.length, without }) + server);
  const button = byId("mail-all");
  button.hidden = !told.can_mail || !left.length;
  setText(button, left.length === 1 ? t("Send 1 letter") : t("Send {n} letters", { n: left.length }));
  byId("mail-frame").hidden = !told.people.length;
  byId("mail-people").replaceChildren(...told.people.map((one) => line(one, told.can_mail)));
}

/**
 * @param {Person} one
 * @param {boolean} can
 */
function line(one, can) {
  const words = {
    "": () => state("idle", one.email ? t("Not sent") : t("No address")),
    sending: () => state("fair", t("Begun; nobody knows whether it went")),
    sent: () => state("good", t("Sent at {time}", { time: timeOfDay(one.at_ms ?? 0) })),
    failed: () => state("bad", one.why),
  };
  const again = el("button", { class: "button quiet", type: "button", "aria-label": t("Send again to {name}", { name: one.name }) }, t("Send again"));
  again.addEventListener("click", () => void whileBusy(again, () => send([one.seat], true)));
  const able = can && one.email && one.state !== "";
  const shown = words[/** @type {keyof typeof words} */ (one.state)] ?? words[""];
  return el("tr", {}, el("th", { scope: "row" }, one.name, one.number ? ` (${one.number})` : ""), el("td", {}, roleName(one.role)), el("td", {}, one.email ?? ""), el("td", {}, shown()), el("td", {}, able ? again : ""));
}
