/** The bell: heard, seen as a frame around the page, and told to screen readers. */

/** @import { BellKind } from "./types.js" */

import { announce } from "./announce.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

/** Strokes of each kind: when (s after the start) and how high (Hz). */
const STROKES = {
  start: [[0, 660]],
  warning: [
    [0, 880],
    [0.35, 880],
  ],
  end: [
    [0, 523],
    [0.6, 523],
    [1.2, 523],
  ],
};
const SEEN_MS = 1600;

/** @type {AudioContext | null} */
let audio = null;

/** Browsers let a page make sound only after the person has touched it: call once when the page starts. */
export function unlockBell() {
  const unlock = () => void context().resume();
  addEventListener("pointerdown", unlock, { once: true });
  addEventListener("keydown", unlock, { once: true });
}

/**
 * Rings and shows the bell. `text` is what it means here, for instance "Begin reading".
 * @param {BellKind} kind
 * @param {string} [text]
 */
export function ring(kind, text = wording(kind)) {
  show(kind);
  announce(text, "assertive");
  if (context().state === "running") for (const [at, pitch] of STROKES[kind]) stroke(at ?? 0, pitch ?? 660);
}

/** Whether the bell can be heard; a page that has not been touched yet should ask for a click. */
export function bellIsUnlocked() {
  return audio?.state === "running";
}

/** @param {BellKind} kind */
function wording(kind) {
  return { start: t("Bell: begin."), warning: t("Bell: the end is near."), end: t("Bell: the time is over.") }[kind];
}

function context() {
  audio ??= new AudioContext();
  return audio;
}

/**
 * One stroke: a tone and its octave that die away, like a desk bell.
 * @param {number} at
 * @param {number} pitch
 */
function stroke(at, pitch) {
  const sound = context();
  const begin = sound.currentTime + at;
  for (const [multiple, loudness, seconds] of [
    [1, 0.22, 1.4],
    [2.76, 0.08, 0.6],
  ]) {
    const tone = new OscillatorNode(sound, { frequency: pitch * (multiple ?? 1) });
    const gain = new GainNode(sound, { gain: 0 });
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(loudness ?? 0, begin + 0.008);
    gain.gain.exponentialRampToValueAtTime(0.0004, begin + (seconds ?? 1));
    tone.connect(gain).connect(sound.destination);
    tone.start(begin);
    tone.stop(begin + (seconds ?? 1));
  }
}

/** @param {BellKind} kind */
function show(kind) {
  const frame = document.querySelector(".bell-frame") ?? el("div", { class: "bell-frame", "aria-hidden": "true" });
  document.body.append(frame);
  frame.setAttribute("data-kind", kind);
  frame.classList.add("ringing");
  setTimeout(() => frame.classList.remove("ringing"), SEEN_MS);
}
