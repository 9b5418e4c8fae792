import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from exam_world import TIMINGS, World

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.events import BellRang, EncounterEnded, EncounterStarted, Events, PhaseChanged
from teleosce.exams import Cause, Day, Exams, Outcome, Phase, Timings


async def test_an_encounter_goes_through_its_phases_by_the_clock(world: World):
    made = await world.encounter()
    assert made.phase is Phase.waiting
    assert made.phase_ends_ms is None

    reading = await world.day.begin(made.id)
    assert reading.phase is Phase.reading
    assert reading.phase_ends_ms == world.clock.now_ms() + 120_000
    for seconds in (119, 1, 359, 1, 120, 120, 60):
        await world.pass_time(seconds)

    done = await world.exams.encounter(made.id)
    assert (done.phase, done.outcome, done.phase_ends_ms) == (Phase.done, Outcome.completed, None)
    assert [entry.phase for entry in await world.exams.phase_log(made.id)] == list(Phase)
    assert world.bells() == [
        ("start", "reading"),
        ("start", "encounter"),
        ("warning", "encounter"),
        ("end", "encounter"),
        ("end", "note"),
    ]
    kinds = [type(event) for event in world.heard]
    assert kinds.count(EncounterStarted) == kinds.count(EncounterEnded) == 1
    assert [event.phase for event in world.heard if isinstance(event, PhaseChanged)] == list(Phase)[1:]


async def test_the_clock_runs_by_itself(tmp_path: Path):
    database = Database(sqlite_url(tmp_path))
    await database.create_all()
    clock, events, ended = Clock(), Events(), asyncio.Event()
    bells: list[str] = []

    async def hear_bell(bell: BellRang) -> None:
        bells.append(bell.kind)

    async def hear_end(_: EncounterEnded) -> None:
        ended.set()

    events.subscribe(BellRang, hear_bell)
    events.subscribe(EncounterEnded, hear_end)
    exams = Exams(database, clock)
    day = Day(exams, clock, events)
    await day.start()
    exam = await exams.create("Finals", "UTC")
    await exams.add_slot(
        exam.id,
        position=1,
        rotation=1,
        station_hash="b" * 64,
        timings=Timings(0, 2, 0, 0, 1),
        candidate="c1",
        sp="s1",
    )
    (encounter,) = await exams.encounters(exam.id)
    await day.begin(encounter.id)
    await asyncio.wait_for(ended.wait(), 30)
    await day.close()
    started, over = (await exams.phase_log(encounter.id))[1:]
    await database.close()
    assert bells == ["start", "warning", "end"]
    assert over.at_ms - started.at_ms >= 2000


async def test_nobody_is_in_two_rooms(world: World):
    first = await world.encounter("c1", "s1")
    same_candidate = await world.encounter("c1", "s2", rotation=2, position=2)
    same_sp = await world.encounter("c2", "s1", rotation=3)
    await world.day.begin(first.id)
    with pytest.raises(Conflict, match="candidate is still elsewhere: Station 1 is in its reading"):
        await world.day.begin(same_candidate.id)
    with pytest.raises(Conflict, match="standardized patient is still elsewhere") as refused:
        await world.day.begin(same_sp.id)
    assert refused.value.details["encounter_id"] == first.id
    assert (await world.exams.encounter(same_sp.id)).phase is Phase.waiting


async def test_of_many_begun_for_one_candidate_at_once_one_begins(world: World):
    made = [await world.encounter("c1", f"s{number}", rotation=number) for number in range(1, 6)]
    answers = await asyncio.gather(*(world.day.begin(one.id) for one in made), return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 4
    assert len(await world.exams.running()) == 1


async def test_the_database_itself_refuses_a_second_room(world: World):
    first = await world.encounter("c1", "s1")
    second = await world.encounter("c1", "s2", rotation=2)
    await world.day.begin(first.id)
    with (
        sqlite3.connect(world.folder / "teleosce.db") as stranger,
        pytest.raises(sqlite3.IntegrityError, match="candidate"),
    ):
        stranger.execute("UPDATE encounter SET phase = 'reading' WHERE id = ?", (second.id,))
    stranger.close()


async def test_it_cannot_begin_twice(world: World):
    made = await world.encounter()
    await world.day.begin(made.id)
    with pytest.raises(Conflict, match="is in its reading phase"):
        await world.day.begin(made.id)


async def test_of_two_who_end_a_phase_one_acts_and_one_is_told(world: World):
    made = await world.encounter()
    await world.day.begin(made.id)
    answers = await asyncio.gather(
        world.day.end_phase(made.id, Phase.reading),
        world.day.end_phase(made.id, Phase.reading),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(refused) == 1
    assert refused[0].details["phase"] == "encounter"
    assert (await world.exams.encounter(made.id)).phase is Phase.encounter
    await world.day.heard()
    assert world.bells() == [("start", "reading"), ("start", "encounter")]


@pytest.mark.parametrize("phase", [Phase.waiting, Phase.done])
async def test_what_does_not_run_is_not_ended(world: World, phase: Phase):
    made = await world.encounter(timings=Timings(0, 0, 0, 0, 0))
    if phase is Phase.done:
        await world.day.begin(made.id)
    with pytest.raises(Conflict):
        await world.day.end_phase(made.id, phase)
    with pytest.raises(Conflict):
        await world.day.add_time(made.id, 60)


async def test_added_time_moves_the_end_and_a_warning_rings_once(world: World):
    made = await world.encounter(timings=replace(TIMINGS, reading_s=0))
    await world.day.begin(made.id)
    await world.pass_time(400)
    longer = await world.day.add_time(made.id, 300)
    await world.pass_time(300)
    assert (await world.exams.encounter(made.id)).phase is Phase.encounter
    assert longer.phase_ends_ms == made.phase_started_ms + 780_000
    await world.pass_time(80)
    assert (await world.exams.encounter(made.id)).phase is Phase.note
    assert world.bells().count(("warning", "encounter")) == 1
    assert Cause.time_added in [entry.cause for entry in await world.exams.phase_log(made.id)]
    with pytest.raises(Invalid):
        await world.day.add_time(made.id, 0)


async def test_a_slow_listener_does_not_hold_up_the_others(world: World):
    slow, quick = await world.encounter("c1", "s1"), await world.encounter("c2", "s2", position=2)
    release, quick_moved, events = asyncio.Event(), asyncio.Event(), Events()
    told: list[str] = []

    async def listen(change: PhaseChanged) -> None:
        if change.encounter_id == slow.id:
            await release.wait()
            told.append(change.phase)
        elif change.phase == Phase.encounter:
            quick_moved.set()

    events.subscribe(PhaseChanged, listen)
    await world.day.close()
    world.day = Day(world.exams, world.clock, events)
    await world.day.start()
    for one in (slow, quick):
        await world.day.begin(one.id)
    world.clock.move(120)
    world.day.wake()
    await asyncio.wait_for(quick_moved.wait(), 30)
    assert told == []
    release.set()
    await world.day.heard()
    assert told == [Phase.reading, Phase.encounter]


async def test_a_rerun_is_a_new_attempt_and_the_old_is_kept(world: World):
    made = await world.encounter()
    with pytest.raises(Conflict):
        await world.day.rerun(made.id)
    await world.day.begin(made.id)
    await world.day.void(made.id, "The fire alarm rang.")
    old = await world.exams.encounter(made.id)
    again = await world.day.rerun(made.id)
    assert (again.attempt, again.phase, again.slot_id) == (2, Phase.waiting, made.slot_id)
    assert await world.exams.encounter(made.id) == old
    with pytest.raises(Conflict):
        await world.day.rerun(made.id)
    assert await world.exams.where_now("c1") == again


async def test_voiding_ends_the_encounter_and_wants_a_reason(world: World):
    made = await world.encounter(timings=replace(TIMINGS, reading_s=0))
    await world.day.begin(made.id)
    with pytest.raises(Invalid):
        await world.day.void(made.id, "  ")
    voided = await world.day.void(made.id, "Wrong candidate.")
    await world.day.heard()
    assert (voided.phase, voided.outcome) == (Phase.done, Outcome.void)
    assert EncounterEnded(made.id) in world.heard
    assert (await world.exams.phase_log(made.id))[-1].detail == "Wrong candidate."
    with pytest.raises(Conflict, match="is void"):
        await world.day.void(made.id, "Again.")


async def test_a_completed_encounter_can_be_made_void(world: World):
    made = await world.encounter(timings=Timings(0, 1, 0, 0, 0))
    await world.day.begin(made.id)
    await world.pass_time(1)
    assert (await world.day.void(made.id, "The sound was lost.")).outcome is Outcome.void


async def test_a_link_always_means_where_i_should_be_now(world: World):
    second = await world.encounter("c1", "s2", rotation=2, position=2, examiner="e2")
    first = await world.encounter("c1", "s1", rotation=1, position=1, examiner="e1")
    assert await world.exams.where_now("c1") == first
    assert await world.exams.where_now("e2") == second
    running = await world.day.begin(second.id)
    assert await world.exams.where_now("c1") == running
    assert await world.exams.where_now("s1") == first
    assert await world.exams.where_now("e2") == running
    assert [one.id for one in await world.exams.of_seat("c1")] == [first.id, second.id]
    assert await world.exams.where_now("nobody") is None


async def test_two_slots_in_one_rotation_are_refused(world: World):
    await world.encounter("c1", "s1")
    with pytest.raises(Conflict):
        await world.encounter("c1", "s2", position=2)
    with pytest.raises(Conflict):
        await world.encounter("c2", "s1", position=2)
    assert len(await world.exams.slots(world.exam.id)) == 1


async def test_rest_slots_need_nobody(world: World):
    rest = await world.encounter("c1", None, position=1)
    await world.encounter("c2", None, position=2)
    await world.day.begin(rest.id)
    assert (await world.exams.encounter(rest.id)).phase is Phase.reading


async def test_bad_input_gets_a_sentence(world: World):
    for title, zone in (
        ("", "UTC"),
        ("x" * 201, "UTC"),
        ("Finals", "Mars/Crater"),
        ("Finals", "../etc/passwd"),
    ):
        with pytest.raises(Invalid):
            await world.exams.create(title, zone)
    with pytest.raises(Invalid):
        await world.encounter(rotation=0)
    with pytest.raises(Invalid):
        await world.encounter(timings=replace(TIMINGS, note_s=-1))
    for ask in (world.exams.exam, world.exams.slot, world.exams.encounter, world.day.begin, world.day.rerun):
        with pytest.raises(NotFound):
            await ask("nothing")


async def test_stimuli_are_shown_and_hidden_and_survive_a_restart(world: World):
    made = await world.encounter()
    for stimulus, shown in (("ecg", True), ("troponin", True), ("ecg", True), ("ecg", False)):
        await world.exams.show_stimulus(made.id, stimulus, shown=shown)
    await world.restart()
    assert await world.exams.shown_stimuli(made.id) == ["troponin"]
    with pytest.raises(NotFound):
        await world.exams.show_stimulus("nothing", "ecg", shown=True)


async def test_when_it_began(world: World):
    made = await world.encounter()
    assert await world.exams.began_ms(made.id) is None
    world.clock.move(30)
    begun = await world.day.begin(made.id)
    await world.pass_time(120)
    assert await world.exams.began_ms(made.id) == begun.phase_started_ms
