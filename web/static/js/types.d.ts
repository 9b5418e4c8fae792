/** The types of web/PROTOCOL.md. All times are milliseconds since the epoch, UTC, by the server's clock. */

export type Phase = "waiting" | "reading" | "encounter" | "note" | "changeover" | "done";
export type Role = "organiser" | "examiner" | "moderator" | "invigilator" | "observer" | "candidate" | "sp";
export type BellKind = "start" | "warning" | "end";
/** How a state is coloured; the text beside it always says the same. */
export type Tone = "good" | "fair" | "bad" | "idle";
/** The verdict of the equipment check. */
export type Verdict = "ready" | "will-do" | "not-ready";

export interface You {
  seat: string | null;
  name: string;
  role: Role;
}

export interface StationLabel {
  number: number;
  title: string;
}

export interface EncounterNow {
  id: string;
  attempt: number;
  station: StationLabel;
  phase: Phase;
  phase_started_ms: number;
  phase_ends_ms: number | null;
  /** How long before the end of the encounter the warning bell rings. */
  warning_ms: number | null;
}

export interface Person {
  seat: string;
  name: string;
  role: Role;
  present: boolean;
}

export interface Slot {
  /** The transceiver's media id. */
  mid: string;
  participant: string | null;
  name: string;
  role: Role;
  kind: "audio" | "video";
}

export interface Ticket {
  url: string;
  ticket: string;
  expires_ms: number;
  ice_servers: RTCIceServer[];
  /** Pairs of recvonly audio and video to offer. */
  receive_slots: number;
}

export interface MediaHealth {
  state: string;
  sending: boolean;
  receiving: boolean;
  /** 0..1 */
  loss: number | null;
  round_trip_ms: number | null;
}

/** What can be wrong with a person in an encounter. */
export type AlarmKind =
  | "absent"
  | "no-packets"
  | "no-sound"
  | "no-picture"
  | "silent"
  | "unheard"
  | "clipping"
  | "dark"
  | "covered"
  | "frozen"
  | "loss";

/** "off" is the person's own wish. */
export type DeviceState = "on" | "off" | "none";

export interface DayPerson {
  seat: string;
  role: Role;
  name: string;
  present: boolean;
  consented: boolean;
  check: Verdict | null;
  media: MediaHealth | null;
  alarms: { kind: AlarmKind; since_ms: number }[];
  microphone: DeviceState;
  camera: DeviceState;
}

export interface DayEncounter {
  id: string;
  /** A rest station: nobody to meet, nothing to mark. */
  rest: boolean;
  slot: string;
  station: StationLabel;
  rotation: number;
  circuit: string;
  attempt: number;
  phase: Phase;
  phase_started_ms: number;
  phase_ends_ms: number | null;
  outcome: "completed" | "void" | null;
  people: DayPerson[];
  /** Every alarm of the encounter in the order in which they began; `until_ms` is null while one stands. */
  incidents: { seat: string; kind: AlarmKind; since_ms: number; until_ms: number | null }[];
  recording: { state: "none" | "recording" | "sealing" | "sealed" | "deleted"; seconds: number };
  transcript: { state: "waiting" | "running" | "ready" | "failed" | "deleted"; done: number; message: string };
  marking: { state: "none" | "draft" | "submitted" | "amended"; marked: number; total: number };
}

/** What the server says on the socket: the event's name and its body. */
export interface ServerEvents {
  welcome: { you: You; now_ms: number };
  place: {
    page: string;
    encounter: EncounterNow | null;
    next: { station: StationLabel; [more: string]: unknown } | null;
    people: Person[];
    stimuli: string[];
  };
  bell: { kind: BellKind; phase: Phase; at_ms: number };
  ticket: Ticket;
  bound: { slots: Slot[] };
  stimuli: { shown: string[] };
  /** What the server finds wrong with this person's own sound and picture. */
  alarms: { kinds: AlarmKind[] };
  notice: { level: "info" | "error"; text: string; code?: string };
  /** Organiser: somebody presses the help button. */
  help: { seat: string | null; name: string; role: Role; text: string };
  pong: { at: number; now_ms: number };
  day: { exam: { id: string; title: string; zone: string }; now_ms: number; alarms: string[]; encounters: DayEncounter[] };
  replaced: Record<string, never>;
  ended: { reason: string };
}

/** What a page says on the socket. */
export interface PageMessages {
  ping: { at: number };
  ticket: { purpose: "check" | "encounter" };
  health: {
    sending: boolean;
    receiving: boolean;
    round_trip_ms: number | null;
    loss: number | null;
    level_db: number | null;
    microphone: DeviceState;
    camera: DeviceState;
    connection: string;
  };
  stimulus: { id: string; shown: boolean };
  help: { text: string };
}

/** What POST /api/link answers. */
export interface LinkView {
  seat: { name: string; role: Role; number: number | null };
  exam: { id: string; title: string; zone: string };
  opens_ms: number;
  closes_ms: number;
  /** null for those who are not recorded. */
  consent: { version: string; html: string; given: boolean } | null;
  now_ms: number;
}

/** What the equipment check measured, as sent to POST /api/check. */
export interface CheckResult {
  verdict: Verdict;
  camera: Verdict;
  microphone: Verdict;
  speaker: Verdict;
  line: Verdict;
  round_trip_ms: number | null;
  loss: number | null;
}
