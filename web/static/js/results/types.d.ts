/** The results of web/PROTOCOL.md. */

export interface Rules {
  method: string;
  fixed_cut: number;
  sems: number;
  /** A share. */
  stations: number;
  critical: boolean;
  domains: Record<string, number>;
}

export interface Row {
  seat: string;
  name: string;
  group: string;
  result: string;
  passed: boolean | null;
  total: number | null;
  needed: number | null;
  above: number | null;
  stations_passed: number;
  stations_sat: number;
  failed: string;
}

export interface Preview {
  stamp: string;
  said: string;
  passed: number;
  judged: number;
  marks: number;
  missing: string[];
  cuts: { title: string; cut: number | null; why: string | null }[];
  candidates: Row[];
  against: { number: number; more: string[]; fewer: string[] } | null;
  /** What number the next run gets. */
  next: number;
}

/** A candidate's result down to the key presses. */
export interface Unfolded {
  domains: Record<string, number | null>;
  /** How each domain is called. */
  domain_titles: Record<string, string>;
  stations: UnfoldedStation[];
  /** Names by seat. */
  people: Record<string, string>;
  /** Moments by the exam's clocks, in words, by their milliseconds. */
  times: Record<string, string>;
}

export interface UnfoldedStation {
  title: string;
  score: number | null;
  cut: number | null;
  why: string[];
  attempts: { encounter: string; attempt: number; counts: boolean; incidents: { kind: string; lost_ms: number; decision: string | null; note: string }[] }[];
  parts: { part: string; weight: number; percent: number | null }[];
  items: UnfoldedItem[];
  grade: { values: (string | null)[] } | null;
  forms: { form: string; author: string; hash: string; as_decided: boolean }[];
}

export interface UnfoldedItem {
  item: string;
  text: string;
  critical: boolean;
  values: unknown[];
  weight: number;
  points: number | null;
  reason: string;
  changes: { value: unknown; author_id: string; at_ms: number }[];
}
