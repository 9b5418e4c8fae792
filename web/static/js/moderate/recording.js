/** The recording beside the two marks: its pictures, a short transport, and its lanes. */

/** @import { Recording } from "../desk/types.js" */

import { toast } from "../announce.js";
import { get, messageOf } from "../api.js";
import { duration } from "../clock.js";
import { Lanes } from "../desk/lanes.js";
import { Player } from "../desk/player.js";
import { Screen } from "../desk/screen.js";
import { silences, voicesOf } from "../desk/timeline.js";
import { byId, setText } from "../dom.js";
import { t } from "../i18n.js";

const STEP_MS = 5000;
/** A moment is heard from a little before it. */
const BEFORE_MS = 500;

export class Recorded {
  /** @type {Player | null} */ #player = null;

  /**
   * @param {string} encounter
   * @param {string} role the reader's
   */
  async open(encounter, role) {
    const message = byId("watch-message");
    try {
      const found = /** @type {Recording} */ (await get(`/api/encounters/${encounter}/recording`));
      if (found.state !== "sealed" || !found.takes.some((take) => take.url !== null)) {
        setText(message, found.takes.find((take) => take.state === "deleted")?.reason ?? t("There is no recording of this encounter that plays."));
        return;
      }
      this.#show(found, role);
      message.hidden = true;
    } catch (thrown) {
      setText(message, messageOf(thrown));
    }
  }

  /** @param {number} at_ms */
  seek(at_ms) {
    this.#player?.seek(Math.max(0, at_ms - BEFORE_MS));
  }

  /** @param {number} at_ms */
  hear(at_ms) {
    this.seek(at_ms);
    this.#player?.play();
  }

  toggle() {
    this.#player?.toggle();
  }

  back() {
    this.#player?.step(-STEP_MS);
  }

  forward() {
    this.#player?.step(STEP_MS);
  }

  /**
   * @param {Recording} found
   * @param {string} role
   */
  #show(found, role) {
    const length_ms = found.duration_ms ?? 0;
    const voices = voicesOf(found);
    const screens = voices.map((voice, index) => new Screen(voice, role, index === 0 ? found.poster : undefined));
    const player = new Player(screens, length_ms, silences(voices, length_ms), () => toast(t("The browser refused to play. Press play once more."), "fair"));
    for (const [place, screen] of screens.entries()) screen.element.toggleAttribute("data-large", place === 0);
    byId("pictures").replaceChildren(...screens.map((screen) => screen.element));
    byId("pictures").addEventListener("click", () => player.toggle());
    const lanes = new Lanes(byId("lanes"), voices, length_ms, (at_ms) => player.seek(at_ms));
    setText(byId("play-length"), duration(length_ms / 1000));
    byId("play").addEventListener("click", () => player.toggle());
    byId("play-back").addEventListener("click", () => this.back());
    byId("play-forward").addEventListener("click", () => this.forward());
    player.listen((now) => {
      lanes.show(now.at_ms);
      setText(byId("play-at"), duration(now.at_ms / 1000));
      setText(byId("play-word"), now.playing ? t("Pause") : t("Play"));
      byId("play").toggleAttribute("data-playing", now.playing);
      if (now.playing && now.waiting) byId("play").setAttribute("aria-busy", "true");
      else byId("play").removeAttribute("aria-busy");
    });
    byId("watch").hidden = false;
    this.#player = player;
    player.seek(0);
  }
}
