/** /results/<exam>/decisions: sorting, filtering and unfolding the candidates of a run. */

import { byId, pageData } from "../dom.js";
import { List } from "../results/list.js";
import { tellMaking } from "../results/making.js";
import { unfolding } from "../results/unfold.js";

const { exam, run, role } = /** @type {{exam: string, run: string, role: string}} */ (pageData());
const list = new List(byId("list", HTMLTableElement), byId("list-find", HTMLInputElement), byId("list-result", HTMLSelectElement), byId("list-count"));
unfolding(list.rows, `/api/exams/${exam}/results/runs/${run}/candidates`, role);
tellMaking();
