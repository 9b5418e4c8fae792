"""Rules, holds, erasures and reels. Times are milliseconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True)
class Rule:
    """For how many days after an encounter an exam keeps what; None keeps it. Marks are always kept.

    raw_days: the raw takes, once their sealed files were read. recording_days: recordings and transcripts.
    """

    raw_days: int | None
    recording_days: int | None


@dataclass(frozen=True)
class Hold:
    """While it lasts nothing of the exam is deleted. placed_by: as that person was called then."""

    exam_id: str
    reason: str
    placed_by: str | None
    placed_ms: int


@dataclass(frozen=True)
class Erased:
    """That a person was erased: their ids, which name nobody any more, who asked for it, and how much of what went."""

    id: str
    at_ms: int
    people: tuple[str, ...]
    asked_by: str
    counts: Mapping[str, int]


class ReelState(StrEnum):
    """`waiting → cutting → ready`, or `failed`, from where it can be cut again; `deleted` is the end."""

    waiting = "waiting"
    cutting = "cutting"
    ready = "ready"
    failed = "failed"
    deleted = "deleted"


@dataclass(frozen=True)
class Moment:
    """From when to when, in ms of an encounter's recording; shown: whose picture, where one alone is seen.

    refused: why it is left out of its reel, a sentence for a person.
    """

    encounter_id: str
    from_ms: int
    to_ms: int
    shown: Literal["candidate", "sp"] = "candidate"
    refused: str | None = None


@dataclass(frozen=True)
class Reel:
    """Moments for teaching in one file. exams: whose they are. numbers: whether candidate numbers stand on its cards.

    done: from 0 to 1. message: a sentence for a person where there is something to say. size: in bytes.
    """

    id: str
    title: str
    exams: tuple[str, ...]
    exact: bool
    numbers: bool
    state: ReelState
    moments: tuple[Moment, ...]
    made_ms: int
    done: float = 0.0
    message: str = ""
    duration_ms: int | None = None
    size: int | None = None
    sha256: str | None = None
