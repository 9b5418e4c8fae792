/** The consultation at a glance: a picture, and the same in a table whose moments can be heard. It describes, and marks nothing. */

/** @import { GlanceData, NoGlance } from "./types.js" */

import { get, messageOf } from "../api.js";
import { duration } from "../clock.js";
import { byId, el, icon } from "../dom.js";
import { language, t } from "../i18n.js";
import { band, longestSilence, picture } from "./glance-picture.js";

/** Where each reference range is drawn from and to. @type {Record<keyof GlanceData["reference"], [number, number]>} */
const SCALES = { talk_share: [0, 1], overlap_share: [0, 0.2], words_per_minute: [80, 280] };

export class GlanceView {
  #encounter;
  #onlisten;
  #root = byId("glance", HTMLDetailsElement);
  #body = byId("glance-body");

  /**
   * @param {string} encounter
   * @param {(at_ms: number) => void} onlisten
   */
  constructor(encounter, onlisten) {
    this.#encounter = encounter;
    this.#onlisten = onlisten;
    this.#root.addEventListener("toggle", () => this.#root.open && void this.#load());
  }

  /** Asked each time it is opened: corrections change what is asked and said. */
  async #load() {
    try {
      const found = /** @type {GlanceData | NoGlance} */ (await get(`/api/encounters/${this.#encounter}/glance`));
      if (found.state === "ready") this.#draw(found);
      else this.#body.replaceChildren(el("p", { class: "soft" }, found.message));
    } catch (thrown) {
      this.#body.replaceChildren(el("p", { class: "soft" }, messageOf(thrown)));
    }
  }

  /** @param {GlanceData} glance */
  #draw(glance) {
    this.#body.replaceChildren(
      el("p", { class: "small soft" }, t("Who spoke when, heard by the machine. It describes; it is never part of a mark.")),
      picture(glance),
      el("p", { class: "small soft" }, t("Bands: from the least to the most of 57 mock consultations. They are no target.")),
      el("table", { class: "glance-table" }, el("caption", { class: "unseen" }, t("The consultation in numbers")), el("tbody", {}, ...this.#measures(glance), ...this.#moments(glance), ...this.#rest(glance))),
      ...[this.#questions(glance), this.#hard(glance)].flatMap((list) => list ?? []),
      how(),
    );
  }

  /** What is compared with other consultations. @param {GlanceData} glance */
  #measures({ talk_share, overlap_share, words_per_minute, reference }) {
    const range = (/** @type {keyof GlanceData["reference"]} */ name, /** @type {number | null} */ value, /** @type {(one: number) => string} */ say) => {
      if (value === null) return null;
      const [least, median, most] = reference[name];
      return [
        band(value, reference[name], SCALES[name]),
        el("span", { class: "soft glance-others" }, t("{least} – {most}, middle {median}", { least: say(least), most: say(most), median: say(median) })),
      ];
    };
    return [
      row(null, t("The candidate’s share of the talk"), talk_share === null ? "–" : percent(talk_share), range("talk_share", talk_share, percent)),
      row(null, t("The candidate’s words in a minute"), words_per_minute === null ? "–" : String(words_per_minute), range("words_per_minute", words_per_minute, String)),
      row(null, t("Both at once"), overlap_share === null ? "–" : percent(overlap_share), range("overlap_share", overlap_share, percent)),
    ];
  }

  /** What is one moment, and can be heard. @param {GlanceData} glance */
  #moments(glance) {
    const { listening, interruptions, after_ms, silences } = glance;
    const longest = longestSilence(glance);
    const cut = interruptions[0];
    return [
      row("listening", t("Longest the candidate listened"), listening ? seconds(listening[1] - listening[0]) : t("Not found"), listening && [this.#go(listening[0], t("Hear the longest listening"))]),
      row("interruption", t("First interruption of the patient"), cut && after_ms !== null ? t("after {time}", { time: seconds(after_ms) }) : t("None found"), cut && [this.#go(cut[0] - 2000, t("Hear the first interruption")), interruptions.length > 1 && el("span", { class: "soft" }, t("{n} in all", { n: interruptions.length }))]),
      row("silence", t("Longest silence"), longest ? seconds(longest[1] - longest[0]) : t("None of 2 s"), longest && [this.#go(longest[0] - 1000, t("Hear the longest silence")), el("span", { class: "soft" }, t("{n} of 2 s or more", { n: silences.length }))]),
    ];
  }

  /** @param {GlanceData} glance */
  #rest({ response_ms, turns, backchannels }) {
    return [
      row(null, t("The candidate answers"), wait(response_ms.candidate)),
      row(null, t("The patient answers"), wait(response_ms.sp)),
      row(null, t("Turns: candidate, patient"), `${turns.candidate}, ${turns.sp}`, [el("span", { class: "soft" }, t("and {n} times “mm-hm” or the like by the candidate", { n: backchannels }))]),
    ];
  }

  /** @param {GlanceData} glance */
  #questions({ questions }) {
    const open = questions.filter((one) => one.kind === "open").length;
    const list = questions.map((one) => el("li", {}, this.#go(one.at_ms, one.text), el("span", {}, el("span", { class: "glance-kind" }, one.kind === "open" ? t("open") : t("closed")), " ", one.text)));
    const title = t("Questions: {open} open, {closed} closed", { open, closed: questions.length - open });
    return questions.length ? more(title, t("Told by their first words: right for about nineteen in twenty, and too often “open”."), list) : null;
  }

  /** @param {GlanceData} glance */
  #hard({ jargon }) {
    const list = jargon.map((one) => el("li", {}, this.#go(one.at_ms[0] ?? 0, one.term), el("span", {}, el("strong", {}, one.term), one.at_ms.length > 1 ? ` ×${one.at_ms.length}` : "", ` – ${one.plain}`)));
    return jargon.length ? more(t("Hard words: {n}", { n: jargon.length }), t("From a list, with a plainer word for each. What the patient had said first is left out."), list) : null;
  }

  /**
   * @param {number} at_ms
   * @param {string} what
   */
  #go(at_ms, what) {
    const from_ms = Math.max(0, at_ms);
    const at = duration(from_ms / 1000);
    const button = el("button", { class: "button quiet glance-go figures", type: "button", "aria-label": t("{what}, at {at}", { what, at }) }, icon("play"), at);
    button.addEventListener("click", () => this.#onlisten(from_ms));
    return button;
  }
}

/**
 * @param {string | null} mark the shape that stands for it in the picture
 * @param {string} name
 * @param {string} value
 * @param {(Node | false | null)[] | null | undefined} [beside]
 */
function row(mark, name, value, beside) {
  return el("tr", {}, el("th", { scope: "row" }, mark && el("i", { class: `glance-key ${mark}`, "aria-hidden": "true" }), name), el("td", { class: "figures" }, el("span", { class: "glance-value" }, value), ...(beside ?? [])));
}

/**
 * @param {string} title
 * @param {string} remark
 * @param {HTMLLIElement[]} list
 */
function more(title, remark, list) {
  return el("details", { class: "glance-more" }, el("summary", {}, title), el("p", { class: "small soft" }, remark), el("ol", { class: "glance-list" }, ...list));
}

function how() {
  return el(
    "details",
    { class: "glance-more" },
    el("summary", {}, t("How this is measured")),
    el(
      "ul",
      { class: "small soft glance-how" },
      ...[
        t("Voices are found in each person’s own sound, without what their microphone heard of the other. Pauses under half a second belong to the voice. Times are right to about a fifth of a second, and the line adds its delay to every answer."),
        t("A turn lasts until the other takes over. What lies wholly within the other’s voice takes nothing over; up to a second of it counts as “mm-hm”."),
        t("An interruption: the candidate begins a second or more into the patient’s turn, both speak for half a second or more, and it is the patient who falls silent. Whether it was rude or kind, the machine cannot tell."),
        t("Listening: the patient’s turn, while the candidate says at most “mm-hm”. A silence lasts two seconds or more; what was not recorded is none."),
        t("The range is that of 57 mock consultations of general practitioners (PriMock57); the line in it is the middle one of them."),
      ].map((text) => el("li", {}, text)),
    ),
  );
}

const number = new Intl.NumberFormat(language === "en" ? "en-GB" : language, { maximumFractionDigits: 1 });

/** @param {number} share */
const percent = (share) => `${Math.round(share * 100)} %`;

/** @param {number} ms */
const seconds = (ms) => (ms < 9950 ? t("{n} s", { n: number.format(ms / 1000) }) : ms < 59_500 ? t("{n} s", { n: Math.round(ms / 1000) }) : t("{time} min", { time: duration(Math.round(ms / 1000)) }));

/** @param {number | null} ms */
function wait(ms) {
  if (ms === null) return "–";
  return ms < 0 ? t("{time} before the other ends", { time: seconds(-ms) }) : t("after {time}", { time: seconds(ms) });
}
