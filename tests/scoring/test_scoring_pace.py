"""How marking gets on: against values from tables and worked by hand."""

import random

import pytest

from teleosce.scoring.pace import WINDOW_MS, Work, median_between, pace_of, rate_between

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_800_000_000_000


def test_a_rate_has_the_exact_interval_of_a_poisson_count() -> None:
    # Garwood's table: of 10 events the interval is 4.795 to 18.39; of none it is 0 to 3.689.
    found = rate_between(10, 2.0)
    assert (found.value, found.low, found.high) == pytest.approx((5.0, 4.795 / 2, 18.39 / 2), rel=1e-3)
    assert (rate_between(0, 1.0).low, rate_between(0, 1.0).high) == pytest.approx((0, 3.689), rel=1e-3)


def test_a_median_has_the_order_statistics_of_the_binomial_table() -> None:
    assert median_between([1, 2, 3, 4, 5]) is None
    # n = 6: first and last hold it in 1 - 2/64 = 96.9 %; n = 10: second and ninth, in 97.9 %; n = 20: 6th and 15th.
    for count, rank in ((6, 1), (10, 2), (20, 6)):
        found = median_between(range(1, count + 1))
        assert found is not None
        assert (found.value, found.low, found.high) == ((count + 1) / 2, rank, count + 1 - rank)


def test_the_interval_of_the_median_holds_it() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(400):
        found = median_between([chance.expovariate(1) for _ in range(15)])
        assert found is not None
        held += found.low <= 0.6931 <= found.high
    assert held >= 0.93 * 400


def _marked(examiner: str, start_ms: int, minutes: int) -> Work:
    """A sheet that was worked on without a break, and submitted."""
    touched = tuple(range(start_ms, start_ms + minutes * MINUTE, MINUTE))
    return Work(examiner, touched, start_ms + minutes * MINUTE)


def test_breaks_are_no_time_at_the_desk() -> None:
    # Six marks of ten minutes, with a night between the third and the fourth: an hour at the desk.
    evening = [_marked("a", NOW - 20 * HOUR + n * 10 * MINUTE, 10) for n in range(3)]
    morning = [_marked("a", NOW - 5 * HOUR + n * 10 * MINUTE, 10) for n in range(3)]
    # And one that was begun in the evening and finished in the morning: its night does not count either.
    work = [*evening, *morning, Work("a"), Work("a", (NOW - 5 * HOUR,))]
    found = pace_of(work, NOW)
    assert (found.assigned, found.begun, found.submitted, found.left) == (8, 1, 6, 2)
    assert found.minutes is not None
    assert (found.minutes.value, found.minutes.low, found.minutes.high) == (10, 10, 10)
    assert found.per_hour is not None
    assert found.per_hour.value == pytest.approx(6)


def test_the_end_is_told_by_the_pace_of_the_last_day() -> None:
    # Ten of twenty done in ten hours: ten hours more, and Garwood's 4.795 to 18.39 of ten around it.
    work = [_marked("a", NOW - 10 * HOUR + n * HOUR, 30) for n in range(10)] + [Work("b") for _ in range(10)]
    found = pace_of(work, NOW)
    assert found.ends_ms is not None
    assert (found.window_ms, found.ends_ms.value) == (10 * HOUR, NOW + 10 * HOUR)
    assert found.ends_ms.low == pytest.approx(NOW + 10 * HOUR * 10 / 18.39, abs=HOUR / 60)
    assert found.ends_ms.high == pytest.approx(NOW + 10 * HOUR * 10 / 4.795, abs=HOUR / 60)
    # Nothing for two days: no pace, and no promise.
    later = pace_of(work, NOW + 2 * WINDOW_MS)
    assert (later.ends_ms, later.window_ms) == (None, WINDOW_MS)
    assert pace_of(work[:10], NOW).ends_ms is None


def test_nothing_is_told_of_nothing() -> None:
    for work in ([], [Work(None), Work("a")], [_marked("a", NOW - HOUR, 10)]):
        found = pace_of(work, NOW)
        assert (found.minutes, found.per_hour, found.ends_ms) == (None, None, None)
