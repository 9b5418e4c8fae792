/** Making and finding elements. Text is always set as text: only HTML that the server has cleaned goes through `html`. */

const ICONS = new URL("../icons.svg", import.meta.url).pathname;

/**
 * The element with this id; the template promises that it is there.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind] for instance HTMLButtonElement
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`The page has no #${id}.`);
  return /** @type {T} */ (found);
}

/**
 * The first element inside `root` that matches, which must be there.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`The page has no ${selector}.`);
  return /** @type {T} */ (found);
}

/**
 * A new element: `el("button", {class: "button", type: "button", onclick: go}, "Begin")`.
 * Properties that start with "on" are listeners; false, null and undefined leave an attribute out; true sets it empty.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child || child === "") made.append(child);
  return made;
}

/**
 * What went wrong, in the page's #fault; null: nothing, as far as is known.
 * @param {string | null} text
 */
export function tellFault(text) {
  const place = byId("fault");
  place.hidden = text === null;
  setText(place, text ?? "");
  return place;
}

/**
 * An icon of /static/icons.svg, hidden from screen readers: put words beside it.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * A state: a word with a shape in its tone.
 * @param {import("./types.js").Tone} tone
 * @param {string} text
 * @returns {HTMLSpanElement}
 */
export function state(tone, text) {
  return el("span", { class: "state", "data-tone": tone }, text);
}

/**
 * Sets an element's text only when it differs, so that nothing is announced or repainted for nothing.
 * @param {Element} element
 * @param {string} value
 */
export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * Sets the tone and the words of a `.state` element.
 * @param {HTMLElement} element
 * @param {import("./types.js").Tone} tone
 * @param {string} text
 */
export function setState(element, tone, text) {
  if (element.dataset.tone !== tone) element.dataset.tone = tone;
  setText(element, text);
}

/**
 * What the template's page_data block holds.
 * @template [T=Record<string, unknown>]
 * @returns {T}
 */
export function pageData() {
  return JSON.parse(byId("page-data").textContent || "{}");
}

/**
 * Runs something that takes a while from a button: busy and deaf to a second press until it is over.
 * @template T
 * @param {HTMLElement} button
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined when it was busy already
 */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
