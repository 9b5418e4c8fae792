/** Where there is no room for both, either the words or the sheet are shown; what gets the keyboard comes into view by itself. */

import { byId } from "../dom.js";

/** @typedef {"sheet" | "words"} View */

/** @type {View[]} */
const VIEWS = ["sheet", "words"];

export class Views {
  constructor() {
    for (const view of VIEWS) byId(`view-${view}`).addEventListener("click", () => this.show(view));
    this.show("sheet");
  }

  /** @param {View} view */
  show(view) {
    byId("desk").dataset.view = view;
    for (const name of VIEWS) byId(`view-${name}`).setAttribute("aria-pressed", String(name === view));
  }
}
