"""What feedback says: pure, from a run's figures and a station of the bank."""

from pathlib import Path
from typing import Any

import pytest

from teleosce.exams import Encounter, Outcome, Phase, Timings
from teleosce.reports.feedback import LEAST, Feedback, Seen, feedback_of
from teleosce.reports.feedback_words import MEANING, percent
from teleosce.reports.feedbacks import FeedbackState, standing_of
from teleosce.reports.rules import Method, ResultRules
from teleosce.reports.runs import Release, Run
from teleosce.scoring import FeedbackRules, Form, Kind, Record, Sourced, State, Status
from teleosce.stations import read

STATION = read(Path(__file__).parents[2] / "stations" / "feverish-child")
ITEMS = STATION.mark_sheet.items
ME = "a" * 26


def form(form_id: str, **fields: Any) -> Form:
    known = {name.replace("__", "."): value for name, value in fields.items()}
    return Form(form_id, Kind.mark, "e" * 26, "x", State.submitted, 0, 0, known)


def seen(forms: list[Form], counts: dict[str, str] | None = None, *, playable: bool = False) -> Seen:
    """All items not done but the first; `counts`: whose value counts, by item; the first form's where left out."""
    fields = {
        f"item.{item.id}": Sourced("done" if n == 0 else "not_done", ((counts or {}).get(item.id, forms[0].id),))
        for n, item in enumerate(ITEMS)
    }
    encounter = Encounter(
        id="e" * 26, slot_id="s", exam_id="x", attempt=1, position=1, rotation=1, circuit="A",
        station_hash=STATION.hash, timings=Timings(0, 480, 0, 0, 0), candidate=ME, sp=None, examiner=None,
        phase=Phase.done, phase_started_ms=0, phase_ends_ms=None, outcome=Outcome.completed,
    )  # fmt: skip
    return Seen(encounter, STATION, Record("e" * 26, Status.single, fields=fields), forms, None, playable)


def run(own: dict[str, Any], others: int = 0, **rules: Any) -> Run:
    mine = {
        "passed": False, "total": 40.0, "needed": 55.0, "stations_passed": 0, "stations_sat": 1, "failed_by": ["total"],
        "scores": [40.0], "domains": {"history": 30.0, "safety": 20.0, "communication": 80.0},
    } | own  # fmt: skip
    everybody = {f"{n:026}": mine | {"total": 50.0 + n, "domains": {"history": 50.0 + n}} for n in range(others)}
    found = {
        "stations": [{"key": STATION.hash, "title": STATION.title, "cut": 55.0}],
        "candidates": everybody | {ME: mine},
    }
    return Run("r" * 26, "x", 3, ResultRules.model_validate(rules), {}, "", found, None, 0)


def made(one: Run, what: Seen, **rules: Any) -> Feedback:
    who = {"exam": "Finals", "zone": "UTC", "name": "Ada", "number": "1", "at_ms": 0}
    titles = {"ethics": "Ethics and law"}
    return feedback_of(who, one, ME, {STATION.hash: what}, FeedbackRules(**rules), titles=titles)


def test_a_domain_that_only_others_stations_have_is_called_by_its_title() -> None:
    own = {"passed": None, "failed_by": ["unmarked:ethics"]}
    (said,) = made(run(own, domains={"ethics": 50}), seen([form("f")])).reasons
    assert "“Ethics and law”, in which you have no mark" in said


def test_each_part_of_the_rule_that_was_missed_is_a_sentence() -> None:
    own = {"failed_by": ["total", "stations", "critical", "domain:safety"]}
    found = made(run(own, stations=0.6, domains={"safety": 50.0}), seen([form("f")]))
    assert found.heading == "You did not pass this time"
    assert found.reasons == [
        "Your total is below the pass mark.",
        "You passed 0 of 1 stations; at least 60 % of them had to be passed.",
        "An item that must be done to pass was not done.",
        "In “Patient safety and appropriate use of telehealth” 50.0 % were needed; you scored 20.0 %.",
    ]
    assert found.stations[0].passed is False
    nothing = {"passed": None, "total": None, "needed": None, "stations_sat": 0, "scores": [None], "domains": {}}
    none = made(run(nothing | {"failed_by": []}), seen([form("f")]))
    assert (none.heading, none.total, none.reasons) == ("There is no result for you yet", None, [])
    assert none.stations[0].said == "This station has no score in this result."


def test_the_others_are_quartiles_of_enough_people_or_nothing() -> None:
    few = made(run({}, others=LEAST - 2), seen([form("f")]))
    assert few.total is not None
    assert few.total.others is None
    many = made(run({}, others=LEAST - 1), seen([form("f")]))
    assert many.total is not None
    assert many.total.others is not None
    assert many.total.others.of == LEAST
    assert many.total.said == "You scored 40.0 %, below the middle half of all 10 (51 to 56 %); 55.0 % were needed."
    closed = made(run({}, others=LEAST), seen([form("f")]), cohort=False)
    assert closed.total is not None
    assert closed.total.others is None


def test_what_to_practise_comes_from_the_weakest_domains_in_the_sheets_words() -> None:
    found = made(run({}), seen([form("f")]))
    assert [one.score for one in found.practice] == [20.0, 30.0, 80.0]
    safety = found.practice[0]
    texts = {item.text: item for item in ITEMS}
    assert all(texts[one.text].domain == "safety" for one in safety.items)
    assert [one.aim for one in safety.items] == [texts[one.text].anchors.done for one in safety.items]
    assert safety.items[0].critical
    hidden = made(run({}), seen([form("f")]), items="domains-only")
    assert [(one.items, one.stations) for one in hidden.practice] == [([], [STATION.title])] * 3


def test_a_remark_is_told_only_from_the_mark_that_counts() -> None:
    item, other = ITEMS[1].id, ITEMS[2].id
    first = form("one", **{f"comment__{item}": "from the first", f"comment__{other}": "overruled", "comment": "whole"})
    second = form("two", **{f"comment__{item}": "not counted", f"comment__{other}": "from the second"})
    remarks = made(run({}), seen([first, second], {other: "two"})).stations[0].remarks
    assert [one.text for one in remarks] == ["whole", "from the first", "from the second"]
    unused = made(run({}), seen([first, form("three", comment="of no account")])).stations[0].remarks
    assert "of no account" not in [one.text for one in unused]


def test_a_moment_that_can_be_neither_heard_nor_read_is_left_out() -> None:
    marked = form(
        "f",
        **{
            f"evidence__{ITEMS[1].id}__a": {"from_ms": 5, "to_ms": 9, "quote": "Mia"},
            "bookmark__b": {"at_ms": 1, "text": " "},
        },
    )
    assert made(run({}), seen([marked])).stations[0].moments == []
    [read_one] = made(run({}), seen([marked]), transcript=True).stations[0].moments
    assert (read_one.said, read_one.about) == ("Mia", ITEMS[1].text)
    part = made(run({}), seen([marked], playable=True)).stations[0]
    assert [(one.from_ms, one.said) for one in part.moments] == [(1, ""), (5, "")]
    assert part.encounter == "e" * 26


def test_figures_that_look_alike_are_told_apart() -> None:
    assert percent(54.96, 55.0) == "54.96 %"
    assert percent(55.0, 55.0) == "55.0 %"
    parts = {"checklist": 3, "sp_rating": 1}
    said = made(run({}, weights=parts), seen([form("f")])).meaning
    assert said.endswith("made up of the mark sheet (weight 3) and the standardized patient's rating (weight 1).")
    assert set(MEANING) == set(Method.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("releases", "state", "which"),
    [
        ([], FeedbackState.none, None),
        ([(None, 50, None)], FeedbackState.released, 0),
        ([("morning", 50, None)], FeedbackState.released, 0),
        ([("evening", 50, None)], FeedbackState.none, None),
        ([(None, 150, None), (None, 120, None)], FeedbackState.embargo, 1),
        ([(None, 50, 60)], FeedbackState.withdrawn, 0),
        ([(None, 150, 60)], FeedbackState.none, None),
        ([(None, 50, 60), (None, 150, None)], FeedbackState.embargo, 1),
        ([(None, 50, None), (None, 70, None), (None, 150, None)], FeedbackState.released, 1),
    ],
)
def test_releases_come_to_what_somebody_may_know(releases: Any, state: FeedbackState, which: int | None) -> None:
    known = [Release(str(n), "r", "x", group, at, None, 0, None, gone) for n, (group, at, gone) in enumerate(releases)]
    assert standing_of(known, "morning", 100) == (state, None if which is None else known[which])
