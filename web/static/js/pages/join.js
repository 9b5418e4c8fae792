/** /j#token: who you are, your consent, your equipment, and in. */

/** @import { LinkView, Role } from "../types.js" */

import { announce } from "../announce.js";
import { Fault, messageOf, post } from "../api.js";
import { ServerClock, countdown } from "../clock.js";
import { forgetCopies } from "../desk/copy.js";
import { byId, setText, whileBusy } from "../dom.js";
import { dayAndTime, roleName, t } from "../i18n.js";
import { setPageRole } from "../role.js";
import { Socket } from "../socket.js";
import { EquipmentCheck } from "./join-check.js";

const KEPT = "teleosce.link";
const PARTS = ["reading", "refused", "stopped", "who", "check"];
/** Those who are seen and heard. Everyone else has nothing to check. */
const clock = new ServerClock();

void begin();
// A second link pasted into the same window changes the fragment only, and loads nothing by itself.
addEventListener("hashchange", () => location.hash.length > 1 && location.reload());
// "Back" brings a page whose devices and socket are closed.
addEventListener("pageshow", (event) => event.persisted && location.reload());

async function begin() {
  const token = takeToken();
  if (!token) return show("refused");
  try {
    const sent = performance.now();
    const view = /** @type {LinkView} */ (await post("/api/link", { token }));
    clock.sample(sent, performance.now(), view.now_ms);
    showWho(token, view);
  } catch (thrown) {
    refuse(thrown, () => location.reload());
  }
}

/** The token leaves the address bar at once, but a reload of this window still knows it. */
function takeToken() {
  const token = location.hash.slice(1);
  if (!token) return sessionStorage.getItem(KEPT);
  sessionStorage.setItem(KEPT, token);
  history.replaceState(null, "", location.pathname);
  return token;
}

/**
 * A refused link has one page, whatever the reason; a server that cannot be reached is another matter.
 * @param {unknown} thrown
 * @param {() => void} again
 */
function refuse(thrown, again) {
  const refused = thrown instanceof Fault && thrown.status >= 400 && thrown.status < 500 && thrown.status !== 429;
  if (refused) return show("refused");
  stop(t("Your link could not be read"), messageOf(thrown), t("Try again"), again);
}

/**
 * @param {string} token
 * @param {LinkView} view
 */
function showWho(token, view) {
  const { seat, exam, consent } = view;
  for (const id of ["bar-exam", "who-exam"]) setText(byId(id), exam.title);
  setText(byId("who-name"), t("Welcome, {name}", { name: seat.name }));
  setText(byId("who-role"), seat.number === null ? roleName(seat.role) : t("{role} {number}", { role: roleName(seat.role), number: seat.number }));
  setText(byId("who-may"), view.leads_to === "feedback" ? t("Read your result and your feedback.") : permissionText(seat.role));
  showWhen(view);
  const asks = consent !== null && !consent.given;
  byId("consent").hidden = byId("consent-field").hidden = !asks;
  // The server makes this HTML from its own consent text and cleans it.
  if (asks) byId("consent-text").innerHTML = consent.html;
  if (asks) setText(byId("consent-version"), t("Version {version}", { version: consent.version }));
  byId("consent-given").hidden = !consent?.given;
  if (consent?.given) setText(byId("consent-given"), t("You have agreed to the consent text, version {version}.", { version: consent.version }));
  showTraining(view);
  // Whoever is asked for consent is seen and heard.
  const checks = consent !== null;
  byId("steps-who").hidden = !checks;
  setText(byId("who-go"), asks ? t("Agree and continue") : checks ? t("Continue") : t("Enter"));
  byId("consent-box").addEventListener("change", () => fault(false));
  byId("who-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (asks && !byId("consent-box", HTMLInputElement).checked) return fault(true);
    void join(token, view, checks);
  });
  waitUntilOpen(view.opens_ms);
  show("who");
}

/** Unticked until somebody ticks it; opened again, the link shows what was answered, and unticking takes it back. @param {LinkView} view */
function showTraining({ training }) {
  byId("training").hidden = training === null;
  if (!training) return;
  byId("training-text").innerHTML = training.html;
  byId("training-box", HTMLInputElement).checked = training.agreed;
}

/** @param {boolean} missing whether the box is still to be ticked */
function fault(missing) {
  byId("consent-fault").hidden = !missing;
  const box = byId("consent-box");
  box.setAttribute("aria-invalid", String(missing));
  if (missing) box.focus();
}

/** When the exam starts, where that is planned; and until when the link works. @param {LinkView} view */
function showWhen({ exam, opens_ms, closes_ms, starts_ms }) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const id of ["who-when", "who-when-term", "who-yours", "who-yours-term"]) byId(id).hidden = starts_ms === null;
  if (starts_ms !== null) {
    const school = dayAndTime(starts_ms, exam.zone);
    const yours = dayAndTime(starts_ms, own);
    setText(byId("who-when"), t("{when} ({place} time, the school’s)", { when: school, place: placeOf(exam.zone) }));
    setText(byId("who-yours"), t("{when} ({place} time)", { when: yours, place: placeOf(own) }));
    byId("who-yours").hidden = byId("who-yours-term").hidden = yours === school;
  }
  const until = { from: dayAndTime(opens_ms, own), until: dayAndTime(closes_ms, own), place: placeOf(own) };
  setText(byId("who-works"), opens_ms > clock.now() ? t("from {from} until {until} ({place} time)", until) : t("until {until} ({place} time)", until));
}

/** @param {string} zone such as "Europe/London" */
function placeOf(zone) {
  return zone.split("/").pop()?.replaceAll("_", " ") ?? zone;
}

/** @param {Role} role */
function permissionText(role) {
  return {
    candidate: t("Sit the exam: read the door notes, meet the patients by video, and write your notes."),
    sp: t("Portray the patient by video, read your script, and rate the candidates afterwards."),
    examiner: t("Watch the recordings assigned to you, read their transcripts, and mark them."),
    moderator: t("Watch the recordings, read their transcripts, and settle marks that disagree."),
    invigilator: t("Watch over the day and help candidates. You do not mark."),
    observer: t("Watch without marking. Those in the room always see that you are there."),
    organiser: t("Run the exam."),
  }[role];
}

/** @param {number} opens_ms */
function waitUntilOpen(opens_ms) {
  const go = byId("who-go", HTMLButtonElement);
  const note = byId("who-early");
  const tick = () => {
    const left = opens_ms - clock.now();
    go.disabled = left > 0;
    note.hidden = left <= 0;
    setText(note, t("Your link opens in {time}. This page opens it by itself; you may leave it as it is.", { time: countdown(left) }));
    if (left > 0) setTimeout(tick, 500);
  };
  tick();
}

/**
 * @param {string} token
 * @param {LinkView} view
 * @param {boolean} checks
 */
async function join(token, view, checks) {
  byId("who-fault").hidden = true;
  await whileBusy(byId("who-go"), async () => {
    try {
      setPageRole(view.seat.role);
      const { page, under_way } = /** @type {{page: string, under_way: boolean}} */ (await post("/api/join", {
        token,
        consent_version: view.consent && !view.consent.given ? view.consent.version : null,
        training: view.training && { version: view.training.version, agreed: byId("training-box", HTMLInputElement).checked },
      }));
      // Whoever had this browser before may have left a desk open.
      await forgetCopies();
      if (checks && !under_way) startCheck(page);
      else location.assign(page);
    } catch (thrown) {
      if (thrown instanceof Fault && (thrown.status === 401 || thrown.status === 403 || thrown.status === 404)) return show("refused");
      byId("who-fault").hidden = false;
      setText(byId("who-fault"), messageOf(thrown));
    }
  });
}

/** @param {string} page where Enter leads */
function startCheck(page) {
  show("check");
  byId("check-title").focus();
  const socket = new Socket({
    onstate: (state) => {
      if (state !== "replaced" && state !== "ended") return;
      check.close();
      if (state === "replaced") stop(t("You joined in another window"), t("Your place is in use on the device or in the window where you joined last. This window has stopped."), t("Use this window instead"), () => location.reload());
      else stop(t("This visit has ended"), t("The organiser may have sent you a new link. If not, load this page again."), t("Load again"), () => location.reload());
    },
  });
  const check = new EquipmentCheck({
    ticket: () => socket.ticket("check"),
    onenter: () => {
      check.close();
      socket.close();
      location.assign(page);
    },
  });
  socket.start();
  void check.start();
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} action
 * @param {() => void} onaction
 */
function stop(title, text, action, onaction) {
  setText(byId("stopped-title"), title);
  setText(byId("stopped-text"), text);
  const again = byId("stopped-again");
  setText(again, action);
  again.onclick = onaction;
  show("stopped");
  announce(title, "assertive");
}

/** @param {string} part */
function show(part) {
  for (const one of PARTS) byId(`part-${one}`).hidden = one !== part;
  if (part === "refused") document.title = `${t("This link cannot be used")} · teleosce`;
  scrollTo(0, 0);
}
