/**
 * Looking in on an encounter: who is there, its clock, and their pictures and voices. Nothing is sent but the wish to hear,
 * unless it is an examiner who speaks: `own` is then what they send.
 */

/** @import { EncounterNow, Person, ServerEvents } from "./types.js" */
/** @import { Heard, PeerState } from "./peer.js" */
/** @import { OwnMedia } from "./own-media.js" */
/** @import { SocketState } from "./socket.js" */

import { el, setText } from "./dom.js";
import { t } from "./i18n.js";
import { Peer } from "./peer.js";
import { Socket } from "./socket.js";

const IN_ROOM = ["reading", "encounter"];

export class Listener {
  /** @type {OwnMedia | null} */ own = null;
  /** @type {Peer | null} */ #peer = null;
  /** @type {Map<string, {figure: HTMLElement, video: HTMLVideoElement}>} */ #tiles = new Map();
  #tap = el("button", { class: "button primary", type: "button", hidden: true }, t("Tap to hear them"));

  /**
   * @param {string} encounter
   * @param {HTMLElement} pictures where those who are heard are shown
   * @param {object} heard
   * @param {(now: ServerEvents["encounter"]) => void} heard.onencounter
   * @param {(state: PeerState | null) => void} [heard.onpeer]
   * @param {(state: SocketState) => void} [heard.onsocket]
   */
  constructor(encounter, pictures, { onencounter, onpeer = () => {}, onsocket = () => {} }) {
    this.pictures = pictures;
    this.onpeer = onpeer;
    this.socket = new Socket({
      path: `/ws?encounter=${encodeURIComponent(encounter)}`,
      onstate: (state) => {
        if (state === "replaced" || state === "ended") this.close();
        onsocket(state);
      },
    });
    this.socket.on("bound", ({ slots }) => this.#peer?.bind(slots));
    this.socket.on("welcome", () => this.#peer?.back(this.socket.anew));
    this.socket.on("encounter", (now) => {
      this.#follow(now.encounter);
      onencounter(now);
    });
    this.#tap.addEventListener("click", () => {
      this.#tap.hidden = true;
      for (const { video } of this.#tiles.values()) {
        video.muted = false;
        void video.play();
      }
    });
    pictures.after(this.#tap);
  }

  start() {
    // Those in the room should not be told for half a minute of somebody who has closed the page.
    addEventListener("pagehide", ({ persisted }) => persisted || this.close());
    this.socket.start();
  }

  /** The media connection, while there is one. */
  get peer() {
    return this.#peer;
  }

  /** Lets go of the room. */
  close() {
    this.#peer?.close();
    this.#peer = null;
    this.#show([]);
    this.onpeer(null);
  }

  /** @param {EncounterNow} encounter */
  #follow({ phase, rest }) {
    const wanted = IN_ROOM.includes(phase) && !rest;
    if (wanted === (this.#peer !== null)) return;
    if (!wanted) return this.close();
    this.#peer = new Peer({
      ticket: () => this.socket.ticket(this.own ? "encounter" : "observe"),
      stream: this.own?.sent ?? null,
      listens: this.own === null,
      onstate: (state) => this.onpeer(state),
      onbound: (people) => this.#show(people),
    });
    this.#peer.start();
  }

  /** @param {Heard[]} people */
  #show(people) {
    for (const [id, { figure }] of this.#tiles) {
      if (people.some((one) => one.participant === id)) continue;
      figure.remove();
      this.#tiles.delete(id);
    }
    for (const one of people) {
      const tile = this.#tiles.get(one.participant) ?? this.#tile(one);
      if (tile.video.srcObject === one.stream) continue;
      tile.video.srcObject = one.stream;
      void this.#play(tile.video);
    }
  }

  /** @param {Heard} person */
  #tile(person) {
    const video = el("video", { playsinline: true, autoplay: true });
    const figure = el("figure", { class: "picture" }, video, el("figcaption", { class: "picture-name" }, person.name));
    const tile = { figure, video };
    this.#tiles.set(person.participant, tile);
    // The candidate comes first.
    if (person.role === "candidate") this.pictures.prepend(figure);
    else this.pictures.append(figure);
    return tile;
  }

  /** @param {HTMLVideoElement} video */
  async #play(video) {
    try {
      await video.play();
    } catch (thrown) {
      if (/** @type {DOMException} */ (thrown).name !== "NotAllowedError") return;
      // The browser wants a touch before it lets a page sound: show the picture meanwhile.
      video.muted = true;
      this.#tap.hidden = false;
      await video.play().catch(() => undefined);
    }
  }
}

/**
 * Who is in the room and who looks in, in words.
 * @param {HTMLElement} place
 * @param {Person[]} people
 * @param {string[]} observers
 */
export function tellWho(place, people, observers) {
  const here = people.map(({ name, present }) => (present ? t("{name} is here", { name }) : t("{name} is not here", { name })));
  setText(place, [...here, observers.length ? t("observed by {names}", { names: observers.join(", ") }) : ""].filter(Boolean).join(" · "));
}
