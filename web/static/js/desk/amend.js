/** Opening a submitted form again: the one question for the reason, which stays with the form. */

/** @import { MarkForm } from "./mark-form.js" */

import { toast } from "../announce.js";
import { messageOf } from "../api.js";
import { askWhy } from "../dialog.js";
import { t } from "../i18n.js";

/**
 * Asks for the reason, and opens the form again. Escape and Cancel both leave it as it is.
 * @param {MarkForm} form
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text what stays
 * @param {string} question.action the verb on the button
 * @returns {Promise<boolean>} whether it is open now
 */
export async function amend(form, question) {
  const reason = await askWhy({ ...question, label: t("Reason") });
  if (reason === null) return false;
  try {
    await form.amend(reason);
    return true;
  } catch (thrown) {
    toast(messageOf(thrown), "bad");
    return false;
  }
}
