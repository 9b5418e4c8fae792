/** What GET /api/exams/<exam>/marking says: web/PROTOCOL.md. */

export interface Between {
  value: number;
  low: number;
  high: number;
}

export interface Pace {
  assigned: number;
  begun: number;
  submitted: number;
  minutes: Between | null;
  per_hour: Between | null;
  ends_ms: Between | null;
  window_ms: number;
}

/** `value` is null while the marks are too few to tell. */
export interface Estimate {
  n: number;
  needs: number;
  value: number | null;
  low: number | null;
  high: number | null;
  own: number | null;
  others: number | null;
  stands_out: boolean;
}

export interface Watched {
  n: number;
  uniform: number;
  leniency: Estimate;
  spread: Estimate;
  grades: Estimate;
  drift: Estimate;
}

export interface Examiner {
  seat: string;
  name: string;
  mail: boolean;
  reminded: { state: "sending" | "sent" | "failed"; at_ms: number; why: string; times: number } | null;
  pace: Pace;
  watch: Watched | null;
}

export interface Missing {
  encounter: string;
  station: string;
  number: number;
  circuit: string;
  attempt: number;
  candidate: string;
  seat: string | null;
  state: "new" | "draft" | "amending";
  marked: number;
  total: number;
  over: boolean;
  since_ms: number;
}

export interface MarkingView {
  now_ms: number;
  can_mail: boolean;
  all: Pace;
  nobody: number;
  examiners: Examiner[];
  missing: Missing[];
}
