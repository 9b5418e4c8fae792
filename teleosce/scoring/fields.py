"""Which fields a form has and what each may hold. Pure.

Values are JSON: `item.<id>` is done, partly, not_done or null; `global` a grade or null; `sp.<id>` a whole number
from 1 to the item's points or null; comments and notes are text or null; `bookmark.<id>` is
`{"at_ms", "text"}` and `evidence.<item>.<id>` is `{"from_ms", "to_ms", "quote"}`, in milliseconds from the start
of the recording, or null when removed. `reason.item.<id>` and `reason.global` say why a moderator overrides both marks.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from teleosce.core.errors import Invalid, TooLarge
from teleosce.scoring.models import Change, Kind
from teleosce.stations import StationVersion
from teleosce.stations.model import Item

ITEM_MARKS = ("done", "partly", "not_done")
GRADES = ("fail", "borderline", "pass", "good", "excellent")
MAX_TEXT = 10_000
MAX_CHANGES = 200
_MAX_MS = 7 * 24 * 3600 * 1000
SHEETS = (Kind.reference, Kind.calibration)
"""These have the fields of a mark."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class MarkedItem:
    """What scoring needs of a checklist item.

    weight: its points; below 0 what it costs when it is done. partly: the share of these that partly done comes to.
    note: whether it is judged from the candidate's note.
    """

    domain: str
    weight: float
    critical: bool
    partly: float = 0.5
    note: bool = False

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """How much of it was done, 0 to 1, by mark."""
        return {"done": 1.0, "partly": self.partly, "not_done": 0.0}

    def done(self, mark: Any) -> float | None:
        """How much of it was done, 0 to 1; None while it is not marked."""
        return self.shares.get(mark) if isinstance(mark, str) else None


@dataclass(frozen=True)
class Layout:
    """What there is to fill in at a station. note: whether each field is required. sp: the points of each item."""

    items: Mapping[str, MarkedItem]
    sp: Mapping[str, int]
    note: Mapping[str, bool]

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The field of a mark for each item, as thousands of marks ask for it."""
        return {name: f"item.{name}" for name in self.items}


def marked_item(item: Item) -> MarkedItem:
    """What scoring needs of an item of a mark sheet."""
    return MarkedItem(item.domain, item.weight, item.critical, item.partly, item.note)


def layout_of(version: StationVersion) -> Layout:
    """The layout of a station version: it never changes, as the version does not."""
    sheet = version.mark_sheet
    return Layout(
        items={item.id: marked_item(item) for item in sheet.items},
        sp={item.id: item.points for item in sheet.sp_rating},
        note={field.id: field.required for field in version.note.fields} if version.note else {},
    )


def check(kind: Kind, layout: Layout, changes: list[Change]) -> None:
    """Raises Invalid, naming the field, when any change cannot be taken; TooLarge for too many or too long."""
    if len(changes) > MAX_CHANGES:
        raise TooLarge(f"At most {MAX_CHANGES} changes are saved at a time. Nothing was saved.")
    for change in changes:
        if not _ID.fullmatch(change.change_id):
            raise Invalid("A change needs an id of its own. Nothing was saved.", code="change-id")
        if not _whole(change.base_version, 0, 1 << 31):
            raise Invalid("A change names the version it was made upon. Nothing was saved.", code="base-version")
        may_hold = _rule(kind, layout, change.field)
        if may_hold is None:
            raise _refused(change.field, "There is no such field on this form.")
        if change.value is not None and not may_hold(change.value):
            raise _refused(change.field, "This cannot be its value.")


def _rule(kind: Kind, layout: Layout, field: str) -> Callable[[Any], bool] | None:
    """What a field may hold, besides null; None when the form has no such field."""
    rule: Callable[[Any], bool] | None = None
    match Kind.mark if kind in SHEETS else kind, *field.split("."):
        case (Kind.mark | Kind.settlement, "item", item) if item in layout.items:
            rule = ITEM_MARKS.__contains__
        case (Kind.mark, "comment", item) if item in layout.items:
            rule = _text
        case (Kind.mark, "evidence", item, own) if item in layout.items and _ID.fullmatch(own):
            rule = _evidence
        case (Kind.mark, "bookmark", own) if _ID.fullmatch(own):
            rule = _bookmark
        case (Kind.mark | Kind.settlement, "global"):
            rule = GRADES.__contains__
        case (Kind.settlement, "reason", *of) if of == ["global"] or of in [["item", one] for one in layout.items]:
            rule = _text
        case (Kind.mark | Kind.sp_rating | Kind.settlement, "comment"):
            rule = _text
        case (Kind.sp_rating, "sp", item) if item in layout.sp:
            rule = partial(_whole, low=1, high=layout.sp[item])
        case (Kind.note, "note", own) if own in layout.note:
            rule = _text
    return rule


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text(value: object) -> bool:
    """Raises TooLarge, as that is worth its own sentence."""
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return False
    if len(value) > MAX_TEXT:
        raise TooLarge(
            f"A text is at most {MAX_TEXT} characters long; this one has {len(value)}. Nothing was saved: shorten it."
        )
    return True


def _bookmark(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"at_ms", "text"}
        and _whole(value["at_ms"], 0, _MAX_MS)
        and _text(value["text"])
    )


def _evidence(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"from_ms", "to_ms", "quote"}
        and _whole(value["from_ms"], 0, _MAX_MS)
        and _whole(value["to_ms"], value["from_ms"], _MAX_MS)
        and _text(value["quote"])
    )


def _refused(field: str, why: str) -> Invalid:
    return Invalid(f"“{field[:80]}”: {why} Nothing was saved.", code="field", details={"field": field[:200]})
