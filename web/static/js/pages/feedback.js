/** /feedback: the moments that examiners pointed at, each played where it stands. Everything else on the page needs no script. */

import { pageData } from "../dom.js";
import { Listening } from "../search/listen.js";

const { recordings } = /** @type {{recordings: string}} */ (pageData());

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".moment-play"))) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return;
    button.setAttribute("aria-expanded", "true");
    const { encounter, from, to } = button.dataset;
    const player = new Listening(`${recordings}${encounter}/recording`, Number(from), Number(to), null, (back) => {
      button.setAttribute("aria-expanded", "false");
      if (back) button.focus();
    }).element;
    button.closest("li")?.append(player);
    player.scrollIntoView({ block: "nearest" });
  });
}
