"""The answers about a cohort whose truth is known, and about cohorts that hardly are one."""

import json

import numpy as np
import pytest

from teleosce.psychometrics.exam import Rule
from teleosce.reports import analysis
from teleosce.reports.cohort import Cohort, Mark, Station, cohort_of
from teleosce.reports.simulated import Shape, simulate
from teleosce.scoring import Layout, MarkedItem

ITEMS = {
    f"i{number}": MarkedItem("history" if number < 6 else "safety", 1.0 + number % 3, number == 7)
    for number in range(12)
}
STATIONS = [Station(f"{number}" * 64, f"Station {number}", Layout(ITEMS, {}, {})) for number in range(8)]


def cohort(**shape: float) -> Cohort:
    people, records, marks, _ = simulate(STATIONS, Shape(**shape))  # type: ignore[arg-type]
    return cohort_of(STATIONS, people, records, marks)


def test_what_is_not_marked_is_left_out() -> None:
    layout = Layout(
        {"a": MarkedItem("x", 3, False), "b": MarkedItem("y", 1, False), "c": MarkedItem("y", 1, True)}, {}, {}
    )
    one = Mark("e", "f", "ada", "s", "A", "dr", 1, {"a": "partly", "b": "done", "c": None}, "pass")
    other = Mark("e", "g", "ada", "s", "A", "dr two", 2, {"a": "done", "b": "done", "c": "not_done"}, "good")
    found = cohort_of([Station("s", "S", layout)], {"ada": "A", "ben": "A"}, [one], [one, other])
    assert found.scores[0, 0] == pytest.approx(100 * 2.5 / 4)
    assert found.grades[0, 0] == 2
    assert found.critical.tolist() == [0, 0]
    assert found.domains["y"][0] == 100
    assert found.items[0][0].tolist()[:2] == [0.5, 1]
    assert np.isnan(found.scores[1, 0])
    assert found.long_score.tolist() == pytest.approx([62.5, 80])
    assert cohort_of([Station("s", "S", layout)], {"ada": "A"}, [other], []).critical.tolist() == [1]


def test_a_simulated_exam_is_as_sound_as_it_was_made() -> None:
    people, records, marks, truth = simulate(STATIONS, Shape(candidates=120))
    made = cohort_of(STATIONS, people, records, marks)
    found = analysis.sound(made)
    assert 0.6 < found["alpha"]["value"] < 0.97
    assert found["generalizability"]["design"] == "p×(r:s)"
    curve = [one["absolute"] for one in found["generalizability"]["curve"]]
    assert curve == sorted(curve)
    assert np.corrcoef(np.nanmean(made.scores, axis=1), truth.ability)[0, 1] > 0.8
    fair = analysis.fair(made)
    effects = {one["name"]: one["effect"] for one in fair["stringency"]["examiners"]}
    # A strict examiner's effect is below 0.
    assert np.corrcoef([effects[name] for name in truth.stringency], list(truth.stringency.values()))[0, 1] < -0.7
    assert fair["stringency"]["links"] == 1
    assert fair["agreement"]["encounters"] > 20
    assert 0 < fair["agreement"]["score_icc"]["value"] <= 1
    assert len(fair["rasch"]["fit"]) == 24


def test_methods_stand_side_by_side_with_what_each_does() -> None:
    found = {one["method"]: one for one in analysis.lines(cohort(candidates=90), Rule())}
    assert set(found) == set(analysis.METHODS)
    regression = found["borderline-regression"]
    assert regression["spread"]["low"] < regression["pass_mark"] < regression["spread"]["high"]
    assert regression["passed"] + len(regression["fails"]) == regression["judged"] == 90
    stricter = analysis.lines(cohort(candidates=90), Rule(sems=1))[0]
    assert stricter["passed"] < regression["passed"]


@pytest.mark.parametrize("candidates", [0, 1, 2, 5])
@pytest.mark.parametrize("stations", [1, 2])
def test_next_to_nothing_gives_sentences_and_no_nan(candidates: int, stations: int) -> None:
    people, records, marks, _ = simulate(STATIONS[:stations], Shape(candidates=candidates, circuits=1))
    made = cohort_of(STATIONS[:stations], people, records, marks)
    answers = [analysis.sound(made), analysis.lines(made, Rule()), analysis.fair(made)]
    json.dumps(answers, allow_nan=False)
    if candidates < 3 or stations < 2:
        assert "why" in analysis.sound(made)["alpha"]


def test_half_the_marks_and_all_alike() -> None:
    people, records, marks, _ = simulate(STATIONS, Shape(candidates=20))
    half = cohort_of(STATIONS, people, records[: len(records) // 2], marks[: len(marks) // 2])
    json.dumps([analysis.sound(half), analysis.lines(half, Rule()), analysis.fair(half)], allow_nan=False)
    same = [Mark(**{**vars(one), "items": dict.fromkeys(ITEMS, "done"), "grade": "pass"}) for one in records]
    alike = cohort_of(STATIONS, people, same, same)
    lines = analysis.lines(alike, Rule())
    assert lines[0]["code"] == "same-rating"
    assert "why" in analysis.sound(alike)["generalizability"]
    json.dumps([analysis.sound(alike), lines, analysis.fair(alike)], allow_nan=False)
