/** What is wrong with a person's own microphone or camera though the browser says that it is on: noticed, and said calmly. */

/** @import { AlarmKind } from "./types.js" */

import { t } from "./i18n.js";

/** Digital silence measures as -100 dB; a noise of a single bit is louder than this, and so is every living microphone. */
const DEAD_DB = -95;
const SILENT_MS = 7000;
/** For a microphone that spoke again by itself: some programs that take noise away give digital silence between words. */
const PATIENT_MS = 30_000;
/** Without a measure for so long, nothing is known of the time between. */
const BLIND_MS = 3500;
/** A picture that is the same in every point for so long comes from no living camera: there is noise in each. */
const STILL_MS = 5000;
/** A picture of one shade, dark or covered, may have no noise. Of 255. */
const PLAIN_SPREAD = 24;

/** Tells a dead microphone from a quiet one. Times are milliseconds of a steady clock. */
export class SilenceWatch {
  silent = false;
  /** When silence began. @type {number | null} */ #since = null;
  #measured_at = -Infinity;
  #patience = SILENT_MS;

  /** Another microphone, or the same one opened afresh. */
  reset() {
    this.silent = false;
    this.#since = null;
    this.#patience = SILENT_MS;
  }

  /**
   * One measure, in dB of full scale.
   * @param {number} level_db
   * @param {number} now
   */
  hear(level_db, now) {
    if (now - this.#measured_at > BLIND_MS) this.#since = null;
    this.#measured_at = now;
    if (level_db > DEAD_DB) {
      if (this.silent) this.#patience = PATIENT_MS;
      this.silent = false;
      this.#since = null;
    } else {
      this.#since ??= now;
      this.silent ||= now - this.#since >= this.#patience;
    }
  }
}

/**
 * Tells a picture that stands still from an empty chair. Times are milliseconds of a steady clock. A page that nobody sees
 * may be given no new pictures; where it was given some, those that follow count as well.
 */
export class StillWatch {
  still = false;
  #visible = true;
  /** How often the picture has changed since the page was shown or hidden. */ #changes = 0;
  /** @type {ArrayLike<number> | null} */ #before = null;
  #since = 0;
  #seen_at = -Infinity;

  /** Another camera, or one that nobody looks at for now. */
  reset() {
    this.still = false;
    this.#before = null;
  }

  /**
   * One look: brightnesses of the picture's points, from 0 to 255.
   * @param {ArrayLike<number>} points
   * @param {number} now
   * @param {boolean} [visible] whether the page is
   */
  see(points, now, visible = true) {
    if (visible !== this.#visible) {
      this.#changes = 0;
      this.#since = now;
    }
    this.#visible = visible;
    const before = now - this.#seen_at > BLIND_MS ? null : this.#before;
    this.#seen_at = now;
    let [least, most, same] = [255, 0, before?.length === points.length];
    for (let at = 0; at < points.length; at++) {
      const point = points[at] ?? 0;
      least = Math.min(least, point);
      most = Math.max(most, point);
      same &&= point === before?.[at];
    }
    if (!same || most - least < PLAIN_SPREAD) {
      this.#before = points;
      this.#since = now;
    }
    if (!same && before) this.#changes++;
    if (!same) this.still = false;
    this.still ||= now - this.#since >= STILL_MS && (visible || this.#changes > 1);
  }
}

/**
 * @typedef {object} DeviceFacts
 * @property {boolean} muted the system or the device itself has switched it off
 * @property {boolean} silent
 * @property {boolean} [still] its picture has stopped
 * @property {AlarmKind[]} kinds what the server finds
 */

/**
 * What to say of a device that is open and switched on, or null when all is well; `again` where opening it afresh may help.
 * @param {"camera" | "microphone"} device
 * @param {DeviceFacts} facts
 * @returns {{title: string, text: string, again: boolean} | null}
 */
export function troubleOf(device, facts) {
  const found = wordsOf(device, facts);
  return found && { again: true, ...found };
}

/**
 * @param {"camera" | "microphone"} device
 * @param {DeviceFacts} facts
 * @returns {{title: string, text: string, again?: boolean} | null}
 */
function wordsOf(device, { muted, silent, still = false, kinds }) {
  if (device === "microphone") {
    if (muted) return { title: t("We cannot hear you."), text: t("The computer or the headset has switched your microphone off. Switch it on there, or try it again here.") };
    if (silent || kinds.includes("silent")) return { title: t("We cannot hear you."), text: t("Your microphone is on, but no sound comes from it. Is there a switch on the headset or its cable?") };
    if (kinds.includes("no-sound") || kinds.includes("no-packets")) return { title: t("We cannot hear you."), text: t("Your microphone is on, but its sound does not arrive.") };
    if (kinds.includes("clipping") && !kinds.includes("echo")) return { title: t("You are too loud."), text: t("Your voice is cut off where it is loudest. Move away from the microphone, or turn it down in the computer’s settings."), again: false };
    if (kinds.includes("echo")) return { title: t("The others hear themselves."), text: t("Please put headphones on, or turn your loudspeaker down. Your microphone picks up their voices, most likely from there."), again: false };
    return null;
  }
  if (muted) return { title: t("We cannot see you."), text: t("The computer has paused your camera. Is its switch or shutter closed, or is another program using it?") };
  if (kinds.includes("no-picture")) return { title: t("We cannot see you."), text: t("Your camera is on, but its picture does not arrive. You are heard as before.") };
  if (kinds.includes("dark")) return { title: t("We can hardly see you."), text: t("Your picture is dark. Is something over the camera, or can you put a light on?") };
  if (kinds.includes("covered")) return { title: t("We cannot see you."), text: t("Something seems to cover your camera. You are heard as before.") };
  if (still) return { title: t("Your picture has frozen."), text: t("If you are moving, the camera may have stopped. You are heard as before.") };
  return null;
}

/**
 * What to say of the way to the others; nothing that can be pressed would mend it.
 * @param {AlarmKind[]} kinds what the server finds
 * @returns {{title: string, text: string}[]}
 */
export function lineTroubles(kinds) {
  const found = [];
  if (kinds.includes("hears-nothing")) found.push({ title: t("You do not hear the others."), text: t("Press anywhere on this page. If that does not help, load it again: your place is kept.") });
  if (kinds.includes("loss")) found.push({ title: t("Your line is weak."), text: t("Much of what you send, or of what is sent to you, is lost on the way. Sit nearer to the Wi-Fi or use a cable, and close what else uses the line.") });
  return found;
}
