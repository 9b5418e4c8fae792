/** Keeps the plan on the server as it is written, one request after the other, and brings back what it comes to. */

/** @import { PlanDocument, PlanView } from "./types.js" */

import { Fault, messageOf, post } from "../api.js";
import { t } from "../i18n.js";

const QUIET_MS = 400;

export class Keeper {
  #timer = 0;
  #again = false;
  /** @type {Promise<void> | null} */ #keeping = null;
  #changes = 0;
  /** How many of the changes the server has taken. */ #taken = 0;
  /** What was sent and not answered: the server may have it. @type {PlanDocument | null} */ #unheard = null;

  /**
   * @param {{exam: string | null, version: number, plan: PlanDocument}} start
   * @param {{view: (view: PlanView) => void, said: (tone: import("../types.js").Tone, text: string) => void, fault: (text: string) => void, made: (exam: string) => void, table: () => boolean}} does
   */
  constructor(start, does) {
    this.exam = start.exam;
    this.version = start.version;
    this.plan = start.plan;
    this.does = does;
  }

  /** Whether something was changed that the server has not taken yet. */
  get waiting() {
    return this.#changes !== this.#taken;
  }

  /** The exam is made: its plan is kept no more. */
  close() {
    clearTimeout(this.#timer);
    this.#taken = this.#changes;
  }

  /** Something was changed: it is kept once nothing was for a moment. */
  changed() {
    this.#changes++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.keep(), QUIET_MS);
  }

  /** Keeps the plan now. Resolves once the server has it as it stands, or has refused it: then it is `waiting` still. */
  keep() {
    clearTimeout(this.#timer);
    this.#again = true;
    return (this.#keeping ??= this.#all().finally(() => (this.#keeping = null)));
  }

  async #all() {
    while (this.#again) {
      this.#again = false;
      await this.#once();
    }
  }

  async #once() {
    const before = this.#changes;
    // Asked again word for word, the server knows what it has already; what was changed since follows.
    const plan = this.#unheard ?? structuredClone(this.plan);
    this.#again ||= this.#unheard !== null;
    this.#unheard = null;
    const content = { plan, table: this.does.table() };
    const named = plan.title.trim() !== "";
    try {
      if (this.exam) {
        this.does.said("idle", t("Saving…"));
        this.#took(await post(`/api/exams/${this.exam}/plan`, { ...content, version: this.version }), before);
      } else if (named) {
        this.does.said("idle", t("Saving…"));
        this.#took(await post("/api/plans", content), before);
      } else {
        this.does.said(this.waiting ? "fair" : "idle", t("Not saved yet: give it a title"));
        this.does.view(await post("/api/plans/check", content));
      }
      this.does.fault("");
    } catch (thrown) {
      this.does.said("bad", t("Not saved"));
      this.does.fault(messageOf(thrown));
      if (!(thrown instanceof Fault) || thrown.status !== 0) return;
      this.#again = false;
      if (this.exam) this.#unheard = plan;
      this.changed();
    }
  }

  /**
   * @param {PlanView} view
   * @param {number} changes that are in it
   */
  #took(view, changes) {
    if (!this.#again) this.#taken = changes;
    this.version = view.version ?? this.version;
    if (view.exam) {
      this.exam = view.exam;
      this.does.made(view.exam);
    }
    if (!this.#again && !this.waiting) this.does.said("good", t("Saved"));
    this.does.view(view);
  }
}
