"""Who marks what. Pure: an encounter without assignments is its examiner's, as the day had it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class AssignmentKind(StrEnum):
    """What somebody is to do with an encounter. A second marker is never told that they are the second."""

    first = "first"
    second = "second"
    moderation = "moderation"


@dataclass(frozen=True)
class Assignment:
    """A person's task. Of each kind one stands for an encounter at a time; `ended_ms` says since when one does not.

    made_by: a seat or an account; None for the rules of the exam, and for a first mark that was submitted. seat_id: a
    moderator may be an account as well.
    """

    id: str
    encounter_id: str
    seat_id: str
    kind: AssignmentKind
    made_ms: int
    made_by: str | None
    ended_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Markers:
    """Whose an encounter is to mark, and who settles it."""

    first: str | None
    second: str | None = None
    moderator: str | None = None

    @property
    def seats(self) -> tuple[str, ...]:
        """Those who mark, whichever comes first."""
        return tuple(seat for seat in (self.first, self.second) if seat is not None)


@dataclass(frozen=True)
class Reassigned:
    """What came of a wish for many encounters: those that moved, and those that stayed, each with the reason."""

    moved: tuple[str, ...]
    left: dict[str, str]


def markers_of(examiner: str | None, standing: Iterable[Assignment]) -> Markers:
    """Of an encounter's `examiner`, as the day has it, and the assignments of it that have not ended."""
    by_kind = {one.kind: one.seat_id for one in standing}
    first, second = by_kind.get(AssignmentKind.first, examiner), by_kind.get(AssignmentKind.second)
    return Markers(
        first=first,
        # An examiner who came in by a swap may be the second marker already: nobody confirms their own mark.
        second=None if second == first else second,
        moderator=by_kind.get(AssignmentKind.moderation),
    )
