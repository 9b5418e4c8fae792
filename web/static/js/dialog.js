/** Asking before something that cannot be undone, with the browser's own modal dialog. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

let dialogs = 0;

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
export function ask({ title, text, action, danger = false }) {
  const go = el("button", { class: danger ? "button danger" : "button primary", value: "yes" }, action);
  const stay = el("button", { class: "button", value: "", autofocus: true }, t("Cancel"));
  const dialog = open(title, [el("p", {}, text)], [stay, go]);
  dialog.dataset.question = "";
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes")));
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
