/** The bell: heard, seen as a frame around the page, and told to screen readers. */

/** @import { BellKind } from "./types.js" */

import { announce } from "./announce.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { TOUCHES } from "./media-devices.js";

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
  call: [
    [0, 784],
    [0.2, 988],
  ],
};
const SEEN_MS = 1600;
/** A bell that the browser held back may still ring so much later; after that it would say something that is over. */
const LATE_MS = 2000;
/** A touch on the page before, such as Enter, often still counts: wait for that before saying that there is no sound. */
const SETTLED_MS = 1500;

/** @type {AudioContext | null} */
let audio = null;

/**
 * Browsers let a page make sound only after the person has touched it: call once when the page starts.
 * @param {(heard: boolean) => void} onchange whether the bell can be heard
 */
export function unlockBell(onchange) {
  const sound = context();
  const tell = () => onchange(sound.state === "running");
  const resume = () => void (sound.state !== "running" && sound.resume().catch(() => undefined));
  sound.addEventListener("statechange", tell);
  for (const touch of TOUCHES) addEventListener(touch, resume);
  resume();
  setTimeout(tell, SETTLED_MS);
}

/**
 * Rings and shows the bell. `text` is what it means here, for instance "Begin reading".
 * @param {BellKind} kind
 * @param {string} [text]
 */
export function ring(kind, text = wording(kind)) {
  show(kind);
  announce(text, "assertive");
  const due = performance.now();
  const strike = () => {
    if (performance.now() - due < LATE_MS) for (const [at, pitch] of STROKES[kind]) stroke(at ?? 0, pitch ?? 660);
  };
  void context().resume().then(strike, () => undefined);
}

/** @param {BellKind} kind */
function wording(kind) {
  return { start: t("Bell: begin."), warning: t("Bell: the end is near."), end: t("Bell: the time is over."), call: t("Bell: the organisers are calling.") }[kind];
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
