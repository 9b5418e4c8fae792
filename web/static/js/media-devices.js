/** Camera, microphone and loudspeaker: opening them, choosing them, and saying in plain words why they would not open. */

import { Fault } from "./api.js";
import { t } from "./i18n.js";

/** @typedef {"camera" | "microphone" | "speaker"} DeviceKind */
/** @typedef {"videoinput" | "audioinput" | "audiooutput"} BrowserKind */

/** Why a device would not open, with what to try, step by step. */
export class DeviceFault extends Fault {
  /**
   * @param {string} message
   * @param {string} code
   * @param {string[]} steps
   */
  constructor(message, code, steps) {
    super(message, { code });
    this.name = "DeviceFault";
    this.steps = steps;
  }
}

/** @type {Record<DeviceKind, BrowserKind>} */
const BROWSER_KIND = { camera: "videoinput", microphone: "audioinput", speaker: "audiooutput" };
/** After a touch a browser lets a page use sound. Not each of these counts as one in every browser, so all are tried. */
export const TOUCHES = ["pointerup", "click", "keydown"];
const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } };
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } };

/**
 * Opens camera and microphone, asking once. What can be opened is opened: the faults say what could not.
 * @returns {Promise<{stream: MediaStream, camera: DeviceFault | null, microphone: DeviceFault | null}>}
 */
export async function openMedia() {
  const both = await attempt(["camera", "microphone"]);
  if (both instanceof MediaStream) return { stream: both, camera: null, microphone: null };
  // A refusal counts for both, and asking again one by one would only nag.
  if (["refused", "insecure", "unsupported"].includes(both.code)) return { stream: new MediaStream(), camera: both, microphone: both };
  const sound = await attempt(["microphone"]);
  const picture = await attempt(["camera"]);
  const tracks = [sound, picture].flatMap((one) => (one instanceof MediaStream ? one.getTracks() : []));
  return {
    stream: new MediaStream(tracks),
    camera: picture instanceof MediaStream ? null : picture,
    microphone: sound instanceof MediaStream ? null : sound,
  };
}

/**
 * Opens one device afresh, chosen or remembered, and puts its track in the stream in place of the old one.
 * Throws a DeviceFault; the old track is gone then, for many cameras open only once.
 * @param {MediaStream} stream
 * @param {"camera" | "microphone"} kind
 * @param {string} [deviceId] remembered for the next time
 * @param {1 | 2} [first] 2: whatever the browser gives, not the device chosen last time
 * @returns {Promise<MediaStreamTrack>}
 */
export async function changeDevice(stream, kind, deviceId, first = 1) {
  if (deviceId) remember(kind, deviceId);
  for (const track of kind === "camera" ? stream.getVideoTracks() : stream.getAudioTracks()) {
    track.stop();
    stream.removeTrack(track);
  }
  const opened = await attempt([kind], first);
  if (opened instanceof DeviceFault) throw opened;
  const track = /** @type {MediaStreamTrack} */ (opened.getTracks()[0]);
  stream.addTrack(track);
  return track;
}

/**
 * What there is to choose from; names are known only once a device has been allowed.
 * @param {DeviceKind} kind
 * @returns {Promise<MediaDeviceInfo[]>}
 */
export async function devices(kind) {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return all.filter((device) => device.kind === BROWSER_KIND[kind] && device.deviceId);
}

/**
 * The device chosen last time, on this computer.
 * @param {DeviceKind} kind
 * @returns {string | null}
 */
export function remembered(kind) {
  try {
    return localStorage.getItem(`teleosce.${kind}`);
  } catch {
    return null;
  }
}

/**
 * @param {DeviceKind} kind
 * @param {string} deviceId
 */
export function remember(kind, deviceId) {
  try {
    localStorage.setItem(`teleosce.${kind}`, deviceId);
  } catch {
    // Private windows may keep nothing; the choice then lasts as long as the page.
  }
}

/**
 * Sends an element's sound to the remembered loudspeaker, where the browser lets a page choose.
 * @param {HTMLMediaElement} element
 */
export async function useSpeaker(element) {
  const chosen = remembered("speaker");
  if (!chosen || !("setSinkId" in element)) return;
  await element.setSinkId(chosen).catch(() => element.setSinkId("").catch(() => {}));
}

/** Whether this browser lets a page choose the loudspeaker. */
export function canChooseSpeaker() {
  return "setSinkId" in HTMLMediaElement.prototype;
}

/**
 * Three rising notes on the chosen loudspeaker, by the same way that voices take. Resolves after about two seconds, also
 * where there is no loudspeaker at all: some browsers then wait for ever, and it is the listener who judges.
 */
export async function playSpeakerTest() {
  const audio = new AudioContext();
  const out = audio.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = out.stream;
  try {
    await Promise.race([Promise.all([useSpeaker(element), audio.resume(), element.play()]), pause(1000)]);
    const begin = audio.currentTime + 0.1;
    [523, 659, 784].forEach((pitch, index) => note(audio, out, pitch, begin + index * 0.45));
    await pause(1900);
  } finally {
    element.pause();
    element.srcObject = null;
    void audio.close();
  }
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * @param {AudioContext} audio
 * @param {AudioNode} out
 * @param {number} pitch
 * @param {number} begin
 */
function note(audio, out, pitch, begin) {
  const tone = new OscillatorNode(audio, { frequency: pitch });
  const gain = new GainNode(audio, { gain: 0 });
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(0.35, begin + 0.03);
  gain.gain.setTargetAtTime(0, begin + 0.3, 0.12);
  tone.connect(gain).connect(out);
  tone.start(begin);
  tone.stop(begin + 0.9);
}

/** How loud a stream's microphone is, twenty times a second, until `stop()`. */
export class LevelMeter {
  /**
   * @param {MediaStream} stream with an audio track
   * @param {(level: number, level_db: number | null) => void} onlevel 0..1 for a meter (−60 to 0 dB), and dB of full scale;
   *   null while the browser keeps the measure asleep, so that nothing is known
   */
  constructor(stream, onlevel = () => {}) {
    /** @type {number | null} */
    this.level_db = null;
    this.audio = new AudioContext();
    this.source = this.audio.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
    this.analyser = new AnalyserNode(this.audio, { fftSize: 2048 });
    this.source.connect(this.analyser);
    this.onlevel = onlevel;
    const samples = new Float32Array(this.analyser.fftSize);
    this.timer = setInterval(() => this.measure(samples), 50);
    const wake = () => void this.audio.resume();
    this.wake = wake;
    if (this.audio.state !== "running") for (const touch of TOUCHES) addEventListener(touch, wake);
  }

  /** @param {Float32Array<ArrayBuffer>} samples */
  measure(samples) {
    this.level_db = null;
    if (this.audio.state !== "running") return this.onlevel(0, null);
    this.analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
    this.level_db = Math.max(-100, 10 * Math.log10(power + 1e-10));
    this.onlevel(Math.min(1, Math.max(0, (this.level_db + 60) / 60)), this.level_db);
  }

  stop() {
    clearInterval(this.timer);
    for (const touch of TOUCHES) removeEventListener(touch, this.wake);
    this.source.disconnect();
    if (this.audio.state !== "closed") void this.audio.close();
  }
}

/**
 * @param {("camera" | "microphone")[]} kinds
 * @param {1 | 2} [first]
 * @returns {Promise<MediaStream | DeviceFault>}
 */
async function attempt(kinds, first = 1) {
  if (!navigator.mediaDevices?.getUserMedia) return faultOf(globalThis.isSecureContext ? "NoMediaDevices" : "InsecureContext", kinds, "");
  // First as chosen last time; then whatever there is; then without wishes for size and rate.
  for (const wish of [1, 2, 3].slice(first - 1)) {
    try {
      return await navigator.mediaDevices.getUserMedia({
        audio: kinds.includes("microphone") && constraints("microphone", wish),
        video: kinds.includes("camera") && constraints("camera", wish),
      });
    } catch (thrown) {
      const { name, message } = /** @type {DOMException} */ (thrown);
      const chosenIsGone = name === "OverconstrainedError" || (name === "NotFoundError" && wish === 1);
      if (!chosenIsGone || wish === 3) return faultOf(name, kinds, message);
    }
  }
  return faultOf("NotFoundError", kinds, "");
}

/**
 * @param {"camera" | "microphone"} kind
 * @param {number} wish
 * @returns {MediaTrackConstraints | true}
 */
function constraints(kind, wish) {
  if (wish === 3) return true;
  const chosen = wish === 1 ? remembered(kind) : null;
  const wishes = kind === "camera" ? PICTURE : SOUND;
  return chosen ? { ...wishes, deviceId: { exact: chosen } } : wishes;
}

/**
 * @param {string} name of the browser's error
 * @param {("camera" | "microphone")[]} kinds
 * @param {string} message of the browser, which alone tells a refusal by the system from one by the person
 * @returns {DeviceFault}
 */
function faultOf(name, kinds, message) {
  const what = kinds.length === 2 ? t("camera and microphone") : kinds[0] === "camera" ? t("camera") : t("microphone");
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      if (/system/i.test(message)) return new DeviceFault(t("This computer does not let the browser use your {what}.", { what }), "refused", systemSteps());
      return new DeviceFault(t("The browser was not allowed to use your {what}.", { what }), "refused", permissionSteps());
    case "NotFoundError":
    case "OverconstrainedError":
      return new DeviceFault(t("No {what} was found.", { what }), "missing", [
        t("Plug it in, or switch it on; some laptops have a key or a slider for it."),
        t("Then press “Try again”."),
      ]);
    case "InsecureContext":
      return new DeviceFault(t("The browser gives a page your {what} only over a secure connection.", { what }), "insecure", [
        t("Open the link exactly as you were given it; it begins with https://."),
      ]);
    case "NoMediaDevices":
      // A link that was pressed in a mail or a chat often opens in a small browser of that program, which has no camera.
      return new DeviceFault(t("This browser cannot use your {what}.", { what }), "unsupported", [
        t("Go back to the message with your link, and copy the whole link; on a phone keep your finger on it until a menu appears."),
        t("Open Safari, Chrome, Edge or Firefox itself, and paste the link into its address bar."),
      ]);
    default:
      return new DeviceFault(t("Your {what} could not be started: another program may be using it.", { what }), "in-use", [
        t("Close other programs and tabs that use it, such as a video call."),
        t("Unplug it and plug it in again if it has a cable."),
        t("Then press “Try again”."),
      ]);
  }
}

/** How to take back a refusal, in this browser. */
function permissionSteps() {
  const agent = navigator.userAgent;
  const again = t("Then press “Try again”, or load the page again.");
  if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) {
    if (/CriOS|FxiOS|EdgiOS/.test(agent)) return [t("Open the Settings app, scroll to your browser, and switch Camera and Microphone on."), again];
    return [t("Tap the page button in the address bar, then Website Settings, and set Camera and Microphone to Allow."), again];
  }
  if (/Firefox\//.test(agent)) {
    return [t("Press the crossed-out camera or microphone to the left of the address, and remove the block."), again];
  }
  if (/Android/.test(agent)) return [t("Tap the symbol to the left of the address, then Permissions, and allow camera and microphone."), again];
  if (/Chrome\//.test(agent)) {
    return [t("Press the symbol to the left of the address, and switch Camera and Microphone on."), again];
  }
  return [t("In the Safari menu choose “Settings for this website”, and set Camera and Microphone to Allow."), again];
}

/** How to let the browser itself use the devices, in this system. */
function systemSteps() {
  const agent = navigator.userAgent;
  const again = t("Restart the browser, and open your link again.");
  if (/Macintosh/.test(agent)) {
    return [t("Open System Settings, Privacy & Security, and allow your browser under Camera and under Microphone."), again];
  }
  if (/Windows/.test(agent)) {
    return [t("Open Settings, Privacy & security, and allow apps to use the camera and the microphone."), again];
  }
  return [t("Allow the browser to use camera and microphone in the system's settings."), again];
}
