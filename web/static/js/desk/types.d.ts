/** The types of the marking desk: web/PROTOCOL.md. Times count in milliseconds from the start of the encounter's recording. */

import type { AlarmKind, Role } from "../types.js";

export type Span = [from_ms: number, to_ms: number];
export type Mark = "done" | "partly" | "not_done";
export type Grade = "fail" | "borderline" | "pass" | "good" | "excellent";

export interface Gap {
  /** line, loss, pause, disk, damage, rejoin. */
  kind: string;
  from_ms: number;
  to_ms: number;
  track?: "audio" | "video" | null;
}

export interface Take {
  id: string;
  seat: string;
  role: Role;
  name: string;
  /** What tells two candidates who met the patient together apart; "" otherwise. */
  who: string;
  number: number;
  starts_ms: number;
  duration_ms: number | null;
  /** null when it cannot be played. */
  url: string | null;
  /** sealed, quarantined or deleted; `reason` says why. */
  state: string;
  reason: string | null;
  gaps: Gap[];
}

export interface Recording {
  state: "none" | "sealing" | "sealed";
  duration_ms?: number;
  poster?: string;
  takes: Take[];
  /** What was found wrong with somebody while it was recorded. */
  alarms?: { role: Role; who: string; kind: AlarmKind; from_ms: number; to_ms: number }[];
  /** By role; by seat those of whom there are two. */
  speech: Partial<Record<string, Span[]>>;
}

/** One participant's picture and sound, over all their takes. */
export interface Voice {
  seat: string;
  role: Role;
  name: string;
  who: string;
  takes: Take[];
  speech: Span[];
  /** Where there is nothing of them, and what kind of nothing. */
  gaps: Gap[];
}

export interface Word {
  id: string;
  text: string;
  /** What a person says was said; "" when it was not said at all. */
  corrected: string | null;
  starts_ms: number;
  ends_ms: number;
  /** 0..1 */
  confidence: number;
}

export interface Turn {
  id: string;
  role: Role;
  who: string;
  /** Somebody read it and said that it is right as it stands. */
  right: boolean;
  starts_ms: number;
  ends_ms: number;
  words: Word[];
}

export interface Transcript {
  state: "none" | "waiting" | "running" | "ready" | "failed" | "deleted";
  /** 0..1 */
  done: number;
  message: string;
  turns: Turn[];
}

export interface Evidence {
  from_ms: number;
  to_ms: number;
  quote: string;
}

/** A moment that was found for an item: what the clinician said, and how the answer begins. */
export interface FoundMoment {
  turn: string;
  role: Role;
  from_ms: number;
  to_ms: number;
  quote: string;
  answer: string;
  answer_role: Role;
  strength: "strong" | "some" | "weak" | "suggested";
}

/** GET /api/encounters/{id}/evidence. An item that is missing may not be seen yet. */
export interface EvidenceData {
  state: "ready" | "waiting" | "none" | "never";
  rule: "always" | "after" | "never";
  message: string;
  method: string;
  large_model?: { name: string; state: "asking" | "ready" | "failed"; message: string } | null;
  items: Record<string, FoundMoment[]>;
}

export interface Bookmark {
  at_ms: number;
  text: string;
}

export interface Item {
  id: string;
  text: string;
  /** Points for it; below 0 what it costs when it is done. */
  weight: number;
  /** The share of its points that partly done comes to, 0 to 1. */
  partly: number;
  critical: boolean;
}

/** A mark that counts; an attempt at a reference recording; the agreed marks of one. */
export type SheetKind = "mark" | "calibration" | "reference";

export type FormState = "draft" | "submitted" | "amending" | "amended";

export interface MarkView {
  id: string;
  state: FormState;
  fields: Record<string, { value: any; version: number; at_ms: number }>;
  /** By field, what stood there when the consultation ended. */
  live: Record<string, string>;
  /** It comes from this device's copy. */
  kept?: boolean;
}

export type Layout = "large" | "two" | "sound";

/** How somebody likes their desk (POST /api/desk). */
export interface Settings {
  /** By action, the key that was chosen for it. */
  keys: Record<string, string>;
  layout: Layout;
  contrast: boolean;
  speed: number;
  skipping: boolean;
  /** Whether what was found for the items is shown. */
  evidence: boolean;
}

/** What the template says of the page. */
export interface DeskData {
  encounter: string;
  /** The encounter in whose media room it is held: its own, unless it joins another candidate's. */
  room: string;
  phase: string;
  may_mark: boolean;
  /** Whether they talk with the candidate. */
  speaks: boolean;
  kind: SheetKind;
  role: string;
  items: Item[];
  settings: Settings;
  /** Whose desk it is: a seat or an account. */
  person: string;
  /** Whether the items' sum is kept from the examiner until the global rating stands. */
  hide_total: boolean;
}

/** What there is of a consultation at a glance: GET /api/encounters/{id}/glance. Shares are 0..1. */
export interface GlanceData {
  state: "ready";
  message: string;
  length_ms: number;
  talk_share: number | null;
  overlap_share: number | null;
  words_per_minute: number | null;
  turns: { candidate: number; sp: number };
  /** Below 0 they begin before the other has ended. */
  response_ms: { candidate: number | null; sp: number | null };
  backchannels: number;
  interruptions: Span[];
  after_ms: number | null;
  listening: Span | null;
  silences: Span[];
  voices: { candidate: Span[]; sp: Span[] };
  missing: Span[];
  questions: { kind: "open" | "closed"; at_ms: number; text: string }[];
  jargon: { term: string; plain: string; at_ms: number[] }[];
  /** The least, the median and the most of other consultations. */
  reference: Record<"talk_share" | "overlap_share" | "words_per_minute", [least: number, median: number, most: number]>;
}

export interface NoGlance {
  state: "none";
  message: string;
}
