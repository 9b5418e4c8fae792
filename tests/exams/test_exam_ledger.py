"""The server opens and measures incidents and proposes; a person decides. Messages and identities are kept."""

from dataclasses import replace

import pytest
from exam_world import TIMINGS, World

from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.events import IncidentChanged, MessageSaid
from teleosce.exams import Decision, Encounter, Incident, IncidentKind, Lost, Outcome, Phase, Policy, Wrong
from teleosce.exams.incidents import proposed

AT_ONCE = replace(TIMINGS, reading_s=0)


async def consultation(world: World) -> Encounter:
    made = await world.encounter(timings=AT_ONCE)
    await world.day.begin(made.id)
    await world.settle()
    return await world.now(made)


async def only(world: World) -> Incident:
    (found,) = await world.ledger.incidents(world.exam.id)
    return found


def gone(world: World, kind: IncidentKind = IncidentKind.line) -> Wrong:
    return Wrong("c1", kind, world.clock.now_ms())


@pytest.mark.parametrize(
    ("kind", "audio_s", "video_s", "decision"),
    [
        ("line", 14, 14, "none"),
        ("line", 15, 15, "add-time"),
        ("line", 90, 0, "re-run"),
        ("sound", 0, 300, "none"),
        ("picture", 0, 300, "add-time"),
        ("server", 200, 200, "re-run"),
        ("missed", 0, 0, "re-run"),
    ],
)
def test_the_policy_proposes_by_what_was_lost(kind: str, audio_s: int, video_s: int, decision: str):
    one = Incident(
        "i", "e", None, None, IncidentKind(kind), 0, lost_audio_ms=audio_s * 1000, lost_video_ms=video_s * 1000
    )
    assert proposed(one, Policy()) == decision
    assert proposed(one, Policy(None, None, None)) is Decision.none
    if kind != "picture":
        assert (proposed(one, Policy(15, 90, 15)) == "void") == (audio_s >= 15)


async def test_an_incident_grows_while_it_goes_on_and_is_the_same_when_it_comes_again(world: World):
    made = await consultation(world)
    trouble = gone(world)
    await world.ledger.disturbed(made.id, [trouble])
    await world.pass_time(10)
    now = await only(world)
    assert (now.kind, now.lost_audio_ms, now.closed_ms, now.proposal) == ("line", 10_000, None, "none")
    await world.ledger.disturbed(made.id, [])
    await world.pass_time(100)
    assert (await only(world)).lost_audio_ms == 10_000
    await world.ledger.disturbed(made.id, [gone(world)])
    await world.pass_time(7)
    await world.ledger.disturbed(made.id, [])
    again = await only(world)
    assert (again.id, again.lost_audio_ms, again.proposal) == (now.id, 17_000, "add-time")
    assert world.heard.count(IncidentChanged(world.exam.id, now.id)) == 4


async def test_time_that_was_lost_is_given_back_where_it_still_can_be(world: World):
    made = await consultation(world)
    await world.ledger.disturbed(made.id, [gone(world)])
    await world.pass_time(20.4)
    found = await only(world)
    decided = await world.ledger.decide(found.id, Decision.add_time, "", "organiser")
    assert decided.carried_out
    assert (await world.now(made)).phase_ends_ms == made.phase_ends_ms + 21_000
    with pytest.raises(Conflict, match="“add-time” was decided already"):
        await world.ledger.decide(found.id, Decision.none, "", "another")
    await world.ledger.disturbed(made.id, [])
    await world.ledger.disturbed(made.id, [gone(world)])
    assert len(await world.ledger.incidents(world.exam.id)) == 2, "what comes after a decision is another incident"


async def test_what_goes_on_after_a_decision_has_a_proposal_of_its_own(world: World):
    made = await consultation(world)
    trouble = gone(world)
    await world.ledger.disturbed(made.id, [trouble])
    await world.pass_time(20)
    await world.ledger.decide((await only(world)).id, Decision.add_time, "", "organiser")
    await world.pass_time(95)
    decided, on = await world.ledger.incidents(world.exam.id)
    assert (decided.decision, decided.lost_audio_ms, decided.closed_ms) == ("add-time", 20_000, decided.decided_ms)
    assert (on.decision, on.lost_audio_ms, on.closed_ms, on.proposal) == (None, 95_000, None, "re-run")
    await world.ledger.disturbed(made.id, [trouble])
    await world.ledger.disturbed(made.id, [])
    decided, on = await world.ledger.incidents(world.exam.id)
    assert (on.lost_audio_ms, on.closed_ms) == (95_000, world.clock.now_ms())
    # Nothing lost is counted for both when the recording is measured.
    span = (trouble.since_ms, trouble.since_ms + 115_000)
    await world.pass_time(500)
    await world.ledger.measured(made.id, {"c1": Lost((span,), (span,))}, world.clock.now_ms())
    assert [one.lost_audio_ms for one in await world.ledger.incidents(world.exam.id)] == [20_000, 95_000]


async def test_a_decision_that_ends_the_encounter_ends_the_incident(world: World):
    made = await consultation(world)
    await world.ledger.disturbed(made.id, [gone(world)])
    await world.ledger.decide((await only(world)).id, Decision.void, "Nobody came.", "organiser")
    assert (await only(world)).closed_ms is not None


async def test_a_decision_too_late_is_kept_and_says_so(world: World):
    made = await consultation(world)
    await world.ledger.disturbed(made.id, [gone(world)])
    for seconds in (480, 120, 60):
        await world.pass_time(seconds)
    decided = await world.ledger.decide((await only(world)).id, Decision.add_time, "Told the board.", "organiser")
    assert (decided.carried_out, decided.note) == (False, "Told the board.")
    assert (await only(world)).decision is Decision.add_time


async def test_a_rerun_that_is_decided_begins_in_the_ring(world: World):
    (first, _), _ = await world.ring(2)
    await world.day.go(world.exam.id)
    await world.pass_time(120)
    await world.ledger.disturbed(first.id, [Wrong(first.candidate, IncidentKind.line, world.clock.now_ms())])
    await world.pass_time(95)
    found = await only(world)
    assert found.proposal is Decision.rerun
    assert (await world.ledger.decide(found.id, Decision.rerun, "", "organiser")).carried_out
    assert (await world.now(first)).outcome is Outcome.void
    (again,) = [one for one in await world.exams.running() if one.slot_id == first.slot_id]
    assert (again.attempt, again.phase) == (2, Phase.reading)


async def test_a_void_wants_a_reason(world: World):
    made = await consultation(world)
    await world.ledger.disturbed(made.id, [gone(world)])
    found = await only(world)
    with pytest.raises(Invalid):
        await world.ledger.decide(found.id, Decision.void, " ", "organiser")
    await world.ledger.decide(found.id, Decision.void, "Nothing was heard.", "organiser")
    assert (await world.now(made)).outcome is Outcome.void
    with pytest.raises(NotFound):
        await world.ledger.decide("nothing", Decision.none, "", None)


async def test_the_sealed_recording_says_what_was_lost(world: World):
    made = await consultation(world)
    start = made.phase_started_ms
    await world.pass_time(100)
    await world.ledger.disturbed(made.id, [gone(world)])
    await world.pass_time(30)
    await world.ledger.disturbed(made.id, [])
    await world.pass_time(350)
    began, ended = await world.ledger.consultation(made.id)
    assert (began, ended) == (start, start + 480_000)
    beside = (start + 98_000, start + 131_000)
    lost = Lost(((start, start + 2_000), beside), (beside,))
    fine = Lost((), ())
    await world.ledger.measured(made.id, {"c1": lost, "s1": fine}, ended)
    found = await only(world)
    assert (found.lost_audio_ms, found.measured, found.proposal) == (33_000, True, "add-time")


async def test_what_nobody_noticed_is_found_in_the_recording(world: World):
    made = await consultation(world)
    start = made.phase_started_ms
    lost = Lost(((start, start + 20_000),), ())
    await world.ledger.measured(made.id, {"s1": lost, "c1": Lost(((start, start + 9_000),), ())}, start + 480_000)
    found = await only(world)
    assert (found.seat_id, found.kind, found.lost_audio_ms) == ("s1", "line", 20_000)


async def test_an_outage_strikes_everybody_and_silence_leaves_no_gap(world: World):
    made = await consultation(world)
    start = made.phase_started_ms
    await world.pass_time(60)
    await world.ledger.outage(made.id, world.clock.now_ms() - 16_000)
    await world.ledger.disturbed(made.id, [gone(world, IncidentKind.sound)])
    await world.pass_time(40)
    await world.ledger.disturbed(made.id, [])
    by_kind = {one.kind: one for one in await world.ledger.incidents(world.exam.id)}
    assert (by_kind["server"].lost_audio_ms, by_kind["server"].proposal) == (16_000, "add-time")
    cut = Lost(((start + 44_000, start + 62_000),), ())
    await world.ledger.measured(made.id, {"c1": cut, "s1": cut}, start + 480_000)
    by_kind = {one.kind: one for one in await world.ledger.incidents(world.exam.id)}
    assert by_kind["server"].lost_audio_ms == 18_000
    assert by_kind["sound"].lost_audio_ms == 40_000


async def test_a_consultation_that_is_stopped_is_an_incident(world: World):
    made = await world.encounter(timings=AT_ONCE)
    await world.day.go(world.exam.id)
    await world.pass_time(300)
    await world.day.stop(world.exam.id, hard=True)
    found = await only(world)
    assert (found.encounter_id, found.lost_audio_ms, found.proposal) == (made.id, 180_000, "re-run")


async def test_messages_reach_whom_they_are_for_and_are_kept(world: World):
    await world.ledger.say(world.exam.id, "We begin in five minutes.")
    await world.ledger.say(world.exam.id, "I hear nothing.", from_seat="c1")
    await world.ledger.say(world.exam.id, "Reload the page.", to="c1")
    await world.restart()
    assert [one.text for one in await world.ledger.messages(world.exam.id, "c2")] == ["We begin in five minutes."]
    assert len(await world.ledger.messages(world.exam.id, "c1")) == 3
    assert [one.number for one in await world.ledger.messages(world.exam.id)] == [1, 2, 3]
    assert [one.seat_id for one in world.heard if isinstance(one, MessageSaid)] == [None, None, "c1"]
    for text in (" ", "x" * 1001):
        with pytest.raises(Invalid):
            await world.ledger.say(world.exam.id, text)


async def test_identities_are_ticked_off_and_that_can_be_taken_back(world: World):
    await world.ledger.identify(world.exam.id, "c1", "photo", "invigilator")
    await world.ledger.identify(world.exam.id, "c2", "number", "invigilator")
    await world.ledger.identify(world.exam.id, "c1", "withdrawn", "invigilator")
    found = await world.ledger.identified(world.exam.id)
    assert {seat: one.how for seat, one in found.items()} == {"c2": "number"}
    with pytest.raises(Invalid):
        await world.ledger.identify(world.exam.id, "c1", "a nod", "invigilator")


async def test_what_a_person_wrote_and_was_written_is_forgotten(world: World):
    made = await consultation(world)
    await world.ledger.say(world.exam.id, "It is Ada, I hear nothing.", from_seat="c1")
    await world.ledger.say(world.exam.id, "Please wait for ada.")
    await world.ledger.disturbed(made.id, [gone(world)])
    await world.ledger.decide((await only(world)).id, Decision.none, "Ada was told.", "organiser")
    assert await world.exams.forget_in_notes([world.exam.id], "c1", "Ada", "Erased") == 3
    said = [one.text for one in await world.ledger.messages(world.exam.id)]
    assert said == ["(erased)", "Please wait for Erased."]
    assert "Erased was told." in [one.note for one in await world.ledger.incidents(world.exam.id)]
    assert await world.exams.forget_in_notes([world.exam.id], "c1", "Ada", "Erased") == 0


async def test_while_the_clock_stands_nothing_is_lost(world: World):
    made = await consultation(world)
    trouble = gone(world)
    await world.ledger.disturbed(made.id, [trouble])
    await world.pass_time(10)
    await world.day.pause_encounter(made.id)
    await world.ledger.disturbed(made.id, [replace(trouble, counts=False)])
    await world.pass_time(300)
    await world.day.resume_encounter(made.id)
    await world.ledger.disturbed(made.id, [trouble])
    await world.pass_time(5)
    now = await only(world)
    assert (now.lost_audio_ms, now.closed_ms, now.proposal) == (15_000, None, "add-time")
    ((from_ms, to_ms),) = await world.exams.pauses(made.id)
    assert to_ms - from_ms == 300_000


async def test_a_pause_goes_on_into_the_next_phase(world: World):
    made = await world.encounter(timings=replace(AT_ONCE, reading_s=60))
    await world.day.begin(made.id)
    await world.day.pause_encounter(made.id)
    await world.pass_time(10)
    await world.day.end_phase(made.id, Phase.reading)
    await world.pass_time(180)
    await world.day.resume_encounter(made.id)
    spans = [to_ms - from_ms for from_ms, to_ms in await world.exams.pauses(made.id)]
    assert spans == [10_000, 180_000]


async def test_who_has_been_there_did_come(world: World):
    made = await consultation(world)
    await world.exams.attended({(made.id, "c1")})
    with pytest.raises(Conflict, match="has been there"):
        await world.day.no_show(made.id)
