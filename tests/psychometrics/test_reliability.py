"""Reliability, against worked examples and against what it must be by construction."""

import numpy as np
import pytest

from teleosce.psychometrics import reliability
from teleosce.psychometrics.undefined import Undefined


def parallel(n: int, parts: int, common: float, seed: int = 1) -> reliability.Numbers:
    """Parts that share a variance of `common` of 1."""
    chance = np.random.default_rng(seed)
    scores: reliability.Numbers = common**0.5 * chance.normal(size=(n, 1)) + (1 - common) ** 0.5 * chance.normal(
        size=(n, parts)
    )
    return scores


def test_alpha_by_hand() -> None:
    """Three candidates, two parts: variances 1 and 4, of the total 9: 2·(1 − 5/9)."""
    assert reliability.alpha(np.array([[1.0, 2], [2, 4], [3, 6]])).value == pytest.approx(8 / 9)


def test_alpha_of_parallel_parts_is_spearman_and_browns() -> None:
    found = reliability.alpha(parallel(20000, 8, 0.3))
    assert found.value == pytest.approx(8 * 0.3 / (1 + 7 * 0.3), abs=0.01)
    assert reliability.omega(parallel(20000, 8, 0.3)).value == pytest.approx(found.value, abs=0.005)


def test_omega_exceeds_alpha_where_parts_load_differently() -> None:
    chance = np.random.default_rng(5)
    loadings = np.array([0.9, 0.7, 0.5, 0.3])
    scores = chance.normal(size=(50000, 1)) * loadings + chance.normal(size=(50000, 4)) * (1 - loadings**2) ** 0.5
    true = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    assert reliability.omega(scores).value == pytest.approx(true, abs=0.01)
    assert reliability.alpha(scores).value < true - 0.01


def test_a_part_without_variance_stays_in_and_lowers_nothing_silently() -> None:
    scores = parallel(200, 4, 0.4)
    dead = np.column_stack([scores, np.full(200, 3.0)])
    assert reliability.alpha(dead).parts == 5
    assert reliability.alpha(dead).value == pytest.approx(reliability.alpha(scores).value * (5 / 4) / (4 / 3))
    assert reliability.corrected_correlations(dead)[4] is None


def test_those_without_a_part_are_left_out_and_counted() -> None:
    scores = parallel(50, 5, 0.4)
    scores[:10, 2] = np.nan
    assert reliability.alpha(scores).n == 40


def test_a_part_that_harms_is_seen() -> None:
    scores = parallel(500, 5, 0.5)
    scores[:, 0] *= -1
    without = reliability.alpha_if_deleted(scores)
    assert without[0] is not None
    assert without[0] > reliability.alpha(scores).value
    assert reliability.corrected_correlations(scores)[0] < 0  # type: ignore[operator]


def test_the_error_of_measurement() -> None:
    scores = parallel(5000, 6, 0.5)
    sd = scores.mean(axis=1).std(ddof=1)
    assert reliability.standard_error(scores, 0.75) == pytest.approx(sd / 2)


def test_undefined_cases_are_named() -> None:
    for scores, ask in [
        (np.ones((5, 1)), reliability.alpha),
        (np.ones((2, 3)), reliability.alpha),
        (np.ones((5, 3)), reliability.alpha),
        (np.ones((9, 3)), reliability.omega),
        (parallel(4, 6, 0.5), reliability.omega),
    ]:
        with pytest.raises(Undefined):
            ask(scores)
