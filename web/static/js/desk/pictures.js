/** Where the pictures are: one large with the other in its corner, side by side, or none and sound alone; and, if wanted, in a window of their own. */

/** @import { Layout } from "./types.js" */

import { announce, toast } from "../announce.js";
import { byId, el } from "../dom.js";
import { t } from "../i18n.js";

/** @type {Layout[]} */
export const LAYOUTS = ["large", "two", "sound"];

/** The first size of the window, in CSS pixels. */
const WIDTH = 560;
const HEIGHT = 420;

/** Not in every browser: https://wicg.github.io/document-picture-in-picture/ @typedef {{requestWindow: (size: {width: number, height: number}) => Promise<Window>}} WindowMaker */

export class Pictures {
  #root = byId("pictures");
  #home = byId("pictures-home");
  /** @type {Window | null} */ #window = null;
  #largest;
  #onwindow;

  /**
   * @param {() => HTMLVideoElement | null} largest the picture that goes where only one can
   * @param {(opened: Window) => void} onwindow the pictures are in another window, whose keys are to work as here
   */
  constructor(largest, onwindow) {
    this.#largest = largest;
    this.#onwindow = onwindow;
    byId("window-back").addEventListener("click", () => this.#window?.close());
    // A browser that has neither kind of window is not asked for one.
    byId("window").hidden = !("documentPictureInPicture" in window) && !document.pictureInPictureEnabled;
  }

  /** @param {Layout} layout */
  show(layout) {
    this.#root.dataset.layout = layout;
    byId("watch").dataset.layout = layout;
    for (const name of LAYOUTS) byId(`layout-${name}`).setAttribute("aria-pressed", String(name === layout));
  }

  /** Puts the pictures into a window of their own, or back. */
  async toggle() {
    if (this.#window) return this.#window.close();
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    const maker = /** @type {WindowMaker | undefined} */ (/** @type {any} */ (window).documentPictureInPicture);
    try {
      if (maker) this.#move(await maker.requestWindow({ width: WIDTH, height: HEIGHT }));
      else await this.#single();
    } catch {
      toast(t("The browser gave no window of its own for the pictures. Click the button once more, or use another layout."), "fair");
    }
  }

  /** Where there are only windows for one picture: the large one goes. */
  async #single() {
    const video = this.#largest();
    if (!video) return;
    video.removeAttribute("disablepictureinpicture");
    await video.requestPictureInPicture();
    announce(t("The picture is in a window of its own"));
  }

  /** @param {Window} opened */
  #move(opened) {
    this.#window = opened;
    const { documentElement, head, body } = opened.document;
    documentElement.lang = document.documentElement.lang;
    documentElement.className = "pictures-window";
    for (const sheet of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="stylesheet"]'))) head.append(el("link", { rel: "stylesheet", href: sheet.href }));
    opened.document.title = document.title;
    body.className = "desk-page";
    body.append(this.#root);
    this.#away(true);
    this.#onwindow(opened);
    announce(t("The pictures are in a window of their own"));
    opened.addEventListener("pagehide", () => {
      this.#home.prepend(this.#root);
      this.#window = null;
      this.#away(false);
      announce(t("The pictures are back"));
    });
  }

  /** @param {boolean} away */
  #away(away) {
    byId("pictures-away").hidden = !away;
    byId("window").setAttribute("aria-pressed", String(away));
  }
}
