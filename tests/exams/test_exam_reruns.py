"""Further attempts in a ring: each finds a rotation in which its people are free, and none is forgotten."""

import pytest
from exam_world import World, state

from teleosce.core.errors import Conflict
from teleosce.exams import Decision, Encounter, IncidentKind, Lost, Outcome, Phase, Wrong


async def test_a_rerun_joins_the_rotation_that_still_runs(world: World):
    (first, second), later = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.day.void(first.id, "The line was lost.")
    again = await world.day.rerun(first.id)
    assert (again.phase, again.rotation) == (Phase.reading, 1)
    for seconds in (120, 360, 120):
        await world.pass_time(seconds)
    assert await world.phases([again, second]) == ["note", "changeover"]
    for seconds in (120, 60):
        await world.pass_time(seconds)
    assert await world.phases(later) == ["reading", "reading"]


async def test_a_rerun_of_an_earlier_rotation_waits_for_the_end(world: World):
    (first, second), _ = await world.ring(2)
    await world.day.go(world.exam.id)
    for _ in range(4):
        await world.pass_time(500)
    carried = [await world.day.rerun(one.id) for one in (first, second)]
    assert [one.rotation for one in carried] == [3, 3], "packed: different people and stations"
    for _ in range(4):
        await world.pass_time(500)
    assert await state(world) == ("running", 3)
    for _ in range(4):
        await world.pass_time(500)
    assert await state(world) == ("finished", 3)


async def test_a_missed_slot_is_carried_over(world: World):
    (first, second), (third, _) = await world.ring(2)
    world.absent.add(first.candidate)
    await world.day.go(world.exam.id)
    for _ in range(4):
        await world.pass_time(500)
    assert (await world.now(first)).outcome is Outcome.missed
    assert (await world.now(second)).outcome is Outcome.completed
    again = await world.day.carry_over(first.id)
    assert (again.attempt, again.rotation) == (2, 3)
    with pytest.raises(Conflict):
        await world.day.carry_over(first.id)
    with pytest.raises(Conflict, match="before it is carried over"):
        await world.day.carry_over(third.id)
    moved = await world.day.carry_over(again.id)
    assert (moved.id, moved.rotation) == (again.id, 3)


async def missed(world: World) -> Encounter:
    """Somebody did not come to the first rotation, and is here from then on."""
    (first, _), _ = await world.ring(2)
    world.absent.add(first.candidate)
    await world.day.go(world.exam.id)
    for _ in range(4):
        await world.pass_time(500)
    world.absent.clear()
    return first


async def test_a_missed_slot_stands_in_the_ledger_until_it_is_carried_over(world: World):
    first = await missed(world)
    (incident,) = await world.ledger.incidents(world.exam.id)
    assert (incident.kind, incident.encounter_id, incident.seat_id) == ("missed", first.id, first.candidate)
    assert (incident.proposal, incident.closed_ms, incident.measured) == ("re-run", world.clock.now_ms(), False)
    decided = await world.ledger.decide(incident.id, Decision.rerun, "The bus was late.", "o")
    assert decided.carried_out
    (again,) = [one for one in await world.exams.encounters(world.exam.id) if one.attempt == 2]
    assert (again.slot_id, again.phase, again.rotation) == (first.slot_id, Phase.waiting, 3)


async def test_an_empty_seat_that_was_taken_for_a_lost_line_is_one_incident(world: World):
    (first, _), _ = await world.ring(2)
    world.absent.add(first.candidate)
    await world.day.go(world.exam.id)
    await world.pass_time(130)
    await world.ledger.disturbed(first.id, [Wrong(first.candidate, IncidentKind.line, world.clock.now_ms())])
    await world.pass_time(60)
    await world.ledger.disturbed(first.id, [])
    for _ in range(3):
        await world.pass_time(500)
    assert (await world.now(first)).outcome is Outcome.missed
    (incident,) = await world.ledger.incidents(world.exam.id)
    assert (incident.kind, incident.lost_audio_ms, incident.proposal) == ("missed", 60_000, "re-run")


async def test_what_the_recording_lacks_of_a_no_show_is_no_second_incident(world: World):
    (first, _), _ = await world.ring(2)
    world.absent.add(first.candidate)
    await world.day.go(world.exam.id)
    await world.pass_time(180)
    now_ms = world.clock.now_ms()
    await world.day.no_show(first.id)
    lost = Lost(audio=((now_ms - 60_000, now_ms),), video=())
    await world.ledger.measured(first.id, {first.candidate: lost}, now_ms)
    assert [one.kind for one in await world.ledger.incidents(world.exam.id)] == ["missed"]


async def test_a_missed_slot_that_is_carried_over_by_hand_is_decided(world: World):
    first = await missed(world)
    await world.day.carry_over(first.id)
    (incident,) = await world.ledger.incidents(world.exam.id)
    assert (incident.decision, incident.carried_out, incident.decided_by) == (Decision.rerun, True, None)


async def test_a_no_show_stays_missed_where_that_is_decided(world: World):
    (first, _), _ = await world.ring(2)
    await world.day.no_show(first.id)
    (incident,) = await world.ledger.incidents(world.exam.id)
    await world.ledger.decide(incident.id, Decision.none, "Ill.", "o")
    assert (await world.now(first)).outcome is Outcome.missed
    assert not [one for one in await world.exams.encounters(world.exam.id) if one.attempt > 1]


async def test_a_carry_over_after_the_end_opens_the_circuit_again(world: World):
    ((only,),) = await world.ring(1)
    await world.day.go(world.exam.id)
    await world.day.no_show(only.id)
    await world.settle()
    assert (await world.now(only)).outcome is Outcome.missed
    assert await state(world) == ("finished", 1)
    with pytest.raises(Conflict, match="A is finished"):
        await world.day.go(world.exam.id)
    again = await world.day.carry_over(only.id)
    assert await state(world) == ("planned", 1)
    await world.day.go(world.exam.id)
    assert (await world.now(again)).phase is Phase.reading


async def test_of_two_attempts_of_one_person_that_wait_for_one_rotation_one_comes_later(world: World):
    """Both were carried over, one of them twice: what is done when the other is placed is in nobody's way."""
    early = await world.encounter("c1", "s1")
    late = await world.encounter("c1", "s2", rotation=2, position=2)
    await world.day.no_show(early.id)
    carried = await world.day.carry_over(early.id)
    await world.day.no_show(carried.id)
    await world.day.no_show(late.id)
    both = [await world.day.carry_over(late.id), await world.day.rerun(carried.id)]
    assert [one.rotation for one in both] == [3, 3]
    await world.day.go(world.exam.id)
    assert sorted(await world.phases(both)) == ["reading", "waiting"]
    (waits,) = [one for one in both if (await world.now(one)).phase is Phase.waiting]
    assert (await world.now(waits)).rotation == 4
    for _ in range(4):
        await world.pass_time(500)
    assert (await world.now(waits)).phase is Phase.reading


async def test_who_stepped_in_beside_stations_of_their_own_is_there_for_the_rerun_as_well(world: World):
    mine = await world.encounter("c1", "s1")
    theirs = await world.encounter("c2", "s2", circuit="B")
    await world.day.no_show(theirs.id)
    await world.day.begin(mine.id)
    await world.day.swap(world.exam.id, "s1", "s2")
    await world.day.void(mine.id, "Nobody spoke.")
    assert (await world.day.rerun(mine.id)).sp == "s2"
    # Of one who gave way after it was over, the slot says who comes instead.
    done = await world.encounter("c3", "s3", rotation=2)
    waits = await world.encounter("c4", "s3", rotation=3)
    await world.day.no_show(done.id)
    await world.day.swap(world.exam.id, "s3", "s4")
    assert (await world.now(waits)).sp == "s4"
    assert (await world.day.rerun(done.id)).sp == "s4"


@pytest.mark.parametrize("carried", [False, True])
async def test_a_further_attempt_waits_for_a_rotation_in_which_the_present_patient_is_free(world: World, carried: bool):
    (first, _), _ = await world.ring(2)
    await world.day.go(world.exam.id)
    for seconds in (120, 480, 120, 60):
        await world.pass_time(seconds)
    # At the end, the patient of station 1 has one at another station already.
    waits = await world.encounter("c8", first.sp, rotation=3, position=3)
    await world.day.carry_over(waits.id)
    taken = (await world.now(waits)).rotation
    await world.day.swap(world.exam.id, first.sp, "spare")
    again = await (world.day.carry_over if carried else world.day.rerun)(first.id)
    assert (again.sp, (await world.now(waits)).sp) == ("spare", "spare")
    assert again.rotation == taken + 1
