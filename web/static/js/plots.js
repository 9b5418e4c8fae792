/**
 * Plots that say under the pointer what each mark is. The picture that the server drew stays until the pointer comes;
 * only then is the script fetched, and the plot is drawn once more, in the same place. The table says the same by keyboard.
 */

import { get } from "./api.js";
import { el, find } from "./dom.js";
import { pageRole } from "./role.js";

/**
 * @typedef {{finalize(): void}} Embedded
 * @typedef {(host: HTMLElement, spec: unknown, options: object) => Promise<Embedded>} Embed
 */

const DARK = matchMedia("(prefers-color-scheme: dark)");
const NARROW = matchMedia("(max-width: 44rem)");

/** No evaluation of texts (`ast`), no styles of its own: our security policy allows neither. */
const OPTIONS = {
  ast: true,
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};

/** @type {Promise<Embed> | null} */
let loading = null;

for (const frame of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-plot]"))) {
  sayWait(frame);
  frame.addEventListener("pointerenter", () => void wake(frame), { once: true });
}

/** The server draws a picture when somebody looks: until it is there the frame says so. @param {HTMLElement} frame */
function sayWait(frame) {
  const image = find(frame, "img", HTMLImageElement);
  const wait = find(frame, ".plot-wait");
  wait.hidden = image.complete;
  for (const end of ["load", "error"]) image.addEventListener(end, () => (wait.hidden = true));
}

/** @returns {Promise<Embed>} */
function vega() {
  loading ??= new Promise((resolve, reject) => {
    const script = el("script", { src: `/api/vega.js?role=${pageRole()}` });
    script.addEventListener("load", () => resolve(/** @type {{vegaEmbed: Embed}} */ (/** @type {unknown} */ (window)).vegaEmbed));
    script.addEventListener("error", () => {
      loading = null;
      reject(new Error("the script of plots did not come"));
    });
    document.head.append(script);
  });
  return loading;
}

/**
 * Draws the plot in place of its picture. When anything fails, the picture stays: it says all but the values.
 * @param {HTMLElement} frame
 */
async function wake(frame) {
  try {
    const surface = `scheme=${DARK.matches ? "dark" : "light"}&width=${NARROW.matches ? "narrow" : "wide"}`;
    const [embed, spec] = await Promise.all([vega(), get(`${frame.dataset.plot}?${surface}`)]);
    const picture = find(frame, "picture");
    const host = el("div", { role: "img", "aria-label": frame.dataset.alt, hidden: true });
    frame.append(host);
    const view = await embed(host, spec, OPTIONS);
    // A picture may be a few pixels higher, as its letters were measured elsewhere: nothing below it moves.
    frame.style.minHeight = `${frame.offsetHeight}px`;
    host.hidden = false;
    picture.hidden = true;
    const back = () => {
      view.finalize();
      host.remove();
      picture.hidden = false;
      frame.style.minHeight = "";
      for (const one of [DARK, NARROW]) one.removeEventListener("change", back);
      frame.addEventListener("pointerenter", () => void wake(frame), { once: true });
    };
    for (const one of [DARK, NARROW]) one.addEventListener("change", back);
  } catch (thrown) {
    console.warn("A plot stays a picture:", thrown);
  }
}
