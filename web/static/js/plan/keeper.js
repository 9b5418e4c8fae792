/** Keeps the plan on the server as it is written, one request after the other, and brings back what it comes to. */

/** @import { PlanDocument, PlanView } from "./types.js" */

import { Fault, messageOf, post } from "../api.js";
import { t } from "../i18n.js";

const QUIET_MS = 400;

export class Keeper {
  #timer = 0;
  #busy = false;
  #again = false;
  /** Whether something was changed that the server has not taken yet. */
  waiting = false;

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

  /** Something was changed: it is kept once nothing was for a moment. */
  changed() {
    this.waiting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.keep(), QUIET_MS);
  }

  /** Keeps the plan now. Resolves once the server has it as it stands, or has refused it. */
  async keep() {
    clearTimeout(this.#timer);
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        await this.#once();
      } while (this.#again);
    } finally {
      this.#busy = false;
    }
  }

  async #once() {
    const content = { plan: this.plan, table: this.does.table() };
    const named = this.plan.title.trim() !== "";
    try {
      if (this.exam) {
        this.does.said("idle", t("Saving…"));
        this.waiting = false;
        this.#took(await post(`/api/exams/${this.exam}/plan`, { ...content, version: this.version }));
      } else if (named) {
        this.does.said("idle", t("Saving…"));
        this.waiting = false;
        this.#took(await post("/api/plans", content));
      } else {
        this.does.said(this.waiting ? "fair" : "idle", t("Not saved yet: give it a title"));
        this.does.view(await post("/api/plans/check", content));
      }
      this.does.fault("");
    } catch (thrown) {
      this.waiting = true;
      this.does.said("bad", t("Not saved"));
      this.does.fault(messageOf(thrown));
      if (thrown instanceof Fault && thrown.status === 0) this.changed();
    }
  }

  /** @param {PlanView} view */
  #took(view) {
    this.version = view.version ?? this.version;
    if (view.exam) {
      this.exam = view.exam;
      this.does.made(view.exam);
    }
    if (!this.#again && !this.waiting) this.does.said("good", t("Saved"));
    this.does.view(view);
  }
}
