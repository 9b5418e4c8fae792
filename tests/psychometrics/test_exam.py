"""The pass mark of an exam, who passes, and how stations behave."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy.stats import norm

from teleosce.psychometrics import bootstrap, exam, standards, stations
from teleosce.psychometrics.undefined import Undefined
from teleosce.reports.analysis import METHODS

NAN = np.nan


def simulated(n: int = 60, k: int = 10, seed: int = 7) -> tuple[exam.Numbers, exam.Numbers]:
    """Candidates of some ability, each station with a noise of its own; the rating sees the ability better."""
    chance = np.random.default_rng(seed)
    able = chance.normal(size=(n, 1))
    grades = np.clip(np.round(2 + able + chance.normal(0, 0.7, (n, k))), 0, 4)
    return np.clip(64 + 8 * able + chance.normal(0, 7, (n, k)), 0, 100), grades


def test_candidates_are_compared_with_the_cuts_of_what_they_sat() -> None:
    scores = np.array([[60.0, 40, NAN], [NAN, 50, 70], [NAN, NAN, NAN]])
    marks = exam.pass_marks(scores, np.array([50.0, 60, 65]))
    assert marks[0] == 55
    assert marks[1] == 62.5
    assert np.isnan(marks[2])


def test_at_the_line_is_a_pass_whatever_the_sum_of_floats_says() -> None:
    tenths = np.array([[0.1 + 0.2, 0.3]])
    assert exam.decide(tenths, np.array([0.3, 0.3 + 1e-16]), exam.Rule(stations=1.0))[0].passed


def test_each_part_of_a_rule_fails_by_its_name() -> None:
    scores = np.array([[70.0, 40, 40], [70, 70, 70], [70, 70, 70], [NAN, NAN, NAN], [54, 54, 54]])
    verdicts = exam.decide(
        scores,
        np.array([50.0, 50, 50]),
        exam.Rule(sems=1, stations=0.6, critical=True, domains={"safety": 50}),
        sem=5,
        critical=np.array([False, True, False, False, False]),
        domains={"safety": np.array([80.0, 80, 20, NAN, 80])},
    )
    assert [one.failed_by for one in verdicts] == [
        ("total", "stations"),
        ("critical",),
        ("domain:safety",),
        (),
        ("total",),
    ]
    assert [one.passed for one in verdicts] == [False, False, False, None, False]
    assert verdicts[0].stations_passed == 1


def test_who_has_no_mark_in_a_domain_of_the_rule_is_not_let_through_by_it() -> None:
    scores, cuts = np.array([[70.0], [70], [40]]), np.array([50.0])
    rule = exam.Rule(domains={"safety": 50})
    verdicts = exam.decide(scores, cuts, rule, domains={"safety": np.array([80.0, NAN, NAN])})
    assert [(one.passed, one.failed_by) for one in verdicts] == [
        (True, ()),
        (None, ("unmarked:safety",)),
        (False, ("total",)),
    ]


@pytest.mark.parametrize("method", ["borderline-regression", "borderline-group", "contrasting-groups"])
def test_each_method_s_bootstrap_draws_what_a_plain_loop_draws(method: str) -> None:
    scores, grades = simulated(n=40, k=3)
    scores[:12, 1], grades[5:9, 2] = NAN, NAN
    grades[:, 0] = np.where(grades[:, 0] == 1, 2, grades[:, 0])  # nobody borderline: some draws have no cut
    whole, each = bootstrap.cut_spread(method, scores, grades, draws=150, seed=11)
    drawn = np.random.default_rng(11).multinomial(40, np.full(40, 1 / 40), size=150)
    cuts = np.full((150, 3), NAN)
    for draw, counts in enumerate(drawn):
        for station in range(3):
            try:
                again = (np.repeat(table[:, station], counts) for table in (scores, grades))
                cuts[draw, station] = METHODS[method](*again).cut
            except Undefined:
                pass
    marks = exam.totals(cuts)
    assert (whole.undefined, whole.draws) == (int(np.isnan(marks).sum()), 150)
    assert whole.se == pytest.approx(np.nanstd(marks, ddof=1), rel=1e-9)
    assert (whole.low, whole.high) == pytest.approx(np.nanpercentile(marks, [2.5, 97.5]))
    for station, one in enumerate(each):
        assert one.undefined == np.isnan(cuts[:, station]).sum()
        if np.isfinite(one.se):
            assert one.se == pytest.approx(np.nanstd(cuts[:, station], ddof=1), rel=1e-9)


@pytest.mark.parametrize(("method", "percentile", "share"), [("cohen", 95, 0.6), ("modified-cohen", 90, 0.65)])
def test_intervals_of_a_high_percentile_hold_what_it_stands_for(method: str, percentile: float, share: float) -> None:
    truth = share * (60 + 10 * norm.ppf(percentile / 100))
    held = list[bool]()
    for seed in range(40):
        scores = 60 + 10 * np.random.default_rng(seed).normal(size=(60, 6))
        scores[:5, 1] = NAN
        _, each = bootstrap.cut_spread(method, scores, np.full_like(scores, NAN), draws=200)
        held += [one.low <= truth <= one.high for one in each]
    assert np.mean(held) > 0.91


@pytest.mark.parametrize("same", [70.0, 200 / 3])
@pytest.mark.parametrize("method", METHODS)
def test_a_station_where_all_have_the_same_score_has_no_cut_and_no_part_in_the_pass_mark(
    method: str, same: float
) -> None:
    scores, grades = simulated(40, 2)
    # Sums of points in another order end at the next number.
    column = np.where(np.arange(40) % 2, same, np.nextafter(same, 100))
    with pytest.raises(Undefined, match="have the same score"):
        METHODS[method](column, grades[:, 0])
    flat = np.column_stack([scores, column])
    both = [
        bootstrap.cut_spread(method, one, np.column_stack([grades, grades[:, 0]])[:, : one.shape[1]], 50)
        for one in (scores, flat)
    ]
    assert astuple(both[1][0]) == pytest.approx(astuple(both[0][0]))
    assert np.isnan(both[1][1][2].se)


@pytest.mark.parametrize("same", [60.0, 1100 / 15])
def test_how_sure_a_cut_is_cannot_be_told_where_all_borderline_candidates_score_alike(same: float) -> None:
    scores = np.append(np.full(12, same), np.random.default_rng(0).uniform(50, 90, 30))[:, None]
    grades = np.repeat([1.0, 2.0, 4.0], [12, 15, 15])[:, None]
    cut = standards.borderline_group(scores[:, 0], grades[:, 0])
    assert (cut.cut, cut.se, cut.facts["sd"]) == (pytest.approx(same), None, 0)
    assert any("cannot be told" in said for said in cut.warnings)
    with pytest.raises(Undefined, match="cannot be told") as refused:
        bootstrap.cut_spread("borderline-group", scores, grades, draws=100)
    assert refused.value.code == "same-score"


def test_stations_that_share_candidates_are_not_independent() -> None:
    scores, grades = simulated(200)
    whole, each = bootstrap.cut_spread("borderline-regression", scores, grades, draws=500)
    alone = np.sqrt(sum(one.se**2 for one in each)) / 10
    assert whole.se > alone


def test_too_few_for_a_bootstrap() -> None:
    with pytest.raises(Undefined):
        bootstrap.cut_spread("borderline-regression", np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(Undefined):
        bootstrap.cut_spread("borderline-regression", np.ones((9, 3)), np.ones((9, 3)))


def test_a_station_that_misbehaves_is_seen() -> None:
    scores, grades = simulated(120, 6)
    scores[:, 2] = scores[::-1, 2]
    scores[60:, 4] += 20
    circuits = ["A"] * 60 + ["B"] * 60
    found = stations.stations(scores, grades, circuits)
    assert all(one.n == 120 for one in found)
    assert found[2].total_correlation < 0.2 < found[0].total_correlation  # type: ignore[operator]
    assert found[4].between_circuits > 0.3 > found[0].between_circuits  # type: ignore[operator]
    fitted = standards.borderline_regression(scores[:, 0], grades[:, 0])
    assert found[0].cut == fitted.cut
    assert found[0].failing == int((scores[:, 0] < fitted.cut).sum())


def test_ratings_that_go_against_scores_are_figures_and_no_cut() -> None:
    scores, grades = simulated(40, 3)
    line = standards.borderline_regression(scores[:, 0], grades[:, 0])
    found = stations.stations(scores, np.column_stack([4 - grades[:, 0], grades[:, 1], np.ones(40)]))
    assert (found[0].cut, found[0].failing, found[0].no_cut) == (None, None, "slope")
    assert found[0].discrimination == pytest.approx(-line.facts["slope"])
    assert found[0].r2 == pytest.approx(line.facts["r2"])
    assert [one.no_cut for one in found[1:]] == ["", "same-rating"]


def test_half_an_exam_has_what_it_has_and_no_more() -> None:
    scores, grades = simulated(20, 3)
    scores[:, 1] = NAN
    empty = stations.stations(scores, grades)[1]
    assert (empty.n, empty.facility, empty.cut, empty.failing, empty.total_correlation) == (0, None, None, None, None)


def test_items_by_hand() -> None:
    marks = np.array([[1.0, 0, 1], [1, 0.5, 0], [1, 1, 0.5], [1, 1, NAN]])
    first, second, third = stations.items(marks)
    assert (first.facility, first.always, first.discrimination) == (1, 4, None)
    assert second.facility == 0.625
    assert second.discrimination == pytest.approx(np.corrcoef([0, 0.5, 1], [2, 1, 1.5])[0, 1])
    assert third.n == 3
