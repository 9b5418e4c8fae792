/** A stimulus in the page: picture, sound, film, text or a file to open. */

import { el } from "./dom.js";
import { open } from "./dialog.js";
import { t } from "./i18n.js";
import { pageRole } from "./role.js";

/** @typedef {{id: string, title: string, alt: string, media_type: string, shown: "start" | "on-request" | number, url: string}} Stimulus */

/**
 * @param {Stimulus} stimulus
 * @returns {HTMLElement}
 */
export function material(stimulus) {
  // An element's request carries no header of ours: the address says whose page it is.
  stimulus = { ...stimulus, url: `${stimulus.url}?role=${pageRole()}` };
  return el("figure", { class: "material", "data-id": stimulus.id }, el("figcaption", {}, stimulus.title), body(stimulus));
}

/** @param {Stimulus} stimulus */
function body(stimulus) {
  const { media_type, url, alt, title } = stimulus;
  if (media_type.startsWith("image/")) return picture(stimulus);
  if (media_type.startsWith("audio/")) return el("audio", { src: url, controls: true, preload: "metadata", "aria-label": alt || title });
  if (media_type.startsWith("video/")) return el("video", { src: url, controls: true, preload: "metadata", playsinline: true, "aria-label": alt || title });
  if (media_type.startsWith("text/")) return text(url);
  return el("a", { class: "button", href: url, target: "_blank", rel: "noopener" }, t("Open in a new tab"));
}

/** @param {Stimulus} stimulus */
function picture({ url, alt, title }) {
  const button = el("button", { class: "material-picture", type: "button", "aria-label": t("Enlarge: {title}", { title }) }, el("img", { src: url, alt }));
  button.addEventListener("click", () => {
    const close = el("button", { class: "button", value: "" }, t("Close"));
    open(title, [el("img", { class: "material-large", src: url, alt })], [close]).classList.add("large");
  });
  return button;
}

/** @param {string} url */
function text(url) {
  const shown = el("pre", { class: "material-text", tabindex: 0 }, t("Loading …"));
  const failed = () => (shown.textContent = t("It could not be loaded. Open this tab once more in a moment."));
  fetch(url).then(async (response) => (response.ok ? (shown.textContent = await response.text()) : failed()), failed);
  return shown;
}
