/** On every page with a button to sign out: what is kept for working without a network goes with the session. */

import { forgetCopies } from "./desk/copy.js";

for (const form of document.querySelectorAll('form[action^="/sign-out"]')) form.addEventListener("submit", forgetCopies);
