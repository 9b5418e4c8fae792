"""Cut scores, against figures worked out by hand and by scipy."""

import numpy as np
import pytest
from scipy import stats

from teleosce.psychometrics import standards
from teleosce.psychometrics.undefined import Undefined

NAN = np.nan


def cohort(n: int = 60, seed: int = 3) -> tuple[standards.Numbers, standards.Numbers]:
    chance = np.random.default_rng(seed)
    able = chance.normal(size=n)
    grade = np.clip(np.round(2 + able + chance.normal(0, 0.5, n)), 0, 4)
    return np.clip(62 + 9 * able + chance.normal(0, 5, n), 0, 100), grade


def test_regression_as_scipy_fits_it() -> None:
    score, grade = cohort()
    found = standards.borderline_regression(score, grade)
    fitted = stats.linregress(grade, score)
    assert found.cut == pytest.approx(fitted.intercept + fitted.slope)
    assert found.facts["r2"] == pytest.approx(fitted.rvalue**2)
    # The standard error of the intercept, once grades are counted from borderline, is that of the cut.
    assert found.se == pytest.approx(stats.linregress(grade - 1, score).intercept_stderr)


def test_regression_by_hand() -> None:
    """Grades 0 1 2 3, scores 40 52 58 70: slope 9.6, mean 55 at 1.5, so 50.2 at borderline."""
    found = standards.borderline_regression(np.array([40.0, 52, 58, 70, 99]), np.array([0.0, 1, 2, 3, NAN]))
    assert found.cut == pytest.approx(50.2)
    assert found.n == 4
    assert any("Only 4 candidates" in warning for warning in found.warnings)


def test_the_other_methods_by_hand() -> None:
    score = np.array([50.0, 54, 58, 70, 80, 90, 30])
    grade = np.array([1.0, 1, 1, 2, 3, 4, 0])
    group = standards.borderline_group(score, grade)
    assert group.cut == 54
    assert group.se == pytest.approx(4 / 3**0.5)
    assert standards.cohen(np.arange(0.0, 101.0)).cut == pytest.approx(57)
    assert standards.cohen(np.arange(0.0, 101.0), 90, 0.65, chance=20).cut == pytest.approx(20 + 0.65 * 70)
    judges = standards.angoff(np.array([[0.5, 0.7], [0.6, 0.8], [0.4, NAN]]), np.array([1.0, 3.0]))
    assert judges.cut == pytest.approx((65 + 75 + 40) / 3)
    assert judges.se == pytest.approx(np.std([65, 75, 40], ddof=1) / 3**0.5)
    assert standards.fixed(50).cut == 50


def test_two_groups_meet_where_their_densities_do() -> None:
    low, high = np.array([40.0, 45, 50, 55, 48]), np.array([60.0, 72, 80, 66, 90, 75])
    found = standards.contrasting_groups(np.concatenate([low, high]), np.array([0.0] * 5 + [3.0] * 6))
    density = [stats.norm.pdf(found.cut, x.mean(), x.std(ddof=1)) for x in (low, high)]
    assert density[0] == pytest.approx(density[1])
    assert low.mean() < found.cut < high.mean()


def test_a_guarded_line_warns_when_it_leaves_what_was_seen() -> None:
    score, grade = cohort()
    found = standards.borderline_regression(score, np.maximum(grade, 2))
    assert any("beyond what was seen" in warning for warning in found.warnings)


def test_undefined_cases_are_named() -> None:
    n = np.arange(6.0)
    flat = np.ones(6)
    cases = [
        ("few", lambda: standards.borderline_regression(n[:2], n[:2])),
        ("same-rating", lambda: standards.borderline_regression(n, flat)),
        ("same-score", lambda: standards.borderline_regression(flat, n)),
        ("slope", lambda: standards.borderline_regression(-n, n)),
        ("few", lambda: standards.borderline_group(n, flat * 2)),
        ("same-score", lambda: standards.borderline_group(flat, n // 3 + 1)),
        ("same-rating", lambda: standards.borderline_group(n, flat)),
        ("few", lambda: standards.contrasting_groups(n, flat)),
        ("order", lambda: standards.contrasting_groups(n, np.array([3.0, 3, 3, 0, 0, 0]))),
        ("few", lambda: standards.cohen(np.array([NAN]))),
        ("same-score", lambda: standards.cohen(flat)),
        ("few", lambda: standards.angoff(np.array([[0.5]]))),
    ]
    for code, ask in cases:
        with pytest.raises(Undefined) as refused:
            ask()  # type: ignore[no-untyped-call]
        assert refused.value.code == code


def test_those_rated_borderline_may_score_alike_but_give_no_error_then() -> None:
    found = standards.borderline_group(np.array([50.0, 50, 50, 40, 70]), np.array([1.0, 1, 1, 0, 3]))
    assert (found.cut, found.se) == (50, None)
    assert any("how sure" in warning for warning in found.warnings)


def test_a_borderline_group_that_outscores_its_betters_is_told() -> None:
    score, grade = np.array([80.0, 85, 90, 40, 50]), np.array([1.0, 1, 1, 3, 4])
    assert any("do not score higher" in said for said in standards.borderline_group(score, grade).warnings)
    assert not any("do not score higher" in said for said in standards.borderline_group(-score, grade).warnings)


def test_judges_who_agree_entirely_tell_nothing_of_how_sure_they_are() -> None:
    agreed = standards.judged(np.full((6, 2), 0.6), list("abcdef"))
    assert (agreed.cut.cut, agreed.cut.se, agreed.cut.facts["sd"]) == (pytest.approx(60), None, 0)
    assert agreed.cut.warnings == (standards.AGREED,)
    # At one station they differ; over both, each expects the same.
    first, second = (standards.judged(np.array(own)[:, None], ["a", "b"]) for own in ([0.4, 0.6], [0.6, 0.4]))
    assert first.cut.se == pytest.approx(10)
    assert standards.panel_mark([first, second]).se is None


def test_items_that_cost_points_lower_a_judge_s_cut() -> None:
    # 4 points at 0.8, 2 at 0.5, 2 off at 0.25: (3.2 + 1 - 0.5)/6; the other judge expects the harm for sure.
    judgements = np.array([[0.8, 0.5, 0.25], [0.1, 0.1, 1.0]])
    weights = np.array([4.0, 2, -2])
    assert standards.judges_cuts(judgements, weights) == pytest.approx([100 * 3.7 / 6, 0])
    one = standards.judged(judgements, ["ada", "ben"], weights)
    assert one.cut.cut == pytest.approx(100 * 3.7 / 12)
    assert one.judges == pytest.approx({"ada": 100 * 3.7 / 6, "ben": 0})


def test_a_panel_s_pass_mark_and_its_error_between_judges() -> None:
    table = np.array([[60.0, 50], [70, 54], [62, 61], [NAN, 90]])
    names = ["a", "b", "c", "d"]
    stations = [standards.judged(column[:, None] / 100, names) for column in table.T]
    mark = standards.panel_mark(stations)
    own = [55.0, 62, 61.5]  # d judged one station alone
    assert mark.n == 3
    assert mark.cut == pytest.approx(np.mean(own))
    assert mark.se == pytest.approx(np.std(own, ddof=1) / 3**0.5)
    with pytest.raises(Undefined):
        standards.panel_mark([])
