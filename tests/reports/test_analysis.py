"""The answers about a cohort whose truth is known, and about cohorts that hardly are one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from teleosce.psychometrics import agreement
from teleosce.psychometrics.standards import AGREED, judged
from teleosce.reports import ResultRules, Weights, analysis, findings
from teleosce.reports.basis import told_apart
from teleosce.reports.cohort import Cohort, Mark, Missing, Station, cohort_of
from teleosce.reports.feedback_words import failed
from teleosce.reports.overlap import overlap
from teleosce.reports.runs import decide
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


def test_stations_are_told_apart_by_their_titles() -> None:
    layout = Layout(ITEMS, {}, {})
    named = [("A", "a"), ("B", "b"), ("A", "a"), ("C", ""), ("B", "other"), ("D", ""), ("Old", "e"), ("New", "e")]
    stations = [Station(f"{n}", title, layout, slug) for n, (title, slug) in enumerate(named)]
    assert [one.title for one in told_apart(stations)] == [
        "A (version 1 of 2)",
        "B (1 of 2)",
        "A (version 2 of 2)",
        "C",
        "B (2 of 2)",
        "D",
        "Old (version 1 of 2)",
        "New (version 2 of 2)",
    ]


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


def test_a_score_of_parts_by_their_weights() -> None:
    items = {
        "a": MarkedItem("x", 3, False),
        "costs": MarkedItem("x", -1, True),
        "plan": MarkedItem("y", 2, False, partly=0.25, note=True),
    }
    stations = [Station("s", "S", Layout(items, {"trust": 5, "heard": 3}, {"plan": True}), "chest-pain")]

    def scored(mark: Mark, **rules: object) -> Cohort:
        return cohort_of(stations, {"ada": "A"}, [mark], [mark], ResultRules.model_validate(rules))

    one = Mark(
        "e", "f", "ada", "s", "A", "dr", 1, {"a": "done", "costs": "partly", "plan": "partly"}, "pass",
        {"trust": 4, "heard": 2}, "g",
    )  # fmt: skip
    # Items: (3 − 0.5 + 0.5)/5; apart, the checklist (3 − 0.5)/3 and the note 0.25; the rating (3/4 + 1/2)/2.
    whole, checklist, note, rating = 60, 250 / 3, 25, 62.5
    assert scored(one).scores[0, 0] == pytest.approx(whole)
    weighed = scored(one, weights={"checklist": 7, "sp_rating": 1, "note": 2})
    assert weighed.scores[0, 0] == pytest.approx((7 * checklist + rating + 2 * note) / 10)
    assert {name: own[0, 0] for name, own in weighed.parts.items()} == pytest.approx(
        {"checklist": checklist, "sp_rating": rating, "note": note}
    )
    own = scored(one, station_weights={"chest-pain": {"checklist": 0, "sp_rating": 1}}, weights={"note": 1})
    assert own.scores[0, 0] == pytest.approx(rating)
    assert weighed.critical.tolist() == [0]
    assert scored(Mark(**{**vars(one), "items": {"a": "done", "costs": "done", "plan": "done"}})).critical.tolist() == [
        1
    ]
    assert scored(Mark(**{**vars(one), "items": {"a": "not_done", "costs": "done"}})).scores[0, 0] == 0

    unrated = Mark(**{**vars(one), "sp": {}, "sp_form": None})
    left = scored(unrated, weights={"checklist": 7, "sp_rating": 1, "note": 2})
    assert left.scores[0, 0] == pytest.approx((7 * checklist + 2 * note) / 9)
    assert [miss.why for miss in left.missing] == [
        "The standardized patient's rating is missing; the other parts of this station count by themselves."
    ]
    none = scored(unrated, weights={"sp_rating": 1}, missing_parts="no-score")
    assert np.isnan(none.scores[0, 0])
    assert none.lacks.tolist() == [[True]]
    assert "so the station has no score" in none.missing[0].why
    assert cohort_of(stations, {"ada": "A"}, [one], []).missing == ()


def test_the_mean_of_two_marks_where_the_rule_takes_it() -> None:
    layout = Layout({"a": MarkedItem("x", 1, True), "b": MarkedItem("x", 3, False)}, {}, {})
    one = Mark("e", "f", "ada", "s", "A", "dr", 1, {"a": "not_done", "b": "done"}, "pass")
    other = Mark("e", "g", "ada", "s", "A", "dr two", 1, {"a": "done", "b": "partly"}, "good")
    found = cohort_of([Station("s", "S", layout)], {"ada": "A"}, [one, other], [one, other])
    assert found.scores[0, 0] == pytest.approx((75 + 62.5) / 2)
    assert found.grades[0, 0] == 2.5
    assert found.critical.tolist() == [0]


def test_missing_stations_count_by_the_rule_alone() -> None:
    layout = Layout({"a": MarkedItem("x", 1, False), "b": MarkedItem("x", 1, False)}, {}, {})
    stations = [Station("s", "S", layout), Station("t", "T", layout)]
    people = {"ada": "A", "ben": "A", "cem": "A"}
    records = [
        Mark(f"{who}-{key}", "f", who, key, "A", "dr", 1, {"a": "done", "b": "not_done"}, "pass")
        for who, key in (("ada", "s"), ("ada", "t"), ("ben", "s"), ("cem", "s"))
    ]
    missing = [Missing("ben", "t", "The candidate was not there.", absent=True), Missing("cem", "t", "Void.")]

    def verdicts(rule: str) -> list[tuple[bool | None, float]]:
        rules = ResultRules.model_validate({"method": "fixed", "fixed_cut": 40, "missing_stations": rule})
        made = cohort_of(stations, people, records, records, rules, missing=missing)
        assert np.isnan(made.scores[1:, 1]).all()
        return [(one.passed, one.total) for one in analysis.verdicts_of(made, np.array([40.0, 40.0]), rules, 0)]

    assert verdicts("leave-out") == [(True, 50), (True, 50), (True, 50)]
    assert verdicts("zero-if-absent") == [(True, 50), (False, 25), (True, 50)]
    assert verdicts("undecided") == [(True, 50), (None, 50), (None, 50)]


def test_weights_that_are_all_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Weights(checklist=0)


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
    both = fair["agreement"]
    assert both["score_icc"]["value"] < both["score_icc_of_both"]["value"] < 1
    # Of two marks each Fleiss' kappa differs from Cohen's by the margins alone; weights forgive near misses.
    assert both["grade_fleiss"]["value"] == pytest.approx(both["grade_kappa"]["value"], abs=0.05)
    assert both["grade_kappa"]["value"] < both["grade_weighted_kappa"]["value"]
    assert [0 < one["items_alpha"]["value"] < 1 for one in found["stations"]] == [True] * len(STATIONS)
    assert found["versions"] == []


def test_groups_of_candidates_stand_apart_where_there_are_some() -> None:
    people, records, marks, _ = simulate(STATIONS, Shape(candidates=40))
    found = analysis.sound(cohort_of(STATIONS, people, records, marks))
    assert {one["between_groups"] for one in found["stations"]} == {None}
    groups = {name: "north" if at % 2 else "south" for at, name in enumerate(people)}
    made = cohort_of(STATIONS, people, records, marks, groups=groups)
    shares = [one["between_groups"] for one in analysis.sound(made)["stations"]]
    assert all(0 <= share < 0.3 for share in shares)
    assert {one["between_sites"] for one in analysis.sound(made)["stations"]} == {None}
    alike = cohort_of(STATIONS, people, records, marks, groups=dict.fromkeys(people, "north"))
    assert alike.groups == ()


def test_icc_of_a_set_is_given_by_its_forms_where_the_same_examiners_marked_all() -> None:
    """Shrout & Fleiss 1979, table 2: four judges and six targets, to the printed digit."""
    judged = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))
    made = cohort(candidates=6)
    whole = {
        "long_encounter": tuple(f"e{row}" for row in range(6) for _ in range(4)),
        "long_examiner": np.tile(np.arange(4), 6),
        "long_score": np.array(judged, dtype=np.float64).ravel(),
        "long_grade": np.array(judged, dtype=np.float64).ravel() % 5,
        "examiners": ("one", "two", "three", "four"),
    }
    (found,) = overlap(replace(made, **whole))["sets"]
    assert (found["examiners"], found["encounters"]) == (["one", "two", "three", "four"], 6)
    printed = {"ICC(2,1)": 0.29, "ICC(2,k)": 0.62, "ICC(3,1)": 0.71, "ICC(3,k)": 0.91}
    assert {form: round(found[form]["value"], 2) for form in printed} == printed
    few = overlap(replace(made, **{name: those[:8] for name, those in whole.items()}))
    assert "the most is 2" in few["sets"]["why"]


def test_what_two_marked_together_with_others_is_theirs_in_common_too() -> None:
    """A and B with C at two encounters and by themselves at two others: they have four in common."""
    made = cohort(candidates=4)

    def marked(*who: tuple[int, ...]) -> Cohort:
        codes = np.array([code for own in who for code in own])
        return replace(
            made,
            long_encounter=tuple(f"e{at}" for at, own in enumerate(who) for _ in own),
            long_examiner=codes,
            long_score=np.random.default_rng(3).uniform(20, 90, size=len(codes)),
            long_grade=np.full(len(codes), 2.0),
            examiners=("a", "b", "c"),
        )

    four = marked((0, 1, 2), (0, 1, 2), (0, 1), (0, 1))
    (found,) = overlap(four)["sets"]
    assert (found["examiners"], found["encounters"]) == (["a", "b"], 4)
    table = four.long_score[[0, 1, 3, 4, 6, 7, 8, 9]].reshape(4, 2)
    assert found["ICC(2,1)"]["value"] == pytest.approx(agreement.icc(table, "ICC(2,1)").value)
    # Both sets stand where each has encounters that the other has not; two within three who have no more do not.
    both = overlap(marked((0, 1, 2), (0, 1, 2), (0, 1, 2), (0, 1)))["sets"]
    assert [(one["examiners"], one["encounters"]) for one in both] == [(["a", "b"], 4), (["a", "b", "c"], 3)]
    assert "the most is 2" in overlap(marked((0, 1, 2), (0, 1), (2,)))["sets"]["why"]


def test_sites_stand_beside_circuits_where_there_are_two() -> None:
    people, records, marks, _ = simulate(STATIONS, Shape(candidates=60, circuits=4))
    sites = {name: "north" if circuit in "AB" else "south" for name, circuit in people.items()}
    # The south marks ten points lower than it was simulated, so that its site explains some of each station.
    made = cohort_of(STATIONS, people, records, marks, sites=sites)
    lower = np.array([10.0 if site == "south" else 0.0 for site in made.sites])
    made = replace(made, scores=made.scores - lower[:, None])
    for one in analysis.sound(made)["stations"]:
        assert 0 < one["between_sites"] <= one["between_circuits"]
    assert cohort_of(STATIONS, people, records, marks, sites=dict.fromkeys(people, "north")).sites == ()
    # Where one site alone is known, the others are at none that could stand beside it.
    some = {name: site for name, site in sites.items() if site == "north"}
    assert cohort_of(STATIONS, people, records, marks, sites=some).sites == ()


def test_methods_stand_side_by_side_with_what_each_does() -> None:
    found = {one["method"]: one for one in analysis.lines(cohort(candidates=90), ResultRules())}
    assert set(found) == set(analysis.METHODS)
    regression = found["borderline-regression"]
    assert regression["spread"]["low"] < regression["pass_mark"] < regression["spread"]["high"]
    assert regression["passed"] + len(regression["fails"]) == regression["judged"] == 90
    stricter = analysis.lines(cohort(candidates=90), ResultRules(sems=1))[0]
    assert stricter["passed"] < regression["passed"]


@pytest.mark.parametrize("candidates", [0, 1, 2, 5])
@pytest.mark.parametrize("stations", [1, 2])
def test_next_to_nothing_gives_sentences_and_no_nan(candidates: int, stations: int) -> None:
    people, records, marks, _ = simulate(STATIONS[:stations], Shape(candidates=candidates, circuits=1))
    made = cohort_of(STATIONS[:stations], people, records, marks)
    answers = [analysis.sound(made), analysis.lines(made, ResultRules()), analysis.fair(made)]
    json.dumps(answers, allow_nan=False)
    if candidates < 3 or stations < 2:
        assert "why" in analysis.sound(made)["alpha"]


def test_half_the_marks_and_all_alike() -> None:
    people, records, marks, _ = simulate(STATIONS, Shape(candidates=20))
    half = cohort_of(STATIONS, people, records[: len(records) // 2], marks[: len(marks) // 2])
    json.dumps([analysis.sound(half), analysis.lines(half, ResultRules()), analysis.fair(half)], allow_nan=False)
    same = [Mark(**{**vars(one), "items": dict.fromkeys(ITEMS, "done"), "grade": "pass"}) for one in records]
    alike = cohort_of(STATIONS, people, same, same)
    lines = analysis.lines(alike, ResultRules())
    assert lines[0]["code"] == "same-rating"
    assert "why" in analysis.sound(alike)["generalizability"]
    json.dumps([analysis.sound(alike), lines, analysis.fair(alike)], allow_nan=False)


def test_adjusting_for_stringency_moves_candidates_of_a_strict_examiner() -> None:
    """One examiner takes a tenth off everybody: without that, those at the line pass, and nobody else moves much."""
    layout = Layout({f"i{at}": MarkedItem("x", 1, False) for at in range(20)}, {}, {})
    marks = [
        Mark(
            f"e{who}",
            f"f{who}",
            who,
            "s",
            "A",
            by,
            1,
            {f"i{at}": "done" if at < n else "not_done" for at in range(20)},
            "pass",
        )
        for who, by, n in (("a", "dr a", 9), ("b", "dr b", 12))
    ]
    cohort = cohort_of([Station("s", "S", layout)], {"a": "A", "b": "A", "c": "A"}, marks, marks)
    found = analysis.adjusted(
        cohort,
        ResultRules(method="fixed", fixed_cut=50),
        [{"examiner": 0, "effect": -10.0}, {"examiner": 1, "effect": 0.0}],
    )
    assert found["judged"] == 2
    assert found["pass_then"] == ["a"]
    assert found["fail_then"] == []
    assert found["largest"][0] == {"candidate": "a", "total": 45.0, "adjusted": 55.0}
    nobody = analysis.adjusted(cohort, ResultRules(method="fixed", fixed_cut=50), [{"examiner": 0, "effect": 0.0}])
    assert nobody["pass_then"] == nobody["fail_then"] == []


def test_a_station_whose_ratings_go_against_its_scores_is_the_first_to_be_looked_at() -> None:
    one = cohort(candidates=40)
    grades = one.grades.copy()
    grades[:, 0], grades[:, 1] = 4 - grades[:, 0], np.where(np.isfinite(grades[:, 1]), 2.0, np.nan)
    found = analysis.sound(replace(one, grades=grades))["stations"]
    assert "better ratings go with lower scores" in findings.odd_station(found[0])
    assert "everybody has the same rating" in findings.odd_station(found[1])
    said = findings.of_stations(found)
    assert "Station 0 (" in said
    assert "Station 1 (" in said
    few = analysis.sound(cohort(candidates=2))["stations"]
    assert "too few marks" in findings.of_stations(few)


def test_a_run_by_a_rule_that_draws_no_line_says_why_nobody_is_decided_about() -> None:
    one = cohort(candidates=12)
    same = replace(one, grades=np.where(np.isfinite(one.grades), 2.0, np.nan))
    said = findings.of_run(decide(same, ResultRules()))
    assert said.startswith("The run decided about nobody, as no station has a cut. All candidates have the same global")


def test_a_fixed_line_stands_beside_the_other_methods_where_the_rule_takes_it() -> None:
    one = cohort(candidates=30)
    rules = ResultRules(method="fixed", fixed_cut=40)
    (line,) = [own for own in analysis.lines(one, rules) if own["method"] == "fixed"]
    assert line["pass_mark"] == 40
    assert line["passed"] == sum(own["passed"] is True for own in decide(one, rules)["candidates"].values())
    assert "agreed" in line["spread"]["why"]
    assert "fixed" not in [own["method"] for own in analysis.lines(one, ResultRules())]


def test_a_panel_that_agrees_entirely_has_no_interval_of_nothing() -> None:
    one = cohort(candidates=30)
    panel = {own.key: judged(np.full((6, 12), 0.5), list("abcdef")) for own in one.stations}
    (line,) = [own for own in analysis.lines(replace(one, panel=panel), ResultRules()) if own["method"] == "angoff"]
    assert line["spread"] == {"why": AGREED, "code": "same-score"}
    assert all(own["se"] is None for own in line["stations"])


def test_an_error_that_rests_on_few_says_on_how_many() -> None:
    one = cohort(candidates=30)
    scores = one.scores.copy()
    scores[5:, 0] = np.nan
    assert "rests on the 5 of 30 candidates who sat every station" in findings.of_error(
        analysis.sound(replace(one, scores=scores))
    )
    assert "rests on" not in findings.of_error(analysis.sound(one))


def test_who_is_undecided_for_want_of_a_domain_is_told_so() -> None:
    assert findings.failed_words(("total", "domain:a", "unmarked:b"), {"a": "Safety", "b": "Ethics"}) == (
        "total below the pass mark; Safety below its least percent; Ethics has no mark"
    )
    one = cohort(candidates=12)
    missing = replace(one, domains={"safety": np.where(np.arange(12) == 3, np.nan, one.domains["safety"])})
    found = decide(missing, ResultRules(method="fixed", fixed_cut=0, domains={"safety": 1}))["candidates"]
    own = found[one.candidates[3]]
    assert (own["passed"], own["failed_by"]) == (None, ["unmarked:safety"])
    (said,) = failed(own, ResultRules(domains={"safety": 1}), {"safety": "Safety"})
    assert "“Safety”, in which you have no mark" in said
    nobody = replace(one, domains={"safety": np.full(12, np.nan)})
    asked = ResultRules(method="fixed", fixed_cut=0, domains={"safety": 1})
    assert "each candidate lacks a mark that the rule asks for" in findings.of_run(decide(nobody, asked))
