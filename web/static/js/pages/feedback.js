/** /feedback: the moments that examiners pointed at, each played where it stands. Everything else on the page needs no script. */

import { pageData } from "../dom.js";
import { Listening } from "../search/listen.js";

const { whole } = /** @type {{whole: boolean}} */ (pageData());

/**
 * Candidates are given the moment and no more; an organiser, who may hear all, has the recording as it is.
 * @param {DOMStringMap} moment
 */
function pathOf({ encounter, from, to }) {
  return whole ? `/api/encounters/${encounter}/recording` : `/api/feedback/encounters/${encounter}/moments/${from}/${to}`;
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".moment-play"))) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return;
    button.setAttribute("aria-expanded", "true");
    const { from, to } = button.dataset;
    const player = new Listening(pathOf(button.dataset), Number(from), Number(to), null, (back) => {
      button.setAttribute("aria-expanded", "false");
      if (back) button.focus();
    }).element;
    button.closest("li")?.append(player);
    player.scrollIntoView({ block: "nearest" });
  });
}
