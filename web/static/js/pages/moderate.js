/** /moderate/<encounter>: two marks side by side; one key says which counts, and the recording is at the moment in question. */

/** @import { Field, ModerateData } from "../moderate/types.js" */
/** @import { SaveState } from "../forms.js" */
/** @import { Tone } from "../types.js" */

import { announce, toast } from "../announce.js";
import { Fault, messageOf, post } from "../api.js";
import { open, READ_MS } from "../dialog.js";
import { byId, el, pageData, setState, setText, whileBusy } from "../dom.js";
import { amend } from "../desk/amend.js";
import { MarkForm, Unsaved } from "../desk/mark-form.js";
import { gradeName, markName } from "../desk/sheet.js";
import { t } from "../i18n.js";
import { Keys } from "../keys.js";
import { Cases } from "../moderate/cases.js";
import { Recorded } from "../moderate/recording.js";

const page = /** @type {ModerateData} */ (/** @type {unknown} */ (pageData()));
const recorded = new Recorded();
/** The moderator's own form, once the case is theirs. @type {MarkForm | null} */ let form = null;
/** While the case is being taken: what was chosen waits for it. @type {Promise<boolean> | null} */ let taking = null;

const cases = new Cases(page.fields, (name) => form?.value(name) ?? null, (field, value) => void choose(field, value), onHere);

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".settle-moment"))) {
  button.addEventListener("click", () => recorded.hear(Number(button.dataset.from)));
}
listen();
void recorded.open(page.encounter, page.role).then(() => cases.field && onHere(cases.card(cases.field.field)));
if (page.may_settle) {
  byId("submit").addEventListener("click", () => void submit());
  byId("amend").addEventListener("click", () => void reopen());
}
void begin();

async function begin() {
  if (page.moderator?.own) await openForm();
  draw();
  const first = cases.open[0] ?? cases.differing[0];
  if (first) cases.go(first.field);
}

function listen() {
  const keys = new Keys();
  /** @type {Record<string, () => void>} */
  const actions = {
    arrowleft: () => cases.take("left"),
    arrowright: () => cases.take("right"),
    arrowdown: () => cases.step(1),
    arrowup: () => cases.step(-1),
    n: () => void (cases.onward() || announce(t("All differences are settled."))),
    q: () => hearSide("left"),
    w: () => hearSide("right"),
    j: () => recorded.back(),
    k: () => recorded.toggle(),
    l: () => recorded.forward(),
    r: () => reason(),
    "?": showKeys,
  };
  // On the lanes the arrows move through the recording: there they must settle nothing.
  const onLanes = () => Boolean(document.activeElement?.closest("[role=slider]"));
  for (const [key, action] of Object.entries(actions)) keys.on(key, () => key.startsWith("arrow") && onLanes() ? undefined : action());
  for (let digit = 1; digit <= 5; digit++) keys.on(String(digit), () => cases.own(digit));
  byId("keys").addEventListener("click", showKeys);
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && page.may_settle && !document.querySelector("dialog[open]")) void submit();
    // From a reason back to the card that it belongs to.
    else if (event.key === "Escape" && event.target instanceof HTMLTextAreaElement && cases.current) cases.go(cases.current);
  });
  document.addEventListener("input", (event) => {
    const control = event.target;
    if (control instanceof HTMLTextAreaElement && control.name) void write(control.name, control.value);
  });
}

/** The recording goes to what is in question: the first moment that either mark gives. @param {HTMLElement} card */
function onHere(card) {
  const moments = /** @type {HTMLElement[]} */ ([...card.querySelectorAll(".settle-moment")]);
  if (moments.length > 0) recorded.seek(Math.min(...moments.map((moment) => Number(moment.dataset.from))));
}

/** @param {"left" | "right"} side */
function hearSide(side) {
  const moment = cases.current && /** @type {HTMLElement | null} */ (cases.card(cases.current).querySelector(`[data-side="${side}"] .settle-moment`));
  if (moment) recorded.hear(Number(moment.dataset.from));
}

function reason() {
  const control = cases.current && /** @type {HTMLElement | null} */ (cases.card(cases.current).querySelector(".settle-reason:not([hidden]) textarea"));
  if (control) control.focus();
}

/**
 * @param {Field} field
 * @param {string} value
 */
async function choose(field, value) {
  if (!(await own())) return;
  const before = form?.value(field.field);
  form?.set(field.field, value);
  draw();
  if (value !== field.left && value !== field.right) return reason();
  if (before !== value && field.differs && !cases.onward()) announce(t("All differences are settled."));
}

/**
 * @param {string} name
 * @param {string} text
 */
async function write(name, text) {
  if (!(await own())) return;
  form?.set(name, text, { typing: true });
  draw();
}

/** Whether this moderator settles the case. The first choice takes one that nobody has. */
function own() {
  if (!page.may_settle || form?.locked) return Promise.resolve(false);
  if (form) return Promise.resolve(true);
  // It is theirs already, but could not be opened, or is being opened.
  if (page.moderator?.own) return (taking ??= openForm().finally(() => (taking = null)));
  if (page.moderator) {
    toast(t("Another moderator settles this. Take it over first."), "fair");
    return Promise.resolve(false);
  }
  taking ??= take(null).finally(() => (taking = null));
  return taking;
}

/** @param {string | null} instead_of */
async function take(instead_of) {
  try {
    await post(`/api/encounters/${page.encounter}/moderation`, { instead_of });
    page.moderator = { id: page.reader, own: true, name: "", state: "draft" };
    return await openForm();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "taken") {
      const { moderator } = /** @type {{moderator: string | null}} */ (thrown.details ?? { moderator: null });
      page.moderator = { id: moderator ?? "", own: false, name: "", state: "draft" };
    }
    toast(messageOf(thrown), "bad");
    draw();
    return false;
  }
}

/** @returns {Promise<boolean>} */
async function openForm() {
  try {
    form = await MarkForm.open(page.encounter, "settlement", { onsave: showSaving, onconflict: ask, onstate: () => draw() });
    takeEarly(form);
    draw();
    return true;
  } catch (thrown) {
    setState(byId("save-state"), "bad", t("Not open"));
    toast(messageOf(thrown), "bad");
    return false;
  }
}

/**
 * The remark may be written before the case is this moderator's, or could be opened. What was written on another evening was not seen yet: it stays.
 * @param {MarkForm} made
 */
function takeEarly(made) {
  const text = byId("overall", HTMLTextAreaElement).value;
  const before = String(made.value("comment") ?? "");
  if (text.trim() && text !== before) made.set("comment", before ? `${before}\n${text}` : text, { typing: true });
}

/** @param {string} [settled] a field whose text was just chosen: it is shown even where somebody is writing */
function draw(settled = "") {
  cases.draw((name) => String(form?.value(`reason.${name}`) ?? ""), settled);
  const differing = cases.differing.length;
  setText(byId("count"), t("{settled} of {all} differences settled", { settled: differing - cases.open.length, all: differing }));
  showWho();
  if (!page.may_settle) return;
  const locked = form?.locked ?? false;
  const shut = locked || (page.moderator !== null && !page.moderator.own);
  const overall = byId("overall", HTMLTextAreaElement);
  if (form && (document.activeElement !== overall || settled === "comment")) overall.value = String(form.value("comment") ?? "");
  byId("submit").hidden = locked;
  byId("amend").hidden = !locked;
  byId("next").hidden = !locked;
  for (const control of /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll(".settle-sheet textarea"))) control.readOnly = shut;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-take], [data-own]"))) button.disabled = shut;
  if (locked) setState(byId("save-state"), "good", t("Settled"));
  else if (form && form.state !== "amending" && byId("save-state").textContent === "") setState(byId("save-state"), "idle", t("Saved as you go"));
}

function showWho() {
  const box = byId("who");
  const { moderator } = page;
  box.hidden = moderator?.own === true && !form?.locked;
  if (!moderator) return void box.replaceChildren(t("Nobody settles this yet. Your first choice makes it yours."));
  if (moderator.own) return void box.replaceChildren(t("You settled this. It is the mark that counts; both marks stay as they are."));
  const name = moderator.name || t("Another moderator");
  const settled = moderator.state === "submitted" || moderator.state === "amended";
  if (settled) return void box.replaceChildren(t("{name} settled this.", { name }));
  const over = el("button", { class: "button", type: "button" }, t("Take it over"));
  over.addEventListener("click", () => void whileBusy(over, () => take(moderator.id)));
  box.replaceChildren(el("p", {}, t("{name} settles this. What they chose so far would not count if you took it over.", { name })), el("p", {}, over));
}

async function submit() {
  if (form?.locked) return byId("next").focus();
  if (!form) return void toast(t("Nothing is chosen yet."), "idle");
  const made = form;
  await whileBusy(byId("submit"), async () => {
    byId("missing").hidden = true;
    try {
      await made.submit();
      byId("next").focus();
      announce(t("Settled, and locked."));
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "incomplete") showMissing(thrown);
      else toast(thrown instanceof Unsaved ? t("Not everything is saved yet. Try again in a moment.") : messageOf(thrown), "bad");
    }
  });
}

/** @param {Fault} fault */
function showMissing(fault) {
  const { missing, reasons } = /** @type {{missing: string[], reasons: string[]}} */ (fault.details);
  const box = byId("missing");
  const links = [...missing, ...reasons].map((name) => {
    const button = el("button", { class: "button small", type: "button" }, page.fields.find((field) => field.field === name)?.text ?? name);
    button.addEventListener("click", () => cases.go(name));
    return button;
  });
  box.replaceChildren(el("p", {}, fault.message), el("div", { class: "row" }, ...links));
  box.hidden = false;
  const first = missing[0] ?? reasons[0];
  if (first) cases.go(first);
}

async function reopen() {
  if (!form) return;
  const done = await amend(form, {
    title: t("Amend what was settled"),
    text: t("What you settled is kept in the history, with your reason beside it."),
    action: t("Open again"),
  });
  if (done) setState(byId("save-state"), "idle", t("Open again"));
}

/**
 * @param {SaveState} state
 * @param {string | null} message
 */
function showSaving(state, message) {
  /** @type {Record<SaveState, [Tone, string]>} */
  const words = {
    saved: ["good", t("Saved")],
    saving: ["idle", t("Saving …")],
    kept: ["fair", t("Kept on this device; will be sent when the line is back")],
    conflict: ["bad", t("Changed in two places: choose a version")],
    refused: ["bad", message && /\s/.test(message) ? message : t("Not saved on the server; kept on this device")],
  };
  setState(byId("save-state"), ...words[state]);
}

/**
 * The same field was changed in another window: both are shown, and the person chooses.
 * @param {string} field
 * @param {any} mine
 * @param {any} theirs
 */
function ask(field, mine, theirs) {
  const words = (/** @type {any} */ value) => (value === null || value === "" ? t("(empty)") : field === "global" ? gradeName(value) : field.startsWith("item.") ? markName(value) : String(value));
  const version = (/** @type {string} */ title, /** @type {any} */ value) => el("div", { class: "card" }, el("h3", {}, title), el("p", { class: "kept-text" }, words(value)));
  const dialog = open(
    t("Two versions"),
    [el("p", {}, t("This was changed in another window or on another device in the meantime. Nothing is lost: choose which version counts.")), version(t("Here"), mine), version(t("There"), theirs)],
    [el("button", { class: "button", value: "theirs" }, t("Take the other")), el("button", { class: "button primary", value: "mine" }, t("Keep mine"))],
  );
  // Escape would leave the question open; and a key that was meant for the sheet must not answer what nobody has read.
  const opened = performance.now();
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.repeat || performance.now() - opened < READ_MS) event.preventDefault();
  });
  dialog.addEventListener("close", async () => {
    await form?.resolve(field, dialog.returnValue === "theirs" ? "theirs" : "mine", theirs);
    draw(field);
  });
}

function showKeys() {
  /** @type {[string[], string][]} */
  const words = [
    [["←"], t("take the left mark, and on to the next difference")],
    [["→"], t("take the right mark, and on")],
    [["1", "5"], t("own value, in the order of the sheet; where it overrides both it needs a reason")],
    [["R"], t("write the reason (Escape goes back)")],
    [["↑", "↓"], t("difference before, next difference")],
    [["N"], t("next difference that is open")],
    [["Q", "W"], t("hear the left mark’s moment, the right mark’s")],
    [["K"], t("play or pause")],
    [["J", "L"], t("back 5 seconds, forward 5 seconds")],
    [["Ctrl Enter"], t("settle")],
  ];
  const list = words.flatMap(([keys, what]) => [el("dt", {}, ...keys.flatMap((key) => [el("kbd", {}, key), " "])), el("dd", {}, what)]);
  open(t("Keys"), [el("dl", { class: "settle-keys" }, ...list)], [el("button", { class: "button primary", value: "", autofocus: true }, t("Close"))]);
}
