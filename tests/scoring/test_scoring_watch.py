"""Estimates of examiners: against values worked by hand, and against many exams whose truth is known."""

import random
from statistics import fmean

import pytest

from teleosce.scoring.watch import Estimate, Given, Watched, contrast, drift, uniform, watch


def _exam(seed: int, *, lean: float = 0.0, flat: float = 1.0, slope: float = 0.0, circuits: int = 6) -> list[Given]:
    """Two stations, an examiner at each in every circuit, 12 candidates each; the first examiner is another one."""
    chance = random.Random(seed)
    marks = []
    for circuit in range(circuits):
        for order in range(12):
            for station, level in (("chest", 62.0), ("mood", 55.0)):
                who = f"{station}-{circuit}"
                odd = who == "chest-0"
                ability = chance.gauss(0, 10) * (flat if odd else 1)
                percent = level + ability + (lean + slope * order if odd else 0)
                grade = min(5, max(1, round(3 + ability / 9)))
                marks.append(Given(who, station, percent, grade, order * 1000))
    return marks


def _of(marks: list[Given], who: str = "chest-0") -> Watched:
    return next(one for one in watch(marks) if one.examiner == who)


def test_leniency_is_the_difference_of_means_with_a_pooled_t_interval() -> None:
    # By hand: means 60 and 50, both sums of squares 250, pooled variance 500/8 = 62.5, so the standard error is
    # √(62.5·(1/5 + 1/5)) = 5; t(0.975; 8) = 2.306.
    cells = {"s": {"a": [50.0, 55.0, 60.0, 65.0, 70.0], "b": [40.0, 45.0, 50.0, 55.0, 60.0]}}
    found = contrast(cells, "a", needs=5)
    assert (found.value, found.own, found.others, found.n) == (10.0, 60.0, 50.0, 5)
    assert (found.low, found.high) == (pytest.approx(10 - 5 * 2.306, abs=0.01), pytest.approx(10 + 5 * 2.306, abs=0.01))
    assert not found.stands_out
    wider = contrast(cells, "a", needs=5, compared=10)
    # t(1 - 0.05/20; 8) = 3.833
    assert wider.low == pytest.approx(10 - 5 * 3.833, abs=0.01)


def test_others_who_differ_among_themselves_do_not_widen_the_interval() -> None:
    own = [50.0, 52.0, 54.0, 56.0, 58.0]
    alike = contrast({"s": {"a": own, "b": [50.0, 54.0, 58.0], "c": [50.0, 54.0, 58.0]}}, "a", 5)
    apart = contrast({"s": {"a": own, "b": [30.0, 34.0, 38.0], "c": [70.0, 74.0, 78.0]}}, "a", 5)
    assert (alike.value, alike.low, alike.high) == pytest.approx((apart.value, apart.low, apart.high))


def test_stations_are_compared_each_with_itself() -> None:
    easy, hard = [90.0, 91.0, 92.0], [40.0, 41.0, 42.0]
    cells = {"easy": {"a": easy, "b": easy}, "hard": {"b": hard, "c": hard}}
    assert contrast(cells, "b", 5).value == pytest.approx(0.0)
    # Nobody else was at the easy station but a, and at none with c: c's three marks are too few.
    assert contrast(cells, "c", 5) == Estimate(3, 5)


def test_drift_is_the_slope_within_stations() -> None:
    # By hand: at each station points rise by 1 a mark given at it, which is 0.5 a mark of all: 5 in ten. Exactly.
    marks = [Given("a", "xy"[at % 2], (60 if at % 2 else 40) + at // 2, 3, at) for at in range(12)]
    found = drift(marks)
    assert (found.value, found.n) == (pytest.approx(5.0), 12)
    assert found.low == pytest.approx(5.0)
    # y = 1, 2, …, 10 with ±1 in turn: b = (82.5 - 5)/82.5 by sums of products, residual 10 - 25/82.5 over 8 degrees.
    bumpy = [Given("a", "s", at + (1 if at % 2 == 0 else -1), 3, at) for at in range(10)]
    found = drift(bumpy)
    assert found.value == pytest.approx(10 * (82.5 - 5) / 82.5)
    assert found.high is not None
    assert found.high - (found.value or 0) == pytest.approx(10 * 2.306 * ((10 - 25 / 82.5) / 8 / 82.5) ** 0.5, rel=1e-3)
    assert drift(marks[:9]) == Estimate(9, 10)


def test_flat_marking_is_told_from_lenient_marking() -> None:
    flat = _of(_exam(1, flat=0.1, lean=0))
    assert flat.spread.stands_out
    assert flat.grades.stands_out
    assert (flat.spread.value or 0) < 0 < (flat.spread.own or 0) < (flat.spread.others or 0)
    lenient = _of(_exam(1, lean=15))
    assert lenient.leniency.stands_out
    assert not lenient.spread.stands_out
    # All the same, to the last: that is as flat as can be, and no division by nothing.
    same = [Given("a", "s", 50.0, 3, at) for at in range(8)] + [
        Given("b", "s", 30.0 + 5 * at, 1 + at % 5, at) for at in range(8)
    ]
    assert _of(same, "a").spread.stands_out
    assert _of(same, "a").spread.own == 0


def test_sheets_of_one_mark_are_counted() -> None:
    assert uniform({"a": "done", "b": "done", "c": "done"})
    assert not uniform({"a": "done", "b": "done", "c": "partly"})
    assert not uniform({"a": "done", "b": "done"})


def test_examiners_who_mark_alike_hardly_ever_stand_out() -> None:
    """300 exams of twelve examiners without any difference: at most about one exam in twenty names anybody."""
    named = {"leniency": 0, "spread": 0, "drift": 0}
    for seed in range(300):
        for what in named:
            named[what] += any(getattr(one, what).stands_out for one in watch(_exam(seed)))
    # 0.05 · 300 = 15, and two standard errors of that; Levene's test is a little liberal for as few as 12 marks.
    assert named["leniency"] <= 23
    assert named["drift"] <= 23
    assert named["spread"] <= 30


def test_a_true_difference_is_estimated_without_bias_and_mostly_found() -> None:
    lenient = [_of(_exam(seed, lean=15)).leniency for seed in range(100)]
    assert fmean(one.value or 0 for one in lenient) == pytest.approx(15, abs=1)
    assert sum(one.stands_out for one in lenient) >= 90
    falling = [_of(_exam(seed, slope=-3)).drift for seed in range(100)]
    assert fmean(one.value or 0 for one in falling) == pytest.approx(-30, abs=2)
    flat = [_of(_exam(seed, flat=0.15)).spread for seed in range(100)]
    assert sum(one.stands_out for one in flat) >= 90
