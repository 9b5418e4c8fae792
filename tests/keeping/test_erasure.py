"""Erasing a person: afterwards nothing of them is in any byte of the data folder, and the others have lost nothing."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from teleosce.app import running
from teleosce.core.blobs import sha256
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.invariants import check
from teleosce.keeping import back_up, restore, store
from teleosce.keeping.erasure import LIST, Erasures, only_one
from teleosce.keeping.models import Hold
from teleosce.people import Principal, Role
from teleosce.recording import TakeState
from teleosce.scoring import AssignmentKind, Change, Kind, layout_of
from teleosce.transcripts import store as transcript_store
from teleosce.transcripts.models import HeardWord
from teleosce.web.keeping import erasures_of
from tests.keeping.keeping_world import PATIENT_SAYS, World, said_in
from tests.web.house import settings

NAME = "Ada One"
SAID = ("zanzibar", "heliotrop")
WRITTEN = ("quinquereme", "ambergris", "sarsaparilla", "velociraptor", "bumbershoot")
DEVICE = "Mozilla/99 of Ada"


async def fill(world: World) -> str:
    """All that a person leaves behind; returns the mark's id."""
    mark = await world.whole()
    rooms = world.rooms
    transcript = await rooms.transcripts.get(world.encounter_id)
    assert transcript is not None
    word = next(turn for turn in transcript.turns if turn.participant_id == world.candidate).words[-1]
    examiner = Principal(new_id(), Role.examiner, None, world.examiner, None, "Examiner")
    await rooms.transcripts.correct(word.id, WRITTEN[0], examiner)
    encounter = await rooms.exams.encounter(world.encounter_id)
    layout = layout_of(await rooms.stations.get(encounter.station_hash))
    await rooms.forms.amend(mark, "because of the ambergris", world.examiner)
    item = next(iter(layout.items))
    said = [
        Change(f"comment.{item}", "sarsaparilla", 0, new_id()),
        Change(f"evidence.{item}.one", {"from_ms": 1, "to_ms": 2, "quote": "zanzibar"}, 0, new_id()),
        Change("bookmark.one", {"at_ms": 1, "text": f"{NAME} hesitates"}, 0, new_id()),
    ]
    assert not (await rooms.forms.save(mark, said, world.examiner, layout)).conflicts
    await rooms.forms.submit(mark, world.examiner, layout)
    rating = await rooms.forms.open(Kind.sp_rating, world.encounter_id, world.patient)
    await rooms.forms.save(rating.id, [Change("comment", "velociraptor", 0, new_id())], world.patient, layout)
    await rooms.people.keep_equipment_check(world.candidate, {"verdict": "ready", "camera": DEVICE})
    await rooms.ledger.say(encounter.exam_id, "I have lost my bumbershoot.", from_seat=world.candidate)
    await rooms.ledger.say(encounter.exam_id, f"{NAME} looks for something.")
    now = rooms.clock.now_ms()
    link = await rooms.people.issue_link(world.candidate, now - 1, now + 99_000_000)
    await rooms.people.join(link, DEVICE)
    return mark


def bytes_of(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()).lower()


def traces(data: Path) -> list[str]:
    held = bytes_of(data)
    return [one for one in (NAME, *SAID, *WRITTEN, DEVICE) if one.lower().encode() in held]


async def erase(world: World, *, asked_by: str = "the candidate, by letter") -> Erasures:
    erasures = erasures_of(world.rooms)
    person = only_one("C01", await erasures.find("C01"), {})
    outcome = await erasures.erase([person], asked_by=asked_by, by=None)
    assert outcome.still == {}
    assert outcome.overwritten
    return erasures


async def test_nothing_of_the_person_is_left_and_nothing_of_the_others_is_lost(world: World) -> None:
    mark = await fill(world)
    rooms = world.rooms
    before = await rooms.recordings.manifest(world.encounter_id)
    fields = (await rooms.forms.form(mark)).fields
    assert set(traces(world.data)) == {NAME, *SAID, *WRITTEN, DEVICE}

    erasures = await erase(world)

    assert traces(world.data) == []
    # The patient's own track, words and rating are there; so are the marks and the timeline they refer to.
    after = await rooms.recordings.manifest(world.encounter_id)
    assert before is not None
    assert after is not None
    assert (after.starts_ms, after.duration_ms) == (before.starts_ms, before.duration_ms)
    mine, other = (next(one for one in after.takes if one.participant_id == seat)
                   for seat in (world.candidate, world.patient))  # fmt: skip
    assert (mine.state, mine.file, mine.name) == (TakeState.deleted, None, "")
    assert "deleted on" in (mine.reason or "")
    assert {gone.file.split(".", 1)[1] for gone in mine.gone} == {"raw.webm", "webm", "jsonl", "jpg"}
    assert sha256(rooms.recordings.path(other)) == other.sha256
    assert (await rooms.recordings.poster(world.encounter_id)) is not None
    transcript = await rooms.transcripts.get(world.encounter_id)
    assert transcript is not None
    assert [turn.text for turn in transcript.turns] == [PATIENT_SAYS]
    assert [bool(await said_in(world, word)) for word in ("zanzibar", "cough")] == [False, True]
    now = (await rooms.forms.form(mark)).fields
    assert {name: now[name].value for name in fields if name.startswith(("item", "global"))} == {
        name: fields[name].value for name in fields if name.startswith(("item", "global"))
    }
    seat = await rooms.people.seat(world.candidate)
    assert seat.name.startswith("Erased person")
    assert seat.number is None
    # It is kept that it happened, without a name, and the chain holds.
    (record,) = await erasures.done()
    assert record.asked_by == "the candidate, by letter"
    assert record.counts["files"] == 4
    assert (await rooms.people.verify_audit()).broken_at is None
    assert [row["action"] for row in await rooms.people.audit_about(world.candidate)][-1] == "person.erase"
    assert await check_sound(world.data) == []


async def check_sound(data: Path) -> list[str]:
    found = check(settings(data))
    breaches = await found if asyncio.iscoroutine(found) else found
    return [str(one) for one in breaches]


async def test_a_seal_after_an_erasure_brings_nothing_back(world: World) -> None:
    await fill(world)
    await erase(world)
    manifest = await world.rooms.recordings.manifest(world.encounter_id)
    assert await world.rooms.recordings.seal(world.encounter_id) == manifest
    assert traces(world.data) == []


async def test_an_erasure_stops_a_transcript_under_way(world: World) -> None:
    await world.record()
    async with world.rooms.database.write() as connection:
        job = (await transcript_store.unfinished(connection))[0]
        await transcript_store.keep_piece(
            connection, world.encounter_id, take_id="t", number=0, participant_id=world.candidate,
            heard=[HeardWord("zanzibar", 0, 1, 1.0)],
        )  # fmt: skip
    await erase(world)
    async with world.rooms.database.write() as connection:
        assert not await transcript_store.change(connection, job, done=0.5)
        assert (await transcript_store.unfinished(connection))[0].run == job.run + 1
    assert traces(world.data) == []


async def test_the_patient_is_erased_and_the_candidate_keeps_theirs(world: World) -> None:
    mark = await fill(world)
    erasures = erasures_of(world.rooms)
    seat = await world.rooms.people.seat(world.patient)
    await erasures.erase([seat], asked_by="the patient", by=None)
    held = bytes_of(world.data)
    assert seat.name.lower().encode() not in held
    assert b"velociraptor" not in held
    assert (await world.rooms.forms.form(mark)).value("comment") == "Kind, a little quick."
    transcript = await world.rooms.transcripts.get(world.encounter_id)
    assert transcript is not None
    assert {turn.participant_id for turn in transcript.turns} == {world.candidate}


async def test_a_patient_who_gave_way_in_the_middle_is_erased_as_well(world: World) -> None:
    rooms = world.rooms
    encounter = await rooms.exams.encounter(world.encounter_id)
    spare = await rooms.people.add_seat(encounter.exam_id, Role.standardized_patient, "Spare One")
    await rooms.exams.attended([(encounter.id, world.patient)])
    await world.send(world.patient, seconds=2.0, zero=time.monotonic() - 3)
    await rooms.day.swap(encounter.exam_id, world.patient, spare.id)
    await world.end()
    erasures = erasures_of(rooms)
    person = only_one(world.patient, await erasures.find(world.patient), {})
    await erasures.erase([person], asked_by="the patient, by letter", by=None)
    manifest = await rooms.recordings.manifest(encounter.id)
    assert manifest is not None
    assert [(take.participant_id, take.state) for take in manifest.takes] == [(world.patient, TakeState.deleted)]


async def test_a_hold_and_an_encounter_that_goes_on_forbid_it(world: World) -> None:
    erasures = erasures_of(world.rooms)
    seat = await world.rooms.people.seat(world.candidate)
    with pytest.raises(Conflict, match="in an encounter now"):
        await erasures.erase([seat], asked_by="them", by=None)
    await fill(world)
    async with world.rooms.database.write() as connection:
        await store.place_hold(connection, Hold(seat.exam_id, "an appeal", None, 1))
    before = sorted(path.name for path in world.folder.iterdir())
    with pytest.raises(Conflict, match="an appeal"):
        await erasures.erase([seat], asked_by="them", by=None)
    assert sorted(path.name for path in world.folder.iterdir()) == before
    assert NAME in traces(world.data)
    async with world.rooms.database.write() as connection:
        await store.lift_hold(connection, seat.exam_id, None, 2)
    for wrong in ("", "x", f"asked by {NAME.upper()} herself"):
        with pytest.raises(Invalid, match="without the person's name"):
            await erasures.erase([seat], asked_by=wrong, by=None)


async def test_people_are_found_as_a_newcomer_calls_them(world: World) -> None:
    erasures = erasures_of(world.rooms)
    for said in ("C01", "c01", "ada one", world.candidate, f" {NAME} "):
        assert [one.id for one in await erasures.find(said)] == [world.candidate]
    with pytest.raises(NotFound, match="nobody"):
        only_one("Zoe", await erasures.find("Zoe"), {})
    twins = [await world.rooms.people.add_seat(exam, Role.candidate, NAME) for exam in ("e1", "e2")]
    with pytest.raises(Invalid) as several:
        only_one(NAME, await erasures.find(NAME), {"e1": "First", "e2": "Second"})
    assert all(seat.id in several.value.message for seat in twins)


async def test_a_restored_backup_is_erased_again(world: World, tmp_path: Path) -> None:
    await fill(world)
    back_up(world.data, tmp_path / "b", sqlite=True, now_ms=1, told=lambda *_: None)
    await erase(world)
    restore(tmp_path / "b", tmp_path / "new", told=lambda *_: None)
    assert NAME in traces(tmp_path / "new")
    async with running(settings(tmp_path / "new")) as again:
        lines = (world.data / LIST).read_text()
        assert len(await erasures_of(again.rooms).erase_again(lines)) == 1
        assert await erasures_of(again.rooms).erase_again(lines) == []
        assert (await again.rooms.people.verify_audit()).broken_at is None
    assert traces(tmp_path / "new") == []
    # And the next backup lets go of what the one before held.
    back_up(world.data, tmp_path / "b", sqlite=True, now_ms=2, told=lambda *_: None)
    assert traces(tmp_path / "b") == []


@pytest.mark.faults
async def test_the_command_says_what_it_does(world: World) -> None:
    await fill(world)

    async def run(*arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "teleosce", "erase", *arguments, "--data", str(world.data),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    code, said = await run("nobody", "--asked-by", "them", "--yes")
    assert (code, "nobody “nobody”" in said) == (2, True)
    code, said = await run("C01", "--asked-by", "them")
    assert code != 0, "without a terminal and --yes nothing is erased"
    assert NAME in traces(world.data)
    code, said = await run("C01", "--asked-by", "them", "--yes")
    assert code == 0, said
    assert "4 files" in said
    assert "Backups made before" in said
    assert traces(world.data) == []


async def test_an_examiner_who_spoke_takes_nothing_of_the_candidate_along(world: World) -> None:
    rooms = world.rooms
    async with rooms.database.write() as connection:
        await connection.exec_driver_sql(
            f"UPDATE encounter SET extra = '[\"{world.examiner}\"]' WHERE id = '{world.encounter_id}'"
        )
    mark = await world.whole()
    encounter = await rooms.exams.encounter(world.encounter_id)
    assert encounter.assessed == (world.candidate,)
    layout = layout_of(await rooms.stations.get(encounter.station_hash))
    rating = await rooms.forms.open(Kind.sp_rating, world.encounter_id, world.patient)
    await rooms.forms.save(rating.id, [Change("comment", "velociraptor", 0, new_id())], world.patient, layout)
    examiner = await rooms.people.seat(world.examiner)
    await erasures_of(rooms).erase([examiner], asked_by="by letter", by=None)
    assert (await rooms.forms.form(rating.id)).value("comment") == "velociraptor"
    assert (await rooms.forms.form(mark)).value("comment") == ""


async def test_reasons_of_markings_and_settlements_go_with_the_person(world: World) -> None:
    await world.whole()
    rooms, exam = world.rooms, world.house.exam.exam_id
    second = await rooms.people.add_seat(exam, Role.examiner, "Dr Other")
    await rooms.marking.assign(world.encounter_id, second.id, AssignmentKind.second, reason="Ada One asked for it")
    candidate = await rooms.people.seat(world.candidate)
    outcome = await erasures_of(rooms).erase([candidate], asked_by="the person, by letter", by=None)
    assert outcome.still == {}
    given = [one for one in await rooms.marking.assignments(exam) if one.kind is AssignmentKind.second]
    assert [(one.seat_id, one.reason) for one in given] == [(second.id, "")]
