/** The rules of marking on the organiser's page: shown, changed by version, and the second markings that they ask for. */

import { toast } from "../announce.js";
import { Fault, get, messageOf, post } from "../api.js";
import { byId, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @typedef {object} Rules as in web/PROTOCOL.md
 * @property {"always" | "after" | "never"} evidence
 * @property {boolean} large_model
 * @property {boolean} hide_total
 * @property {number} double_share
 * @property {number | null} double_near_cut
 * @property {number} provisional_cut
 * @property {number | null} discrepancy_points
 * @property {number | null} discrepancy_grades
 * @property {boolean} discrepancy_critical
 * @property {number} calibration_encounters
 * @property {number} calibration_agreement
 * @property {boolean} reels
 */

/** Shown in per cent, kept as shares. @type {(keyof Rules)[]} */
const SHARES = ["double_share", "calibration_agreement"];

/**
 * @param {string} base of the exam's marking routes
 * @param {() => void} onchange the rules or who marks what changed
 */
export async function openRules(base, onchange) {
  const form = byId("rules", HTMLFormElement);
  const fields = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...form.querySelectorAll("[name]")]);
  let version = 0;

  /** @param {{rules: Rules, version: number}} kept */
  const show = (kept) => {
    version = kept.version;
    form.inert = false;
    for (const field of fields) {
      const name = /** @type {keyof Rules} */ (field.name);
      const value = kept.rules[name];
      if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = Boolean(value);
      else field.value = value === null ? "" : String(SHARES.includes(name) ? Math.round(Number(value) * 1000) / 10 : value);
    }
    byId("rules-save", HTMLButtonElement).disabled = false;
    byId("double", HTMLButtonElement).disabled = kept.rules.double_share === 0 && kept.rules.double_near_cut === null;
  };

  const read = () => Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void whileBusy(byId("rules-save"), async () => {
      try {
        const rules = read();
        const kept = /** @type {{rules: Rules, version: number}} */ (await post(`${base}/rules`, { rules, version }));
        // What was chosen meanwhile stays as it is, unsaved.
        const same = JSON.stringify(read()) === JSON.stringify(rules);
        if (same) show(kept);
        version = kept.version;
        setText(byId("rules-said"), same ? t("Saved.") : t("Saved, but not what you have changed since."));
        onchange();
      } catch (thrown) {
        // Somebody else's rules are shown, so that nothing of theirs is overwritten unseen.
        if (thrown instanceof Fault && thrown.code === "rules-changed") show(/** @type {{rules: Rules, version: number}} */ (thrown.details));
        setText(byId("rules-said"), messageOf(thrown));
      }
    });
  });
  byId("double").addEventListener("click", () =>
    void whileBusy(byId("double"), async () => {
      try {
        const { made, without } = /** @type {{made: string[], without: string[]}} */ (await post(`${base}/double`, {}));
        const lacking = without.length ? t(" For {n} there is no other examiner.", { n: without.length }) : "";
        toast((made.length === 1 ? t("1 encounter got a second marker.") : t("{n} encounters got a second marker.", { n: made.length })) + lacking, without.length ? "fair" : "good");
        onchange();
      } catch (thrown) {
        toast(messageOf(thrown), "bad");
      }
    }),
  );
  try {
    show(await get(`${base}/rules`));
  } catch (thrown) {
    setText(byId("rules-said"), messageOf(thrown));
  }
}

/** @param {HTMLInputElement | HTMLSelectElement} field */
function valueOf(field) {
  if (field instanceof HTMLSelectElement) return field.value;
  if (field.type === "checkbox") return field.checked;
  if (field.value.trim() === "") return null;
  const number = Number(field.value);
  return SHARES.includes(/** @type {keyof Rules} */ (field.name)) ? number / 100 : number;
}
