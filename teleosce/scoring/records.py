"""The mark of record: what counts of all the marks of an encounter, and where each part of it comes from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from teleosce.core.errors import Conflict, Invalid
from teleosce.scoring.assignments import Markers
from teleosce.scoring.discrepancies import Discrepancy, discrepancies
from teleosce.scoring.fields import Layout
from teleosce.scoring.models import OPEN, Form, Kind
from teleosce.scoring.rules import MarkingRules
from teleosce.scoring.score import needed, percent

PARENTS, SOURCES = "parents", "sources"
"""Fields that the server writes into a settlement: of which marks it was made, and from which each value comes."""


class Status(StrEnum):
    """Whether an encounter has a mark that counts: only the last three have."""

    unmarked = "unmarked"
    """No mark is submitted, or it is being amended."""
    second_missing = "second-missing"
    """The other of two marks is not submitted yet."""
    disputed = "disputed"
    """Two marks differ by more than the rules allow, and nobody has settled it."""
    single = "single"
    """One mark, by one examiner."""
    confirmed = "confirmed"
    """Two marks that do not differ by much: the first counts."""
    settled = "settled"
    """A moderator's settlement of two marks."""


COUNTS = (Status.single, Status.confirmed, Status.settled)


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value with the forms that it comes from; none where the moderator gave their own, for a reason."""

    value: Any
    forms: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """What counts of an encounter.

    fields: each item and the global rating; empty unless the status is one of COUNTS. parents: the submitted marks that
    it is made of, first and second. settlement: the moderator's form. outdated: a parent was changed after that.
    """

    encounter_id: str
    status: Status
    parents: tuple[str, ...] = ()
    fields: Mapping[str, Sourced] = field(default_factory=dict)
    difference: Discrepancy | None = None
    settlement: str | None = None
    outdated: bool = False

    def value(self, name: str) -> Any:
        """The value of a field; None when there is none."""
        known = self.fields.get(name)
        return known.value if known else None

    def total(self, layout: Layout) -> float | None:
        """The station percentage, as `Forms.total` of a form."""
        return percent(self.value, layout)


def locked(forms: Sequence[Form], kind: Kind, author_id: str | None) -> Form | None:
    """Somebody's form of a kind, if it is submitted and not being amended."""
    mine = (one for one in forms if one.kind is kind and one.author_id == author_id and one.state not in OPEN)
    return next(mine, None)


def record_of(
    encounter_id: str, markers: Markers, forms: Sequence[Form], layout: Layout, rules: MarkingRules
) -> Record:
    """What counts, of all the forms of an encounter."""
    first, second = (locked(forms, Kind.mark, seat) for seat in (markers.first, markers.second))
    parents = tuple(form.id for form in (first, second) if form is not None)
    both = discrepancies(first, second, layout, rules) if first and second else None
    settlement = locked(forms, Kind.settlement, markers.moderator)
    if settlement is not None:
        made_of = _pinned(settlement.value(PARENTS))
        outdated = [_pin(one) for one in (first, second)] != list(settlement.value(PARENTS).values())
        fields = _settled(settlement, layout)
        return Record(encounter_id, Status.settled, made_of, fields, both, settlement.id, outdated)
    if markers.second is None:
        if first is None:
            return Record(encounter_id, Status.unmarked)
        return Record(encounter_id, Status.single, parents, _taken(first, layout))
    if first is None or second is None:
        status = Status.second_missing if parents else Status.unmarked
        return Record(encounter_id, status, parents)
    assert both is not None
    if both.disputed:
        return Record(encounter_id, Status.disputed, parents, difference=both)
    return Record(encounter_id, Status.confirmed, parents, _taken(first, layout, second), both)


def settle(form: Form, first: Form | None, second: Form | None, layout: Layout) -> dict[str, Any]:
    """The fields to write when a settlement is submitted: what both marks agree on, and where each value comes from.

    Raises Conflict while a mark is being amended; Invalid, with the fields in `details`, while something is open or the
    moderator's own value has no reason.
    """
    if first is None or second is None:
        raise Conflict(
            "One of the two marks is being amended, so this cannot be settled now. All that you chose is kept.",
            code="mark-open",
        )
    written, sources = dict[str, Any](), dict[str, str]()
    missing, unreasoned = list[str](), list[str]()
    for name in needed(Kind.mark, layout):
        left, right, own = first.value(name), second.value(name), form.value(name)
        if own is None:
            if left != right:
                missing.append(name)
                continue
            own = written[name] = left
        source = "both" if own == left == right else "first" if own == left else "second" if own == right else "own"
        sources[name] = source
        if source == "own" and not str(form.value(f"reason.{name}") or "").strip():
            unreasoned.append(name)
    if missing or unreasoned:
        raise _not_settled(missing, unreasoned)
    return written | {PARENTS: {"first": _pin(first), "second": _pin(second)}, SOURCES: sources}


def _not_settled(missing: list[str], unreasoned: list[str]) -> Invalid:
    said = []
    if missing:
        said.append(f"{len(missing)} of the differences {'is' if len(missing) == 1 else 'are'} not settled yet.")
    if unreasoned:
        said.append(f"{len(unreasoned)} of your own values {'needs' if len(unreasoned) == 1 else 'need'} a reason.")
    said.append("Nothing was submitted; all that you chose is kept.")
    return Invalid(" ".join(said), code="incomplete", details={"missing": missing, "reasons": unreasoned})


def _pin(form: Form | None) -> dict[str, Any] | None:
    """A mark as it stood: a submitted one does not change without another `state_ms`."""
    return {"form": form.id, "state_ms": form.state_ms} if form else None


def _pinned(parents: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(parents[which]["form"] for which in ("first", "second"))


def _taken(form: Form, layout: Layout, other: Form | None = None) -> dict[str, Sourced]:
    """The values of a mark; those that another has too come from both."""
    alone = (form.id,)
    if other is None:
        return {name: _as_marked(form.value(name), alone) for name in needed(Kind.mark, layout)}
    both, own, others = (form.id, other.id), form.values.get, other.values.get
    fields = {}
    for name in needed(Kind.mark, layout):
        value = own(name)
        fields[name] = _as_marked(value, both if others(name) == value else alone)
    return fields


@lru_cache(maxsize=64)
def _as_marked(value: str | None, forms: tuple[str, ...]) -> Sourced:
    """One for all fields that hold the same: in a large exam there are hundreds of thousands."""
    return Sourced(value, forms)


def _settled(form: Form, layout: Layout) -> dict[str, Sourced]:
    first, second = _pinned(form.value(PARENTS))
    of = {"first": (first,), "second": (second,), "both": (first, second), "own": ()}
    sources = form.value(SOURCES)
    return {
        name: Sourced(form.value(name), of[sources[name]], str(form.value(f"reason.{name}") or ""))
        for name in needed(Kind.mark, layout)
    }
