"""How far a form is, and what it adds up to. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teleosce.scoring.fields import Layout
from teleosce.scoring.models import Form, Kind


@dataclass(frozen=True)
class Progress:
    """How many of the fields that a form needs are filled in."""

    marked: int
    total: int


def missing(form: Form, layout: Layout) -> list[str]:
    """The fields without which a form is not submitted, in the order of the sheet, the global rating last."""
    return [field for field in needed(form.kind, layout) if _is_empty(form.value(field))]


def progress(form: Form, layout: Layout) -> Progress:
    """Filled in out of what a submission needs."""
    fields = needed(form.kind, layout)
    return Progress(len(fields) - len(missing(form, layout)), len(fields))


def total(form: Form, layout: Layout) -> float | None:
    """The station percentage of a form: see `percent`."""
    return percent(form.values.get, layout)


def percent(value: Callable[[str], Any], layout: Layout) -> float | None:
    """The station percentage: 100·Σ(weight·done)/Σ(weight, of those above 0) over the items that are marked.

    What costs points has a weight below 0, and a station never has less than 0. An unmarked item is missing, never 0,
    so it is in neither sum; None when nothing worth points is marked. A critical item counts as any other: it bears on
    the decision, not on the score. The global rating is no part of it.
    """
    fields = layout.fields
    reached = worth = 0.0
    for name, item in layout.items.items():
        done = item.done(value(fields[name]))
        if done is not None:
            reached += item.weight * done
            worth += max(item.weight, 0)
    return max(0.0, 100 * reached / worth) if worth else None


def needed(kind: Kind, layout: Layout) -> list[str]:
    """What a form of a kind is not submitted without."""
    match kind:
        case Kind.mark | Kind.settlement | Kind.reference | Kind.calibration:
            return [*layout.fields.values(), "global"]
        case Kind.sp_rating:
            return [f"sp.{name}" for name in layout.sp]
        case Kind.note:
            return [f"note.{name}" for name, required in layout.note.items() if required]


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
