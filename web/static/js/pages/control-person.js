/** One person in the control page: presence, consent, equipment, and a fresh link. */

/** @import { DayPerson, Tone, Verdict } from "../types.js" */

import { toast } from "../announce.js";
import { messageOf, post } from "../api.js";
import { ask, open } from "../dialog.js";
import { el, icon, setState, setText, state, whileBusy } from "../dom.js";
import { roleName, t } from "../i18n.js";

/** @type {Record<Verdict, Tone>} */
const TONE = { ready: "good", "will-do": "fair", "not-ready": "bad" };

export class PersonRow {
  /** @param {DayPerson} person */
  constructor(person) {
    this.person = person;
    this.name = el("th", { scope: "row" });
    this.role = el("td");
    this.presence = state("idle", "");
    this.consent = state("idle", "");
    this.check = state("idle", "");
    this.link = el("button", { class: "button", type: "button" }, icon("link"), t("New link"));
    this.link.addEventListener("click", () => void whileBusy(this.link, () => this.replaceLink()));
    this.element = el(
      "tr",
      {},
      this.name,
      this.role,
      el("td", { "data-label": t("Now") }, this.presence),
      el("td", { "data-label": t("Consent") }, this.consent),
      el("td", { "data-label": t("Equipment") }, this.check),
      el("td", {}, this.link),
    );
  }

  /** @param {DayPerson} person */
  show(person) {
    this.person = person;
    setText(this.name, person.name);
    setText(this.role, roleName(person.role));
    setState(this.presence, person.present ? "good" : "idle", person.present ? t("Here") : t("Not here"));
    this.showReadiness(person);
    const label = t("New link for {name}", { name: person.name });
    if (this.link.getAttribute("aria-label") !== label) this.link.setAttribute("aria-label", label);
  }

  /** @private @param {DayPerson} person */
  showReadiness({ role, consented, check }) {
    if (role === "candidate" || role === "sp") {
      setState(this.consent, consented ? "good" : "idle", consented ? t("Given") : t("Not yet given"));
      this.showCheck(check);
    } else {
      setState(this.consent, "idle", t("Not needed"));
      setState(this.check, "idle", t("Not needed"));
    }
  }

  /** @private @param {Verdict | null} verdict */
  showCheck(verdict) {
    if (!verdict) return setState(this.check, "idle", t("Not yet checked"));
    const words = { ready: t("Ready"), "will-do": t("Will do"), "not-ready": t("Not ready") };
    setState(this.check, TONE[verdict], words[verdict]);
  }

  /** @private */
  async replaceLink() {
    const { name, seat } = this.person;
    const sure = await ask({
      title: t("Make a new link for {name}?", { name }),
      text: t("The old link stops working at once. If {name} is in the exam now, they stay in until the new link is opened.", { name }),
      action: t("Make a new link"),
    });
    if (!sure) return;
    try {
      const { link } = /** @type {{link: string}} */ (await post("/api/links", { seat }));
      showLink(name, new URL(link, location.href).href);
    } catch (thrown) {
      toast(messageOf(thrown), "bad");
    }
  }
}

/**
 * The server keeps only the link's hash, so this is the one time that it can be read.
 * @param {string} name
 * @param {string} url
 */
function showLink(name, url) {
  const copied = state("good", t("Copied"));
  copied.hidden = true;
  const copy = el("button", { class: "button primary", type: "button", autofocus: true }, icon("copy"), t("Copy the link"));
  copy.addEventListener("click", async () => {
    copied.hidden = !(await navigator.clipboard.writeText(url).then(() => true, () => false));
    if (copied.hidden) getSelection()?.selectAllChildren(link);
  });
  const link = el("p", { class: "new-link" }, url);
  const text = el("p", {}, t("Send it to {name} alone: whoever has it takes the seat. It is shown only now.", { name }));
  open(t("The new link for {name}", { name }), [text, link, el("p", { role: "status" }, copied)], [copy, el("button", { class: "button", value: "" }, t("Close"))]);
}
