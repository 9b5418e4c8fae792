/** Files that the server makes when they are asked for: whoever presses again begins anew, so the page says what goes on. */

import { toast } from "../announce.js";
import { t } from "../i18n.js";

/** Links with `data-made` say that their file is being made. */
export function tellMaking() {
  for (const link of document.querySelectorAll("a[data-made]")) {
    link.addEventListener("click", () => toast(t("The file is being made. Your browser saves it when it is ready: in a large exam that takes half a minute."), "idle"));
  }
}
