"""Variance components: by mean squares, by REML, and what simulated exams hold in truth."""

import numpy as np
import pytest

from teleosce.psychometrics import generalizability as g
from teleosce.psychometrics import mixed, reliability
from teleosce.psychometrics.undefined import Undefined


def table(n: int, k: int, seed: int) -> g.Numbers:
    p, s, rest = 16.0, 9.0, 49.0
    chance = np.random.default_rng(seed)
    scores: g.Numbers = (
        60
        + p**0.5 * chance.normal(size=(n, 1))
        + s**0.5 * chance.normal(size=(1, k))
        + rest**0.5 * chance.normal(size=(n, k))
    )
    return scores


def long(scores: g.Numbers) -> tuple[g.Numbers, g.Codes, g.Codes]:
    where: g.Codes = np.indices(scores.shape)
    known = np.isfinite(scores)
    return scores[known], where[0][known], where[1][known]


ONE = """101000000000 111001000000 111110000000 110110010000 111110100000 111011100000 111111100000 111101111100
111111111110 111111111111"""
"""Brennan, Generalizability Theory, 2001: synthetic data no. 1, persons × items."""

FOUR = """565553456733 937775557752 343353356516 755331435335 929777372753
343533634512 737775575554 585775543211 998866655811 444335655711"""
"""The same, table 3.2 (p. 73): synthetic data no. 4, persons × 4 raters within each of 3 tasks."""


def digits(text: str) -> g.Numbers:
    return np.array([[float(one) for one in row] for row in text.split()])


def test_persons_by_items_as_brennan_prints_them() -> None:
    scores = digits(ONE)
    for study in (g.by_anova(scores), g.by_reml(*long(scores))):
        printed = {g.P: 0.0574, g.S: 0.0754, g.REST: 0.1269}
        assert {name: round(variance, 4) for name, variance in study.components.items()} == printed
        found = g.project(study, 12)
        assert (round(found.relative, 3), round(found.absolute, 3)) == (0.844, 0.773)


def test_raters_within_tasks_as_brennan_prints_them() -> None:
    """Table 3.2 and its variance components (p. 116 for software that finds them)."""
    score, person, rater = long(digits(FOUR))
    study = g.by_reml(score, person, rater // 4, rater)
    assert study.mean == pytest.approx(4.75)
    printed = {g.P: 0.4731, g.S: 0.3252, g.R: 0.6475, g.PS: 0.5596, g.REST: 2.3802}
    assert {name: round(variance, 4) for name, variance in study.components.items()} == printed
    found = g.project(study, 3, 4)
    assert (round(found.relative, 2), round(found.absolute, 2)) == (0.55, 0.46)


def test_reml_is_anova_where_nothing_is_missing() -> None:
    scores = table(40, 10, 2)
    anova, reml = g.by_anova(scores), g.by_reml(*long(scores))
    for name, variance in anova.components.items():
        assert reml.components[name] == pytest.approx(variance, rel=1e-3)
    assert reml.mean == pytest.approx(scores.mean())


def test_the_relative_coefficient_of_the_exam_as_it_was_is_alpha() -> None:
    scores = table(40, 10, 2)
    assert g.project(g.by_anova(scores), 10).relative == pytest.approx(reliability.alpha(scores).value)


def test_missing_cells_hardly_move_what_is_found() -> None:
    scores = table(200, 12, 4)
    scores[np.random.default_rng(1).random(scores.shape) < 0.2] = np.nan
    found = g.by_reml(*long(scores)).components
    assert found[g.P] == pytest.approx(16, rel=0.35)
    assert found[g.REST] == pytest.approx(49, rel=0.1)


def test_examiners_within_stations() -> None:
    """p×(r:s), two examiners a station, each truth within what its levels allow."""
    chance = np.random.default_rng(8)
    n, k = 150, 24
    truth = {g.P: 16.0, g.S: 9.0, g.R: 12.0, g.PS: 25.0, g.REST: 20.0}
    candidate, station, second = (part.ravel() for part in np.indices((n, k, 2)))
    examiner = station * 2 + second
    score = (
        60
        + 4 * chance.normal(size=n)[candidate]
        + 3 * chance.normal(size=k)[station]
        + 12**0.5 * chance.normal(size=2 * k)[examiner]
        + 5 * chance.normal(size=(n, k))[candidate, station]
        + 20**0.5 * chance.normal(size=len(candidate))
    )
    study = g.by_reml(score, candidate, station, examiner)
    for name, spread in ((g.P, 0.4), (g.R, 0.5), (g.PS, 0.1), (g.REST, 0.1)):
        assert study.components[name] == pytest.approx(truth[name], rel=spread)
    two, one = g.project(study, 12, 2), g.project(study, 12, 1)
    assert two.absolute > one.absolute
    assert two.relative > two.absolute


def test_how_many_for_eighty() -> None:
    study = g.Study({g.P: 10.0, g.S: 5.0, g.REST: 30.0}, {}, 60, 0, 100, 10, "ANOVA")
    # 10/(10 + 35/n) ≥ .8 from n = 14; 10/(10 + 30/n) from 12.
    assert g.needed(study) == 14
    assert g.needed(study, absolute=False) == 12
    assert g.needed(study, 0.999, most=50) is None
    assert g.project(study, 12).relative_error == pytest.approx((30 / 12) ** 0.5)


def test_far_from_the_cut_decisions_are_surer() -> None:
    study = g.by_anova(table(60, 10, 5))
    assert g.at_cut(study, study.mean, 10) == pytest.approx(g.project(study, 10).absolute)
    assert g.at_cut(study, study.mean - 20, 10) > g.at_cut(study, study.mean - 5, 10)


def test_a_negative_component_is_told_and_counts_as_none() -> None:
    chance = np.random.default_rng(0)
    scores = next(
        drawn
        for drawn in (chance.normal(size=(8, 5)) for _ in range(100))
        if g.by_anova(drawn).negative.get(g.P, 0) < 0
    )
    study = g.by_anova(scores)
    assert study.components[g.P] == 0
    assert g.by_reml(*long(scores)).components[g.P] == pytest.approx(0, abs=1e-6)


def test_the_slopes_of_the_deviance_are_its_slopes() -> None:
    chance = np.random.default_rng(3)
    candidate, station = (part.ravel() for part in np.indices((24, 5)))
    twice = chance.random(len(candidate)) < 0.4
    candidate, station = np.append(candidate, candidate[twice]), np.append(station, station[twice])
    examiner = station * 3 + chance.integers(0, 3, len(station))
    score = 60 + 6 * chance.normal(size=24)[candidate] + 8 * chance.normal(size=len(station))
    factors = {"candidate": candidate, "station": station, "examiner": examiner}
    work = mixed._Work(score, np.ones((len(score), 1)), factors, candidate * 5 + station)
    assert len(work.sizes) == 2
    at, step = np.array([0.5, 0.3, 0.9, 0.7]), 1e-5
    for one, slope in enumerate(work.deviance(at)[1]):
        ends = [work.deviance(at + sign * step * np.eye(4)[one])[0] for sign in (1, -1)]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_candidates_who_met_the_same_are_worked_out_once() -> None:
    """A ring of two circuits: each candidate has own effects and errors, from two sets of equations."""
    chance = np.random.default_rng(5)
    candidate, station = (part.ravel() for part in np.indices((20, 6)))
    examiner = station * 2 + candidate % 2
    score = 60 + 6 * chance.normal(size=20)[candidate] + 5 * chance.normal(size=120)
    factors = {"candidate": candidate, "examiner": examiner}
    work = mixed._Work(score, np.ones((120, 1)), factors, None)
    assert len(work.members) == 2
    found = mixed.fit(score, np.ones((120, 1)), factors)
    # The same by the whole matrix of variances: V = residual·I + Σ variance·ZZ'.
    z = {name: np.eye(codes.max() + 1)[codes] for name, codes in factors.items()}
    v = found.variances["residual"] * np.eye(120) + sum(found.variances[name] * of @ of.T for name, of in z.items())
    one = np.ones(120)
    mean = one @ np.linalg.solve(v, score) / (one @ np.linalg.solve(v, one))
    assert found.fixed[0] == pytest.approx(mean)
    for name, of in z.items():
        expected = found.variances[name] * of.T @ np.linalg.solve(v, score - mean)
        assert found.effects[name] == pytest.approx(expected, abs=1e-9)


def test_predictions_shrink_and_intervals_hold() -> None:
    chance = np.random.default_rng(12)
    held, many = 0, 0
    for _ in range(20):
        truth = 3 * chance.normal(size=15)
        who = np.repeat(np.arange(15), 8)
        found = mixed.fit(truth[who] + 5 * chance.normal(size=120), np.ones((120, 1)), {"one": who})
        held += int((np.abs(found.effects["one"] + found.fixed[0] - truth) < 1.96 * (found.errors["one"] + 0.3)).sum())
        many += 15
    assert held / many > 0.9


def test_undefined_cases_are_named() -> None:
    score, candidate, station = long(table(5, 4, 1))
    with pytest.raises(Undefined, match="two examiners"):
        g.by_reml(score, candidate, station, station)
    with pytest.raises(Undefined, match="do not vary"):
        g.by_reml(np.ones(20), candidate, station)
    with pytest.raises(Undefined, match="At least 3"):
        g.by_anova(np.ones((2, 2)))
    with pytest.raises(Undefined, match="every candidate"):
        g.by_anova(np.array([[1.0, np.nan], [2, 3], [4, 5]]))
