"""What an exam is made of. All times are milliseconds since the epoch, UTC; all ids are `core.ids`."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where an encounter is in its slot. It only ever moves down this list."""

    waiting = "waiting"
    reading = "reading"
    encounter = "encounter"
    note = "note"
    changeover = "changeover"
    done = "done"


class Outcome(StrEnum):
    """How a done encounter counts: a void one never does."""

    completed = "completed"
    void = "void"


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
class Exam:
    """One OSCE. `zone` is the school's IANA time zone, for showing times only."""

    id: str
    title: str
    zone: str
    created_ms: int


@dataclass(frozen=True)
class Slot:
    """Who should be at which station when: candidate × station × circuit × rotation.

    position: the station's number in the ring, from 1. candidate, sp, examiner: ids of seats.
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


@dataclass(frozen=True)
class Encounter:
    """One attempt at a slot. What it shares with the slot is frozen with it.

    phase_ends_ms: None while waiting and when done. outcome: None until done.
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


@dataclass(frozen=True)
class PhaseEntry:
    """A line of the phase log: from `at_ms` on the encounter was in `phase`, to end at `ends_ms`."""

    encounter_id: str
    phase: Phase
    at_ms: int
    ends_ms: int | None
    cause: Cause
    detail: str
