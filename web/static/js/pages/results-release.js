/** /results/<exam>/release: letting candidates see a run, and taking it back. */

import { messageOf, post } from "../api.js";
import { ask, askWhy } from "../dialog.js";
import { byId, pageData, tellFault, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

const { exam } = /** @type {{exam: string}} */ (pageData());
const base = `/api/exams/${exam}/results/releases`;
const form = document.getElementById("release");

form?.addEventListener("change", when);
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void whileBusy(byId("release-go"), release);
});
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-withdraw]"))) {
  button.disabled = false;
  button.addEventListener("click", () => void whileBusy(button, () => withdraw(button.dataset.withdraw ?? "")));
}

// Before this script was there, a press would have sent the form nowhere and said nothing; a choice has its field now.
if (form) {
  when();
  byId("release-go", HTMLButtonElement).disabled = false;
}

function when() {
  byId("release-at-field").hidden = !later();
}

function later() {
  return byId("release-later", HTMLInputElement).checked;
}

async function release() {
  const at = byId("release-at", HTMLInputElement);
  at.removeAttribute("aria-invalid");
  if (later() && !at.value) {
    at.setAttribute("aria-invalid", "true");
    at.focus();
    return fault(t("Say from which date and time on."));
  }
  const run = byId("release-run", HTMLSelectElement).selectedOptions[0];
  const group = byId("release-group", HTMLSelectElement).selectedOptions[0];
  if (!run || !group) return;
  const values = { n: group.dataset.n ?? "", run: run.dataset.number ?? "", at: at.value.replace("T", ", ") };
  const sure = await ask({
    title: later() ? t("Release run {run} later?", values) : t("Release run {run} now?", values),
    text: `${run.dataset.said} ${later() ? t("{n} candidates see their own result and feedback from {at} on.", values) : t("{n} candidates see their own result and feedback at once.", values)} ${t("What they have read can be withdrawn, but not unread.")}`,
    action: t("Release"),
  });
  if (sure) await change(base, { run: run.value, group: group.value || null, at: later() ? at.value : null });
}

/** @param {string} id */
async function withdraw(id) {
  const reason = await askWhy({
    title: t("Withdraw this release?"),
    text: t("Candidates whom it shows their results see none any more, nor what an earlier release showed them. The run stays, and any run can be released again."),
    label: t("Reason, kept with it"),
    action: t("Withdraw"),
    danger: true,
    most: 500,
  });
  if (reason !== null) await change(`${base}/${id}/withdraw`, { reason });
}

/**
 * @param {string} path
 * @param {unknown} body
 */
async function change(path, body) {
  try {
    await post(path, body);
    location.reload();
  } catch (thrown) {
    fault(messageOf(thrown));
  }
}

/** @param {string} text */
function fault(text) {
  tellFault(text).scrollIntoView({ block: "center" });
}
