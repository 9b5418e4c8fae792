"""Examiners' stringency, against simulated exams whose truth is known."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from teleosce.psychometrics import rasch as r
from teleosce.psychometrics import stringency as s
from teleosce.psychometrics.undefined import Undefined


def exam(seed: int, n: int = 60, k: int = 12, circuits: int = 3, shared: float = 0.0) -> dict[str, np.ndarray]:
    """An examiner for each station and circuit; `shared` of the marks are given once more by one of another circuit."""
    chance = np.random.default_rng(seed)
    candidate, station = (part.ravel() for part in np.indices((n, k)))
    examiner = station * circuits + candidate % circuits
    again = chance.random(len(candidate)) < shared
    candidate, station = np.append(candidate, candidate[again]), np.append(station, station[again])
    examiner = np.append(examiner, station[len(again) :] * circuits + (candidate[len(again) :] + 1) % circuits)
    truth = 5 * chance.normal(size=k * circuits)
    ability = chance.normal(size=n)
    score = (
        60
        + 3 * chance.normal(size=k)[station]
        + 6 * ability[candidate]
        + truth[examiner]
        + 8 * chance.normal(size=len(candidate))
    )
    return {
        "candidate": candidate,
        "station": station,
        "examiner": examiner,
        "score": score,
        "truth": truth,
        "ability": ability,
    }


def find(one: dict[str, np.ndarray]) -> s.Stringency:
    return s.stringency(one["score"], one["candidate"], one["station"], one["examiner"])


def within_stations(effects: np.ndarray, circuits: int = 3) -> np.ndarray:
    """An effect that all examiners of a station share is the station's."""
    table: np.ndarray = effects.reshape(-1, circuits)
    apart: np.ndarray = table - table.mean(axis=1, keepdims=True)
    return apart.ravel()


def test_true_stringency_is_found() -> None:
    correlations = []
    for seed in range(10):
        one = exam(seed)
        found = np.array([examiner.effect for examiner in find(one).examiners])
        correlations.append(np.corrcoef(within_stations(found), within_stations(one["truth"]))[0, 1])
    assert np.mean(correlations) >= 0.9


def test_circuits_without_a_link_are_named() -> None:
    apart, linked = find(exam(1)), find(exam(1, shared=0.1))
    assert apart.links == 3
    assert "by chance" in apart.caution
    assert (linked.links, linked.caution) == (1, "")


def test_adjusted_scores_are_nearer_to_what_a_candidate_can() -> None:
    one = exam(3, circuits=2)
    found = find(one)
    error = [
        np.corrcoef(np.bincount(one["candidate"], scores) / 12, one["ability"])[0, 1]
        for scores in (one["score"], found.adjusted)
    ]
    assert error[1] >= error[0] - 0.01
    assert found.adjusted.std() < one["score"].std()


def test_one_examiner_has_nobody_to_be_stricter_than() -> None:
    with pytest.raises(Undefined, match="only one"):
        s.stringency(np.arange(6.0), np.arange(6), np.zeros(6, int), np.zeros(6, int))


def ratings(seed: int, n: int = 120, k: int = 10, examiners: int = 8, spread: float = 1.2) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    candidate, station = (part.ravel() for part in np.indices((n, k)))
    examiner = chance.integers(0, examiners, len(candidate))
    ability, difficulty, severity = (
        chance.normal(0, sd, size) for sd, size in ((spread, n), (0.7, k), (0.6, examiners))
    )
    thresholds = np.array([-2.0, -0.7, 0.6, 2.1])
    ease = ability[candidate] - difficulty[station] - severity[examiner]
    logits = ease[:, None] * np.arange(5) - np.concatenate([[0], np.cumsum(thresholds)])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rating = (chance.random((len(p), 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    return {
        "rating": rating,
        "candidate": candidate,
        "station": station,
        "examiner": examiner,
        "ability": ability,
        "difficulty": difficulty - difficulty.mean(),
        "severity": severity - severity.mean(),
        "thresholds": thresholds + difficulty.mean() + severity.mean(),
    }


def test_a_many_facet_rasch_model_finds_what_made_the_ratings() -> None:
    one = ratings(4)
    found = r.rasch(one["rating"], one["candidate"], one["station"], one["examiner"])
    assert np.abs((found.examiners - one["severity"]) / found.examiner_errors).max() < 3.5
    assert np.abs((found.stations - one["difficulty"]) / found.station_errors).max() < 3.5
    assert found.thresholds == pytest.approx(one["thresholds"], abs=0.35)
    assert found.ability_sd == pytest.approx(1.2, abs=0.25)
    assert np.corrcoef(found.abilities, one["ability"])[0, 1] > 0.9
    assert found.fit == pytest.approx(np.ones(8), abs=0.3)


def test_its_gradient_is_the_slope_of_its_likelihood() -> None:
    one = ratings(5, n=20, k=4, examiners=3)
    work = r._Work(one["rating"], one["candidate"], one["station"], one["examiner"], 5)
    at = work.start() + 0.1
    assert check_grad(lambda p: work.misfit(p)[0], lambda p: work.misfit(p)[1], at) < 1e-3


def test_what_examiners_of_a_station_share_is_the_station_s() -> None:
    """Each examiner stays at one station, and half of the encounters are marked by a second of the same station."""
    one, chance = ratings(7, n=60, k=6, examiners=3), np.random.default_rng(7)
    first = one["station"] * 3 + chance.integers(0, 3, len(one["station"]))
    second = one["station"] * 3 + (first + 1) % 3
    rating, candidate, station = (np.tile(one[name], 2) for name in ("rating", "candidate", "station"))
    found = r.rasch(rating, candidate, station, np.append(first, second))
    assert found.examiners.reshape(6, 3).mean(axis=1) == pytest.approx(np.zeros(6), abs=1e-9)
    assert found.stations.mean() == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(found.stations, one["difficulty"])[0, 1] > 0.8


def test_who_is_alone_at_a_station_cannot_be_told_from_it() -> None:
    one = ratings(3, n=20, k=3)
    rating, candidate, station = one["rating"], one["candidate"], one["station"]
    with pytest.raises(Undefined, match="hard stations"):
        r.rasch(rating, candidate, station, station)
    with pytest.raises(Undefined, match="hard stations"):
        s.stringency(rating.astype(float), candidate, station, station)
    # Two share each of the other stations: only who is alone at the last has no number.
    pairs = np.where(station == 2, 4, 2 * station + candidate % 2)
    found = r.rasch(rating, candidate, station, pairs)
    assert np.isnan(found.examiners).tolist() == np.isnan(found.examiner_errors).tolist() == [False] * 4 + [True]
    assert (found.examiner_errors[:4] > 0).all()
    assert found.fit[4] > 0


def test_an_erratic_examiner_stands_out() -> None:
    one = ratings(6)
    noisy = one["examiner"] == 2
    one["rating"][noisy] = np.random.default_rng(1).integers(0, 5, noisy.sum())
    found = r.rasch(one["rating"], one["candidate"], one["station"], one["examiner"])
    assert found.fit.argmax() == 2
    assert found.fit[2] > 1.3


def test_abilities_that_spread_widely_are_summed_over_a_grid_that_is_fine_enough() -> None:
    one = ratings(8, n=60, spread=6)
    parts = one["rating"], one["candidate"], one["station"], one["examiner"]
    found, work = r.rasch(*parts), r._Work(*parts, 5)
    assert found.ability_sd > 4
    work.lay(3 * found.ability_sd)
    finer = work.solution(work.search(work.start()))
    assert found.ability_sd == pytest.approx(finer.ability_sd, rel=1e-4)
    assert found.examiner_errors == pytest.approx(finer.examiner_errors, rel=1e-4)
    assert found.ability_errors == pytest.approx(finer.ability_errors, rel=1e-3)


def test_ratings_that_are_too_few_or_too_separated_give_no_number_and_never_an_error_of_0() -> None:
    refused = list[str]()
    for seed in range(25):
        one = ratings(seed, n=6, k=3, examiners=3, spread=3)
        # Pass or fail alone tells little, and separates quickly.
        try:
            found = r.rasch((one["rating"] > 1) * 1, one["candidate"], one["station"], one["examiner"], 2)
        except Undefined as why:
            refused.append(why.code)
            continue
        assert found.ability_sd <= 10, seed
        for errors in (found.examiner_errors, found.station_errors):
            assert ((errors > 0.1) & (errors <= 10)).all(), (seed, errors)
        assert np.isfinite(found.fit).all(), seed
    assert refused.count("fit") > 3
    assert len(refused) < 25


def test_what_is_not_identified_gives_no_number() -> None:
    one = exam(2)
    rating = np.clip(np.round((one["score"] - 40) / 10), 0, 4).astype(int)
    with pytest.raises(Undefined) as refused:
        r.rasch(rating, one["candidate"], one["station"], one["examiner"])
    assert refused.value.code == "links"
    linked = ratings(1, n=30, k=5, examiners=3)
    for change, code in ((lambda x: x * 0 + 2, "unused"), (lambda x: np.where(x == 2, 3, x), "unused")):
        with pytest.raises(Undefined) as refused:
            r.rasch(change(linked["rating"]), linked["candidate"], linked["station"], linked["examiner"])
        assert refused.value.code == code
