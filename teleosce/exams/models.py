"""What an exam is made of. All times are milliseconds since the epoch, UTC; all ids are `core.ids`."""

from dataclasses import dataclass, field
from enum import StrEnum

LATER_ROUND = " round "
"""Between a circuit's name and the number of its round, from the second on: each runs as a circuit of its own."""


class Phase(StrEnum):
    """Where an encounter is in its slot. It only ever moves down this list."""

    waiting = "waiting"
    reading = "reading"
    encounter = "encounter"
    note = "note"
    changeover = "changeover"
    done = "done"


class CircuitState(StrEnum):
    """Where a circuit is in its day. `stopping`: a soft stop runs out; then it is `planned` with what is left."""

    planned = "planned"
    gathering = "gathering"
    running = "running"
    paused = "paused"
    stopping = "stopping"
    finished = "finished"


class Outcome(StrEnum):
    """How a done encounter counts: a void one never does, and a missed one had no candidate."""

    completed = "completed"
    void = "void"
    missed = "missed"


class Cause(StrEnum):
    """Why a line stands in the phase log."""

    created = "created"
    rerun = "rerun"
    begun = "begun"
    clock = "clock"
    ended_early = "ended-early"
    time_added = "time-added"
    clock_set_back = "clock-set-back"
    voided = "voided"
    ring = "ring"
    """The end of the rotation moved, and with it the end of this changeover."""
    paused = "paused"
    resumed = "resumed"
    restarted = "restarted"
    stopped = "stopped"
    no_show = "no-show"
    carried_over = "carried-over"
    postponed = "postponed"
    """A person was still elsewhere when its rotation began."""
    swapped = "swapped"
    rung = "rung"
    """Somebody rang the bell by hand."""


@dataclass(frozen=True)
class Timings:
    """Seconds of each phase, copied from the station for the slot; a length of 0 passes a phase over.

    warning_s: how long before the end of the encounter the warning bell rings; 0 for none.
    """

    reading_s: int
    encounter_s: int
    note_s: int
    changeover_s: int
    warning_s: int


@dataclass(frozen=True)
class Policy:
    """From how many lost seconds on the exam proposes what for a disruption; None: never."""

    add_time_from_s: int | None = 15
    rerun_from_s: int | None = 90
    void_from_s: int | None = None


@dataclass(frozen=True)
class Exam:
    """One OSCE. `zone` is the school's IANA time zone, for showing times only."""

    id: str
    title: str
    zone: str
    created_ms: int
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True)
class Circuit:
    """One parallel copy of the ring of stations, as it stands.

    rotation: the one that runs or ran last; 0 before the first. starts_ms: when it is planned to start. site: where its
    candidates sit; empty where nobody said.
    """

    exam_id: str
    name: str
    state: CircuitState
    rotation: int
    starts_ms: int | None
    changed_ms: int
    site: str = ""

    @property
    def turns(self) -> bool:
        """Whether its encounters move as one ring."""
        return self.state in (CircuitState.running, CircuitState.paused, CircuitState.stopping)


@dataclass(frozen=True)
class Slot:
    """Who should be at which station when: candidate × station × circuit × rotation.

    position: the place in the ring, from 1. candidate, sp, examiner: ids of seats. extra: further seats in the room: a
    second candidate of an interprofessional station, an examiner who speaks. met_at: the number of the station, where
    that is not the place in the ring: the second candidate's, whose place is the rest behind it.
    """

    id: str
    exam_id: str
    position: int
    rotation: int
    circuit: str
    station_hash: str
    candidate: str | None
    sp: str | None
    examiner: str | None
    extra: tuple[str, ...] = ()
    met_at: int | None = None


@dataclass(frozen=True)
class Encounter:
    """One attempt at a slot. What it shares with the slot is frozen with it.

    phase_started_ms: moved on by each pause, so that it and the end are always the phase's length apart.
    phase_ends_ms: None while waiting and when done, and in a changeover that waits for one whose clock stands.
    outcome: None until done. rotation: the one in which this attempt runs. paused_ms: since when its clock stands.
    position: the station's number. joins: the encounter in whose room this one is held, of another candidate: the two
    are one consultation with one clock, and each has its own outcome, marks, rating and note.
    """

    id: str
    slot_id: str
    exam_id: str
    attempt: int
    phase: Phase
    phase_started_ms: int
    phase_ends_ms: int | None
    outcome: Outcome | None
    position: int
    rotation: int
    circuit: str
    station_hash: str
    candidate: str | None
    sp: str | None
    examiner: str | None
    timings: Timings
    paused_ms: int | None = None
    extra: tuple[str, ...] = ()
    joins: str | None = None

    @property
    def room(self) -> str:
        """The encounter under whose id media room, recording and transcript stand."""
        return self.joins or self.id

    @property
    def people(self) -> tuple[str, ...]:
        """The seats of those in its media room: nobody may be in two at once. None in one that joins another's."""
        if self.joins is not None:
            return ()
        return (*(seat for seat in (self.candidate, self.sp) if seat is not None), *self.extra)

    @property
    def assessed(self) -> tuple[str, ...]:
        """The seats of those who are assessed: an examiner who speaks is in the room, and is not."""
        first = () if self.candidate is None else (self.candidate,)
        return (*first, *(seat for seat in self.extra if seat != self.examiner))


@dataclass(frozen=True)
class PhaseEntry:
    """A line of the phase log: from `at_ms` on the encounter was in `phase`, to end at `ends_ms`."""

    encounter_id: str
    phase: Phase
    at_ms: int
    ends_ms: int | None
    cause: Cause
    detail: str


@dataclass(frozen=True)
class Attendance:
    """A seat was in the media room of an encounter: first and last noted there at these times."""

    encounter_id: str
    seat_id: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Message:
    """Something said in writing during the exam. number: counts all messages.

    seat_id: whom it is for; from_seat: who wrote it, None for the control room. With neither it is for everybody; with
    a writer alone it is for the control room.
    """

    number: int
    exam_id: str
    seat_id: str | None
    from_seat: str | None
    text: str
    at_ms: int


@dataclass(frozen=True)
class Identified:
    """An invigilator made sure who sits in a seat. how: `photo` or `number`. by: a seat or an account."""

    exam_id: str
    seat_id: str
    how: str
    by: str | None
    at_ms: int
