/** Asking before something that cannot be undone, with the browser's own modal dialog. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

let dialogs = 0;

/** Characters of a reason. */
const LEAST = 3;

/** A question that opens by itself takes no key before somebody can have seen it. */
export const READ_MS = 600;

/**
 * Asks. Escape and Cancel both mean no.
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text what will happen, and what stays
 * @param {string} question.action the verb on the button
 * @param {boolean} [question.danger]
 * @returns {Promise<boolean>}
 */
export async function ask({ title, text, action, danger = false }) {
  const go = el("button", { class: danger ? "button danger" : "button primary", value: "yes" }, action);
  const stay = el("button", { class: "button", value: "", autofocus: true }, t("Cancel"));
  const dialog = open(title, [el("p", {}, text)], [stay, go]);
  dialog.dataset.question = "";
  return (await answerOf(dialog)) === "yes";
}

/**
 * Asks for the reason as well, which is kept. Escape and Cancel both mean no.
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text what will happen, and what stays
 * @param {string} question.label of the reason
 * @param {string} question.action the verb on the button
 * @param {boolean} [question.danger]
 * @param {number} [question.most] characters
 * @returns {Promise<string | null>} the reason; null: no
 */
export async function askWhy({ title, text, label, action, danger = false, most = 1000 }) {
  const reason = el("textarea", { class: "input", id: "ask-why", rows: 3, minlength: LEAST, maxlength: most, required: true, autofocus: true });
  const dialog = open(
    title,
    [el("p", {}, text), el("div", { class: "field" }, el("label", { for: "ask-why" }, label), reason)],
    [el("button", { class: "button", value: "", formnovalidate: true }, t("Cancel")), el("button", { class: danger ? "button danger" : "button primary", value: "yes" }, action)],
  );
  const said = (await answerOf(dialog)) === "yes" ? reason.value.trim() : "";
  return said.length < LEAST ? null : said;
}

/**
 * The value of the button that closes a dialog; "" for Escape.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
export function answerOf(dialog) {
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue)));
}

/** Takes back the questions that have lost their sense; the answer is no. */
export function withdraw() {
  for (const dialog of document.querySelectorAll("dialog[data-question]")) /** @type {HTMLDialogElement} */ (dialog).close("");
}

/**
 * Opens a dialog with these contents; it is gone from the page once closed. The buttons close it with their value.
 * @param {string} title
 * @param {Node[]} contents
 * @param {HTMLButtonElement[]} buttons
 * @returns {HTMLDialogElement}
 */
export function open(title, contents, buttons) {
  const id = `dialog-${++dialogs}`;
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    el("form", { method: "dialog", class: "stack" }, el("h2", { id }, title), ...contents, el("div", { class: "dialog-actions" }, ...buttons)),
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  // A long one is read from its beginning, though the focus is on the button at its end.
  dialog.scrollTop = 0;
  return dialog;
}
