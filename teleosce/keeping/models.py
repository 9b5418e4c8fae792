"""Rules, holds and erasures. Times are milliseconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass


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
