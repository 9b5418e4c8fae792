"""Agreement with agreed marks: against values worked by hand and a published example."""

import random

import pytest

from teleosce.scoring import Layout, MarkedItem
from teleosce.scoring.agreement import Compared, agreement, compare, gate, weighted_kappa

LAYOUT = Layout(
    items={
        "a": MarkedItem("d", 1.0, critical=False),
        "b": MarkedItem("d", 3.0, critical=True),
        "c": MarkedItem("d", 1.0, critical=False),
    },
    sp={},
    note={},
)


def test_kappa_of_a_table_worked_by_hand() -> None:
    # Rows: 10 not done (8 alike, 1 partly, 1 done), 4 partly (1, 2, 1), 6 done (0, 1, 5). Seen distance:
    # (1 + 2 + 1 + 1 + 1)/20 = 0.3. By chance, with the second's 9, 4, 7: Σ nᵢ·mⱼ·|i - j|/400 =
    # (10·4 + 10·7·2 + 4·9 + 4·7 + 6·9·2 + 6·4)/400 = 376/400 = 0.94. So 1 - 0.3/0.94.
    table = {
        ("not_done", "not_done"): 8, ("not_done", "partly"): 1, ("not_done", "done"): 1,
        ("partly", "not_done"): 1, ("partly", "partly"): 2, ("partly", "done"): 1,
        ("done", "partly"): 1, ("done", "done"): 5,
    }  # fmt: skip
    pairs = [pair for pair, count in table.items() for _ in range(count)]
    assert weighted_kappa(pairs) == pytest.approx(1 - 0.3 / 0.94)


def test_kappa_counts_every_category_and_knows_when_it_cannot_tell() -> None:
    # Two categories occur, two steps apart: they weigh as far as they are, whatever lies between is unused.
    assert weighted_kappa([("done", "done"), ("not_done", "not_done")]) == pytest.approx(1.0)
    assert weighted_kappa([("done", "not_done"), ("not_done", "done")]) == pytest.approx(-1.0)
    assert weighted_kappa([("done", "done")] * 20) is None
    chance = random.Random(3)
    marks = ("not_done", "partly", "done")
    by_chance = [(chance.choice(marks), chance.choice(marks)) for _ in range(4000)]
    assert weighted_kappa(by_chance) == pytest.approx(0, abs=0.04)


def test_points_of_an_item_that_costs_them() -> None:
    layout = Layout({"a": MarkedItem("d", 4.0, False, partly=0.25), "b": MarkedItem("d", -2.0, True)}, {}, {})
    found = compare(layout, {"item.a": "done", "item.b": "not_done"}, {"item.a": "partly", "item.b": "done"})
    assert [one.points for one in found.items] == [-75, -50]


def test_one_attempt_item_by_item() -> None:
    agreed = {"item.a": "done", "item.b": "done", "item.c": "not_done", "global": "pass", "comment.b": "why"}
    found = compare(LAYOUT, agreed, {"item.a": "done", "item.b": "partly", "item.c": "done", "global": "excellent"})
    # Weights 1, 3, 1 of 5: half of b lost is 30 points, c gained is 20.
    assert [(one.item, one.points, one.equal) for one in found.items] == [
        ("a", 0, True),
        ("b", pytest.approx(-30), False),
        ("c", pytest.approx(20), False),
    ]
    assert (found.equal, found.points, found.grade) == (1, pytest.approx(-10), 2)
    assert [one.item for one in found.items if one.critical] == ["b"]


def test_all_together() -> None:
    agreed = {f"item.{name}": "done" for name in LAYOUT.items} | {"global": "good"}
    same = compare(LAYOUT, agreed, agreed)
    worse = compare(LAYOUT, agreed, agreed | {"item.b": "not_done"})
    done = agreement([same, worse])
    assert (done.references, done.items, done.equal) == (2, 6, 5)
    assert (done.share, done.leniency) == (pytest.approx(5 / 6), pytest.approx(-30))
    assert done.kappa is None
    assert agreement([]).share is None


def test_the_gate_asks_for_no_more_than_there_is() -> None:
    equal = Compared((), 0.0, 0)
    none, two = agreement([]), agreement([equal, equal])
    assert gate(0, 0.9, 5, none).open
    assert gate(3, 0.0, 0, none).open
    closed = gate(3, 0.0, 3, two)
    assert (closed.open, closed.left) == (False, 1)
    assert gate(3, 0.0, 2, two).open
    assert not gate(2, 0.1, 2, two).open
