/** The left column: the pictures, their transport, the lanes and the volumes. */

/** @import { Playing } from "./player.js" */
/** @import { Memory } from "./memory.js" */
/** @import { DeskSettings } from "./settings.js" */
/** @import { Layout, Recording, Voice } from "./types.js" */

import { alarmWords } from "../alarm-words.js";
import { announce, toast } from "../announce.js";
import { duration } from "../clock.js";
import { byId, el, setText } from "../dom.js";
import { t, whoSpeaks } from "../i18n.js";
import { Lanes } from "./lanes.js";
import { LAYOUTS, Pictures } from "./pictures.js";
import { Player } from "./player.js";
import { Screen } from "./screen.js";
import { silences, voicesOf } from "./timeline.js";

export const STEP_MS = 5000;
/** The place is kept on this device so often while it plays. */
const KEEP_MS = 2000;
const REMARK_MS = 4000;

export class Watch {
  #memory;
  #settings;
  #screens;
  #pictures;
  #kept = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #remark;

  /**
   * @param {Recording} recording sealed
   * @param {string} role the reader's
   * @param {Memory} memory
   * @param {DeskSettings} settings
   * @param {(opened: Window) => void} onwindow the pictures went into this window
   */
  constructor(recording, role, memory, settings, onwindow) {
    this.#memory = memory;
    this.#settings = settings;
    this.length_ms = recording.duration_ms ?? 0;
    const voices = voicesOf(recording);
    this.#screens = voices.map((voice, index) => new Screen(voice, role, index === 0 ? recording.poster : undefined));
    this.player = new Player(this.#screens, this.length_ms, silences(voices, this.length_ms), () => toast(t("The browser refused to play. Press play once more."), "fair"));
    byId("pictures").replaceChildren(...this.#screens.map((screen) => screen.element));
    this.#pictures = new Pictures(() => this.#screens.find((screen) => screen.element.hasAttribute("data-large"))?.video ?? null, onwindow);
    this.lanes = new Lanes(byId("lanes"), voices, this.length_ms, (at_ms) => this.player.seek(at_ms));
    byId("volumes").replaceChildren(...voices.map((voice, index) => this.#volume(voice, /** @type {Screen} */ (this.#screens[index]))));
    this.#tellAlarms(recording.alarms ?? []);
    setText(byId("play-length"), duration(this.length_ms / 1000));
    this.#buttons();
    this.#restore();
    byId("watch").hidden = false;
    addEventListener("pagehide", () => this.#keepPlace());
  }

  /** @param {(now: Playing) => void} listener */
  listen(listener) {
    this.player.listen(listener);
    this.player.seek(this.player.at_ms);
  }

  /** Goes to a moment and plays from there. @param {number} at_ms */
  from(at_ms) {
    this.player.seek(at_ms);
    this.player.play();
  }

  /** Nobody should be marked down for a dead microphone. @param {NonNullable<Recording["alarms"]>} alarms */
  #tellAlarms(alarms) {
    byId("alarms").hidden = alarms.length === 0;
    byId("alarm-list").replaceChildren(
      ...alarms.map(({ role, who, kind, from_ms, to_ms }) => {
        const span = `${duration(from_ms / 1000)}–${duration(to_ms / 1000)}`;
        const go = el("button", { class: "button quiet", type: "button" }, `${whoSpeaks({ role, who })}: ${alarmWords(kind)} ${span}`);
        go.addEventListener("click", () => this.from(from_ms));
        return el("li", {}, go);
      }),
    );
  }

  swap() {
    const large = this.#screens.findIndex((screen) => screen.element.hasAttribute("data-large"));
    this.#enlarge((large + 1) % Math.max(1, this.#screens.length));
    const shown = this.#screens[(large + 1) % this.#screens.length];
    if (shown) announce(t("{who} large", { who: whoSpeaks(shown.voice) }));
  }

  skip() {
    if (this.player.quiet.length === 0) return this.#say(t("No silence to skip"));
    this.player.skipping = !this.player.skipping;
    this.#settings.change({ skipping: this.player.skipping });
    this.#showSkip();
    announce(this.player.skipping ? t("Silence is skipped") : t("Silence is played"));
  }

  /** @param {1 | -1} way */
  speed(way) {
    this.player.changeSpeed(way);
    this.#settings.change({ speed: this.player.speed });
    announce(t("Speed {speed}", { speed: this.player.speed }));
  }

  /** The next layout, or a certain one. @param {Layout} [layout] */
  layout(layout) {
    const next = layout ?? LAYOUTS[(LAYOUTS.indexOf(this.#settings.now.layout) + 1) % LAYOUTS.length] ?? "large";
    this.#settings.change({ layout: next });
    this.#pictures.show(next);
    announce({ large: t("One picture large"), two: t("Pictures side by side"), sound: t("Sound only") }[next]);
  }

  /** The pictures into a window of their own, or back. */
  window() {
    void this.#pictures.toggle();
  }

  #buttons() {
    for (const name of LAYOUTS) byId(`layout-${name}`).addEventListener("click", () => this.layout(name));
    byId("window").addEventListener("click", () => this.window());
    byId("play").addEventListener("click", () => this.player.toggle());
    byId("play-back").addEventListener("click", () => this.player.step(-STEP_MS));
    byId("play-forward").addEventListener("click", () => this.player.step(STEP_MS));
    byId("slower").addEventListener("click", () => this.speed(-1));
    byId("faster").addEventListener("click", () => this.speed(1));
    byId("skip").addEventListener("click", () => this.skip());
    byId("swap").addEventListener("click", () => this.swap());
    byId("pictures").addEventListener("click", () => this.player.toggle());
    byId("swap").hidden = this.#screens.length < 2;
    this.player.listen((now) => this.#show(now));
  }

  #restore() {
    const { at_ms, large } = this.#memory.now;
    const { speed, skipping, layout } = this.#settings.now;
    this.#pictures.show(layout);
    this.player.skipping = skipping && this.player.quiet.length > 0;
    this.#showSkip();
    this.#enlarge(Math.max(0, this.#screens.findIndex((screen) => screen.voice.seat === large)));
    this.player.setSpeed(speed);
    // At the very end there is nothing to go on with.
    this.player.seek(at_ms < this.length_ms - 1000 ? at_ms : 0);
  }

  /** @param {number} index */
  #enlarge(index) {
    for (const [place, screen] of this.#screens.entries()) screen.element.toggleAttribute("data-large", place === index);
    this.#memory.keep({ large: this.#screens[index]?.voice.seat ?? null });
  }

  #showSkip() {
    byId("skip").setAttribute("aria-pressed", String(this.player.skipping));
  }

  /**
   * @param {Voice} voice
   * @param {Screen} screen
   */
  #volume(voice, screen) {
    const { volumes } = this.#memory.now;
    const key = voice.who ? voice.seat : voice.role;
    screen.volume = volumes[key] ?? 1;
    const range = el("input", { type: "range", min: "0", max: "100", step: "5", value: Math.round((volumes[key] ?? 1) * 100), id: `volume-${key}` });
    range.addEventListener("input", () => {
      screen.volume = range.valueAsNumber / 100;
      this.#memory.keep({ volumes: { ...this.#memory.now.volumes, [key]: range.valueAsNumber / 100 } });
    });
    return el("p", { class: "volume", "data-role": voice.role }, el("label", { class: "small", for: range.id }, t("Volume: {who}", { who: whoSpeaks(voice) })), range);
  }

  /** @param {Playing} now */
  #show(now) {
    this.lanes.show(now.at_ms);
    setText(byId("play-at"), duration(now.at_ms / 1000));
    setText(byId("speed"), `${now.speed}×`);
    setText(byId("play-word"), now.playing ? t("Pause") : t("Play"));
    if (now.playing && now.waiting) byId("play").setAttribute("aria-busy", "true");
    else byId("play").removeAttribute("aria-busy");
    byId("play").toggleAttribute("data-playing", now.playing);
    if (now.skipped_ms > 0) this.#say(t("Skipped {length}", { length: duration(Math.round(now.skipped_ms / 1000)) }));
    if (!now.playing || Math.abs(now.at_ms - this.#kept) > KEEP_MS) this.#keepPlace();
  }

  #keepPlace() {
    this.#kept = this.player.at_ms;
    this.#memory.keep({ at_ms: Math.round(this.player.at_ms) });
  }

  /** @param {string} text */
  #say(text) {
    clearTimeout(this.#remark);
    setText(byId("watch-remark"), text);
    this.#remark = setTimeout(() => setText(byId("watch-remark"), ""), REMARK_MS);
  }
}
