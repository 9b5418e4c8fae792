/** The end of the sheet: what is missing, submitting, amending, and what comes next. */

/** @import { DeskData, Item } from "./types.js" */
/** @import { MarkForm } from "./mark-form.js" */
/** @import { Sheet } from "./sheet.js" */

import { announce, toast } from "../announce.js";
import { messageOf } from "../api.js";
import { byId, el, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { Unsaved } from "../forms.js";
import { nextToMark, readWorklist } from "../worklist-rows.js";
import { amend } from "./amend.js";
import { count, missing, percentage } from "./marks.js";

export class Submission {
  #form;
  #items;
  #sheet;
  #page;

  /**
   * @param {MarkForm} form
   * @param {Item[]} items
   * @param {Sheet} sheet
   * @param {DeskData} page
   */
  constructor(form, items, sheet, page) {
    this.#form = form;
    this.#items = items;
    this.#sheet = sheet;
    this.#page = page;
    byId("submit").addEventListener("click", () => void this.submit());
    byId("amend").addEventListener("click", () => void this.#amend());
    if (form.locked) void this.#showNext(false);
    this.draw();
  }

  /** Shows how far the sheet is and what can be done with it. */
  draw() {
    const value = (/** @type {string} */ field) => this.#form.value(field);
    const { marked, total, rated } = count(this.#items, value);
    setText(byId("count"), rated ? t("{marked} of {total} marked, global rating given", { marked, total }) : t("{marked} of {total} marked, global rating missing", { marked, total }));
    const percent = percentage(this.#items, value, this.#page.hide_total);
    byId("submit-score").hidden = percent === null;
    if (percent !== null) setText(byId("submit-score"), t("The items add up to {percent} % of their weight.", { percent: percent.toFixed(1) }));
    if (!byId("submit-missing").hidden) this.#showMissing();
    const { state, locked } = this.#form;
    byId("submit", HTMLButtonElement).disabled = false;
    byId("submit").hidden = locked;
    setText(byId("submit"), state === "amending" ? t("Submit the amendment") : t("Submit"));
    // An attempt at a reference is not amended but made again, from the start.
    byId("amend").hidden = !locked || this.#form.kind === "calibration";
    byId("next").hidden = !locked;
    const notice = byId("mark-locked");
    notice.hidden = state === "draft";
    notice.dataset.tone = locked ? "good" : "fair";
    setText(notice, state === "submitted" ? t("Submitted, and locked.") : state === "amended" ? t("Amended, and locked.") : t("Open for an amendment: submit it again when it is as it should be."));
  }

  /** Locks the mark, or says what is missing and goes to the first of it. */
  async submit() {
    if (this.#form.locked) return byId("next").click();
    const lacking = this.#showMissing();
    if (lacking[0] !== undefined) {
      this.#sheet.go(lacking[0]);
      toast(t("Not submitted: {count} missing.", { count: lacking.length }), "idle");
      return;
    }
    await whileBusy(byId("submit"), async () => {
      try {
        await this.#form.submit();
        announce(t("Submitted, and locked."));
        await this.#showNext(true);
      } catch (thrown) {
        toast(thrown instanceof Unsaved ? unsaved(thrown) : messageOf(thrown), "bad");
      }
    });
  }

  /** @returns {string[]} the ids of items without a mark; "global" last */
  #showMissing() {
    const lacking = missing(this.#items, (field) => this.#form.value(field)).map((field) => field.replace(/^item\./, ""));
    const box = byId("submit-missing");
    box.hidden = lacking.length === 0;
    const links = lacking.map((id) => {
      const number = this.#items.findIndex((item) => item.id === id);
      const button = el("button", { class: "button small", type: "button" }, id === "global" ? t("Global rating") : t("Item {number}", { number: number + 1 }));
      button.addEventListener("click", () => this.#sheet.go(id));
      return button;
    });
    box.replaceChildren(el("p", {}, t("Still missing:")), el("div", { class: "row" }, ...links));
    return lacking;
  }

  async #amend() {
    const done = await amend(this.#form, {
      title: t("Amend a submitted mark"),
      text: t("What you submitted is kept in the history, with your reason beside it. Say why it has to change."),
      action: t("Open for amendment"),
    });
    const first = this.#items[0];
    if (done && first) this.#sheet.go(this.#sheet.current ?? first.id);
  }

  /** @param {boolean} focus */
  async #showNext(focus) {
    const link = byId("next", HTMLAnchorElement);
    if (this.#form.kind !== "mark") return focus ? link.focus() : undefined;
    const rows = await readWorklist(this.#page.role).catch(() => []);
    const next = nextToMark(rows.filter((row) => row.encounter !== this.#form.encounter));
    if (next) {
      link.href = next.href;
      setText(link, t("Next: {what}", { what: next.name }));
      link.classList.add("primary");
    } else setText(link, t("Back to the worklist"));
    if (focus) link.focus();
  }
}

/** @param {Unsaved} thrown */
function unsaved(thrown) {
  if (thrown.state === "refused") return thrown.message;
  if (thrown.state === "conflict") return t("Not submitted: first choose between the two versions.");
  return t("Not submitted: the server cannot be reached. Your marks are kept on this device; submit again when the line is back.");
}
