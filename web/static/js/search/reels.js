/** Moments that were picked, and the reels that are made of them. */

/** @import { Chosen, Reel } from "./types.js" */

import { toast } from "../announce.js";
import { get, messageOf, post } from "../api.js";
import { duration } from "../clock.js";
import { answerOf, ask, open } from "../dialog.js";
import { byId, el, setText, state, whileBusy } from "../dom.js";
import { language, t } from "../i18n.js";
import { pageRole } from "../role.js";

const LOOK_MS = 2000;
const CONTROLS = "a, button";
const day = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** What is picked, by encounter and time. @type {Map<string, Chosen>} */
export const chosen = new Map();

/** @type {ReturnType<typeof setTimeout> | undefined} */
let looking;
/** What was typed last: a title that was refused is mended, not typed again. */
let titled = "";
/** What was drawn last, so that nothing is drawn for nothing. */
let drawn = "";

/** @param {() => void} onclear */
export function startReels(onclear) {
  byId("tray-clear").addEventListener("click", () => (chosen.clear(), showTray(), onclear()));
  byId("tray-cut").addEventListener("click", () => void make(onclear));
  void look();
}

export function showTray() {
  setText(byId("tray-fault"), "");
  const span_ms = [...chosen.values()].reduce((sum, one) => sum + one.to_ms - one.from_ms, 0);
  byId("tray").hidden = chosen.size === 0;
  setText(byId("tray-count"), t("{n} chosen, {length}", { n: chosen.size === 1 ? t("1 moment") : t("{n} moments", { n: chosen.size }), length: duration(span_ms / 1000) }));
}

/** @param {() => void} onclear */
async function make(onclear) {
  const title = el("input", { class: "input", id: "reel-title", maxlength: "120", autocomplete: "off", autofocus: true, value: titled });
  const exact = el("input", { type: "radio", name: "cut", value: "exact" });
  const fast = el("input", { type: "radio", name: "cut", value: "fast", checked: true });
  const numbers = el("input", { type: "checkbox" });
  const dialog = open(
    t("Make a reel"),
    [
      el("div", { class: "field" }, el("label", { for: "reel-title" }, t("Title, without names")), title, el("p", { class: "hint" }, t("It stands on every card. May stay empty."))),
      el(
        "fieldset",
        { class: "stack tight" },
        el("legend", {}, t("Pictures")),
        el("label", { class: "choice" }, fast, el("span", {}, t("As recorded, quick"), el("br"), el("span", { class: "soft small" }, t("Shows who speaks; each begins a few seconds early.")))),
        el("label", { class: "choice" }, exact, el("span", {}, t("Both side by side, exact"), el("br"), el("span", { class: "soft small" }, t("Drawn anew: takes about as long as the film lasts, or longer.")))),
      ),
      el("label", { class: "choice" }, numbers, el("span", {}, t("Show candidate numbers on the cards"))),
      el("p", { class: "soft" }, t("Names never appear. Both voices are always heard.")),
    ],
    [el("button", { class: "button", value: "", type: "submit", formnovalidate: true }, t("Cancel")), el("button", { class: "button primary", value: "yes" }, t("Make the reel"))],
  );
  if ((await answerOf(dialog)) !== "yes") return;
  titled = title.value;
  setText(byId("tray-fault"), "");
  await whileBusy(byId("tray-cut"), async () => {
    try {
      const reel = /** @type {Reel} */ (await post("/api/reels", { title: title.value, moments: [...chosen.values()], exact: exact.checked, numbers: numbers.checked }));
      const left = reel.moments.filter((one) => one.refused).length;
      toast(left ? t("The reel is being made; {n} of its moments may not be shown and are left out.", { n: left }) : t("The reel is being made. It appears below."), left ? "fair" : "good");
      chosen.clear();
      titled = "";
      showTray();
      onclear();
      await look();
    } catch (thrown) {
      setText(byId("tray-fault"), messageOf(thrown));
    }
  });
}

/** Reads the list, and again soon while something is under way. */
async function look() {
  clearTimeout(looking);
  try {
    const { reels } = /** @type {{reels: Reel[]}} */ (await get("/api/reels"));
    show(reels);
    if (reels.some((reel) => reel.state === "waiting" || reel.state === "cutting")) looking = setTimeout(() => void look(), LOOK_MS);
  } catch (thrown) {
    drawn = "";
    byId("reels").replaceChildren(el("p", { class: "state", "data-tone": "bad" }, messageOf(thrown)));
    looking = setTimeout(() => void look(), 5 * LOOK_MS);
  }
}

/** @param {Reel[]} reels */
function show(reels) {
  const now = JSON.stringify(reels);
  if (now === drawn) return;
  const focused = document.activeElement?.closest("[data-reel]");
  const place = focused ? [...focused.querySelectorAll(CONTROLS)].indexOf(/** @type {Element} */ (document.activeElement)) : -1;
  drawn = now;
  if (reels.length === 0) return byId("reels").replaceChildren(el("p", { class: "soft" }, t("No reel has been made yet.")));
  byId("reels").replaceChildren(el("ul", { class: "reel-list" }, ...reels.map(item)));
  const again = focused && /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-reel="${focused.getAttribute("data-reel")}"] :is(${CONTROLS})`));
  if (again) (again[place] ?? again[0])?.focus();
}

/** @param {Reel} reel */
function item(reel) {
  const kept = reel.moments.filter((one) => !one.refused).length;
  const title = reel.title || (reel.state === "deleted" ? t("A reel that was deleted") : t("Reel without a title"));
  const left = new Set(reel.moments.flatMap((one) => (one.refused ? [one.refused] : [])));
  const facts = [kept === 1 ? t("1 moment") : t("{n} moments", { n: kept }), reel.duration_ms ? duration(reel.duration_ms / 1000) : "", reel.size ? t("{n} MB", { n: (reel.size / 1e6).toFixed(1) }) : "", reel.exact ? t("both side by side") : t("as recorded"), day.format(reel.made_ms)];
  return el(
    "li",
    { class: "card reel", "data-reel": reel.id },
    el("div", { class: "reel-what" }, el("h3", {}, title), reel.state !== "deleted" && el("p", { class: "soft small figures" }, facts.filter(Boolean).join(" · ")), left.size > 0 && el("p", { class: "soft small" }, t("Left out: {n}. {why}", { n: reel.moments.length - kept, why: [...left].join(" ") })), stand(reel)),
    el("div", { class: "row reel-do" }, ...actions(reel, title)),
  );
}

/** @param {Reel} reel */
function stand(reel) {
  const percent = Math.round(reel.done * 100);
  switch (reel.state) {
    case "ready":
      return state("good", t("Ready"));
    case "failed":
      return state("bad", reel.message);
    case "deleted":
      return state("idle", reel.message);
    case "waiting":
      return state("idle", t("Waits its turn"));
    default:
      return el("div", { class: "stack tight" }, state("fair", t("Being cut, {percent} %", { percent })), el("progress", { class: "progress", max: "100", value: String(percent), "aria-label": t("How far it is cut") }));
  }
}

/**
 * @param {Reel} reel
 * @param {string} title
 */
function actions(reel, title) {
  const file = `/media/reels/${reel.id}.webm?role=${encodeURIComponent(pageRole())}`;
  const found = [];
  if (reel.state === "ready") found.push(el("a", { class: "button", href: file, target: "_blank", rel: "noopener", "aria-label": t("Watch {title}", { title }) }, t("Watch")), el("a", { class: "button primary", href: `${file}&download=1`, download: true, "aria-label": t("Download {title}", { title }) }, t("Download")));
  if (reel.state === "failed") found.push(act(reel, "again", t("Cut it again"), title));
  if (reel.state !== "deleted") found.push(act(reel, "delete", reel.state === "ready" || reel.state === "failed" ? t("Delete …") : t("Stop …"), title));
  return found;
}

/**
 * @param {Reel} reel
 * @param {"again" | "delete"} what
 * @param {string} label
 * @param {string} title
 */
function act(reel, what, label, title) {
  const button = el("button", { class: "button", type: "button", "aria-label": `${label}: ${title}` }, label);
  button.addEventListener("click", async () => {
    if (what === "delete" && !(await ask({ title: t("Delete this reel?"), text: t("The file is deleted for good. The recordings it was cut from stay."), action: t("Delete the reel"), danger: true }))) return;
    await whileBusy(button, async () => {
      try {
        await post(`/api/reels/${reel.id}/${what}`, {});
        await look();
      } catch (thrown) {
        toast(messageOf(thrown), "bad");
      }
    });
  });
  return button;
}
