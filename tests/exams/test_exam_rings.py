"""Circuits that turn: boundaries agree, whoever holds the ring holds it for all, and nobody is left behind."""

import asyncio
from dataclasses import replace

import pytest
from exam_world import TIMINGS, World, state
from sqlalchemy import event as sql_event

from teleosce.core.errors import Conflict, NotFound
from teleosce.core.events import CircuitChanged, EncounterStarted, PhaseChanged
from teleosce.exams import Cause, CircuitState, Outcome, Phase, exam_state


async def test_a_ring_turns_by_itself_and_all_boundaries_agree(world: World):
    rotations = await world.ring(3)
    assert await state(world) == ("planned", 0)
    await world.day.gather(world.exam.id)
    assert await state(world) == ("gathering", 0)
    await world.day.go(world.exam.id)
    for number, rotation in enumerate(rotations, 1):
        assert await state(world) == ("running", number)
        for seconds, phase in ((120, "reading"), (480, "encounter"), (120, "note"), (60, "changeover")):
            assert await world.phases(rotation) == [phase] * 3
            assert len({(await world.now(one)).phase_ends_ms for one in rotation}) == 1
            await world.pass_time(seconds)
        assert await world.phases(rotation) == ["done"] * 3
    assert await state(world) == ("finished", 3)
    starts: dict[str, set[int]] = {}
    for event in world.heard:
        if isinstance(event, PhaseChanged):
            starts.setdefault(event.encounter_id, set()).add(event.started_ms)
    assert all(len({frozenset(starts[one.id]) for one in rotation}) == 1 for rotation in rotations)
    turns = [(event.state, event.rotation) for event in world.heard if isinstance(event, CircuitChanged)]
    assert turns == [("gathering", 0), ("running", 1), ("running", 2), ("running", 3), ("finished", 3)]


async def test_an_encounter_that_is_lengthened_holds_the_ring(world: World):
    (first, second), later = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.day.add_time(first.id, 100)
    for seconds in (480, 100, 20):
        await world.pass_time(seconds)
    assert await world.phases([first, second]) == ["note", "changeover"]
    waits = await world.now(second)
    assert waits.phase_ends_ms == (await world.now(first)).phase_ends_ms + 60_000
    with pytest.raises(Conflict, match="when the ring turns"):
        await world.day.add_time(second.id, 10)
    assert await world.day.end_phase(first.id, Phase.note)
    assert (await world.now(second)).phase_ends_ms == world.clock.now_ms() + 60_000, "shorter again"
    await world.pass_time(60)
    assert await world.phases(later) == ["reading", "reading"]


async def test_an_accommodation_stretches_its_phases_and_the_ring_waits(world: World):
    slow = replace(TIMINGS, reading_s=150, encounter_s=600, note_s=150)
    stretched = await world.encounter("c1", "s1", timings=slow)
    plain = await world.encounter("c2", "s2", position=2)
    await world.encounter("c2", "s1", rotation=2)
    rest = await world.encounter("c1", None, rotation=2, position=2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.pass_time(30)
    assert await world.phases([stretched, plain]) == ["encounter", "encounter"]
    for _ in range(3):
        await world.pass_time(300)
    assert (await world.now(plain)).phase is Phase.changeover
    await world.pass_time(60)
    assert (await world.now(rest)).phase is Phase.reading


async def test_a_paused_circuit_stands_and_goes_on_with_what_was_left(world: World):
    (first, second), _ = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(100)
    await world.day.pause_encounter(second.id)
    await world.pass_time(10)
    await world.day.pause(world.exam.id, ["A"])
    await world.restart(down_s=5000)
    assert await world.phases([first, second]) == ["reading", "reading"]
    with pytest.raises(Conflict, match="resume that"):
        await world.day.resume_encounter(second.id)
    with pytest.raises(Conflict, match="A is paused"):
        await world.day.pause(world.exam.id)
    await world.day.resume(world.exam.id)
    now = world.clock.now_ms()
    assert (await world.now(first)).phase_ends_ms == now + 10_000
    assert (await world.now(second)).phase_ends_ms == now + 20_000


async def test_one_whose_clock_stands_holds_the_ring_without_an_end(world: World):
    (first, second), later = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.day.pause_encounter(first.id)
    for _ in range(3):
        await world.pass_time(1000)
    waits = await world.now(second)
    assert (waits.phase, waits.phase_ends_ms) == (Phase.changeover, None)
    await world.day.resume_encounter(first.id)
    assert (await world.now(first)).phase_ends_ms == world.clock.now_ms() + 480_000
    assert (await world.now(second)).phase_ends_ms == world.clock.now_ms() + (480 + 120 + 60) * 1000
    for _ in range(3):
        await world.pass_time(1000)
    assert await world.phases(later) == ["reading", "reading"]


async def test_an_outage_across_a_boundary_shifts_the_ring_together(world: World):
    rotation, later = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.restart(down_s=1000)
    assert await world.phases(rotation) == ["encounter", "encounter"]
    ends = {(await world.now(one)).phase_ends_ms for one in rotation}
    assert ends == {world.clock.now_ms() + 480_000}
    await world.pass_time(480)
    await world.pass_time(120)
    await world.restart(down_s=30)
    assert {(await world.now(one)).phase_ends_ms for one in rotation} == {world.clock.now_ms() + 30_000}
    await world.restart(down_s=300)
    assert {(await world.now(one)).phase_started_ms for one in later} == {world.clock.now_ms()}


async def test_a_soft_stop_lets_people_finish_their_sentence_and_the_rest_waits(world: World):
    rotation, later = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.day.stop(world.exam.id, hard=False)
    assert await state(world) == ("stopping", 1)
    assert {(await world.now(one)).phase_ends_ms for one in rotation} == {world.clock.now_ms() + 30_000}
    await world.pass_time(30)
    assert await world.phases(rotation) == ["note", "note"]
    assert ("end", "encounter") in world.bells()
    await world.pass_time(120)
    await world.pass_time(60)
    assert await state(world) == ("planned", 1)
    assert await world.phases(later) == ["waiting", "waiting"]
    await world.day.go(world.exam.id)
    assert await state(world) == ("running", 2)


async def test_a_hard_stop_is_now_and_what_was_only_read_is_read_again(world: World):
    (first, second), _ = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.day.end_phase(first.id, Phase.reading)
    await world.settle()
    await world.day.stop(world.exam.id, hard=True)
    assert await state(world) == ("planned", 1)
    assert (await world.now(first)).outcome is Outcome.completed
    assert (await world.now(second)).outcome is Outcome.void
    await world.day.go(world.exam.id)
    assert await state(world) == ("running", 1)
    (again,) = [one for one in await world.exams.running() if one.slot_id == second.slot_id]
    assert (again.attempt, again.rotation) == (2, 1)


async def test_who_is_still_elsewhere_is_postponed_and_does_not_stop_the_ring(world: World):
    await world.encounter("c1", "s1")
    blocked = await world.encounter("c2", "s1", rotation=2)
    free = await world.encounter("c1", "s2", rotation=2, position=2)
    by_hand = await world.encounter("c2", "s9", rotation=3, position=3, circuit="B")
    await world.day.begin(by_hand.id)
    await world.day.pause_encounter(by_hand.id)
    await world.day.go(world.exam.id, ["A"])
    for _ in range(4):
        await world.pass_time(500)
    assert (await world.now(free)).phase is Phase.reading
    assert (await world.now(blocked)).rotation == 3
    assert (await world.exams.phase_log(blocked.id))[-1].cause is Cause.postponed
    for _ in range(4):
        await world.pass_time(500)
    assert await state(world) == ("running", 2)
    assert (await world.now(blocked)).phase is Phase.waiting
    tried: list[object] = []
    sql_event.listen(world.database._writer.sync_engine, "begin", tried.append)
    await asyncio.sleep(0.5)
    assert len(tried) <= 2, "the clock looks again now and then, and not all the time"
    await world.day.no_show(by_hand.id)
    await world.settle()
    assert (await world.now(blocked)).phase is Phase.reading


async def test_a_circuit_is_not_finished_while_one_of_its_own_runs_by_hand(world: World):
    await world.encounter("c1", "s1")
    by_hand = await world.encounter("c2", "s2", rotation=2, position=2)
    await world.day.begin(by_hand.id)
    await world.day.pause_encounter(by_hand.id)
    await world.day.go(world.exam.id)
    for _ in range(4):
        await world.pass_time(500)
    assert await state(world) == ("planned", 1)
    await world.day.no_show(by_hand.id)
    assert await state(world) == ("finished", 1)


async def test_a_go_that_would_put_somebody_into_two_rooms_begins_nothing(world: World):
    await world.ring(2)
    elsewhere = await world.encounter("Ac1", "s9", rotation=9, position=9, circuit="B")
    await world.day.begin(elsewhere.id)
    with pytest.raises(Conflict, match="still elsewhere"):
        await world.day.go(world.exam.id, ["A"])
    assert await state(world) == ("planned", 0)
    assert len(await world.exams.running()) == 1


async def test_circuits_start_together_or_alone(world: World):
    await world.ring(2)
    await world.ring(2, circuit="B")
    with pytest.raises(NotFound, match="no circuit C"):
        await world.day.go(world.exam.id, ["C"])
    await world.day.go(world.exam.id, ["B"])
    with pytest.raises(Conflict, match="B is running"):
        await world.day.go(world.exam.id, ["A", "B"])
    await world.day.go(world.exam.id)
    found = await world.exams.circuits(world.exam.id)
    assert [one.state for one in found] == [CircuitState.running] * 2
    assert exam_state(one.state for one in found) is CircuitState.running


async def test_another_patient_takes_over_in_the_middle(world: World):
    (first, second), (third, _) = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.day.swap(world.exam.id, first.sp, "spare")
    assert {(await world.now(one)).sp for one in (first, third)} == {"spare"}
    assert (await world.exams.where_now(first.sp)) is None
    assert [one.id for one in await world.exams.attended_by(first.sp)] == [first.id]
    with pytest.raises(Conflict, match="stations of their own"):
        await world.day.swap(world.exam.id, second.sp, "spare")
    with pytest.raises(Conflict, match="Only a patient or an examiner"):
        await world.day.swap(world.exam.id, first.candidate, "another")
    await world.day.void(first.id, "Nobody spoke.")
    assert (await world.day.rerun(first.id)).sp == "spare"


async def test_more_than_one_candidate_in_an_encounter(world: World):
    shared = await world.encounter("c1", "s1", extra=("c2",))
    alone = await world.encounter("c2", "s2", rotation=2, position=2)
    assert (await world.exams.where_now("c2")).id == shared.id
    await world.day.begin(shared.id)
    with pytest.raises(Conflict, match="still elsewhere"):
        await world.day.begin(alone.id)


async def test_a_phase_that_starts_over_has_its_whole_length_and_its_bells(world: World):
    made = await world.encounter(timings=replace(TIMINGS, reading_s=0))
    await world.day.begin(made.id)
    await world.pass_time(400)
    again = await world.day.restart_phase(made.id)
    assert again.phase_ends_ms == world.clock.now_ms() + 480_000
    await world.pass_time(360)
    assert world.bells() == [("start", "encounter"), ("warning", "encounter")] * 2
    assert world.heard.count(EncounterStarted(made.id)) == 1


async def test_of_two_who_direct_a_circuit_one_acts_and_one_is_told(world: World):
    await world.ring(2)
    await world.day.go(world.exam.id)
    await world.day.pause(world.exam.id, ["A"])
    with pytest.raises(Conflict, match="A is paused") as refused:
        await world.day.pause(world.exam.id, ["A"])
    assert refused.value.details == {"circuits": [{"circuit": "A", "state": "paused", "rotation": 1}]}


async def test_thirty_six_are_moved_as_quickly_as_one(world: World):
    """All that is due at one moment is one transaction, of hardly more statements than for one."""
    alone = await world.encounter("c", "s", circuit="B", position=99, timings=replace(TIMINGS, encounter_s=900))
    ring = [one for rotation in await world.ring(36, rotations=1) for one in rotation]
    counted: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        counted.append(statement.split(maxsplit=1)[0])

    sql_event.listen(world.database._writer.sync_engine, "before_cursor_execute", count)
    await world.day.begin(alone.id)
    one_begins = len(counted)
    counted.clear()
    await world.day.go(world.exam.id, ["A"])
    assert counted.count("BEGIN") <= 1
    assert len(counted) < 2 * one_begins
    counted.clear()
    world.clock.move(120)
    await world.day.catch_up()
    await world.day.catch_up()
    assert set(await world.phases(ring)) == {"encounter"}
    advanced = [one for one in counted if one == "UPDATE"]
    assert len(advanced) == 1, "36 and the one beside them, by one statement"
