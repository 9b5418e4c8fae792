/** /stations: the list shrinks to what fits while one types. */

import { byId, setText } from "../dom.js";
import { t } from "../i18n.js";

const words = byId("filter-text", HTMLInputElement);
const domain = byId("filter-domain", HTMLSelectElement);
const specialty = byId("filter-specialty", HTMLSelectElement);
const entries = [...byId("bank").children].filter((one) => one instanceof HTMLElement);

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    const { text = "", domains = "", specialty: its = "" } = entry.dataset;
    const fits = wanted.every((word) => text.includes(word));
    entry.hidden = !fits || (domain.value !== "" && !domains.split(" ").includes(domain.value)) || (specialty.value !== "" && its !== specialty.value);
  }
  const left = entries.filter((entry) => !entry.hidden).length;
  setText(byId("filter-count"), left === 1 ? t("1 station") : t("{n} stations", { n: left }));
  byId("bank-empty").hidden = left > 0;
}

byId("filters").addEventListener("input", filter);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
filter();
