/** /exams/new and /exams/<exam>/plan: one question on each screen; what is wrong is said while it is written. */

/** @import { Step } from "../plan/document.js" */
/** @import { BankStation, PlanConflict, PlanView } from "../plan/types.js" */

import { byId, el, find, pageData, setState, setText } from "../dom.js";
import { t, timeOfDay } from "../i18n.js";
import { candidatesScreen } from "../plan/candidates.js";
import { checkScreen } from "../plan/check.js";
import { circuitsScreen } from "../plan/circuits.js";
import { complete, stepOf } from "../plan/document.js";
import { Keeper } from "../plan/keeper.js";
import { peopleScreen } from "../plan/people.js";
import { ringScreen } from "../plan/ring.js";
import { pageRole } from "../role.js";

const data = /** @type {{exam: string | null, version: number, plan: Record<string, any>, stations: BankStation[]}} */ (pageData());
const plan = complete(data.plan, Intl.DateTimeFormat().resolvedOptions().timeZone);
const zones = new Map([...Intl.supportedValuesOf("timeZone"), "UTC"].map((name) => [name.toLowerCase(), name]));
/** @type {[Step, string][]} */
const STEPS = [
  ["exam", t("Exam")],
  ["stations", t("Stations")],
  ["circuits", t("Circuits")],
  ["people", t("People")],
  ["candidates", t("Candidates")],
  ["check", t("Check and make")],
];
/** @type {Step} */ let present = "exam";

const keeper = new Keeper(
  { exam: data.exam, version: data.version, plan },
  {
    view: show,
    said: (tone, text) => setState(byId("kept"), tone, text),
    fault: (text) => {
      setText(byId("save-fault"), text);
      byId("save-fault").hidden = !text;
    },
    made: (exam) => history.replaceState(null, "", `/exams/${exam}/plan?role=${pageRole()}`),
    table: () => present === "check",
  },
);
const changed = () => {
  setText(byId("plan-title"), plan.title.trim() || t("New exam"));
  keeper.changed();
};
const screens = {
  exam: examScreen(),
  stations: ringScreen(plan, data.stations, changed),
  circuits: circuitsScreen(plan, data.stations, changed),
  people: peopleScreen(plan, changed),
  candidates: candidatesScreen(plan, changed),
  check: checkScreen(plan, data.stations, keeper, go),
};

for (const [step, name] of STEPS) {
  const button = el("button", { type: "button", id: `step-${step}` }, el("span", {}, name), el("span", { class: "count", hidden: true }));
  button.addEventListener("click", () => go(step));
  byId("steps").append(el("li", {}, button));
}
byId("before").addEventListener("click", () => go(beside(-1)));
byId("after").addEventListener("click", () => go(beside(1)));
addEventListener("beforeunload", (event) => keeper.waiting && event.preventDefault());
go("exam", false);
void keeper.keep();

/** @param {number} by */
function beside(by) {
  const at = STEPS.findIndex(([step]) => step === present) + by;
  return /** @type {[Step, string]} */ (STEPS[Math.min(Math.max(at, 0), STEPS.length - 1)])[0];
}

/**
 * Shows a screen.
 * @param {Step} step
 * @param {boolean} [focus] its heading, so that a screen reader begins there
 */
function go(step, focus = true) {
  present = step;
  for (const [one] of STEPS) {
    byId(`screen-${one}`).hidden = one !== step;
    byId(`step-${one}`).toggleAttribute("aria-current", one === step);
    if (one === step) byId(`step-${one}`).setAttribute("aria-current", "step");
  }
  byId("before").hidden = step === "exam";
  byId("after").hidden = step === "check";
  screens[step].draw();
  if (step === "check") void keeper.keep();
  if (focus) {
    scrollTo(0, 0);
    find(byId(`screen-${step}`), "h2").focus();
  }
}

/** @param {PlanView} view */
function show(view) {
  const blocking = view.conflicts.filter((one) => one.blocks);
  for (const [step] of STEPS) {
    const mine = blocking.filter((one) => stepOf(one.place) === step).length;
    const count = find(byId(`step-${step}`), ".count");
    count.hidden = mine === 0;
    count.replaceChildren(String(mine), el("span", { class: "unseen" }, ` ${mine === 1 ? t("conflict") : t("conflicts")}`));
  }
  setText(byId("foot-sum"), footSum(view, blocking));
  screens.check.show(view);
}

/**
 * @param {PlanView} view
 * @param {PlanConflict[]} blocking
 */
function footSum(view, blocking) {
  const here = blocking.filter((one) => stepOf(one.place) === present);
  const [first] = here.length ? here : blocking;
  if (first) return first.message;
  const last = Math.max(...view.rings.map((one) => one.ends_ms));
  const begin = Math.min(...view.rings.map((one) => one.starts_ms));
  if (!view.rings.length) return "";
  const planned = view.rings.every((one) => one.planned);
  return planned ? t("From {first} to {last} by the school’s clocks.", { first: timeOfDay(begin, plan.zone), last: timeOfDay(last, plan.zone) }) : t("About {n} minutes from the first bell to the last.", { n: Math.round((last - begin) / 60_000) });
}

function examScreen() {
  const title = byId("title", HTMLInputElement);
  const zone = byId("zone", HTMLInputElement);
  const starts = byId("starts", HTMLInputElement);
  byId("zones").replaceChildren(...[...zones.values()].map((value) => el("option", { value })));
  // Whoever is quick has typed before this module was there.
  if (title.value) plan.title = title.value;
  if (starts.value) plan.starts = [starts.value, ...plan.starts.slice(1)];
  title.value = plan.title;
  zone.value = plan.zone;
  starts.value = (plan.starts[0] ?? "").replace(" ", "T").slice(0, 16);
  title.addEventListener("input", () => {
    plan.title = title.value;
    changed();
  });
  zone.addEventListener("input", () => {
    plan.zone = zones.get(zone.value.trim().toLowerCase()) ?? zone.value.trim();
    draw();
    changed();
  });
  starts.addEventListener("input", () => {
    plan.starts = starts.value ? [starts.value, ...plan.starts.slice(1)] : [];
    changed();
  });
  /** @type {[string, string][]} */
  const lengths = [["reading_s", t("Reading")], ["encounter_s", t("Encounter")], ["note_s", t("Note")], ["changeover_s", t("Changeover")]];
  for (const [key, name] of lengths) {
    const seconds = plan.phases[key];
    const input = el("input", { class: "input", id: key, type: "number", min: 0, max: 120, step: 0.5, value: seconds === undefined ? "" : seconds / 60 });
    input.addEventListener("input", () => {
      if (input.value === "") delete plan.phases[key];
      else plan.phases[key] = Math.round(input.valueAsNumber * 60);
      changed();
    });
    byId("phases").append(el("div", { class: "field" }, el("label", { for: key }, t("{phase}, in minutes", { phase: name })), input));
  }
  function draw() {
    const known = zones.get(zone.value.trim().toLowerCase());
    setText(byId("zone-now"), known ? t("It is {time} there now.", { time: timeOfDay(Date.now(), known) }) : t("Such as Europe/London."));
  }
  return { draw };
}
