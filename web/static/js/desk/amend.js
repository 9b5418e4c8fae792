/** Opening a submitted form again: the one question for the reason, which stays with the form. */

/** @import { MarkForm } from "./mark-form.js" */

import { toast } from "../announce.js";
import { messageOf } from "../api.js";
import { open } from "../dialog.js";
import { el } from "../dom.js";
import { t } from "../i18n.js";

const MIN = 3;

/**
 * Asks for the reason, and opens the form again. Escape and Cancel both leave it as it is.
 * @param {MarkForm} form
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text what stays
 * @param {string} question.action the verb on the button
 * @returns {Promise<boolean>} whether it is open now
 */
export async function amend(form, { title, text, action }) {
  const reason = el("textarea", { class: "input", id: "amend-reason", rows: "3", minlength: String(MIN), maxlength: "1000", required: true, autofocus: true });
  const dialog = open(
    title,
    [el("p", {}, text), el("div", { class: "field" }, el("label", { for: "amend-reason" }, t("Reason")), reason)],
    [el("button", { class: "button", value: "", formnovalidate: true }, t("Cancel")), el("button", { class: "button primary", value: "yes" }, action)],
  );
  await new Promise((resolve) => dialog.addEventListener("close", resolve));
  if (dialog.returnValue !== "yes" || reason.value.trim().length < MIN) return false;
  try {
    await form.amend(reason.value.trim());
    return true;
  } catch (thrown) {
    toast(messageOf(thrown), "bad");
    return false;
  }
}
