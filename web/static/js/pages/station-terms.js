/** /stations/<hash>: copies a proposed term as a line of station.yaml. */

import { toast } from "../announce.js";
import { t } from "../i18n.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const line = /** @type {HTMLElement} */ (button).dataset.copy ?? "";
    try {
      await navigator.clipboard.writeText(`${line}\n`);
      toast(t("Copied. Add it under “vocabulary” in station.yaml."));
    } catch {
      toast(t("The browser does not let this page copy: mark the line and copy it yourself."), "fair");
    }
  });
}
