/** The document of `exam.yaml`, as far as the builder writes it. What it does not know it leaves as it is. */
export interface PlanDocument {
  title: string;
  zone: string;
  starts: string[];
  phases: Record<string, number>;
  stations: PlanStation[];
  circuits: PlanCircuit[];
  people: PlanPerson[];
  candidates: PlanCandidate[];
  [other: string]: unknown;
}

export interface PlanStation {
  station: string;
  /** A viva. */
  examiner_speaks?: boolean;
  people: Record<string, { sp?: string; examiner?: string }>;
  [other: string]: unknown;
}

export interface PlanCircuit {
  name: string;
  /** Where its candidates sit. */
  site?: string;
  [other: string]: unknown;
}

export interface PlanBreak {
  from: string;
  to: string;
  minutes?: number | null;
}

export interface PlanPerson {
  name: string;
  role: string;
  email?: string;
  zone?: string;
  breaks?: PlanBreak[];
}

export interface PlanCandidate {
  name: string;
  number?: string;
  email?: string;
  group?: string;
  extra_percent?: number;
  circuit?: string;
  zone?: string;
}

export interface BankStation {
  slug: string;
  hash: string;
  title: string;
  specialty: string;
  rest: boolean;
}

export interface PlanConflict {
  kind: string;
  message: string;
  blocks: boolean;
  place: (string | number)[];
}

export interface PlanRing {
  circuit: string;
  planned: boolean;
  starts_ms: number;
  ends_ms: number;
  candidates: number;
  rotations: number;
}

export interface PlanGrid {
  circuit: string;
  rows: { rotation: number; starts_ms: number; ends_ms: number; pause: boolean; cells: string[] }[];
}

export interface PlanView {
  sound: boolean;
  conflicts: PlanConflict[];
  rings: PlanRing[];
  grids?: PlanGrid[];
  exam?: string;
  version?: number;
}
