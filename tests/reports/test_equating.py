"""Decisions without examiners' stringency, links between circuits, and drift: on cohorts whose truth is known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from teleosce.psychometrics import stringency
from teleosce.reports import ResultRules, analysis, equating
from teleosce.reports.cohort import Cohort, Mark, Station, cohort_of
from teleosce.reports.simulated import Shape, simulate
from teleosce.scoring import GRADES, Layout, MarkedItem

ITEMS = {f"i{number}": MarkedItem("history", 1.0, False) for number in range(20)}
STATIONS = [Station(f"{number}" * 64, f"Station {number}", Layout(ITEMS, {}, {})) for number in range(5)]
RULES = ResultRules(method="fixed", fixed_cut=50)


def made(shape: Shape, extra: list[Mark] | None = None) -> Cohort:
    people, records, marks, _ = simulate(STATIONS, shape)
    return cohort_of(STATIONS, people, records, [*marks, *(extra or [])])


def test_adjusted_scores_are_raw_ones_less_what_examiners_add() -> None:
    cohort = made(Shape(candidates=24, circuits=2, twice=0.4, seed=3))
    found = stringency.stringency(cohort.long_score, cohort.long_candidate, cohort.long_station, cohort.long_examiner)
    effect = {one.examiner: one.effect for one in found.examiners}
    after = equating.adjusted(cohort, effect, RULES)
    for row in range(24):
        for column in range(5):
            both = (cohort.long_candidate == row) & (cohort.long_station == column)
            mean = np.mean([effect[code] for code in cohort.long_examiner[both].tolist()])
            assert after[row, column] == pytest.approx(np.clip(cohort.scores[row, column] - mean, 0, 100))
    half = replace(cohort, parts={**cohort.parts, "sp_rating": np.full((24, 5), 40.0)})
    weighed = equating.adjusted(
        half, effect, RULES.model_copy(update={"weights": RULES.weights.model_copy(update={"sp_rating": 1.0})})
    )
    inside = (after > 0) & (after < 100) & (weighed > 0) & (weighed < 100)
    assert (cohort.scores - weighed)[inside] == pytest.approx((cohort.scores - after)[inside] / 2)


def test_decisions_name_exactly_those_who_change() -> None:
    cohort = made(Shape(candidates=60, circuits=3, twice=0.3, seed=5))
    told = analysis.whole(cohort, RULES)["fair"]["adjusted"]
    changed = {"pass": set(told["pass_then"]), "fail": set(told["fail_then"])}
    assert changed["pass"] | changed["fail"]
    for one in told["candidates"]:
        assert one["passed"] == (one["total"] >= 50)
        assert one["adjusted_passed"] == (one["adjusted"] >= 50)
        assert (one["candidate"] in changed["pass"]) == (one["total"] < 50 <= one["adjusted"])
        assert (one["candidate"] in changed["fail"]) == (one["adjusted"] < 50 <= one["total"])


def test_linked_marks_bring_circuits_apart_together_and_find_the_strict_one() -> None:
    shape = Shape(candidates=36, circuits=3, twice=0.0, seed=2)
    cohort = made(shape)
    assert analysis.fair(cohort)["stringency"]["links"] == 3
    proposed = equating.links(cohort)
    assert len(proposed) == 5 * 3 * equating.LINKS_EACH
    _, _, marks, _ = simulate(STATIONS, shape)
    by_encounter = {one.encounter_id: one for one in marks}
    for one in proposed:
        known = by_encounter[one.encounter]
        assert (known.circuit, known.station) == (one.circuit, one.station)
        assert known.examiner != one.examiner
    # Weak, middling and strong recordings of each station and circuit.
    for station in range(5):
        at = cohort.long_station == station
        score = dict(zip(np.array(cohort.long_encounter)[at], cohort.long_score[at], strict=True))
        own = [score[one.encounter] for one in proposed if one.station == STATIONS[station].key and one.circuit == "A"]
        assert min(own) < np.median([score[e] for e in score if by_encounter[e].circuit == "A"]) <= max(own)

    # Circuit A is 15 points stricter; who marks A's recordings from outside shows it.
    def strict(mark: Mark, examiner: str) -> Mark:
        home = examiner[0] == "A"
        done = sum(known == "done" for known in mark.items.values())
        kept = max(0, done - 3) if home else done
        items = {name: "done" if number < kept else "not_done" for number, name in enumerate(mark.items)}
        return replace(mark, examiner=examiner, items=items, form_id=f"{mark.encounter_id}-{examiner}")

    every = [strict(one, one.examiner) for one in marks]
    every += [strict(by_encounter[one.encounter], one.examiner) for one in proposed]
    people = dict(zip(cohort.candidates, cohort.circuits, strict=True))
    linked = cohort_of(STATIONS, people, every[: len(marks)], every)
    told = analysis.fair(linked)
    assert told["stringency"]["links"] == 1
    assert told["stringency"]["caution"] == ""
    effects = {one["name"]: one["effect"] for one in told["stringency"]["examiners"]}
    a, others = ([effect for name, effect in effects.items() if (name[0] == "A") is home] for home in (True, False))
    assert np.mean(others) - np.mean(a) == pytest.approx(15, abs=4)
    assert told["links"] == []


def test_drift_is_found_with_its_interval() -> None:
    layout = Layout({f"i{n}": MarkedItem("x", 1, False) for n in range(100)}, {}, {})
    chance = np.random.default_rng(4)
    people = {f"c{n}": "A" for n in range(40)}

    def mark(who: str, slope: float, n: int) -> Mark:
        done = 60 - slope * n + chance.normal(0, 3)
        items = {name: "done" if at < done else "not_done" for at, name in enumerate(layout.items)}
        return Mark(f"c{n}-e", f"c{n}-f", f"c{n}", "s", "A", who, n, items, GRADES[2])

    marks = [mark(who, slope, n) for who, slope in (("tired", 0.5), ("steady", 0.0)) for n in range(40)]
    found = {one["name"]: one for one in equating.drifts(cohort_of([Station("s", "S", layout)], people, [], marks))}
    assert found["tired"]["low"] < -5 < found["tired"]["high"] < 0
    assert found["steady"]["low"] < 0 < found["steady"]["high"]


@pytest.mark.parametrize(("candidates", "circuits"), [(1, 1), (2, 2), (5, 1)])
def test_next_to_nothing_is_told_in_words(candidates: int, circuits: int) -> None:
    cohort = made(Shape(candidates=candidates, circuits=circuits, twice=0.0))
    json.dumps(analysis.whole(cohort, ResultRules()), allow_nan=False)
