/** /observe/<encounter>: seen and heard by somebody who takes no part; those in the room are told the name. */

/** @import { ServerEvents } from "../types.js" */

import { announce, toast } from "../announce.js";
import { countdown, everyTick } from "../clock.js";
import { byId, pageData, setState, setText } from "../dom.js";
import { phaseName, t } from "../i18n.js";
import { Listener, tellWho } from "../listener.js";

const { encounter } = /** @type {{encounter: string}} */ (pageData());
/** @type {ServerEvents["encounter"] | null} */
let now = null;

const listener = new Listener(encounter, byId("pictures"), {
  onencounter: show,
  onpeer: (state) => tellLine(state),
  onsocket: (state) => {
    if (state === "replaced") setText(byId("observe-message"), t("You are watching this encounter in another tab now. This one has stopped."));
    if (state === "ended") setText(byId("observe-message"), t("This session has ended. Open your link again, or sign in."));
    if (state === "lost") setState(byId("observe-line"), "fair", t("Reconnecting"));
  },
});
listener.socket.on("notice", ({ level, text, code }) => code === "no-call" || toast(text, level === "error" ? "bad" : "good"));
listener.start();
everyTick(() => {
  const ends = now?.encounter.phase_ends_ms ?? null;
  setText(byId("observe-clock"), ends === null ? "" : countdown(ends - (now?.encounter.paused_ms ?? listener.socket.clock.now())));
});

/** @param {ServerEvents["encounter"]} told */
function show(told) {
  const { encounter: one, people, observers } = told;
  const before = now?.encounter.phase;
  now = told;
  setText(byId("observe-phase"), one.paused_ms === null ? phaseName(one.phase) : t("Paused"));
  if (before && before !== one.phase) announce(phaseName(one.phase));
  tellWho(byId("observe-who"), people, observers);
  const message = {
    waiting: t("It has not begun. This page connects by itself when it does."),
    reading: t("The candidate is reading. You see and hear them when the consultation begins."),
    encounter: "",
    note: t("The consultation is over."),
    changeover: t("The consultation is over."),
    done: t("The encounter is done."),
  }[one.phase];
  const stands = one.paused_ms !== null && (one.phase === "reading" || one.phase === "encounter");
  const words = stands ? t("The clock is stopped until the organisers resume.") : message;
  setText(byId("observe-message"), one.rest ? t("This is a rest station: there is nobody to see.") : words);
}

/** @param {import("../peer.js").PeerState | null} state */
function tellLine(state) {
  const line = byId("observe-line");
  if (state === "connected") setState(line, "good", t("Connected"));
  else if (state === "reconnecting") setState(line, "fair", t("Reconnecting"));
  else setState(line, "idle", state === "connecting" ? t("Connecting") : t("Not connected"));
}
