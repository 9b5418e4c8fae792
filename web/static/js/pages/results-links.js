/** /results/<exam>/examiners: gives the proposed recordings to examiners of another circuit, as second marks. */

import { messageOf, post } from "../api.js";
import { byId, pageData, setText, whileBusy } from "../dom.js";
import { t } from "../i18n.js";

const { exam } = /** @type {{exam: string}} */ (pageData());
const links = /** @type {{seat: string, encounters: string[]}[]} */ (JSON.parse(byId("links-data").textContent ?? "[]"));

byId("link").addEventListener("click", () => void whileBusy(byId("link"), give));

async function give() {
  let given = 0;
  let left = 0;
  try {
    for (const { seat, encounters } of links) {
      const done = /** @type {{moved: string[], left: unknown[]}} */ (
        await post(`/api/exams/${exam}/marking/assignments`, { encounters, seat, kind: "second", reason: t("To link the circuits") })
      );
      given += done.moved.length;
      left += done.left.length;
    }
    setText(byId("link-said"), t("{given} given, {left} stay with those who have them already.", { given, left }));
  } catch (thrown) {
    setText(byId("link-said"), messageOf(thrown));
  }
}
