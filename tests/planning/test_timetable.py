"""The generator: whatever the plan, everyone is everywhere once, nobody twice at a time, and promises are kept."""

import time
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.planning.conflicts import conflicts
from teleosce.planning.models import ExamPlan, PlanStation
from teleosce.planning.timetable import Timetable, Visit, timetable, whole_ms
from tests.planning.plans_made import bank, plan


@st.composite
def plans(draw: st.DrawFn) -> ExamPlan:
    stations = draw(st.integers(1, 8))
    circuits = draw(st.integers(1, 3))
    names = "ABC"[:circuits]
    ring = [draw(st.sampled_from([f"s{n + 1}", f"s{n + 1}", "rest"])) if n else "s1" for n in range(stations)]
    for n in range(draw(st.integers(0, min(2, stations // 3)))):  # a station for two, and the rest behind it
        ring[3 * n + 1 : 3 * n + 3] = [f"two{n + 1}", "rest"]
    candidates = [
        {
            "name": f"Candidate {n}",
            "extra_percent": draw(st.sampled_from([0, 0, 0, 0, 25, 33, 50])),
            "group": draw(st.sampled_from(["", "", "x", "y"])),
            "circuit": draw(st.sampled_from(["", "", "", *names])),
        }
        for n in range(draw(st.integers(0, 30)))
    ]
    people = []
    for n in range(draw(st.integers(0, 3))):
        opens = draw(st.integers(9 * 60, 14 * 60))
        minutes = draw(st.integers(5, 30))
        window = {"from": opens, "to": opens + minutes + draw(st.integers(0, 60)), "minutes": minutes}
        circuit = draw(st.sampled_from(names))
        people.append({"name": f"Patient {circuit + ' ' if circuits > 1 else ''}{n + 1}", "breaks": [window]})
    content: dict[str, Any] = {"title": "Any", "starts": "2026-12-01 09:00", "stations": ring, "circuits": [*names]}
    content["rounds"] = draw(st.sampled_from([None, None, 1]))
    return ExamPlan.model_validate(content | {"candidates": candidates, "people": people})


@settings(max_examples=120, deadline=None)
@given(plans())
def test_whatever_the_plan_the_timetable_holds(made: ExamPlan) -> None:
    known = bank(8)
    table = timetable(made, known)
    everybody = set(range(len(made.candidates)))
    placed = everybody - set(table.left_out)
    working = [visit for visit in table.visits if not visit.pause]
    assert Counter((visit.candidate, visit.number) for visit in working) == Counter(
        (candidate, position + 1) for candidate in placed for position in range(len(made.stations))
    )
    for who in ("candidate", "sp"):
        for visits in _by(table, who).values():
            assert all(one.ends_ms <= other.starts_ms for one, other in pairwise(visits))
            assert len({visit.rotation for visit in visits}) == len(visits)
    places = Counter((visit.circuit, visit.rotation, visit.position) for visit in table.visits)
    assert set(places.values()) <= {1}, "two hold one place of the ring"
    _pairs_meet(made, table)
    _extra_time_is_kept(made, table)
    _rotations_agree(table)
    said = [one.kind for one in conflicts(made, table, known) if one.blocks]
    assert set(said) <= {"uneven-ring", "break-does-not-fit", "no-candidates"}
    assert ("uneven-ring" in said) == bool(table.left_out)
    kept = {
        person.name: _longest_free(made, _by(table, "sp").get(person.name, []), person.breaks[0])
        for person in made.people
    }
    if "break-does-not-fit" not in said:
        assert all(kept.values())


def _by(table: Timetable, who: str) -> dict[Any, list[Visit]]:
    found: dict[Any, list[Visit]] = defaultdict(list)
    for visit in sorted(table.visits, key=lambda one: one.starts_ms):
        if getattr(visit, who) != "":
            found[getattr(visit, who)].append(visit)
    return found


def _meet(joining: Visit, other: Visit) -> bool:
    same = (joining.circuit, joining.rotation) == (other.circuit, other.rotation)
    return same and joining.joins == other.position and other.joins is None and not other.pause


def _pairs_meet(made: ExamPlan, table: Timetable) -> None:
    """Neighbours of the ring, at one station and one time, with one SP; of an odd number the last is alone."""
    twos = [at + 1 for at, one in enumerate(made.stations) if one.station.startswith("two")]
    for ring in table.rings:
        for number in twos:
            its = [one for one in table.visits if one.circuit == ring.circuit and one.number == number]
            met = [one for one in its if not one.pause]
            hosts = {one.candidate: one for one in met if one.joins is None}
            assert hosts
            assert set(hosts) == set(ring.candidates[::2])
            assert all(one.sp for one in hosts.values())
            for one in met:
                if one.joins is not None:
                    (other,) = (host for host in hosts.values() if _meet(one, host))
                    assert ring.candidates.index(one.candidate) == ring.candidates.index(other.candidate) + 1
                    assert (one.sp, one.station, one.timings) == ("", other.station, other.timings)
            assert len(met) == len(ring.candidates)


def _extra_time_is_kept(made: ExamPlan, table: Timetable) -> None:
    for visit in table.visits:
        if not visit.rest:
            pair = [visit.candidate, *(one.candidate for one in table.visits if _meet(one, visit) or _meet(visit, one))]
            extra = 100 + max(made.candidates[one].extra_percent for one in pair)
            assert 100 * visit.timings.encounter_s >= 480 * extra > 100 * (visit.timings.encounter_s - 1)
            assert visit.timings.changeover_s == 60
        assert whole_ms(visit.timings) <= visit.ends_ms - visit.starts_ms + 999
    # In as few rings as can be: no two rings that are not full of them hold people with extra time.
    size = len(made.stations)
    free = {i for i, one in enumerate(made.candidates) if one.extra_percent and not one.circuit}
    slow = [len(free & set(ring.candidates)) for ring in table.rings if free & set(ring.candidates)]
    pinned = any(one.circuit for one in made.candidates)
    assert pinned or len(slow) <= -(-len(free) // size)


def _rotations_agree(table: Timetable) -> None:
    times = defaultdict(set)
    for visit in table.visits:
        times[visit.circuit, visit.rotation].add((visit.starts_ms, visit.ends_ms))
    assert all(len(one) == 1 for one in times.values())
    for ring in table.rings:
        spans = [next(iter(times[ring.circuit, rotation])) for rotation in ring.rotations]
        assert spans[0][0] == ring.starts_ms
        assert spans[-1][1] == ring.ends_ms
        assert all(one[1] == other[0] for one, other in pairwise(spans))


def _longest_free(made: ExamPlan, visits: list[Visit], wanted: Any) -> bool:
    """Whether so many minutes lie free, minute by minute: slower than the program's way, and another one."""
    opens, closes = (
        made.utc_ms(made.starts[0].replace(hour=one.hour, minute=one.minute)) for one in (wanted.opens, wanted.closes)
    )
    free = longest = 0
    for at in range(opens, closes, 1000):
        busy = any(visit.starts_ms <= at < visit.ends_ms for visit in visits)
        free = 0 if busy else free + 1000
        longest = max(longest, free)
    return longest >= wanted.minutes * 60_000


def test_a_break_is_kept_by_a_gap_of_the_ring_when_there_is_one() -> None:
    people = [{"name": "Patient 2", "breaks": [{"from": "09:00", "to": "09:11"}]}]
    made = plan(4, 3, people=people)
    table = timetable(made, bank())
    assert not any(visit.pause for visit in table.visits)
    assert [one.kind for one in conflicts(made, table, bank()) if one.blocks] == []
    assert min(visit.starts_ms for visit in table.visits if visit.sp == "Patient 2") > table.rings[0].starts_ms


def test_a_full_ring_rests_for_a_break() -> None:
    people = [{"name": "Patient 2", "breaks": [{"from": "09:20", "to": "09:50", "minutes": 15}]}]
    made = plan(4, 4, people=people)
    table = timetable(made, bank())
    pauses = [visit for visit in table.visits if visit.pause]
    assert {visit.rotation for visit in pauses} == {4}
    assert {visit.candidate for visit in pauses} == {0, 1, 2, 3}
    # Three rotations of 11 minutes, and nobody waits longer than the break itself.
    assert {(visit.starts_ms - table.rings[0].starts_ms) // 60_000 for visit in pauses} == {33}
    assert {(visit.ends_ms - visit.starts_ms) // 60_000 for visit in pauses} == {15}
    assert [one for one in conflicts(made, table, bank()) if one.blocks] == []


def test_a_break_that_cannot_be_kept_is_named() -> None:
    people = [{"name": "Patient 2", "breaks": [{"from": "09:20", "to": "09:30", "minutes": 15}]}]
    made = plan(4, 4, people=people)
    said = [one for one in conflicts(made, timetable(made, bank()), bank()) if one.blocks]
    assert [one.kind for one in said] == ["break-does-not-fit"]
    assert "shorter than the 15 minutes" in said[0].message


def test_extra_time_is_one_circuits_and_slows_no_other() -> None:
    candidates = [{"name": f"C {n}", "extra_percent": 25 if n in (3, 20, 41) else 0} for n in range(60)]
    made = plan(12, candidates, circuits=["A", "B", "C"], rounds=2)
    table = timetable(made, bank())
    assert not table.left_out
    slow = [ring for ring in table.rings if {3, 20, 41} & set(ring.candidates)]
    assert [set(ring.candidates) >= {3, 20, 41} for ring in slow] == [True]
    length = {(visit.starts_ms, visit.ends_ms) for visit in table.visits if visit.circuit != slow[0].circuit}
    assert {ends - starts for starts, ends in length} == {11 * 60_000}


def test_rounds_follow_each_other_or_their_times() -> None:
    made = plan(4, 10, starts=["2026-12-01 09:00", "2026-12-01 13:30"])
    table = timetable(made, bank())
    assert [(ring.circuit, ring.round, len(ring.candidates)) for ring in table.rings] == [
        ("A", 1, 4),
        ("A round 2", 2, 4),
        ("A round 3", 3, 2),
    ]
    first, second, third = table.rings
    assert (second.starts_ms - first.starts_ms) // 60_000 == 270
    assert third.starts_ms == second.ends_ms
    assert [ring.rotations.start for ring in table.rings] == [1, 5, 9]


def _seconds(candidates: int, circuits: int) -> float:
    extra = [{"name": f"C {n}", "extra_percent": 25 * (n % 30 == 0)} for n in range(candidates)]
    names = [f"K{n}" for n in range(circuits)]
    people = [{"name": f"Patient K0 {n}", "breaks": [{"from": "10:00", "to": "11:30", "minutes": 20}]} for n in (1, 5)]
    made = plan(20, extra, circuits=names, people=people)
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        table = timetable(made, bank())
        said = conflicts(made, table, bank())
        best = min(best, time.perf_counter() - began)
        assert len(table.visits) >= 20 * candidates
        assert not [one for one in said if one.blocks]
    return best


def test_the_work_grows_with_the_candidates_and_no_faster() -> None:
    # Ten times the candidates may cost some twenty times as much, and not a hundred times.
    assert _seconds(300, 15) < 25 * _seconds(30, 2)


def test_a_station_for_two_needs_a_rest_behind_it_and_names_who_is_alone() -> None:
    def said(ring: list[str], candidates: int) -> list[tuple[str, bool]]:
        made = plan(1, candidates).model_copy(update={"stations": tuple(PlanStation(station=one) for one in ring)})
        found = conflicts(made, timetable(made, bank()), bank())
        return [(one.kind, one.blocks) for one in found if one.kind in ("no-rest-behind", "alone")]

    assert said(["s1", "two1", "rest", "s2"], 4) == []
    assert said(["rest", "s1", "s2", "two1"], 4) == []  # the ring is closed: the first is behind the last
    assert said(["s1", "two1", "rest"], 3) == [("alone", False)]
    assert said(["s1", "two1", "s2", "rest"], 4) == [("no-rest-behind", True)]
    assert said(["two1", "two2", "rest"], 2) == [("no-rest-behind", True)]
    assert said(["two1"], 1) == [("no-rest-behind", True), ("alone", False)]
