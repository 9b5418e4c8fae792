/** This person's own camera and microphone on the live pages: the mirror, the level, the switches, and getting them back. */

import { announce, toast } from "./announce.js";
import { byId, el, find, icon, setState, setText, whileBusy } from "./dom.js";
import { t } from "./i18n.js";
import { DeviceFault, LevelMeter, changeDevice, openMedia } from "./media-devices.js";

/** @typedef {"camera" | "microphone"} Device */
/** @typedef {import("./peer.js").Kind} Kind */

/** A voice at arm's length is well above this, a quiet room below it (dB of full scale). */
const HEARD_DB = -50;
const UNHEARD_AFTER_MS = 15_000;

export class OwnMedia {
  stream = new MediaStream();
  /** @type {Record<Device, boolean>} */ #on = { camera: true, microphone: true };
  /** @type {Record<Device, DeviceFault | null>} */ #faults = { camera: null, microphone: null };
  /** @type {LevelMeter | null} */ #meter = null;
  #heard_at = performance.now();
  #opened = false;
  #self = byId("self");
  #video = byId("self-video", HTMLVideoElement);
  #fault = byId("media-fault");

  /** @param {(kind: Kind, track: MediaStreamTrack | null) => void} ontrack a device was opened, or lost */
  constructor(ontrack) {
    this.ontrack = ontrack;
    for (const device of /** @type {Device[]} */ (["microphone", "camera"])) {
      byId(`control-${device}`).addEventListener("click", () => this.toggle(device));
      this.#showSwitch(device);
    }
  }

  /** Opens what can be opened; what cannot is said, with how to allow it. */
  async open() {
    const opened = await openMedia();
    this.#faults = { camera: opened.camera, microphone: opened.microphone };
    for (const track of opened.stream.getTracks()) {
      this.stream.addTrack(track);
      this.#watch(track);
    }
    this.#opened = true;
    this.#shown();
  }

  /** Lets camera and microphone go. */
  close() {
    this.#meter?.stop();
    this.#meter = null;
    for (const track of this.stream.getTracks()) track.stop();
  }

  /** What is to be sent now. */
  get sent() {
    return new MediaStream(this.#on.camera ? this.stream.getTracks() : this.stream.getAudioTracks());
  }

  /** @returns {number | null} dB of full scale */
  get level_db() {
    const level = this.#on.microphone ? this.#meter?.level_db : null;
    return level == null ? null : Math.round(level);
  }

  /** @param {Device} device */
  toggle(device) {
    if (!this.#track(device)) return void this.again(device);
    this.#on[device] = !this.#on[device];
    this.#apply();
    // A camera that is off sends nothing at all, so that the others are told instead of shown black.
    if (device === "camera") this.ontrack("video", this.#on.camera ? this.#track("camera") : null);
    const words = this.#showSwitch(device);
    announce(words);
    this.#shown();
  }

  /**
   * Tries once more to open a device.
   * @param {Device} device
   */
  async again(device) {
    try {
      const track = await changeDevice(this.stream, device);
      this.#faults[device] = null;
      this.#watch(track);
      announce(device === "camera" ? t("Your camera works again.") : t("Your microphone works again."));
    } catch (thrown) {
      if (!(thrown instanceof DeviceFault)) throw thrown;
      this.#faults[device] = thrown;
      this.ontrack(device === "camera" ? "video" : "audio", null);
      toast(thrown.message, "bad");
    }
    this.#shown();
  }

  /**
   * A device ended by itself: unplugged, or taken by another program.
   * @param {Kind} kind
   */
  lost(kind) {
    const device = kind === "video" ? "camera" : "microphone";
    const message = device === "camera" ? t("Your camera stopped. Was it unplugged?") : t("Your microphone stopped. Was it unplugged?");
    this.#faults[device] = new DeviceFault(message, "ended", []);
    announce(message, "assertive");
    this.#shown();
  }

  /**
   * Puts the mirror where this view wants it.
   * @param {Element | null} place
   */
  moveTo(place) {
    if (place && this.#self.parentElement !== place) place.append(this.#self);
    void this.#video.play().catch(() => undefined);
  }

  /** @param {MediaStreamTrack} track */
  #watch(track) {
    const kind = /** @type {Kind} */ (track.kind);
    track.addEventListener("ended", () => this.stream.getTracks().includes(track) && this.lost(kind));
    this.#apply();
    this.ontrack(kind, kind === "video" && !this.#on.camera ? null : track);
    if (kind === "audio") this.#measure();
  }

  #measure() {
    this.#meter?.stop();
    const bar = byId("self-meter");
    this.#heard_at = performance.now();
    this.#meter = new LevelMeter(this.stream, (level, level_db) => {
      bar.style.setProperty("--level", level.toFixed(2));
      if (level_db > HEARD_DB) this.#heard_at = performance.now();
      this.#tellSound();
    });
  }

  #apply() {
    for (const track of this.stream.getAudioTracks()) track.enabled = this.#on.microphone;
    for (const track of this.stream.getVideoTracks()) track.enabled = this.#on.camera;
  }

  /** @param {Device} device */
  #track(device) {
    const track = device === "camera" ? this.stream.getVideoTracks()[0] : this.stream.getAudioTracks()[0];
    return track?.readyState === "live" ? track : null;
  }

  #shown() {
    if (this.#video.srcObject !== this.stream) this.#video.srcObject = this.stream;
    void this.#video.play().catch(() => undefined);
    for (const device of /** @type {Device[]} */ (["microphone", "camera"])) this.#showSwitch(device);
    this.#tellPicture();
    this.#tellSound();
    this.#tellFaults();
  }

  #tellPicture() {
    const message = byId("self-message");
    const words = this.#opened ? (this.#track("camera") ? (this.#on.camera ? "" : t("Camera off")) : t("No camera")) : t("Opening your camera …");
    message.hidden = words === "";
    this.#video.classList.toggle("dark", words !== "");
    setText(message, words);
  }

  #tellSound() {
    const state = byId("self-sound");
    if (!this.#opened) return setState(state, "idle", t("Opening your microphone …"));
    if (!this.#track("microphone")) return setState(state, "bad", t("No microphone"));
    if (!this.#on.microphone) return setState(state, "bad", t("Microphone off"));
    const unheard = performance.now() - this.#heard_at > UNHEARD_AFTER_MS;
    setState(state, unheard ? "fair" : "good", unheard ? t("Say something: nothing heard yet") : t("Microphone works"));
  }

  /**
   * @param {Device} device
   * @returns {string} its state, in words
   */
  #showSwitch(device) {
    const button = byId(`control-${device}`);
    const there = !this.#opened || this.#track(device) !== null;
    const on = there && this.#on[device];
    const words = switchWords(device, there, on);
    if (button.textContent?.trim() === words) return words;
    button.toggleAttribute("data-off", !on);
    button.replaceChildren(icon(on ? device : `${device}-off`), el("span", {}, words));
    return words;
  }

  #tellFaults() {
    const faults = /** @type {[Device, DeviceFault][]} */ (Object.entries(this.#faults).filter(([, fault]) => fault));
    this.#fault.hidden = faults.length === 0;
    this.#fault.replaceChildren();
    const told = new Set();
    for (const [device, fault] of faults) {
      if (told.has(fault.message)) continue;
      told.add(fault.message);
      const both = faults.length === 2 && faults[0]?.[1].message === faults[1]?.[1].message;
      this.#fault.append(this.#faultCard(device, fault, both));
    }
  }

  /**
   * @param {Device} device
   * @param {DeviceFault} fault
   * @param {boolean} both
   */
  #faultCard(device, fault, both) {
    const kept = device === "camera" && this.#track("microphone") ? t("You can go on by voice alone.") : t("Your place is kept while you put this right.");
    const card = el(
      "div",
      { class: "notice media-fault", "data-tone": "bad" },
      el("div", {}, el("strong", {}, fault.message), " ", kept, fault.steps.length ? el("ol", {}, ...fault.steps.map((step) => el("li", {}, step))) : null),
      el("button", { class: "button primary", type: "button" }, icon("again"), t("Try again")),
    );
    const retry = find(card, "button");
    retry.addEventListener("click", () =>
      whileBusy(retry, async () => {
        await this.again(device);
        if (both) await this.again(device === "camera" ? "microphone" : "camera");
      }),
    );
    return card;
  }
}

/**
 * @param {Device} device
 * @param {boolean} there
 * @param {boolean} on
 */
function switchWords(device, there, on) {
  if (device === "camera") return there ? (on ? t("Camera on") : t("Camera off")) : t("No camera");
  return there ? (on ? t("Microphone on") : t("Microphone off")) : t("No microphone");
}
