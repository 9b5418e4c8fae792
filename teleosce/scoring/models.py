"""Forms that people fill in: marks, SP ratings and notes. Times are milliseconds since the epoch, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is filled in."""

    mark = "mark"
    sp_rating = "sp_rating"
    note = "note"
    settlement = "settlement"
    """A moderator's: what counts where two marks differ."""
    reference = "reference"
    """The agreed marks of a reference recording."""
    calibration = "calibration"
    """What an examiner marks of a reference, to practise. It is never a mark of the encounter."""


class State(StrEnum):
    """Whether a form can be written to: only a `draft` and an `amending` one can."""

    draft = "draft"
    submitted = "submitted"
    amending = "amending"
    amended = "amended"


class Act(StrEnum):
    """What moves a form from state to state."""

    submit = "submit"
    amend = "amend"


NEXT = {
    (State.draft, Act.submit): State.submitted,
    (State.submitted, Act.amend): State.amending,
    (State.amended, Act.amend): State.amending,
    (State.amending, Act.submit): State.amended,
}
"""The transition table of a form; what is not here is refused."""

OPEN = (State.draft, State.amending)
SHUT = (State.submitted, State.amended)


@dataclass(frozen=True, slots=True)
class Value:
    """What a field holds. `version` counts its changes from 1."""

    value: Any
    version: int
    at_ms: int


@dataclass(frozen=True)
class Form:
    """One person's form for one encounter. `author_id` is a seat's id, or an account's. values: what its fields hold,
    in no order; without the versions, as results read thousands of forms.
    """

    id: str
    kind: Kind
    encounter_id: str
    author_id: str
    state: State
    created_ms: int
    state_ms: int
    values: Mapping[str, Any]

    def value(self, field: str) -> Any:
        """The value of a field; None when it was never set."""
        return self.values.get(field)


@dataclass(frozen=True)
class WritableForm(Form):
    """A form with the version of each field, for whoever writes to it; the field that was written last stands last."""

    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Change:
    """A wish to set a field, made upon `base_version` of it (0: never set).

    change_id: unique within the form. The same change sent twice counts once.
    """

    field: str
    value: Any
    base_version: int
    change_id: str


@dataclass(frozen=True)
class Saved:
    """A change that is on disk, and the version that its field got by it."""

    change_id: str
    field: str
    version: int


@dataclass(frozen=True)
class FieldConflict:
    """A change that was not made, as the field holds another value meanwhile: this one."""

    change_id: str
    field: str
    value: Any
    version: int


@dataclass(frozen=True)
class SaveResult:
    """What became of each change: it is in one list or the other."""

    saved: list[Saved]
    conflicts: list[FieldConflict]


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as it was written, for good."""

    change_id: str
    field: str
    value: Any
    version: int
    author_id: str
    at_ms: int


@dataclass(frozen=True)
class Step:
    """A change of state, for good. `reason` is given for an amendment."""

    state: State
    reason: str
    author_id: str
    at_ms: int


@dataclass(frozen=True)
class Shown:
    """The evidence that the form's author was shown for an item from a moment on: spans and strengths, no words.

    method: what found it. An empty list: the author was told that nothing was found.
    """

    item: str
    method: str
    moments: Sequence[Mapping[str, Any]]
    at_ms: int


@dataclass(frozen=True)
class History:
    """All that was ever written to a form, and what evidence was shown beside it, oldest first."""

    entries: list[Entry]
    steps: list[Step]
    shown: list[Shown]
