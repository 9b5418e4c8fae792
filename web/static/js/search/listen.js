/** One moment, played where it stands: both pictures, both voices, from a little before it to a little after. */

/** @import { Recording } from "../desk/types.js" */
/** @import { Playing } from "../desk/player.js" */

import { get, messageOf } from "../api.js";
import { duration } from "../clock.js";
import { el, icon, setText } from "../dom.js";
import { Player } from "../desk/player.js";
import { Screen } from "../desk/screen.js";
import { voicesOf } from "../desk/timeline.js";
import { t } from "../i18n.js";
import { pageRole } from "../role.js";

export const BEFORE_MS = 2000;
export const AFTER_MS = 3000;

/** @type {Listening | null} */
let open = null;

/** Stops what is being heard: its place on the page goes. */
export const stopListening = () => open?.close();

export class Listening {
  /** @type {Player | null} */ #player = null;
  #closed = false;

  /**
   * Opens, plays, and closes whichever was open before.
   * @param {string} recording where it is asked for
   * @param {number} from_ms
   * @param {number} to_ms
   * @param {string | null} desk where all of it can be heard
   * @param {(back: boolean) => void} onclose
   */
  constructor(recording, from_ms, to_ms, desk, onclose) {
    open?.close();
    open = this;
    this.from_ms = Math.max(0, from_ms - BEFORE_MS);
    this.to_ms = to_ms + AFTER_MS;
    this.onclose = onclose;
    this.pictures = el("div", { class: "moment-pictures" });
    this.said = el("p", { class: "soft small", role: "status" }, t("Opening …"));
    this.toggle = el("button", { class: "button", type: "button", hidden: true, onclick: () => this.#toggle() });
    this.element = el(
      "div",
      { class: "moment-player", role: "group", "aria-label": t("The moment") },
      this.pictures,
      el("div", { class: "row" }, this.toggle, el("button", { class: "button quiet", type: "button", onclick: () => this.close(true) }, t("Close")), desk === null ? null : el("a", { class: "button quiet", href: desk }, t("Open the desk")), this.said),
    );
    void this.#open(recording);
  }

  /** @param {boolean} [back] whether the keyboard was in it */
  close(back = false) {
    this.#closed = true;
    this.#player?.pause();
    this.element.remove();
    if (open === this) open = null;
    this.onclose(back);
  }

  /** @param {string} path */
  async #open(path) {
    try {
      const recording = /** @type {Recording} */ (await get(path));
      if (this.#closed) return;
      if (recording.state !== "sealed" || !recording.takes.some((take) => take.url !== null)) return setText(this.said, t("There is no recording of it any more."));
      const screens = voicesOf(recording).map((voice) => new Screen(voice, pageRole()));
      this.pictures.replaceChildren(...screens.map((screen) => screen.element));
      this.element.scrollIntoView({ block: "nearest" });
      const player = new Player(screens, recording.duration_ms ?? 0, [], (thrown) => setText(this.said, messageOf(thrown)));
      this.#player = player;
      player.listen((now) => this.#show(now));
      player.seek(this.from_ms);
      this.toggle.hidden = false;
      player.play();
    } catch (thrown) {
      setText(this.said, messageOf(thrown));
    }
  }

  #toggle() {
    const player = this.#player;
    if (player && !player.playing && player.at_ms >= this.to_ms) player.seek(this.from_ms);
    player?.toggle();
  }

  /** @param {Playing} now */
  #show(now) {
    if (now.playing && now.at_ms >= this.to_ms) return this.#player?.pause();
    if (this.toggle.dataset.playing !== String(now.playing)) {
      this.toggle.dataset.playing = String(now.playing);
      this.toggle.replaceChildren(icon(now.playing ? "pause" : "play"), now.playing ? t("Pause") : t("Play"));
    }
    setText(this.said, duration(now.at_ms / 1000));
  }
}
