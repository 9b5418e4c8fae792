/** Tabs by the pattern of the ARIA Authoring Practices: arrows move, the chosen one is shown at once. */

/**
 * @param {Element} list the element with role=tablist
 * @param {(id: string) => void} [onselect]
 * @returns {(id: string) => void} selects the tab with this id
 */
export function tabs(list, onselect = () => {}) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="tab"]')]);
  const select = (/** @type {string} */ id) => {
    for (const tab of all) {
      const chosen = tab.id === id;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !chosen;
    }
    onselect(id);
  };
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => select(tab.id));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const to = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : step && all[(index + step + all.length) % all.length];
      if (!to) return;
      event.preventDefault();
      to.focus();
      select(to.id);
    });
  }
  return select;
}
