"""Each thing that can be wrong with a plan is named, where it stands."""

from dataclasses import replace
from typing import Any

import pytest

from teleosce.planning.conflict import Conflict
from teleosce.planning.conflicts import conflicts
from teleosce.planning.models import ExamPlan
from teleosce.planning.timetable import timetable
from tests.planning.plans_made import START, bank, plan


def _said(more: dict[str, Any]) -> list[Conflict]:
    """Of two stations and three candidates, but for `more`."""
    made = ExamPlan.model_validate(plan(2, 3).model_dump(by_alias=True) | more)
    return [one for one in conflicts(made, timetable(made, bank()), bank()) if one.blocks]


def test_circuits_without_a_site_beside_those_with_one_are_remarked() -> None:
    def said(*sites: str) -> list[Conflict]:
        circuits = [{"name": name, "site": site} for name, site in zip("ABC", sites, strict=False)]
        made = plan(2, 6, circuits=circuits)
        return [one for one in conflicts(made, timetable(made, bank()), bank()) if one.kind == "no-site"]

    assert said("", "") == said("North", "South") == said("North") == []
    (found,) = said("North", "", "South")
    assert (found.blocks, found.place) == (False, ("circuits", 1))
    assert found.message.startswith("Circuit B has no site")


SHORT = {"from": "09:00", "to": "09:10"}


def _break(**wanted: Any) -> list[dict[str, Any]]:
    return [{"name": "Patient 1", "breaks": [SHORT | wanted]}]


def _at(station: str, **people: Any) -> dict[str, Any]:
    return {"station": station, "people": people}


VIVA = {"station": "s2", "examiner_speaks": True, "people": {"A": {"examiner": "Pat"}}}


@pytest.mark.parametrize(
    ("kind", "words", "more"),
    [
        ("no-stations", "no station yet", {"stations": []}),
        ("no-candidates", "no candidate yet", {"candidates": []}),
        ("unknown-station", "Station 2: the bank has no “s-one”.", {"stations": ["s1", "s-one"]}),
        ("no-task", "Every station is a rest", {"stations": ["rest", "rest"]}),
        (
            "uneven-ring",
            "1 candidate too many: 1 circuit of 2 stations in 1 round takes 2 (C03 has no place)",
            {"rounds": 1},
        ),
        (
            "uneven-ring",
            "3 candidates are to go round circuit A, which takes 2 in 1 round (C03 has no place)",
            {"rounds": 1, "circuits": ["A", "B"], "candidates": [{"name": n, "circuit": "A"} for n in "KLM"]},
        ),
        ("double-number", "number C02", {"candidates": [{"name": "A", "number": "c02"}, {"name": "B"}]}),
        ("double-number", "number 7", {"candidates": [{"name": "A", "number": "7"}, {"name": "B", "number": "7"}]}),
        ("double-candidate", "same e-mail", {"candidates": [{"name": n, "email": "a@x.org"} for n in "AB"]}),
        ("unknown-circuit", "round circuit Z, which", {"candidates": [{"name": "A", "circuit": "Z"}]}),
        ("unknown-circuit", "people for circuit Z", {"stations": [_at("s1", Z="Pat"), "s2"]}),
        ("double-circuit", "called A", {"circuits": ["A", "A"]}),
        ("double-person", "“Pat” stands twice", {"people": [{"name": "Pat"}, {"name": "Pat"}]}),
        (
            "sp-in-two-places",
            "Pat is at station 1 of circuit A and station 2 of circuit A",
            {"stations": [_at("s1", A="Pat"), _at("s2", A="Pat")]},
        ),
        (
            "person-in-two-places",
            "Pat is at station 1 of circuit A and station 2 of circuit A at the same time",
            {"stations": [_at("s1", A="Pat"), VIVA]},
        ),
        (
            "person-in-two-places",
            "Pat is at station 1 of circuit A as patient and examiner at once",
            {"stations": [VIVA | {"people": {"A": {"sp": "Pat", "examiner": "Pat"}}}, "s2"]},
        ),
        ("spelt-twice", "“Pat Lee” and “pat  lee”", {"stations": [_at("s1", A="Pat Lee"), _at("s2", A="pat  lee")]}),
        (
            "double-email",
            "Pat and candidate C02 have the same e-mail address",
            {"people": [{"name": "Pat", "email": "P@x.org"}], "candidates": ["Q", {"name": "R", "email": "p@X.org"}]},
        ),
        (
            "overlapping-circuits",
            "station 1 of circuit A and station 1 of circuit B",
            {"stations": [_at("s1", A="Pat", B="Pat"), "s2"], "circuits": ["A", "B"]},
        ),
        (
            "overlapping-rounds",
            "begins at 09:10, before round 1 ends at 09:22",
            {"starts": [START, "2026-12-01 09:10"]},
        ),
        ("no-such-time", "does not exist in Europe/London", {"starts": "2027-03-28 01:30"}),
        ("break-does-not-fit", "ends before it begins", {"people": _break(**{"from": "10:00"})}),
        ("break-does-not-fit", "no start time", {"starts": None, "people": _break()}),
    ],
)
def test_a_conflict_is_named(kind: str, words: str, more: dict[str, Any]) -> None:
    said = _said(more)
    assert words in " ".join(one.message for one in said if one.kind == kind)
    assert all(one.message.endswith(".") for one in said)


def test_the_same_patient_may_play_morning_and_afternoon() -> None:
    circuits = [{"name": "A", "starts": START}, {"name": "B", "starts": "2026-12-01 13:00"}]
    stations = [_at("s1", A="Pat", B="Pat"), _at("s2", A="Kim", B="Kim")]
    made = ExamPlan.model_validate(plan(2, 4).model_dump(by_alias=True) | {"circuits": circuits, "stations": stations})
    table = timetable(made, bank())
    assert [one for one in conflicts(made, table, bank()) if one.blocks] == []
    # And has no two slots of one rotation number.
    pat = [visit.rotation for visit in table.visits if visit.sp == "Pat"]
    assert len(set(pat)) == len(pat)


def test_a_timetable_that_was_changed_by_hand_is_found_out() -> None:
    made = plan(3, 3)
    table = timetable(made, bank())
    first, *others = table.visits
    moved = replace(table, visits=(replace(first, position=first.position % 3 + 1), *others))
    kinds = {one.kind for one in conflicts(made, moved, bank()) if one.blocks}
    assert kinds == {"missed-station", "double-booking"}
    waiting = ExamPlan.model_validate(made.model_dump(by_alias=True) | {"people": _break()})
    assert [one.message for one in conflicts(waiting, table, bank()) if one.blocks] == [
        "Patient 1’s break from 09:00 to 09:10 does not fit: there are at most 0 minutes free of 10."
    ]
    assert {one.kind for one in conflicts(made, replace(table, visits=tuple(others)), bank()) if one.blocks} == {
        "missed-station"
    }


def test_what_is_allowed_and_odd_is_remarked_on_and_blocks_nothing() -> None:
    people = [{"name": "Pat", "email": "p@x.org"}]
    candidates = [{"name": "A", "email": "a@x.org"}, {"name": "B"}]
    more = {"candidates": candidates, "people": people, "starts": None, "stations": ["s1", "s1", "rest"]}
    made = ExamPlan.model_validate(plan(3, 0).model_dump(by_alias=True) | more)
    said = conflicts(made, timetable(made, bank()), bank())
    assert not [one for one in said if one.blocks]
    kinds = {one.kind for one in said}
    assert kinds == {"no-start", "repeated-station", "gaps", "no-email", "spare"}


@pytest.mark.parametrize(
    ("kind", "words", "more"),
    [
        ("ring-rests", "Circuit A rests from 09:00 to 09:10, so that breaks are kept.", {"people": _break()}),
        (
            "break-not-planned",
            "Dr Khan’s break is not planned for",
            {"people": [{"name": "Dr Khan", "role": "examiner", "breaks": [SHORT]}]},
        ),
        ("time-twice", "01:30 comes twice in Europe/London that day", {"starts": "2026-10-25 01:30"}),
        (
            "double-email",
            "Pat and Kim have the same e-mail address: both links go there.",
            {"people": [{"name": "Pat", "email": "o@x.org"}, {"name": "Kim", "email": "o@x.org"}]},
        ),
    ],
)
def test_what_nobody_may_have_meant_is_remarked(kind: str, words: str, more: dict[str, Any]) -> None:
    made = ExamPlan.model_validate(plan(2, 2).model_dump(by_alias=True) | more)
    said = [one for one in conflicts(made, timetable(made, bank()), bank()) if one.kind == kind]
    assert words in " ".join(one.message for one in said)
    assert not any(one.blocks for one in said)
    quiet = plan(2, 2)
    assert kind not in {one.kind for one in conflicts(quiet, timetable(quiet, bank()), bank())}
