/** What can be wrong with a person in an encounter, as it is told to those who look after them. */

/** @import { AlarmKind } from "./types.js" */

import { t } from "./i18n.js";

/** The same where room is short. @param {AlarmKind} kind */
export function shortAlarmWords(kind) {
  return {
    absent: t("not in room"),
    "no-packets": t("sends nothing"),
    "no-sound": t("no sound"),
    "no-picture": t("no picture"),
    silent: t("silent"),
    unheard: t("not heard"),
    echo: t("echo"),
    clipping: t("too loud"),
    dark: t("dark"),
    covered: t("covered"),
    frozen: t("frozen"),
    "hears-nothing": t("hears nothing"),
    loss: t("bad line"),
  }[kind];
}

/** @param {AlarmKind} kind */
export function alarmWords(kind) {
  return {
    absent: t("Not in the room"),
    "no-packets": t("Sends nothing"),
    "no-sound": t("No sound arrives"),
    "no-picture": t("No picture arrives"),
    silent: t("Microphone is silent"),
    unheard: t("Not heard yet"),
    echo: t("Microphone picks up the other voice"),
    clipping: t("Too loud, cut off"),
    dark: t("Picture is dark"),
    covered: t("Camera is covered"),
    frozen: t("Picture does not move"),
    "hears-nothing": t("Does not hear the others"),
    loss: t("Line loses much"),
  }[kind];
}
