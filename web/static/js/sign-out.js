/** What is kept for working without a network goes with the session: where somebody signs in or out, and on a page that is nobody's; and in time. */

import { forgetCopies, sweepCopies } from "./desk/copy.js";
import { pageRole } from "./role.js";

void (pageRole() ? sweepCopies() : forgetCopies()).catch(() => undefined);
for (const form of document.querySelectorAll('form[action^="/sign-"]')) form.addEventListener("submit", () => void forgetCopies());
