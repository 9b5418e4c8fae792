/** This person's own camera and microphone on the live pages: the mirror, the level, the switches, and getting them back. */

import { announce, toast } from "./announce.js";
import { byId, el, find, icon, setState, setText, whileBusy } from "./dom.js";
import { t } from "./i18n.js";
import { DeviceFault, LevelMeter, changeDevice, openMedia } from "./media-devices.js";
import { SilenceWatch, StillWatch, lineTroubles, troubleOf } from "./own-troubles.js";

/** @import { AlarmKind, DeviceState } from "./types.js" */

/** @typedef {"camera" | "microphone"} Device */
/** @typedef {import("./peer.js").Kind} Kind */

/** A voice at arm's length is well above this, a quiet room below it (dB of full scale). */
const HEARD_DB = -50;
const UNHEARD_AFTER_MS = 15_000;
/** A device that was just opened may take so long to give its first picture. */
const MUTED_AFTER_MS = 2000;
const LOOK_EVERY_MS = 1000;
/** So many points of the picture are looked at. */
const [WIDE, HIGH] = [64, 48];

export class OwnMedia {
  stream = new MediaStream();
  /** @type {Record<Device, boolean>} */ #on = { camera: true, microphone: true };
  /** @type {Record<Device, DeviceFault | null>} */ #faults = { camera: null, microphone: null };
  /** @type {LevelMeter | null} */ #meter = null;
  #heard_at = performance.now();
  #silence = new SilenceWatch();
  #still = new StillWatch();
  #points = pointsOf(WIDE, HIGH);
  #looking = 0;
  /** What the server finds. @type {AlarmKind[]} */ #kinds = [];
  /** How often a device was opened afresh and is in trouble still. @type {Record<Device, number>} */ #tries = { camera: 0, microphone: 0 };
  /** @type {Record<Device, boolean>} */ #muted = { camera: false, microphone: false };
  #opened = false;
  #told = "";
  #self = byId("self");
  #video = byId("self-video", HTMLVideoElement);
  #fault = byId("media-fault");

  /**
   * @param {(kind: Kind, track: MediaStreamTrack | null) => void} ontrack a device was opened, or lost
   * @param {() => void} onchange a device was switched, opened or lost
   */
  constructor(ontrack, onchange) {
    this.ontrack = ontrack;
    this.onchange = onchange;
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
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#shown();
  }

  /** Lets camera and microphone go. */
  close() {
    clearInterval(this.#looking);
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

  /**
   * @param {Device} device
   * @returns {DeviceState}
   */
  state(device) {
    if (!this.#track(device)) return "none";
    if (!this.#on[device]) return "off";
    return device === "camera" && this.#still.still ? "frozen" : "on";
  }

  /**
   * The microphone's level, measured elsewhere; it counts while the meter sleeps, as it does until the page is touched.
   * @param {number | null} level_db
   */
  hear(level_db) {
    if (level_db !== null && this.#meter?.level_db == null) this.#listen(level_db);
  }

  /**
   * What the server finds wrong with this person's sound and picture.
   * @param {AlarmKind[]} kinds
   */
  told(kinds) {
    this.#kinds = kinds;
    this.#tellFaults();
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
    this.#silence.reset();
    this.#shown();
  }

  /**
   * Opens a device afresh: the one that was chosen; if that did not help the last time, the browser's own choice.
   * @param {Device} device
   */
  async again(device) {
    const first = this.#tries[device]++ % 2 === 0 ? 1 : 2;
    try {
      const opening = changeDevice(this.stream, device, undefined, first);
      this.onchange();
      const track = await opening;
      this.#faults[device] = null;
      this.#watch(track);
      announce(device === "camera" ? t("Your camera was restarted.") : t("Your microphone was restarted. Say something."));
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
    const message = device === "camera" ? t("We cannot see you: your camera stopped. Was it unplugged?") : t("We cannot hear you: your microphone stopped. Was it unplugged?");
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
    const device = kind === "video" ? "camera" : "microphone";
    track.addEventListener("ended", () => this.stream.getTracks().includes(track) && this.lost(kind));
    const look = () => {
      if (!this.stream.getTracks().includes(track)) return;
      this.#muted[device] = track.muted;
      this.#tellFaults();
    };
    this.#muted[device] = false;
    track.addEventListener("unmute", look);
    track.addEventListener("mute", () => setTimeout(look, MUTED_AFTER_MS));
    setTimeout(look, MUTED_AFTER_MS);
    if (kind === "audio") this.#silence.reset();
    else this.#still.reset();
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
      if (level_db !== null) this.#listen(level_db);
      this.#tellSound();
    });
  }

  /** @param {number} level_db */
  #listen(level_db) {
    const now = performance.now();
    if (level_db > HEARD_DB) [this.#heard_at, this.#tries.microphone] = [now, 0];
    const was = this.#silence.silent;
    if (this.#on.microphone) this.#silence.hear(level_db, now);
    if (was === this.#silence.silent) return;
    if (was) announce(t("We can hear you again."));
    this.#tellFaults();
  }

  /** Whether the picture moves. */
  #look() {
    const was = this.#still.still;
    const video = this.#video;
    const shows = this.#track("camera") && this.#on.camera && !video.paused && video.readyState >= video.HAVE_CURRENT_DATA;
    if (!shows) this.#still.reset();
    else this.#still.see(this.#points(video), performance.now(), document.visibilityState === "visible");
    if (was === this.#still.still) return;
    this.#tellFaults();
    this.onchange();
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
    this.onchange();
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
    if (this.#silence.silent) return setState(state, "fair", t("No sound heard"));
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
    const troubles = [...this.#troubleCards(), ...lineTroubles(this.#kinds).map(troubleCard)];
    const cards = [...this.#faultCards(), ...troubles];
    const told = cards.map((card) => card.textContent).join("\n");
    if (this.#told === told) return;
    const fresh = troubles.filter((card) => !this.#told.includes(card.textContent ?? ""));
    this.#told = told;
    if (fresh.length) announce(fresh.map((card) => card.firstElementChild?.textContent).join(" "));
    const focused = this.#fault.contains(document.activeElement);
    this.#fault.hidden = cards.length === 0;
    this.#fault.replaceChildren(...cards);
    // What held the focus is gone; nothing else may lose its place for it.
    if (focused) (this.#fault.querySelector("button") ?? byId("main")).focus();
  }

  #faultCards() {
    const faults = /** @type {[Device, DeviceFault][]} */ (Object.entries(this.#faults).filter(([, fault]) => fault));
    const both = faults.length === 2 && faults[0]?.[1].message === faults[1]?.[1].message;
    return (both ? faults.slice(0, 1) : faults).map(([device, fault]) => this.#faultCard(device, fault, both));
  }

  /** Devices that the browser calls open and on, and that give nothing all the same. */
  #troubleCards() {
    return /** @type {Device[]} */ (["microphone", "camera"]).flatMap((device) => {
      const state = this.state(device);
      const facts = { muted: this.#muted[device], silent: this.#silence.silent, still: state === "frozen", kinds: this.#kinds };
      const found = state === "on" || state === "frozen" ? troubleOf(device, facts) : null;
      return found ? [this.#troubleCard(device, found)] : [];
    });
  }

  /**
   * @param {Device} device
   * @param {{title: string, text: string, again: boolean}} trouble
   */
  #troubleCard(device, { title, text, again }) {
    const words = device === "camera" ? t("Try the camera again") : t("Try the microphone again");
    const retry = el("button", { class: "button primary", type: "button" }, icon("again"), words);
    retry.addEventListener("click", () => whileBusy(retry, () => this.again(device)));
    const card = troubleCard({ title, text });
    if (again) card.append(retry);
    return card;
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

/** @param {{title: string, text: string}} trouble */
function troubleCard({ title, text }) {
  return el("div", { class: "notice media-fault", "data-tone": "fair" }, el("div", {}, el("strong", {}, title), " ", text));
}

/**
 * Reads the brightness of single points of a picture as they are, without the mean of their neighbours.
 * @param {number} wide
 * @param {number} high
 * @returns {(video: HTMLVideoElement) => Uint8Array}
 */
function pointsOf(wide, high) {
  const canvas = el("canvas", {});
  [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    if (!context) return new Uint8Array();
    context.imageSmoothingEnabled = false;
    context.drawImage(video, 0, 0, wide, high);
    const { data } = context.getImageData(0, 0, wide, high);
    return Uint8Array.from({ length: wide * high }, (_, at) => ((data[4 * at] ?? 0) + 2 * (data[4 * at + 1] ?? 0) + (data[4 * at + 2] ?? 0)) >> 2);
  };
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
