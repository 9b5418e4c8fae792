/** The candidate's notes to themselves: on this device only, one encounter at a time. */

const PREFIX = "teleosce.scratch.";

export class ScratchNotes {
  #area;
  /** @type {string | null} */ #key = null;

  /** @param {HTMLTextAreaElement} area */
  constructor(area) {
    this.#area = area;
    area.addEventListener("input", () => this.#keep());
  }

  /**
   * Shows the notes of this encounter, and forgets those of every other.
   * @param {string} encounter
   */
  open(encounter) {
    const key = PREFIX + encounter;
    if (this.#key === key) return;
    this.#key = key;
    this.#area.value = read(key);
  }

  #keep() {
    if (this.#key === null) return;
    try {
      localStorage.setItem(this.#key, this.#area.value);
    } catch {
      // Private windows may keep nothing: the notes then last as long as the page.
    }
  }
}

/**
 * @param {string} key
 * @returns {string}
 */
function read(key) {
  try {
    const others = Object.keys(localStorage).filter((each) => each.startsWith(PREFIX) && each !== key);
    for (const other of others) localStorage.removeItem(other);
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
