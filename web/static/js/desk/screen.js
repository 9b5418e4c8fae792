/** One person's picture and sound over all their takes: a video element for each take, the right one shown. */

/** @import { Gap, Take, Voice } from "./types.js" */

import { duration } from "../clock.js";
import { el, setText } from "../dom.js";
import { t, whoSpeaks } from "../i18n.js";
import { correction } from "./sync.js";
import { endOf, gapAt, nextTake, takeAt } from "./timeline.js";

/** The next take is opened this long before it begins. */
const AHEAD_MS = 15_000;
/** Two people never begin at the same instant: whoever begins so soon is shown already, at rest. */
const SOON_MS = 1000;

/** Less than this apart, two places are the same picture. */
const SAME_S = 0.0005;

/** Enough to go on playing. */
const ENOUGH = HTMLMediaElement.HAVE_FUTURE_DATA;

export class Screen {
  /** @type {Map<string, HTMLVideoElement>} */ #videos = new Map();
  /** Takes that turned out not to play. @type {Set<string>} */ #broken = new Set();
  /** @type {Take | null} */ #take = null;
  #correcting = false;
  #volume = 1;
  #role;

  /**
   * @param {Voice} voice
   * @param {string} role the reader's: says for whom a file is asked
   * @param {string} [poster]
   */
  constructor(voice, role, poster) {
    this.voice = voice;
    this.#role = role;
    this.message = el("p", { class: "picture-message", hidden: true });
    this.poster = poster ? el("img", { class: "desk-poster", src: poster, alt: "" }) : null;
    this.element = el("figure", { class: "picture desk-picture" }, this.poster, this.message, el("figcaption", { class: "picture-name" }, whoSpeaks(voice)));
  }

  /** What plays now; null in a gap. */
  get video() {
    return (this.#take && this.#videos.get(this.#take.id)) ?? null;
  }

  /**
   * Shows what there is at a moment. A take that comes into play begins at its place.
   * @param {number} at_ms
   */
  show(at_ms) {
    const take = takeAt(this.voice.takes, at_ms);
    if (take !== this.#take) {
      this.video?.pause();
      this.#take = take;
      if (take) {
        this.#open(take);
        this.place(at_ms);
      }
    }
    const coming = nextTake(this.voice.takes, at_ms);
    const ahead_ms = coming ? coming.starts_ms - at_ms : Infinity;
    if (coming && ahead_ms < AHEAD_MS) this.#open(coming);
    const shown = take ?? (ahead_ms < SOON_MS ? coming : null);
    for (const [id, video] of this.#videos) video.hidden = id !== shown?.id;
    this.#say(at_ms, shown);
  }

  /**
   * Sets the picture exactly to a moment.
   * @param {number} at_ms
   */
  place(at_ms) {
    const video = this.video;
    if (!video || !this.#take) return;
    const at_s = Math.max(0, at_ms - this.#take.starts_ms) / 1000;
    // On its way there already: asked once more, the browser would decode all of it once more.
    if (Math.abs(video.currentTime - at_s) > SAME_S) video.currentTime = at_s;
    if (this.poster) this.poster.hidden = true;
  }

  /** Where it is on the encounter's timeline; null when nothing runs. */
  get position_ms() {
    const video = this.video;
    return video && this.#take && this.#runs(video) ? this.#take.starts_ms + video.currentTime * 1000 : null;
  }

  /** Whether it could play on at once. What cannot be played keeps nobody waiting. */
  get ready() {
    const video = this.video;
    if (!video || !this.#take || this.#broken.has(this.#take.id) || video.ended) return true;
    return !video.seeking && (video.readyState >= ENOUGH || this.#atEnd(video));
  }

  /** @param {number} speed */
  async play(speed) {
    const video = this.video;
    if (!video || !this.#take || this.#broken.has(this.#take.id) || video.ended || !video.paused) return;
    video.playbackRate = speed;
    await video.play();
  }

  pause() {
    this.video?.pause();
  }

  /**
   * Keeps in step with the clock.
   * @param {number} at_ms
   * @param {number} speed
   */
  follow(at_ms, speed) {
    const video = this.video;
    const position = this.position_ms;
    if (!video || position === null) return;
    const { seek, factor } = correction(position - at_ms, this.#correcting);
    if (seek) this.place(at_ms);
    this.#correcting = factor !== 1;
    if (Math.abs(video.playbackRate - speed * factor) > 0.001) video.playbackRate = speed * factor;
  }

  /** @param {number} volume 0..1 */
  set volume(volume) {
    this.#volume = volume;
    for (const video of this.#videos.values()) video.volume = volume;
  }

  /** @param {HTMLVideoElement} video */
  #runs(video) {
    return !video.paused && !video.ended && !video.seeking && video.readyState >= ENOUGH;
  }

  /** @param {HTMLVideoElement} video */
  #atEnd(video) {
    return video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.currentTime >= video.duration - 0.1;
  }

  /** @param {Take} take */
  #open(take) {
    const known = this.#videos.get(take.id);
    if (known) return known;
    const src = `${take.url}?role=${encodeURIComponent(this.#role)}`;
    const video = el("video", { src, preload: "auto", playsinline: true, disablepictureinpicture: true, hidden: true, tabindex: "-1" });
    video.volume = this.#volume;
    video.preservesPitch = true;
    video.addEventListener("error", () => this.#broken.add(take.id));
    this.#videos.set(take.id, video);
    this.element.prepend(video);
    return video;
  }

  /**
   * @param {number} at_ms
   * @param {Take | null} shown
   */
  #say(at_ms, shown) {
    const broken = this.#take !== null && this.#broken.has(this.#take.id);
    const gap = this.#take || !shown ? gapAt(this.voice, at_ms) : null;
    const deleted = shown ? undefined : this.voice.takes.find((one) => one.state === "deleted" && one.starts_ms <= at_ms && at_ms <= endOf(one));
    if (deleted && this.poster) this.poster.hidden = true;
    const words = deleted?.reason ? deleted.reason : broken ? t("This part cannot be played here. Load the page again; the recording itself is kept.") : gap ? gapWords(gap) : shown ? "" : t("Nothing recorded here");
    this.message.hidden = words === "";
    setText(this.message, words);
    this.element.classList.toggle("veiled", words !== "" && (broken || !shown));
  }
}

/**
 * A gap in words, such as "Not connected 0:12–0:20".
 * @param {Gap} gap
 */
export function gapWords(gap) {
  const span = `${duration(gap.from_ms / 1000)}–${duration(gap.to_ms / 1000)}`;
  switch (gap.kind) {
    case "pause":
      return gap.track === "video" ? t("Camera off {span}", { span }) : gap.track === "audio" ? t("Microphone off {span}", { span }) : t("Nothing sent {span}", { span });
    case "loss":
      return t("Poor line {span}", { span });
    case "disk":
    case "damage":
      return t("Not recorded {span}", { span });
    default:
      return t("Not connected {span}", { span });
  }
}
