/** The equipment check: camera, microphone, loudspeaker and line, each with a plain verdict and what to try. */

/** @import { CheckResult, Ticket, Tone, Verdict } from "../types.js" */

import { messageOf, post } from "../api.js";
import { byId, el, find, setState, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";
import { LineCheck, lineVerdict } from "../line-check.js";
import { DeviceFault, LevelMeter, canChooseSpeaker, changeDevice, devices, openMedia, playSpeakerTest, remember, remembered } from "../media-devices.js";

/** @typedef {"camera" | "microphone" | "speaker" | "line"} Part */

const HEARD_DB = -42;
const FAINT_DB = -55;
/** Consecutive measures (of 50 ms) above the level that make it a voice and not a knock. */
const HEARD_TIMES = 6;
const SILENT_AFTER_MS = 10000;
/** Mean brightness, 0 to 255, under which a face can hardly be seen. */
const DARK = 24;

/** @type {Record<Verdict, Tone>} */
const TONE = { ready: "good", "will-do": "fair", "not-ready": "bad" };
/** @type {Part[]} */
const PARTS = ["camera", "microphone", "speaker", "line"];

export class EquipmentCheck {
  /** @param {{ticket: () => Promise<Ticket>, onenter: () => void}} options */
  constructor({ ticket, onenter }) {
    this.ticket = ticket;
    this.onenter = onenter;
    this.stream = new MediaStream();
    /** @type {Partial<Record<Part, Verdict>>} */
    this.verdicts = {};
    /** @type {import("../line-check.js").LineMeasure} */
    this.measured = { round_trip_ms: null, loss: null };
    /** @type {LevelMeter | null} */
    this.meter = null;
    /** @type {LineCheck | null} */
    this.line = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.looking = undefined;
    this.closed = false;
  }

  async start() {
    byId("again-camera").onclick = byId("again-microphone").onclick = () => void this.openBoth();
    byId("again-line").onclick = () => void this.measureLine();
    byId("speaker-play").onclick = () => void this.playSpeaker();
    byId("speaker-heard").onclick = () => this.judgeSpeaker(true);
    byId("speaker-silent").onclick = () => this.judgeSpeaker(false);
    byId("enter").onclick = () => void this.enter();
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      const pick = byId(`pick-${kind}`, HTMLSelectElement);
      pick.onchange = () => void this.change(kind, pick.value);
    }
    const speaker = byId("pick-speaker", HTMLSelectElement);
    speaker.onchange = () => {
      remember("speaker", speaker.value);
      void this.playSpeaker();
    };
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.fillPickers());
    await this.openBoth();
    await this.measureLine();
  }

  /** Lets go of the devices and the line; the next page opens its own. */
  close() {
    this.closed = true;
    clearInterval(this.looking);
    this.meter?.stop();
    this.line?.close();
    for (const track of this.stream.getTracks()) track.stop();
  }

  async openBoth() {
    for (const kind of /** @type {const} */ (["camera", "microphone"])) byId(`again-${kind}`).hidden = true;
    for (const track of this.stream.getTracks()) track.stop();
    const opened = await openMedia();
    this.stream = opened.stream;
    this.watchCamera(opened.camera);
    this.watchMicrophone(opened.microphone, opened.microphone === opened.camera);
    await this.fillPickers();
  }

  /**
   * @param {"camera" | "microphone"} kind
   * @param {string} deviceId
   */
  async change(kind, deviceId) {
    /** @type {DeviceFault | null} */
    let fault = null;
    try {
      const track = await changeDevice(this.stream, kind, deviceId);
      this.line?.replaceTrack(track);
    } catch (thrown) {
      fault = /** @type {DeviceFault} */ (thrown);
    }
    if (kind === "camera") this.watchCamera(fault);
    else this.watchMicrophone(fault);
  }

  /** @param {DeviceFault | null} fault */
  watchCamera(fault) {
    clearInterval(this.looking);
    const mirror = byId("mirror", HTMLVideoElement);
    const message = byId("mirror-message");
    if (fault) {
      mirror.srcObject = null;
      message.hidden = false;
      setText(message, fault.message);
      return this.judge("camera", "not-ready", fault.message, fault.steps, true);
    }
    mirror.srcObject = this.stream;
    this.wait("camera", t("Starting your camera…"));
    const eye = new OffscreenCanvas(32, 24).getContext("2d", { willReadFrequently: true });
    this.looking = setInterval(() => {
      if (!eye || mirror.readyState < mirror.HAVE_CURRENT_DATA || mirror.videoWidth === 0) return;
      message.hidden = true;
      eye.drawImage(mirror, 0, 0, 32, 24);
      if (brightness(eye.getImageData(0, 0, 32, 24).data) >= DARK) return this.judge("camera", "ready", t("Your picture is clear. Sit so that your face fills the middle."));
      this.judge("camera", "will-do", t("Your picture is very dark."), [t("Open the camera’s cover, or turn on a light in front of you.")]);
    }, 700);
  }

  /**
   * @param {DeviceFault | null} fault
   * @param {boolean} [shared] whether the camera has the same fault, and says it already
   */
  watchMicrophone(fault, shared = false) {
    this.meter?.stop();
    this.meter = null;
    const meter = byId("level");
    meter.hidden = Boolean(fault);
    if (fault && shared) return this.judge("microphone", "not-ready", t("One permission opens the camera and the microphone."));
    if (fault) return this.judge("microphone", "not-ready", fault.message, fault.steps, true);
    this.wait("microphone", t("Say a few words, as loud as you will speak in the exam."));
    const began = performance.now();
    let loud = 0;
    let faint = 0;
    this.meter = new LevelMeter(this.stream, (level, measured) => {
      const level_db = measured ?? -Infinity;
      meter.style.setProperty("--level", level.toFixed(3));
      meter.setAttribute("aria-valuenow", String(Math.round(level * 20) * 5));
      loud = level_db > HEARD_DB ? loud + 1 : Math.max(0, loud - 0.2);
      faint = level_db > FAINT_DB ? faint + 1 : faint;
      if (this.verdicts.microphone === "ready") return;
      if (loud >= HEARD_TIMES) this.judge("microphone", "ready", t("Your voice is heard well."));
      else if (performance.now() - began < SILENT_AFTER_MS) return;
      else if (faint >= HEARD_TIMES) this.judge("microphone", "will-do", t("Your voice is heard, but faintly."), [t("Come nearer to the microphone, or raise its level in the system’s sound settings.")]);
      else this.judge("microphone", "not-ready", t("Nothing was heard. Say a few words."), [t("Check that the microphone or the headset is switched on and not muted."), t("Choose another microphone in the list.")]);
    });
  }

  async playSpeaker() {
    await whileBusy(byId("speaker-play"), async () => {
      try {
        await playSpeakerTest();
      } catch (thrown) {
        console.error(thrown);
      }
      this.askSpeaker(true);
      this.wait("speaker", t("Did you hear three notes?"));
      setState(this.part("speaker").state, "idle", t("Your answer"));
    });
  }

  /**
   * @private
   * @param {boolean} asking
   */
  askSpeaker(asking) {
    for (const id of ["speaker-heard", "speaker-silent"]) byId(id).hidden = !asking;
    setText(byId("speaker-play-text"), t("Play it again"));
  }

  /** @param {boolean} heard */
  judgeSpeaker(heard) {
    this.askSpeaker(false);
    byId("speaker-play").focus();
    if (heard) return this.judge("speaker", "ready", t("You heard the sound."));
    this.judge("speaker", "not-ready", t("You did not hear the sound."), [
      t("Turn the volume up, and check that the sound is not muted."),
      t("Plug headphones in again, or choose another loudspeaker."),
      t("Then play the sound once more."),
    ]);
  }

  async measureLine() {
    if (this.closed) return;
    byId("again-line").hidden = true;
    this.wait("line", t("Connecting to the exam…"));
    const progress = byId("line-progress", HTMLProgressElement);
    progress.hidden = false;
    progress.removeAttribute("value");
    const onprogress = (/** @type {number} */ share) => {
      progress.value = share;
      setText(this.part("line").says, t("Measuring for six seconds…"));
    };
    this.line = new LineCheck({ ticket: this.ticket, stream: this.stream, onprogress });
    const measured = await this.line.measure();
    if (this.closed) return;
    this.measured = measured ?? { round_trip_ms: null, loss: null };
    if (measured) this.judgeLine();
    else this.lineFailed();
    progress.hidden = true;
    byId("again-line").hidden = false;
  }

  /** @private */
  judgeLine() {
    const { round_trip_ms, loss } = this.measured;
    const verdict = lineVerdict(this.measured);
    const numbers = { ms: Math.round(round_trip_ms ?? 0), loss: ((loss ?? 0) * 100).toFixed(1) };
    const said = round_trip_ms === null
      ? t("The line connected, but nothing came back over it.")
      : verdict === "ready"
        ? t("Your line is good. (Round trip {ms} ms, {loss} % lost.)", numbers)
        : t("Your line is weak. (Round trip {ms} ms, {loss} % lost.)", numbers);
    const better = [t("Use a network cable, or sit nearer to the wireless router."), t("Ask others in the house to pause downloads and films.")];
    this.judge("line", verdict, said, verdict === "ready" ? [] : better);
  }

  /** @private */
  lineFailed() {
    this.judge("line", "not-ready", t("The page reached the server, but sound and picture did not get through."), [
      t("Leave the company or hospital network, or its VPN, if you are on one."),
      t("Try another network, such as your phone’s hotspot."),
      t("Then measure again."),
    ]);
  }

  /** Fills the lists of devices; a list of one is no choice and stays away. */
  async fillPickers() {
    for (const kind of /** @type {const} */ (["camera", "microphone", "speaker"])) {
      const pick = byId(`pick-${kind}`, HTMLSelectElement);
      const found = kind === "speaker" && !canChooseSpeaker() ? [] : await devices(kind);
      const tracks = kind === "camera" ? this.stream.getVideoTracks() : this.stream.getAudioTracks();
      const current = kind === "speaker" ? remembered(kind) : tracks[0]?.getSettings().deviceId;
      pick.replaceChildren(...found.map((device) => el("option", { value: device.deviceId, selected: device.deviceId === current }, device.label || t("Unnamed device"))));
      pick.hidden = found.length < 2;
    }
  }

  /**
   * @private
   * @param {Part} name
   */
  part(name) {
    const section = byId(`check-${name}`);
    return { section, state: find(section, '[data-part="state"]'), says: find(section, '[data-part="says"]') };
  }

  /**
   * @private
   * @param {Part} name
   * @param {string} says
   */
  wait(name, says) {
    delete this.verdicts[name];
    const part = this.part(name);
    setState(part.state, "idle", t("Checking"));
    setText(part.says, says);
    part.section.querySelector(".check-steps")?.remove();
    this.conclude();
  }

  /**
   * @private
   * @param {Part} name
   * @param {Verdict} verdict
   * @param {string} says
   * @param {string[]} [steps] what to try
   * @param {boolean} [again] whether trying again is offered
   */
  judge(name, verdict, says, steps = [], again = false) {
    const part = this.part(name);
    if (this.verdicts[name] === verdict && part.says.textContent === says) return;
    this.verdicts[name] = verdict;
    setState(part.state, TONE[verdict], verdictName(verdict));
    setText(part.says, says);
    part.section.querySelector(".check-steps")?.remove();
    if (steps.length) part.says.after(el("ul", { class: "check-steps" }, ...steps.map((step) => el("li", {}, step))));
    if (again) byId(`again-${name}`).hidden = false;
    this.conclude();
  }

  /** @private What is still to do, or how ready the whole is. */
  conclude() {
    const missing = PARTS.filter((part) => !this.verdicts[part]);
    const overall = this.overall();
    const text = missing.length
      ? t("Still to come: {parts}.", { parts: missing.map(partName).join(", ") })
      : overall === "ready"
        ? t("Everything is ready.")
        : overall === "will-do"
          ? t("This will do. You may enter, or improve it first.")
          : t("Something is not ready. Try what is written above. If it does not help, enter: the invigilator sees it and can help you.");
    setText(byId("check-end-text"), text);
    byId("enter").setAttribute("aria-disabled", String(missing.length > 0));
    if (!missing.length) void this.report().catch(() => {});
  }

  /** @private @returns {Verdict} the worst of all */
  overall() {
    const all = Object.values(this.verdicts);
    return all.includes("not-ready") ? "not-ready" : all.includes("will-do") ? "will-do" : "ready";
  }

  /** @private */
  report() {
    const { camera, microphone, speaker, line } = this.verdicts;
    const result = /** @type {CheckResult} */ ({ verdict: this.overall(), camera, microphone, speaker, line, ...this.measured });
    return post("/api/check", result);
  }

  async enter() {
    if (byId("enter").getAttribute("aria-disabled") === "true") return byId("check-end-text").scrollIntoView({ block: "center" });
    byId("check-fault").hidden = true;
    await whileBusy(byId("enter"), async () => {
      try {
        await this.report();
        this.onenter();
      } catch (thrown) {
        byId("check-fault").hidden = false;
        setText(byId("check-fault"), messageOf(thrown));
      }
    });
  }
}

/** @param {Verdict} verdict */
export function verdictName(verdict) {
  return { ready: t("Ready"), "will-do": t("Will do"), "not-ready": t("Not ready") }[verdict];
}

/** @param {Part} part */
function partName(part) {
  return { camera: t("camera"), microphone: t("microphone"), speaker: t("loudspeaker"), line: t("line") }[part];
}

/**
 * Mean luminance of RGBA pixels, 0 to 255 (ITU-R BT.601 weights).
 * @param {Uint8ClampedArray} pixels
 */
function brightness(pixels) {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    sum += 0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0);
  }
  return sum / (pixels.length / 4);
}
