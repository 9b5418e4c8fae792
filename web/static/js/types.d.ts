/** The types of web/PROTOCOL.md. All times are milliseconds since the epoch, UTC, by the server's clock. */

export type Phase = "waiting" | "reading" | "encounter" | "note" | "changeover" | "done";
export type Role = "organiser" | "examiner" | "moderator" | "invigilator" | "observer" | "candidate" | "sp";
/** `call` is rung by hand and marks no phase. */
export type BellKind = "start" | "warning" | "end" | "call";
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
  /** Since when its clock stands; null while it runs. */
  paused_ms: number | null;
  rest: boolean;
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
  | "echo"
  | "clipping"
  | "dark"
  | "covered"
  | "frozen"
  | "hears-nothing"
  | "loss";

/** "off" is the person's own wish. */
export type DeviceState = "on" | "frozen" | "off" | "none";

export interface DayPerson {
  seat: string;
  role: Role;
  name: string;
  number: string | null;
  present: boolean;
  /** Whether they are seen and heard in their encounters. */
  on_camera: boolean;
  consented: boolean;
  check: Verdict | null;
  /** How the invigilator knew who it is, and when; null until ticked off. */
  identified: { how: "photo" | "number"; at_ms: number } | null;
  media: MediaHealth | null;
  /** What is wrong now. */
  alarms: { kind: AlarmKind; since_ms: number }[];
  microphone: DeviceState;
  camera: DeviceState;
}

/** What a person must see to on the server itself; `take`: a damaged one of `encounter`, whose alarm somebody puts away. */
export interface ServerAlarm {
  text: string;
  take: string | null;
  encounter: string | null;
}

export type CircuitState = "planned" | "gathering" | "running" | "paused" | "stopping" | "finished";

export interface DayCircuit {
  name: string;
  state: CircuitState;
  /** The one that runs or ran last; 0 before the first. */
  rotation: number;
  rotations: number;
  /** When it is planned to start. */
  starts_ms: number | null;
  /** When the ring turns, as far as anybody knows. */
  turns_ms: number | null;
}

export interface DayEncounter {
  id: string;
  /** A rest station: nobody to meet, nothing to mark. */
  rest: boolean;
  slot: string;
  /** The encounter of another candidate in whose room this one is held. */
  joins: string | null;
  station: StationLabel;
  rotation: number;
  circuit: string;
  attempt: number;
  phase: Phase;
  phase_started_ms: number;
  phase_ends_ms: number | null;
  /** Since when its clock stands. */
  paused_ms: number | null;
  outcome: "completed" | "void" | "missed" | null;
  /** Candidate, SP, examiner and whoever else is there. */
  seats: string[];
  /** Every alarm of the encounter in the order in which they began; `until_ms` is null while one stands. */
  alarms: { seat: string; kind: AlarmKind; since_ms: number; until_ms: number | null }[];
  observers: string[];
  recording: { state: "none" | "recording" | "sealing" | "sealed" | "deleted"; seconds: number };
  transcript: { state: "waiting" | "running" | "ready" | "failed" | "deleted"; done: number; message: string };
  marking: { state: "none" | "draft" | "submitted" | "amending" | "amended"; marked: number; total: number; live: boolean };
}

export type Decision = "none" | "add-time" | "re-run" | "void";

/** A line of the ledger. */
export interface DayIncident {
  id: string;
  encounter: string | null;
  seat: string | null;
  kind: "line" | "sound" | "picture" | "server" | "other" | "missed";
  opened_ms: number;
  closed_ms: number | null;
  lost_audio_ms: number;
  lost_video_ms: number;
  proposal: Decision;
  decision: Decision | null;
  decided_by: string | null;
  decided_ms: number | null;
  note: string;
}

/** Of the control room (from_seat null) to one or to everyone, or of somebody to the control room. */
export interface Said {
  number: number;
  text: string;
  at_ms: number;
  /** To whom; null for everyone, or for the control room. */
  seat: string | null;
  from_seat: string | null;
}

/** What the server says on the socket: the event's name and its body. */
export interface ServerEvents {
  welcome: { you: You; now_ms: number; boot: string };
  place: {
    page: string;
    encounter: EncounterNow | null;
    next: { station: StationLabel; [more: string]: unknown } | null;
    people: Person[];
    /** What the person writes of here, apart for each candidate: a candidate's own, all for others. */
    held: { encounter: string; candidate: string }[];
    stimuli: string[];
    /** The names of those who look in. */
    observers: string[];
    /** Which of the person's encounters this is, and of how many. */
    progress: { number: number; of: number };
    circuit: { name: string; state: CircuitState; rotation: number; rotations: number; starts_ms: number | null; turns_ms: number | null } | null;
  };
  /** Of the encounter that this page looks in on. */
  encounter: { encounter: EncounterNow; began_ms: number | null; people: Person[]; observers: string[] };
  /** All that concerns this person, once; after that one by one. */
  messages: { messages: Said[] };
  message: Said;
  bell: { kind: BellKind; phase: Phase; at_ms: number };
  ticket: Ticket;
  bound: { slots: Slot[] };
  stimuli: { shown: string[] };
  /** What the server finds wrong with this person's own sound and picture. */
  alarms: { kinds: AlarmKind[] };
  notice: { level: "info" | "error"; text: string; code?: string };
  pong: { at: number; now_ms: number };
  /** The whole day first, then what differs. */
  day: {
    whole: boolean;
    exam: { id: string; title: string; zone: string; state: CircuitState };
    now_ms: number;
    alarms: ServerAlarm[];
    circuits: DayCircuit[];
    encounters: DayEncounter[];
    people: DayPerson[];
    incidents: DayIncident[];
  };
  replaced: Record<string, never>;
  ended: { reason: string };
}

/** What a page says on the socket. */
export interface PageMessages {
  ping: { at: number };
  ticket: { purpose: "check" | "encounter" | "observe" };
  health: {
    sending: boolean;
    receiving: boolean;
    /** Somebody's sound comes, and may be played. */
    hears?: boolean;
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
  /** Between these two the link works. */
  opens_ms: number;
  closes_ms: number;
  /** When the exam is planned to start for this person; null where no time is set, or the exam is over. */
  starts_ms: number | null;
  /** null for those who are not recorded. */
  consent: { version: string; html: string; given: boolean } | null;
  /** Whether their recordings may train examiners and teach. */
  training: { version: string; html: string; agreed: boolean } | null;
  /** feedback: the exam is over, and its results are released. */
  leads_to: "exam" | "feedback";
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
