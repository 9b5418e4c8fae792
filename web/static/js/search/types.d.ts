import type { Role } from "../types.js";

export interface Moment {
  role: Role;
  starts_ms: number;
  from_ms: number;
  to_ms: number;
  by: "words" | "meaning" | "both";
  strength: "strong" | "likely" | "faint" | null;
  text: string;
}

/** An encounter as the search tells of it. `refused`: why it may not be shown for teaching. */
export interface Place {
  encounter: string;
  exam: { id: string; title: string };
  station: { number: number; title: string };
  candidate: string;
  attempt: number;
  refused: string | null;
}

export interface Hit extends Place {
  count: number;
  moments: Moment[];
}

export interface Answer {
  fault: string | null;
  found: Hit[];
  none: Place[];
  unsearched: Place[];
  unread: number;
}

export interface Chosen {
  encounter: string;
  from_ms: number;
  to_ms: number;
  shown: "candidate" | "sp";
}

export interface Reel {
  id: string;
  title: string;
  exact: boolean;
  numbers: boolean;
  state: "waiting" | "cutting" | "ready" | "failed" | "deleted";
  done: number;
  message: string;
  made_ms: number;
  duration_ms: number | null;
  size: number | null;
  moments: { encounter: string; from_ms: number; to_ms: number; refused: string | null }[];
}
