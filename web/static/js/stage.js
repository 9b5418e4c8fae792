/** The stage: the others of the room, large; and what stands there while they cannot be seen or heard. */

/** @import { Heard } from "./peer.js" */

import { announce } from "./announce.js";
import { byId, el, find, setText } from "./dom.js";
import { duration } from "./clock.js";
import { useSpeaker } from "./media-devices.js";

const REMARK_MS = 10_000;
/** @type {readonly string[]} */
const ON_STAGE = ["candidate", "sp", "examiner"];
/** A picture that stands still this long is said to be missing. */
const STILL_MS = 3000;

/** @typedef {{figure: HTMLElement, video: HTMLVideoElement, moved_at: number}} Tile */

export class Stage {
  #root = byId("stage");
  #people = byId("stage-people");
  #message = byId("stage-message");
  #overlay = byId("stage-overlay");
  #tap = byId("stage-tap");
  #remark = byId("stage-remark");
  /** @type {Map<string, Tile>} */ #tiles = new Map();
  /** @type {number | null} */ #away_since = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #remarking;

  /**
   * @param {object} words
   * @param {string} words.hear what the button says while the browser keeps the sound back
   * @param {(name: string) => string} words.unseen what is said of somebody whose picture does not come
   */
  constructor(words) {
    this.words = words;
    setText(find(this.#tap, "span"), words.hear);
    // Whatever they touch first is touch enough for the browser.
    for (const touch of ["click", "keydown"]) addEventListener(touch, () => this.#tap.hidden || this.#unmute());
    setInterval(() => this.#tick(), 500);
  }

  /** How many can be seen or heard. */
  get size() {
    return this.#tiles.size;
  }

  /** Whether the browser lets everybody be heard. */
  get sounds() {
    return [...this.#tiles.values()].every(({ video }) => !video.paused && !video.muted);
  }

  /**
   * Everyone who is bound to a slot.
   * @param {Heard[]} people
   */
  show(people) {
    const parts = people.filter((one) => ON_STAGE.includes(one.role));
    for (const [id, tile] of this.#tiles) {
      if (parts.some((one) => one.participant === id)) continue;
      tile.figure.remove();
      this.#tiles.delete(id);
    }
    for (const one of parts) {
      const tile = this.#tiles.get(one.participant) ?? this.#tile(one);
      if (tile.video.srcObject !== one.stream) {
        tile.video.srcObject = one.stream;
        void this.#play(tile.video);
      }
    }
    this.#root.dataset.people = String(this.#tiles.size);
  }

  /**
   * What is said while nobody is seen.
   * @param {string} text
   */
  message(text) {
    setText(this.#message, text);
    this.#message.hidden = this.#tiles.size > 0 || !this.#overlay.hidden;
  }

  /**
   * The calm veil over a broken line; null lifts it.
   * @param {{title: string, text: string, counted?: boolean} | null} veil
   */
  veil(veil) {
    if (!veil) {
      this.#away_since = null;
      this.#overlay.hidden = true;
      return;
    }
    setText(find(this.#overlay, ".veil-title"), veil.title);
    setText(find(this.#overlay, ".veil-text"), veil.text);
    if (veil.counted) this.#away_since ??= performance.now();
    else this.#away_since = null;
    if (this.#overlay.hidden) announce(`${veil.title}. ${veil.text}`, "assertive");
    this.#overlay.hidden = false;
    this.#tick();
  }

  /**
   * A short word over the picture, such as "2 minutes left".
   * @param {string} text
   */
  remark(text) {
    setText(this.#remark, text);
    this.#remark.hidden = false;
    clearTimeout(this.#remarking);
    this.#remarking = setTimeout(() => (this.#remark.hidden = true), REMARK_MS);
  }

  /** @param {Heard} person */
  #tile(person) {
    const video = el("video", { playsinline: true, autoplay: true });
    const message = el("p", { class: "tile-message", hidden: true }, this.words.unseen(person.name));
    const figure = el("figure", { class: "tile" }, video, message, el("figcaption", { class: "picture-name" }, person.name));
    const tile = { figure, video, moved_at: performance.now() };
    // Firefox counts no pictures of a stream in getVideoPlaybackQuality.
    const painted = () => {
      tile.moved_at = performance.now();
      video.requestVideoFrameCallback(painted);
    };
    video.requestVideoFrameCallback(painted);
    this.#tiles.set(person.participant, tile);
    this.#people.append(figure);
    this.#message.hidden = true;
    void useSpeaker(video);
    return tile;
  }

  /** @param {HTMLVideoElement} video */
  async #play(video) {
    try {
      await video.play();
      if (!video.muted) this.#tap.hidden = true;
    } catch (thrown) {
      if (/** @type {DOMException} */ (thrown).name !== "NotAllowedError") return;
      // The browser wants a touch before it lets a page sound: show the picture meanwhile.
      video.muted = true;
      this.#tap.hidden = false;
      announce(this.words.hear, "assertive");
      await video.play().catch(() => undefined);
    }
  }

  #unmute() {
    this.#tap.hidden = true;
    for (const { video } of this.#tiles.values()) {
      video.muted = false;
      void this.#play(video);
    }
  }

  #tick() {
    const now = performance.now();
    if (this.#away_since !== null) setText(find(this.#overlay, ".veil-clock"), duration((now - this.#away_since) / 1000));
    else setText(find(this.#overlay, ".veil-clock"), "");
    for (const tile of this.#tiles.values()) this.#lookAt(tile, now);
  }

  /**
   * @param {Tile} tile
   * @param {number} now
   */
  #lookAt(tile, now) {
    if (document.hidden) tile.moved_at = now;
    find(tile.figure, ".tile-message").hidden = now - tile.moved_at < STILL_MS;
  }
}
