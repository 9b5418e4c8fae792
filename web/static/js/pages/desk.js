/** /mark/<encounter>: watch, read and mark a recorded encounter. */

/** @import { Action } from "../desk/keymap.js" */
/** @import { DeskData, Recording } from "../desk/types.js" */
/** @import { SaveState } from "../forms.js" */
/** @import { Tone } from "../types.js" */

import { toast } from "../announce.js";
import { Fault, get, messageOf } from "../api.js";
import { countdown, everyTick } from "../clock.js";
import { byId, el, pageData, setState, setText } from "../dom.js";
import { Agreed } from "../desk/agreed.js";
import { FoundEvidence } from "../desk/evidence.js";
import { Find } from "../desk/find.js";
import { Conflicts } from "../desk/conflicts.js";
import { DeskCopy } from "../desk/copy.js";
import { GlanceView } from "../desk/glance.js";
import { explain, label } from "../desk/key-words.js";
import { Keymap } from "../desk/keymap.js";
import { listen } from "../desk/keys.js";
import { MarkForm } from "../desk/mark-form.js";
import { Memory } from "../desk/memory.js";
import { Moments } from "../desk/moments.js";
import { momentAt } from "../desk/reading.js";
import { DeskSettings } from "../desk/settings.js";
import { gradeName, markName, Sheet } from "../desk/sheet.js";
import { Speaker } from "../desk/speaker.js";
import { Submission } from "../desk/submit.js";
import { TranscriptView } from "../desk/transcript.js";
import { Views } from "../desk/views.js";
import { STEP_MS, Watch } from "../desk/watch.js";
import { language, t } from "../i18n.js";
import { Listener, tellWho } from "../listener.js";

const RECORDING_POLL_MS = 3000;

/** Which part of the page an action is about, where only one of them is shown. @type {Partial<Record<Action, import("../desk/views.js").View>>} */
const VIEW_OF = {
  ...Object.fromEntries(["next", "previous", "unmarked", "done", "partly", "not_done", "comment", "overall", "global", "submit"].map((action) => [action, "sheet"])),
  ...Object.fromEntries(["search", "transcript", "follow"].map((action) => [action, "words"])),
};

const page = /** @type {DeskData} */ (/** @type {unknown} */ (pageData()));
const memory = new Memory(page.encounter);
const settings = new DeskSettings(page.person, page.settings);
const keymap = new Keymap(settings.now.keys);
const views = new Views();
const conflicts = new Conflicts(page.items, async ({ field, theirs }, choice) => {
  await marking?.form.resolve(field, choice, theirs);
  marking?.sheet.draw(field);
  redraw();
});
/** @type {Watch | null} */ let watch = null;
/** @type {Listener | null} */ let listener = null;
/** @type {Speaker | null} */ let speaker = null;
/** When the consultation began: there a recording begins too. @type {number | null} */ let live_since = null;
/** @type {number | null} */ let ends_ms = null;
/** @type {number | null} */ let paused_ms = null;
const agreed = new Agreed(page, hear);
/** @type {{form: MarkForm, sheet: Sheet, moments: Moments, submission: Submission, copy: DeskCopy} | null} */ let marking = null;

const transcript = new TranscriptView(page.encounter, hear, () => {
  find.look();
  found.changed();
  transcript.show(now_ms());
});
// A reference is shared by many: its words are corrected where its encounter is marked.
transcript.fixed = page.kind === "calibration";
const find = new Find(transcript, hear);
const found = new FoundEvidence(page.encounter, page.items, settings, hear, page.may_mark ? (item, moment) => marking && !marking.form.locked && marking.moments.attach(item, moment) : null);
new GlanceView(page.encounter, hear);

label(keymap);
byId("desk-keys").addEventListener("click", showKeys);
byId("desk-contrast").addEventListener("click", () => settings.change({ contrast: !settings.now.contrast }));
settings.listen(({ contrast }) => {
  document.documentElement.toggleAttribute("data-contrast", contrast);
  byId("desk-contrast").setAttribute("aria-pressed", String(contrast));
});
if (page.may_mark) byId("bookmark").addEventListener("click", () => act("bookmark"));
listen(keymap, act);
if (["waiting", "reading", "encounter"].includes(page.phase)) attend();
void openRecording();
void transcript.load();
void (page.may_mark ? openMark() : found.load());

/** Where the examiner is: in the recording, or in the consultation that goes on. */
function now_ms() {
  if (watch) return watch.player.at_ms;
  return live_since === null || !listener ? 0 : Math.max(0, listener.socket.clock.now() - live_since);
}

/** The desk while the encounter runs: the picture is live, and gives way to the recording. */
function attend() {
  const made = new Listener(page.encounter, byId("live-tiles"), {
    onencounter: ({ encounter, began_ms, people, observers }) => {
      const live = encounter.phase === "reading" || encounter.phase === "encounter";
      page.phase = encounter.phase;
      live_since = began_ms;
      ends_ms = live ? encounter.phase_ends_ms : null;
      paused_ms = encounter.paused_ms;
      byId("live").hidden = !live;
      byId("watch-message").hidden = live || watch !== null;
      tellWho(byId("live-who"), people, observers);
      // Not begun yet: there is nobody to hear, and a microphone that waits is kept.
      if (live || encounter.phase === "waiting") return;
      made.close();
      speaker?.close();
    },
    onsocket: (state) => (byId("live").hidden = byId("live").hidden || state === "replaced" || state === "ended"),
  });
  listener = made;
  if (page.speaks) speaker = new Speaker(made, page.room, async () => marking?.form.flush());
  made.start();
  everyTick(() => setText(byId("live-clock"), ends_ms === null ? "" : countdown(ends_ms - (paused_ms ?? made.socket.clock.now()))));
}

/** @param {number} at_ms */
function hear(at_ms) {
  watch?.from(at_ms);
}

async function openRecording() {
  const message = byId("watch-message");
  for (;;) {
    try {
      const found = /** @type {Recording} */ (await get(`/api/encounters/${page.encounter}/recording`));
      if (page.kind !== "mark") for (const take of found.takes) take.name = "";
      if (found.state === "sealed" && found.takes.some((take) => take.url !== null)) {
        message.hidden = true;
        return startWatching(found);
      }
      setText(message, missingRecording(found));
      if (found.state === "sealed") return;
    } catch (thrown) {
      setText(message, messageOf(thrown));
    }
    await new Promise((resolve) => setTimeout(resolve, RECORDING_POLL_MS));
  }
}

/** @param {Recording} found */
function missingRecording(found) {
  const deleted = found.takes.find((take) => take.state === "deleted")?.reason;
  if (deleted) return deleted;
  if (found.state === "sealed") return t("Nothing of this encounter could be recorded in a form that plays. The organiser has what there is.");
  if (found.state === "sealing" && ["reading", "encounter"].includes(page.phase)) return t("The encounter may still be under way. Its recording appears here by itself; you can mark meanwhile.");
  if (found.state === "sealing") return t("The recording is being made ready. It appears here by itself; you can mark meanwhile.");
  return t("There is no recording of this encounter yet. It appears here by itself.");
}

/** @param {Recording} recording */
function startWatching(recording) {
  watch = new Watch(recording, page.role, memory, settings, (opened) => listen(keymap, act, opened.document));
  find.lanes = found.lanes = watch.lanes;
  if (marking) marking.moments.lanes = watch.lanes;
  watch.listen((now) => transcript.show(now.at_ms));
  find.look();
  found.draw();
  marking?.moments.draw();
}

async function openMark() {
  try {
    const form = await MarkForm.open(page.encounter, page.kind, { onsave: showSaving, onconflict: (field, mine, theirs) => conflicts.ask({ field, mine, theirs }), onstate: redraw });
    const sheet = new Sheet(form, page.items, keymap, onSheet, (tool) => act(/** @type {Action} */ (tool)));
    const moments = new Moments(form, page.items, hear);
    moments.lanes = watch?.lanes ?? null;
    byId("mark-fault").hidden = true;
    marking = { form, sheet, moments, submission: new Submission(form, page.items, sheet, page), copy: new DeskCopy(form, page.person) };
    if (form.copied) setState(byId("save-state"), "fair", t("No network: your marks are kept on this device"));
    else setState(byId("save-state"), "idle", form.locked ? t("Locked") : form.waiting > 0 ? t("Saving …") : t("Saved as you go"));
    moments.draw();
    showLive(form.live);
    void agreed.show(form);
    void found.load();
    const { item } = memory.now;
    // A sheet without a mark, such as one that is marked again from the start, begins at its beginning.
    const begun = page.items.some((one) => form.value(`item.${one.id}`));
    const known = begun && (item === "global" || page.items.some((one) => one.id === item));
    // The keyboard is on the sheet at once, unless somebody is using it elsewhere by now.
    sheet.go((known ? item : page.items[0]?.id) ?? "global", document.activeElement === document.body);
  } catch (thrown) {
    byId("mark-fault").hidden = false;
    setText(byId("mark-fault"), messageOf(thrown));
    setState(byId("save-state"), "bad", t("Not open"));
    // The line may be back in a moment, and somebody may have begun to write.
    if (thrown instanceof Fault && (thrown.status === 0 || thrown.status >= 500)) setTimeout(() => void openMark(), RECORDING_POLL_MS);
  }
}

/**
 * What was marked while the consultation ran stays beside what is marked from the recording.
 * @param {Record<string, string>} live
 */
function showLive(live) {
  for (const [field, value] of Object.entries(live)) {
    const words = field === "global" ? gradeName(value) : markName(value);
    const place = field === "global" ? byId("global") : document.getElementById(`item-${field.slice("item.".length)}`);
    place?.append(el("p", { class: "small soft given-live" }, t("Given live: {mark}", { mark: words })));
  }
}

function onSheet() {
  memory.keep({ item: marking?.sheet.current ?? null });
  found.at(marking?.sheet.current ?? null);
  marking?.submission.draw();
}

function redraw() {
  if (marking?.form.locked) watch?.player.pause();
  marking?.sheet.draw();
  marking?.moments.draw();
  marking?.submission.draw();
  marking?.copy.changed();
  if (marking) void agreed.show(marking.form);
  if (marking && marking.form.waiting === 0) setState(byId("save-state"), "idle", marking.form.locked ? t("Locked") : t("Saved as you go"));
}

/**
 * @param {SaveState} state
 * @param {string | null} message
 */
function showSaving(state, message) {
  const time = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(Date.now());
  /** @type {Record<SaveState, [Tone, string]>} */
  const words = {
    saved: ["good", t("Saved {time}", { time })],
    saving: ["idle", t("Saving …")],
    kept: ["fair", t("{count} kept on this device; sent when the line is back", { count: marking?.form.waiting ?? 0 })],
    conflict: ["bad", t("Changed in two places: choose a version")],
    refused: ["bad", message && /\s/.test(message) ? message : t("Not saved on the server; kept on this device")],
  };
  setState(byId("save-state"), ...words[state]);
  if (state !== "saved") return;
  found.marked();
  marking?.copy.changed();
}

function showKeys() {
  explain(keymap, () => {
    settings.change({ keys: keymap.chosen });
    label(keymap);
    marking?.sheet.draw();
  });
}

/** @param {Action} action */
function act(action) {
  const player = watch?.player;
  const sheet = marking?.sheet;
  /** @type {Record<Action, () => void>} */
  const actions = {
    play: () => player?.toggle(),
    back: () => player?.step(-STEP_MS),
    forward: () => player?.step(STEP_MS),
    slower: () => watch?.speed(-1),
    faster: () => watch?.speed(1),
    swap: () => watch?.swap(),
    skip: () => watch?.skip(),
    layout: () => watch?.layout(),
    window: () => watch?.window(),
    bookmark: () => watch && !marking?.form.locked && marking?.moments.bookmark(now_ms()),
    next: () => sheet?.step(1),
    previous: () => sheet?.step(-1),
    unmarked: () => sheet?.unmarked(),
    done: () => sheet?.mark("done"),
    partly: () => sheet?.mark("partly"),
    not_done: () => sheet?.mark("not_done"),
    clear: () => sheet?.clear(),
    evidence: attach,
    "found-next": () => found.next(),
    "found-attach": () => found.attach(),
    "found-hide": () => found.toggle(),
    comment: () => sheet?.comment(),
    overall: () => document.getElementById("overall")?.focus(),
    global: () => sheet?.go("global"),
    search: () => find.enter(),
    transcript: () => transcript.enter(),
    follow: () => transcript.follow(true),
    correct: () => (page.kind === "calibration" ? toast(t("The transcript of a reference is not corrected here."), "idle") : transcript.correct()),
    right: () => (page.kind === "calibration" ? undefined : void transcript.confirm()),
    listen: () => transcript.listen(),
    "word-back": () => transcript.walk("word", -1),
    "word-forward": () => transcript.walk("word", 1),
    "turn-back": () => transcript.walk("turn", -1),
    "turn-forward": () => transcript.walk("turn", 1),
    "grade-1": () => sheet?.rate(1),
    "grade-2": () => sheet?.rate(2),
    "grade-3": () => sheet?.rate(3),
    "grade-4": () => sheet?.rate(4),
    "grade-5": () => sheet?.rate(5),
    submit: () => void marking?.submission.submit(),
    help: showKeys,
  };
  const view = VIEW_OF[action];
  if (view) views.show(view);
  actions[action]();
}

function attach() {
  const item = marking?.sheet.item;
  if (!marking || !watch || marking.form.locked) return;
  if (!item) return toast(t("Choose an item first: evidence belongs to one."), "fair");
  marking.moments.attach(item.id, momentAt(transcript.turns, now_ms(), watch.length_ms));
}
