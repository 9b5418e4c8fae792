"""Two candidates who meet one SP: one room and one clock, and each an encounter of their own."""

from dataclasses import replace

import pytest
from exam_world import STATION, TIMINGS, World

from teleosce.core.errors import Conflict
from teleosce.core.events import BellRang, EncounterEnded, EncounterStarted
from teleosce.exams import (
    CircuitState,
    Decision,
    Encounter,
    Incident,
    IncidentKind,
    NewSlot,
    Outcome,
    Phase,
    Wrong,
    add_slots,
    prepare_slots,
    store_ledger,
)
from teleosce.reports.basis import attempts


async def pair(world: World, rotations: int = 1) -> tuple[Encounter, Encounter]:
    """A station for two and the rest behind it. c1 leads; c2, whose place is the rest, joins."""
    both = NewSlot(1, 1, "A", STATION, TIMINGS, "c1", "s1", "e1", ("c2",))
    wanted = [both, replace(both, position=2, candidate="c2", sp=None, extra=(), met_at=1, joins=1)]
    rest = replace(both, rotation=2, position=2, station_hash="f" * 64, sp=None, examiner=None, extra=())
    wanted += [rest, replace(rest, position=1, candidate="c2", met_at=2)]
    async with world.database.write() as connection:
        prepared = prepare_slots(world.exam.id, wanted, world.clock.now_ms())
        await add_slots(connection, world.exam.id, prepared, {}, world.clock.now_ms())
    leads, joins = (await world.exams.encounters(world.exam.id))[:2]
    return leads, joins


async def both(world: World, *of: Encounter) -> list[tuple[str, int | None, int | None, str | None]]:
    found = [await world.now(one) for one in of]
    return [(one.phase.value, one.phase_ends_ms, one.paused_ms, one.outcome) for one in found]


async def test_two_are_in_one_room_and_each_has_an_encounter(world: World):
    leads, joins = await pair(world)
    assert (leads.candidate, leads.people, leads.position) == ("c1", ("c1", "s1", "c2"), 1)
    assert (joins.candidate, joins.people, joins.position, joins.room) == ("c2", (), 1, leads.id)
    assert [one.id for one in await world.exams.together(joins)] == [leads.id, joins.id]
    await world.day.go(world.exam.id)
    for seconds in (120, 360, 120, 120, 60):
        assert len(set(await both(world, leads, joins))) == 1
        await world.pass_time(seconds)
    assert [one[3] for one in await both(world, leads, joins)] == ["completed", "completed"]
    for kind in (EncounterStarted, EncounterEnded):  # one room, one recording
        heard = [one.encounter_id for one in world.heard if isinstance(one, kind)]
        assert leads.id in heard
        assert joins.id not in heard
    assert joins.id not in [one.encounter_id for one in world.heard if isinstance(one, BellRang)]
    resting = await world.exams.running()
    assert sorted((one.candidate, one.position, one.sp) for one in resting) == [("c1", 2, None), ("c2", 2, None)]


async def test_what_is_done_to_one_is_done_to_both(world: World):
    leads, joins = await pair(world)
    await world.day.begin(joins.id)
    for act in (
        lambda: world.day.add_time(joins.id, 30),
        lambda: world.day.pause_encounter(leads.id),
        lambda: world.day.resume_encounter(joins.id),
        lambda: world.day.end_phase(joins.id, Phase.reading),
        lambda: world.day.restart_phase(leads.id),
        lambda: world.day.ring(joins.id),
    ):
        world.clock.move(5)
        await act()
        first, second = await both(world, leads, joins)
        assert first == second
    assert [one.cause for one in await world.exams.phase_log(joins.id)] == [
        one.cause for one in await world.exams.phase_log(leads.id) if one.cause != "rung"
    ]
    await world.restart(10)
    first, second = await both(world, leads, joins)
    assert first == second


async def test_one_who_does_not_come_is_missed_and_the_other_goes_on(world: World):
    world.absent = {"c1"}
    leads, joins = await pair(world)
    await world.day.go(world.exam.id)
    await world.pass_time(130)
    with pytest.raises(Conflict, match="goes on for the other"):
        await world.day.no_show(leads.id)
    for seconds in (480, 120, 60):
        await world.pass_time(seconds)
    assert [one[3] for one in await both(world, leads, joins)] == ["missed", "completed"]


async def missing(world: World, absent: set[str]) -> dict[str | None, Incident]:
    """By seat, the incidents of those who did not come to a station for two."""
    leads, _ = await pair(world)
    world.absent = absent
    await world.day.go(world.exam.id)
    for seconds in (130, 480, 120, 60):
        await world.pass_time(seconds)
    world.absent = set()
    return {one.seat_id: one for one in await world.ledger.incidents(world.exam.id) if one.encounter_id == leads.id}


async def test_who_came_does_not_have_the_station_again_because_the_other_missed_it(world: World):
    incidents = await missing(world, {"c1"})
    decided = await world.ledger.decide(incidents["c1"].id, Decision.rerun, "", "o")
    again = [one for one in await world.exams.encounters(world.exam.id) if one.attempt == 2]
    assert decided.carried_out
    assert [(one.candidate, one.people) for one in again] == [("c1", ("c1", "s1"))]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_of_two_who_missed_it_together_both_are_decided_at_once(world: World, by_hand: bool):
    incidents = await missing(world, {"c1", "c2"})
    if by_hand:
        await world.day.carry_over(incidents["c1"].encounter_id or "")
    else:
        await world.ledger.decide(incidents["c1"].id, Decision.rerun, "", "o")
    again = [one for one in await world.exams.encounters(world.exam.id) if one.attempt == 2]
    assert [(one.candidate, one.joins is not None) for one in again] == [("c1", False), ("c2", True)]
    found = await world.ledger.incidents(world.exam.id)
    assert {(one.seat_id, one.decision, one.carried_out) for one in found} == {
        ("c1", "re-run", True),
        ("c2", "re-run", True),
    }


async def test_who_misses_both_attempts_in_one_room_has_a_third(world: World):
    leads, joins = await pair(world)
    world.absent = {"c2"}
    await world.day.no_show(joins.id)
    await world.day.rerun(joins.id)
    await world.day.go(world.exam.id)
    for seconds in (130, 480, 120, 60):
        await world.pass_time(seconds)
    first, second = [one for one in await world.ledger.incidents(world.exam.id) if one.encounter_id == leads.id]
    assert (first.decision, second.decision) == ("re-run", None)
    assert (await world.ledger.decide(second.id, Decision.rerun, "", "o")).carried_out


@pytest.mark.parametrize("begun", [False, True])
async def test_the_second_does_not_lose_the_station_when_the_first_has_not_come_yet(world: World, begun: bool):
    leads, joins = await pair(world)
    if begun:
        await world.day.begin(leads.id)
    with pytest.raises(Conflict, match="goes on for the other"):
        await world.day.no_show(leads.id)
    assert [one[3] for one in await both(world, leads, joins)] == [None, None]
    await world.day.no_show(joins.id)  # neither came: the second first
    await world.day.no_show(leads.id)
    assert [one[3] for one in await both(world, leads, joins)] == ["missed", "missed"]


async def test_the_second_can_be_noted_as_missing_and_the_first_goes_on(world: World):
    world.absent = {"c2"}
    leads, joins = await pair(world)
    await world.day.go(world.exam.id)
    await world.pass_time(130)
    await world.day.no_show(joins.id)
    assert [(one[0], one[3]) for one in await both(world, leads, joins)] == [("encounter", None), ("done", "missed")]
    await world.pass_time(480)
    assert [one[0] for one in await both(world, leads, joins)] == ["note", "done"]


async def test_a_rerun_is_for_both_and_one_alone_meets_the_sp(world: World):
    leads, joins = await pair(world)
    await world.day.begin(leads.id)
    with pytest.raises(Conflict, match="goes on for the other"):
        await world.day.void(leads.id, "The line failed.")
    assert [one[0] for one in await both(world, leads, joins)] == ["reading", "reading"]
    for one in (joins, leads):
        await world.day.void(one.id, "The line failed.")
    assert [one[3] for one in await both(world, leads, joins)] == ["void", "void"]
    again = await world.day.rerun(leads.id)
    with_them = [one for one in await world.exams.encounters(world.exam.id) if one.joins == again.id]
    assert [(one.candidate, one.attempt, one.phase) for one in with_them] == [("c2", 2, Phase.waiting)]
    await world.day.begin(again.id)
    await world.pass_time(130)
    await world.day.void(with_them[0].id, "Theirs alone.")
    assert [(one[0], one[3]) for one in await both(world, again, *with_them)] == [("encounter", None), ("done", "void")]
    for seconds in (480, 120, 60):
        await world.pass_time(seconds)
    alone = await world.day.rerun(with_them[0].id)
    assert (alone.people, alone.joins, alone.attempt, alone.position) == (("c2", "s1"), None, 3, 1)
    await world.day.begin(alone.id)
    assert (await world.now(alone)).phase is Phase.reading


async def test_who_comes_along_and_is_not_assessed_again_is_beside_all_the_same(world: World):
    leads, joins = await pair(world)
    assert [await world.exams.beside(one) for one in (leads, joins)] == [{"c2"}, {"c1"}]
    await world.day.begin(leads.id)
    await world.pass_time(120)
    await to_the_end(world)
    alone = await world.day.rerun(joins.id)
    again = await world.day.rerun(leads.id)
    assert [one.id for one in await world.exams.together(again)] == [again.id]
    assert [await world.exams.beside(one) for one in (again, alone)] == [{"c2"}, set()]


async def test_who_comes_after_all_waits_since_the_other_does(world: World):
    leads, joins = await pair(world)
    await world.day.no_show(joins.id)
    await world.pass_time(5)
    again = await world.day.rerun(joins.id)
    assert again.joins == leads.id
    assert again.phase_started_ms == leads.phase_started_ms


@pytest.mark.parametrize("carried", [False, True])
async def test_one_alone_meets_who_took_over_from_the_sp_and_the_examiner(world: World, carried: bool):
    leads, joins = await pair(world)
    await world.day.begin(leads.id)
    for seconds in (120, 480, 120, 60):
        await world.pass_time(seconds)
    await world.encounter("c9", "s1", rotation=9)  # what is left to do for those who then leave
    await world.encounter("c9", "s8", rotation=10, examiner="e1")
    await world.day.swap(world.exam.id, "s1", "s2")
    await world.day.swap(world.exam.id, "e1", "e2")
    act = world.day.carry_over if carried else world.day.rerun
    alone = await act(joins.id)
    assert (alone.people, alone.examiner, alone.joins) == (("c2", "s2"), "e2", None)
    await world.day.swap(world.exam.id, "s2", "s3")
    await world.day.void(alone.id, "The line failed.")
    await world.day.begin((third := await act(alone.id)).id)
    assert (third.people, third.examiner) == (("c2", "s3"), "e2")


@pytest.mark.parametrize("carried", [False, True])
async def test_who_comes_after_all_before_it_begins_is_in_the_room_with_their_own(world: World, carried: bool):
    leads, joins = await pair(world)
    await world.day.no_show(joins.id)
    again = await (world.day.carry_over if carried else world.day.rerun)(joins.id)
    assert (again.attempt, again.joins, again.sp, again.people) == (2, leads.id, None, ())
    assert again.rotation == (await world.now(leads)).rotation == (3 if carried else 1)
    await world.day.begin(leads.id)
    for seconds in (120, 480, 120, 60):
        assert len(set(await both(world, leads, again))) == 1
        await world.pass_time(seconds)
    assert [one[3] for one in await both(world, leads, again, joins)] == ["completed", "completed", "missed"]


async def test_a_hard_stop_while_reading_keeps_the_pair_for_another_time(world: World):
    await pair(world)
    await world.day.go(world.exam.id)
    await world.day.stop(world.exam.id, hard=True)
    waiting = [one for one in await world.exams.encounters(world.exam.id) if one.phase is Phase.waiting]
    leads, joins = waiting[:2]
    assert (leads.attempt, joins.attempt, joins.joins) == (2, 2, leads.id)
    assert [one.state for one in await world.exams.circuits(world.exam.id)] == [CircuitState.planned]


async def disturbed(world: World, leads: Encounter, seat: str | None) -> Incident:
    """What befell somebody in the consultation, or the whole room; it still goes on."""
    await world.day.go(world.exam.id)
    await world.pass_time(130)
    await world.ledger.disturbed(leads.id, [Wrong(seat, IncidentKind.line, world.clock.now_ms() - 60_000)])
    (incident,) = await world.ledger.incidents(world.exam.id)
    return incident


async def to_the_end(world: World) -> None:
    for seconds in (480, 120, 60):
        await world.pass_time(seconds)


@pytest.mark.parametrize(
    ("seat", "carried_out", "then"),
    [
        (None, True, ["void", "void"]),
        ("s1", True, ["void", "void"]),
        ("c1", False, [None, None]),
        ("c2", True, [None, "void"]),
    ],
)
async def test_a_void_of_one_while_they_speak_ends_it_for_nobody_else(
    world: World, seat: str | None, carried_out: bool, then: list[str | None]
):
    leads, joins = await pair(world)
    incident = await disturbed(world, leads, seat)
    decided = await world.ledger.decide(incident.id, Decision.void, "Nothing was heard.", None)
    assert decided.carried_out is carried_out
    assert [one[3] for one in await both(world, leads, joins)] == then
    await to_the_end(world)
    assert [one[3] for one in await both(world, leads, joins)] == [one or "completed" for one in then]
    # What was decided holds for whom it befell, whether it could be done then or not.
    assert set(await gone(world)) == ({seat} if seat in ("c1", "c2") else {"c1", "c2"})


@pytest.mark.parametrize("seat", [None, "c1", "c2"])
async def test_a_rerun_while_they_speak_is_for_both(world: World, seat: str | None):
    leads, joins = await pair(world)
    incident = await disturbed(world, leads, seat)
    assert (await world.ledger.decide(incident.id, Decision.rerun, "", None)).carried_out
    assert [one[3] for one in await both(world, leads, joins)] == ["void", "void"]
    again = [one for one in await world.exams.encounters(world.exam.id) if one.attempt == 2]
    assert [(one.candidate, one.joins) for one in again] == [("c1", None), ("c2", again[0].id)]


async def test_a_decision_on_what_befell_one_takes_nothing_from_the_other(world: World):
    leads, joins = await pair(world)
    incident = await disturbed(world, leads, "c2")
    await to_the_end(world)
    await world.ledger.decide(incident.id, Decision.void, "Nothing was heard of them.", None)
    assert [one[3] for one in await both(world, leads, joins)] == [Outcome.completed, Outcome.void]
    assert await gone(world) == {"c2": "This encounter is void."}


async def gone(world: World) -> dict[str, str]:
    """Candidates of whom no attempt at the station for two counts, and why."""
    encounters = [one for one in await world.exams.encounters(world.exam.id) if one.station_hash == STATION]
    _, found = attempts(encounters, await world.exams.incidents_in([one.id for one in encounters]))
    return {candidate: why for (candidate, _), why in found.items()}


@pytest.mark.parametrize(
    ("befell", "lose"), [("c2", {"c2"}), ("c1", {"c1"}), ("s1", {"c1", "c2"}), (None, {"c1", "c2"})]
)
@pytest.mark.parametrize("decision", [Decision.void, Decision.rerun])
async def test_what_was_decided_and_not_done_counts_for_those_whom_it_befell(
    world: World, befell: str | None, lose: set[str], decision: Decision
):
    leads, _ = await pair(world)
    one = Incident("i" * 26, world.exam.id, leads.id, befell, IncidentKind.line, 1, closed_ms=2, decision=decision)
    async with world.database.write() as connection:
        await store_ledger.add(connection, replace(one, decided_ms=3))
    assert set(await gone(world)) == lose


@pytest.mark.parametrize("seat", [None, "s1"])
async def test_what_befell_the_whole_room_takes_it_from_both(world: World, seat: str | None):
    leads, joins = await pair(world)
    incident = await disturbed(world, leads, seat)
    await to_the_end(world)
    decided = await world.ledger.decide(incident.id, Decision.void, "Nothing was heard of anybody.", None)
    assert decided.carried_out
    assert [one[3] for one in await both(world, leads, joins)] == [Outcome.void, Outcome.void]


@pytest.mark.parametrize(("seat", "candidates"), [("c2", ["c2"]), ("s1", ["c1", "c2"]), (None, ["c1", "c2"])])
async def test_after_the_end_what_befell_the_second_is_run_again_for_them(
    world: World, seat: str | None, candidates: list[str]
):
    leads, _joins = await pair(world)
    incident = await disturbed(world, leads, seat)
    await to_the_end(world)
    assert (await world.ledger.decide(incident.id, Decision.rerun, "", None)).carried_out
    again = [one for one in await world.exams.encounters(world.exam.id) if one.attempt == 2]
    assert [one.candidate for one in again] == candidates
    assert again[0].sp == "s1"
