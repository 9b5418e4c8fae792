/** /results/<exam>/decisions/<run>/<candidate>: the result down to the key presses. */

import { byId, pageData } from "../dom.js";
import { tellMaking } from "../results/making.js";
import { unfoldInto } from "../results/unfold.js";

const { role } = /** @type {{role: string}} */ (pageData());
tellMaking();
const place = byId("presses", HTMLElement);
await unfoldInto(place, place.dataset.path ?? "", role);
place.removeAttribute("aria-busy");
