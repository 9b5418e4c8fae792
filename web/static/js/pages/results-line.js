/** /results/<exam>/line: the rule, who would pass by it, and deciding. */

/** @import { Preview, Row, Rules } from "../results/types.js" */

import { messageOf, post } from "../api.js";
import { answerOf, ask, open } from "../dialog.js";
import { byId, el, pageData, setText, state, tellFault, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { listed, number, tone } from "../results/words.js";

const PAUSE_MS = 250;

const { exam, role, rules, figures, kept, version } = /** @type {{exam: string, role: string, rules: Rules, figures: boolean, kept: Rules | null, version: number}} */ (pageData());
const base = `/api/exams/${exam}/results`;
/** The preview that is shown, with the rule that it is of. @type {{rules: Rules, seen: Preview} | null} */
let shown = null;
let timer = 0;
/** @type {AbortController | null} */ let asking = null;

if (figures) {
  const form = byId("rule", HTMLFormElement);
  form.addEventListener("input", () => {
    method();
    clearTimeout(timer);
    // What is still on its way is of the rule as it was: it may not be decided by.
    asking?.abort();
    shown = null;
    allow();
    timer = setTimeout(() => void look(), PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (shown) void whileBusy(byId("decide"), confirm);
  });
  byId("keep").addEventListener("click", () => void whileBusy(byId("keep"), keep));
  method();
  void look();
}

function method() {
  byId("rule-fixed-field").hidden = byId("rule-method", HTMLSelectElement).value !== "fixed";
}

/** The rule as it stands in the form, or null where a number is out of its bounds. What the form does not ask stays. */
function read() {
  const fields = /** @type {HTMLInputElement[]} */ ([...byId("rule").querySelectorAll("input[type=number]")]);
  let sound = true;
  for (const field of fields) {
    const wrong = !field.closest("[hidden]") && !field.checkValidity();
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    sound &&= !wrong;
  }
  if (!sound) return null;
  /** @type {Rules} */
  const made = {
    ...rules,
    method: byId("rule-method", HTMLSelectElement).value,
    fixed_cut: valueOf("rule-fixed"),
    sems: valueOf("rule-sems"),
    stations: valueOf("rule-stations") / 100,
    critical: byId("rule-critical", HTMLInputElement).checked,
    domains: Object.fromEntries(fields.filter((one) => one.dataset.domain && one.value.trim() !== "").map((one) => [one.dataset.domain, Number(one.value)])),
  };
  return made;
}

/** @param {string} id */
function valueOf(id) {
  return Number(byId(id, HTMLInputElement).value) || 0;
}

async function look() {
  asking?.abort();
  const wanted = read();
  const said = byId("preview-said");
  if (!wanted) return setText(said, t("A number is outside its bounds: it is marked on the left."));
  const mine = (asking = new AbortController());
  byId("preview").setAttribute("aria-busy", "true");
  try {
    const seen = /** @type {Preview} */ (await post(`${base}/preview`, { rules: wanted }, { signal: mine.signal }));
    shown = { rules: wanted, seen };
    show(seen);
  } catch (thrown) {
    if (mine.signal.aborted) return;
    setText(said, messageOf(thrown));
    byId("preview-frame").hidden = true;
    byId("preview-against").replaceChildren();
  }
  byId("preview").removeAttribute("aria-busy");
  allow();
}

function allow() {
  byId("decide", HTMLButtonElement).disabled = !shown || shown.seen.judged === 0;
  byId("keep", HTMLButtonElement).disabled = !shown || (kept !== null && same(shown.rules, kept));
}

/** @param {Preview} seen */
function show(seen) {
  setText(byId("preview-said"), t("By this rule {said}", { said: seen.said.charAt(0).toLowerCase() + seen.said.slice(1) }));
  byId("preview-against").replaceChildren(...against(seen), ...without(seen));
  byId("preview-rows").replaceChildren(...seen.candidates.map(row));
  byId("preview-frame").hidden = seen.candidates.length === 0;
}

/** @param {Preview} seen */
function against({ against: before }) {
  if (!before) return [];
  const { number: run, more, fewer } = before;
  if (!more.length && !fewer.length) return [el("p", { class: "soft" }, t("The same candidates pass as in run {run}.", { run }))];
  const lines = [];
  if (more.length) lines.push(el("p", {}, t("{n} more pass than in run {run}: {who}", { n: more.length, run, who: listed(more) })));
  if (fewer.length) lines.push(el("p", {}, t("{n} fewer pass than in run {run}: {who}", { n: fewer.length, run, who: listed(fewer) })));
  return lines;
}

/** Stations whose cut is missing: they count for nobody. @param {Preview} seen */
function without({ cuts }) {
  const none = cuts.filter((one) => one.cut === null);
  if (!none.length) return [];
  const reasons = [...new Set(none.map((one) => one.why ?? ""))];
  return [el("div", { class: "notice", "data-tone": "fair" }, el("strong", {}, t("{n} of {all} stations have no cut by this method and count for nobody", { n: none.length, all: cuts.length })), listed(none.map((one) => one.title)), ". ", ...reasons)];
}

/** @param {Row} one */
function row(one) {
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, one.name),
    el("td", { "data-label": t("Result") }, state(tone(one.passed), one.result)),
    el("td", { "data-label": t("Total, %") }, number(one.total)),
    el("td", { "data-label": t("From the line") }, number(one.above, 1, true)),
    el("td", { "data-label": t("Why not") }, one.failed),
  );
}

/** Says what a run rests on and what it goes without, then decides. */
async function confirm() {
  if (!shown) return;
  const { rules: by, seen } = shown;
  const fate = t("Run {n} is kept for good: it cannot be changed or deleted, and a later run stands beside it. Candidates see nothing of it until you release it.", { n: seen.next });
  const contents = [
    el("p", {}, el("strong", {}, seen.said)),
    el("p", {}, t("It rests on {n} marks of record.", { n: seen.marks })),
    seen.missing.length
      ? el("div", { class: "notice", "data-tone": "fair" }, el("strong", {}, t("It goes without:")), el("ul", { class: "results-plain" }, ...seen.missing.map((one) => el("li", {}, one))))
      : el("p", {}, t("Nothing is missing.")),
    kept && !same(by, kept) && el("p", { class: "notice", "data-tone": "fair" }, el("strong", {}, t("This is not the rule that was set for the exam:")), byId("kept-said").textContent ?? ""),
    el("p", {}, fate),
  ].filter((one) => one instanceof Node);
  const stay = el("button", { class: "button", value: "", autofocus: true }, t("Cancel"));
  const go = el("button", { class: "button primary", value: "yes" }, t("Decide"));
  const dialog = open(t("Decide about {n} candidates?", { n: seen.judged }), contents, [stay, go]);
  if ((await answerOf(dialog)) !== "yes") return;
  try {
    const run = /** @type {{number: number}} */ (await post(`${base}/runs`, { rules: by, stamp: seen.stamp }));
    location.assign(`/results/${exam}/decisions?run=${run.number}&role=${encodeURIComponent(role)}`);
  } catch (thrown) {
    fault(messageOf(thrown));
    await look();
  }
}

/**
 * Whether two rules say the same, in whatever order.
 * @param {Rules} one
 * @param {Rules} other
 */
function same(one, other) {
  const sorted = (/** @type {unknown} */ value) => JSON.stringify(value, (_, part) => (part && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part));
  return sorted(one) === sorted(other);
}

async function keep() {
  if (!shown) return;
  const by = shown.rules;
  const sure = await ask({ title: t("Set this as the exam’s rule?"), text: t("Pages and commands begin with it, and the audit log says when it was set and how many marks were in by then. Runs that were made stay as they are."), action: t("Set the rule") });
  if (!sure) return;
  try {
    await post(`${base}/rules`, { rules: by, version });
    location.reload();
  } catch (thrown) {
    fault(messageOf(thrown));
  }
}

/** @param {string} text */
function fault(text) {
  tellFault(text).scrollIntoView({ block: "center" });
}
