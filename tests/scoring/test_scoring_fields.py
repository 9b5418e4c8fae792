from pathlib import Path
from typing import Any

import pytest
from form_world import LAYOUT, change

from teleosce.core.errors import Invalid, TooLarge
from teleosce.scoring import Change, Form, Forms, Kind, Layout, MarkedItem, State, layout_of
from teleosce.scoring.fields import ITEM_MARKS, MAX_CHANGES, MAX_TEXT, check
from teleosce.scoring.score import missing
from teleosce.stations import read

STATIONS = Path(__file__).parents[2] / "stations"

GOOD = [
    (Kind.mark, "item.red-flags", "done"),
    (Kind.mark, "item.red-flags", "partly"),
    (Kind.mark, "item.red-flags", "not_done"),
    (Kind.mark, "item.red-flags", None),
    (Kind.mark, "comment.opens", "Warm.\nClear."),
    (Kind.mark, "comment", "x" * MAX_TEXT),
    (Kind.mark, "global", "borderline"),
    (Kind.mark, "bookmark.b1", {"at_ms": 61_000, "text": "Asks where she is"}),
    (Kind.mark, "bookmark.b1", None),
    (Kind.mark, "evidence.red-flags.e1", {"from_ms": 5, "to_ms": 9, "quote": "any pain in your arm?"}),
    (Kind.sp_rating, "sp.trust", 7),
    (Kind.sp_rating, "comment", "He listened."),
    (Kind.note, "note.plan", "ECG, troponin. “Möglich.” 🙂"),
]

BAD: list[tuple[Kind, str, Any]] = [
    (Kind.mark, "item.nothing", "done"),
    (Kind.mark, "item", "done"),
    (Kind.mark, "item.opens.more", "done"),
    (Kind.mark, "item.opens", "yes"),
    (Kind.mark, "item.opens", 1),
    (Kind.mark, "item.opens", ["done"]),
    (Kind.mark, "item.opens", {"done": True}),
    (Kind.mark, "global", "outstanding"),
    (Kind.mark, "comment", 5),
    (Kind.mark, "comment", "a\0b"),
    (Kind.mark, "comment", "\ud800"),
    (Kind.mark, "comment.nothing", "x"),
    (Kind.mark, "sp.trust", 3),
    (Kind.mark, "note.plan", "x"),
    (Kind.mark, "bookmark.", {"at_ms": 1, "text": ""}),
    (Kind.mark, "bookmark.../x", {"at_ms": 1, "text": ""}),
    (Kind.mark, "bookmark.b1", {"at_ms": -1, "text": ""}),
    (Kind.mark, "bookmark.b1", {"at_ms": 1.5, "text": ""}),
    (Kind.mark, "bookmark.b1", {"at_ms": 1}),
    (Kind.mark, "evidence.opens.e1", {"from_ms": 9, "to_ms": 5, "quote": ""}),
    (Kind.mark, "evidence.nothing.e1", {"from_ms": 1, "to_ms": 5, "quote": ""}),
    (Kind.mark, "evidence.opens", {"from_ms": 1, "to_ms": 5, "quote": ""}),
    (Kind.mark, "", "x"),
    (Kind.sp_rating, "sp.trust", 8),
    (Kind.sp_rating, "sp.trust", 0),
    (Kind.sp_rating, "sp.trust", True),
    (Kind.sp_rating, "sp.trust", 3.0),
    (Kind.sp_rating, "sp.trust", "3"),
    (Kind.sp_rating, "global", "pass"),
    (Kind.note, "note.nothing", "x"),
    (Kind.note, "comment", "x"),
]


@pytest.mark.parametrize(("kind", "field", "value"), GOOD)
def test_what_a_field_may_hold(kind: Kind, field: str, value: Any):
    check(kind, LAYOUT, [change(field, value)])


@pytest.mark.parametrize(("kind", "field", "value"), BAD)
def test_what_a_field_may_not_hold(kind: Kind, field: str, value: Any):
    with pytest.raises(Invalid, match="Nothing was saved"):
        check(kind, LAYOUT, [change(field, value)])


def test_too_much_is_refused():
    with pytest.raises(TooLarge):
        check(Kind.mark, LAYOUT, [change("comment", "x" * (MAX_TEXT + 1))])
    with pytest.raises(TooLarge):
        check(Kind.mark, LAYOUT, [change("comment", "x")] * (MAX_CHANGES + 1))


@pytest.mark.parametrize(
    "wrong",
    [Change("comment", "x", -1, "a"), Change("comment", "x", True, "a"), Change("comment", "x", 0, ""),
     Change("comment", "x", 0, "a b"), Change("comment", "x", 0, "a" * 65)],
)  # fmt: skip
def test_a_change_names_itself_and_its_base(wrong: Change):
    with pytest.raises(Invalid):
        check(Kind.mark, LAYOUT, [wrong])


def form(kind: Kind = Kind.mark, **fields: Any) -> Form:
    values = {name.replace("__", "."): value for name, value in fields.items()}
    values = {name.replace("red_flags", "red-flags"): value for name, value in values.items()}
    return Form("f", kind, "e", "a", State.draft, 0, 0, values)


def test_progress_counts_items_and_the_global_rating():
    filled = form(item__opens="done", item__red_flags=None, comment="x")
    assert (Forms.progress(filled, LAYOUT).marked, Forms.progress(filled, LAYOUT).total) == (1, 4)
    assert missing(filled, LAYOUT) == ["item.red-flags", "item.safety-net", "global"]


def test_a_note_needs_its_required_fields_and_a_rating_all():
    assert missing(form(Kind.note, note__findings="  "), LAYOUT) == ["note.findings"]
    assert missing(form(Kind.note, note__findings="Pale."), LAYOUT) == []
    assert missing(form(Kind.sp_rating, sp__trust=1), LAYOUT) == ["sp.listened"]


def test_the_total_is_a_weighted_percentage():
    full = {"item__opens": "done", "item__red_flags": "not_done", "item__safety-net": "partly"}
    assert Forms.total(form(**full), LAYOUT) == pytest.approx(100 * (1 + 0 + 1) / 6)
    assert Forms.total(form(**full, **{"global": "fail"}), LAYOUT) == Forms.total(form(**full), LAYOUT)


def test_missing_is_missing_and_never_nought():
    assert Forms.total(form(), LAYOUT) is None
    assert Forms.total(form(item__opens="done"), LAYOUT) == 100.0
    assert Forms.total(form(item__opens="done", item__red_flags=None), LAYOUT) == 100.0


def test_what_costs_points_is_taken_off_and_nothing_is_less_than_nothing():
    layout = Layout({"a": MarkedItem("d", 4.0, False, partly=0.25), "b": MarkedItem("d", -2.0, True)}, {}, {})
    totals = {(a, b): Forms.total(form(item__a=a, item__b=b), layout) for a in ITEM_MARKS for b in (*ITEM_MARKS, None)}
    assert totals["done", "not_done"] == totals["done", None] == 100
    assert totals["partly", "not_done"] == 25
    assert totals["done", "partly"] == 75
    assert totals["not_done", "done"] == 0
    assert Forms.total(form(item__b="not_done"), layout) is None


def test_a_critical_item_counts_by_its_weight_alone():
    same = Layout({name: MarkedItem("d", item.weight, critical=False) for name, item in LAYOUT.items.items()}, {}, {})
    failed = form(item__opens="done", item__red_flags="not_done")
    assert Forms.total(failed, LAYOUT) == Forms.total(failed, same) == 25.0


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in STATIONS.glob("*/station.yaml")), ids=lambda folder: folder.name
)
def test_every_shipped_station_has_a_layout(folder: Path):
    version = read(folder)
    layout = layout_of(version)
    assert list(layout.items) == [item.id for item in version.mark_sheet.items]
    assert bool(layout.items) != version.rest
