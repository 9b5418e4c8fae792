/** Saying things: to screen readers, and in the corner of the page. */

import { byId, el, icon } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Tells a screen reader. Assertive interrupts what is being read: for bells and lost connections only.
 * @param {string} text
 * @param {"polite" | "assertive"} [urgency]
 */
export function announce(text, urgency = "polite") {
  // A fresh element is read even when the words are the same as before.
  byId(`announce-${urgency}`).replaceChildren(el("p", {}, text));
}

/**
 * Shows a toast and announces it. Good news and plain hints (idle) leave by themselves after 6 s; anything else stays until it is dismissed.
 * @param {string} text
 * @param {import("./types.js").Tone} [tone]
 */
export function toast(text, tone = "good") {
  const made = el("div", { class: "notice toast", "data-tone": tone }, el("span", {}, text));
  // Said again, it is there once: a key a second on a broken line would fill the page.
  [...byId("toasts").children].find((one) => one.firstChild?.textContent === text)?.remove();
  const dismiss = el("button", { class: "button quiet", type: "button", "aria-label": t("Dismiss") }, icon("cross"));
  dismiss.addEventListener("click", () => made.remove());
  made.append(dismiss);
  byId("toasts").append(made);
  announce(text, tone === "bad" ? "assertive" : "polite");
  if (tone === "good" || tone === "idle") setTimeout(() => made.remove(), 6000);
}
