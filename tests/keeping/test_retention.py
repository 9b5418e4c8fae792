"""The rule, the hold and the sweep, seen by a server whose clock is days ahead."""

import time
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.errors import Conflict, Invalid
from teleosce.core.ids import new_id
from teleosce.exams import Exam
from teleosce.keeping import back_up
from teleosce.keeping.models import Rule
from teleosce.keeping.retention import Prospect, Retention
from teleosce.people import Role
from teleosce.recording import TakeState
from teleosce.scoring import AssignmentKind, Change, Kind, layout_of
from teleosce.transcripts import State
from teleosce.web.keeping import retention_of, sources_of
from tests.keeping.keeping_world import World, said_in
from tests.keeping.test_erasure import check_sound


def after(world: World, days: float) -> Retention:
    clock = Clock(wall_at_start=time.time() + days * 86_400)
    return Retention(sources_of(world.rooms), world.rooms.database, clock, world.data)


async def exam_of(world: World) -> Exam:
    return await world.rooms.exams.exam((await world.rooms.exams.encounter(world.encounter_id)).exam_id)


async def prospect(world: World) -> Prospect:
    retention = retention_of(world.rooms)
    found = await retention.outlook((await exam_of(world)).id)
    return next(one for one in found if one.encounter.id == world.encounter_id)


def names(world: World, ending: str) -> list[str]:
    return sorted(path.name for path in world.folder.iterdir() if path.name.endswith(ending))


async def test_raw_takes_go_first_then_the_rest_and_marks_stay(world: World, tmp_path: Path) -> None:
    mark = await world.whole()
    exam = await exam_of(world)
    retention = retention_of(world.rooms)
    await retention.set_rule(exam.id, Rule(raw_days=7, recording_days=30), None)
    before = await world.rooms.recordings.manifest(world.encounter_id)
    back_up(world.data, tmp_path / "b", sqlite=True, now_ms=1, told=lambda *_: None)

    assert await after(world, 6.9).sweep() == 0
    assert len(names(world, ".raw.webm")) == 2

    await after(world, 7.1).sweep()
    assert names(world, ".raw.webm") == []
    manifest = await world.rooms.recordings.manifest(world.encounter_id)
    assert manifest is not None
    assert before is not None
    for take, old in zip(manifest.takes, before.takes, strict=True):
        assert take.state is TakeState.sealed
        assert old.raw is not None
        assert [(gone.file, gone.sha256) for gone in take.gone] == [(old.raw.file, old.raw.sha256)]
        assert "under the exam’s rule (7 days)" in take.gone[0].why
        assert world.rooms.recordings.path(take).is_file()
    assert not (await prospect(world)).has_raw
    assert await check_sound(world.data) == []

    await after(world, 30.1).sweep()
    manifest = await world.rooms.recordings.manifest(world.encounter_id)
    assert manifest is not None
    assert {take.state for take in manifest.takes} == {TakeState.deleted}
    assert manifest.duration_ms == before.duration_ms
    assert [path for path in world.folder.iterdir() if path.suffix in (".webm", ".jpg", ".jsonl")] == []
    transcript = await world.rooms.transcripts.status(world.encounter_id)
    assert transcript.state is State.deleted
    assert "deleted on" in transcript.message
    assert not await said_in(world, "zanzibar")
    assert not any(b"zanzibar" in path.read_bytes() for path in world.data.glob("teleosce.db*"))
    assert (await world.rooms.forms.form(mark)).value("comment") == "Kind, a little quick."
    gone = (await prospect(world)).gone
    assert gone is not None
    assert gone.startswith("The recording was deleted on")
    rows = [row["action"] for row in await world.rooms.people.audit_about(world.encounter_id)]
    assert rows[-2:] == ["retention.raw", "retention.recording"]
    assert (await world.rooms.people.verify_audit()).broken_at is None
    # A second sweep finds nothing, a server's start asks for nothing, and a backup does not call it a loss.
    assert await after(world, 31).sweep() == 0
    assert not await world.rooms.transcripts.request(world.encounter_id, {}, (), exam.id)
    assert await check_sound(world.data) == []
    again, _ = back_up(world.data, tmp_path / "b", sqlite=True, now_ms=2, told=lambda *_: None)
    assert again.faults == []
    assert not any(one.path.endswith(".webm") for one in again.files)


async def test_nothing_goes_under_a_hold(world: World) -> None:
    await world.whole()
    exam = await exam_of(world)
    retention = retention_of(world.rooms)
    await retention.set_rule(exam.id, Rule(1, 1), None)
    with pytest.raises(Invalid, match="reason"):
        await retention.place_hold(exam.id, "  ", None)
    await retention.place_hold(exam.id, "An appeal is open", None)
    with pytest.raises(Conflict, match="already"):
        await retention.place_hold(exam.id, "Again", None)

    assert await after(world, 400).sweep() == 0
    assert len(names(world, ".webm")) == 4

    await retention.lift_hold(exam.id, None)
    with pytest.raises(Conflict, match="no hold"):
        await retention.lift_hold(exam.id, None)
    assert await after(world, 400).sweep() == 1
    assert names(world, ".webm") == []


async def test_nothing_goes_before_its_transcript_and_its_mark(world: World) -> None:
    exam = await exam_of(world)
    await retention_of(world.rooms).set_rule(exam.id, Rule(1, 1), None)
    assert (await prospect(world)).waits == "the encounter is not over"
    await world.record()
    for step, waits in ((world.transcribe, "the transcript is not made"), (world.mark, "the mark is not submitted")):
        assert (await prospect(world)).waits == waits
        assert await after(world, 400).sweep() == 0
        await step()
    assert (await prospect(world)).waits is None
    mark = (await world.rooms.forms.of_encounter(world.encounter_id))[0]
    await world.rooms.forms.amend(mark.id, "one more look", world.examiner)
    assert (await prospect(world)).waits == "the mark is not submitted"
    assert len(names(world, ".webm")) == 4


async def test_a_raw_take_stays_when_its_sealed_file_does_not_read(world: World) -> None:
    await world.whole()
    exam = await exam_of(world)
    await retention_of(world.rooms).set_rule(exam.id, Rule(1, None), None)
    sealed = next(path for path in world.folder.glob("*.webm") if ".raw." not in path.name)
    sealed.write_bytes(sealed.read_bytes()[:-100])
    await after(world, 2).sweep()
    assert names(world, ".raw.webm") == [sealed.name.replace(".webm", ".raw.webm")]


@pytest.mark.parametrize("rule", [Rule(0, None), Rule(None, 0), Rule(40_000, None), Rule(31, 30)])
async def test_a_rule_that_cannot_be(world: World, rule: Rule) -> None:
    retention = retention_of(world.rooms)
    with pytest.raises(Invalid):
        await retention.set_rule((await exam_of(world)).id, rule, None)


async def test_organisers_keep_and_nobody_else(world: World) -> None:
    await world.whole()
    exam = (await exam_of(world)).id
    base = f"/api/exams/{exam}/keeping"
    for role in ("candidate", "sp", "examiner"):
        other = await world.house.client(role, 1 if role != "examiner" else 0)
        await other.refused(403, "GET", base)
        await other.refused(403, "POST", f"{base}/erase", {"seat": world.candidate, "asked_by": "them"})
    organiser = await world.house.client("organiser")
    now = await organiser.json("POST", f"{base}/rule", {"raw_days": 7, "recording_days": None})
    assert now["rule"] == {"raw_days": 7, "recording_days": None}
    row = next(one for one in now["encounters"] if one["id"] == world.encounter_id)
    assert (row["candidate"], row["has_raw"], row["waits"], row["recording_ms"]) == ("C01", True, None, None)
    now = await organiser.json("POST", f"{base}/hold", {"on": True, "reason": "An appeal"})
    assert now["hold"]["reason"] == "An appeal"
    said = await organiser.refused(409, "POST", f"{base}/erase", {"seat": world.candidate, "asked_by": "them"})
    assert "An appeal" in said
    await organiser.json("POST", f"{base}/hold", {"on": False, "reason": ""})
    now = await organiser.json("POST", f"{base}/erase", {"seat": world.candidate, "asked_by": "the candidate"})
    assert now["counts"]["files"] == 4
    assert [one["erased"] for one in now["people"] if one["seat"] == world.candidate] == [True]
    await organiser.refused(400, "POST", f"{base}/rule", {"raw_days": 0, "recording_days": None})
    await organiser.refused(404, "GET", "/api/exams/abcdefghijkmnpqrstuvwxyz23/keeping")
    # The desk is told in words, and no player is broken.
    examiner = await world.house.client("examiner")
    recording = await examiner.json("GET", f"/api/encounters/{world.encounter_id}/recording")
    told = {take["role"]: (take["url"] is None, take["reason"]) for take in recording["takes"]}
    assert told["candidate"][0]
    assert "deleted on" in told["candidate"][1]
    assert told["sp"] == (False, None)


async def test_a_recording_stays_while_its_marks_are_in_dispute(world: World) -> None:
    await world.whole()
    assert (await prospect(world)).waits is None
    rooms, exam = world.rooms, world.house.exam.exam_id
    second = await rooms.people.add_seat(exam, Role.examiner, "Dr Other")
    await rooms.marking.assign(world.encounter_id, second.id, AssignmentKind.second)
    assert (await prospect(world)).waits == "the second mark is not submitted"
    layout = layout_of(await rooms.stations.get((await rooms.exams.encounter(world.encounter_id)).station_hash))
    form = await rooms.forms.open(Kind.mark, world.encounter_id, second.id)
    values = {f"item.{item}": "not_done" for item in layout.items} | {"global": "fail"}
    changes = [Change(field, value, 0, new_id()) for field, value in values.items()]
    await rooms.forms.save(form.id, changes, second.id, layout)
    await rooms.forms.submit(form.id, second.id, layout)
    assert (await prospect(world)).waits == "the marks are in dispute"
