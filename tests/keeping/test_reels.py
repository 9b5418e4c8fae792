"""A reel from two encounters of a running server: whose may be shown, and what becomes of it afterwards."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from teleosce.core.blobs import sha256
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.keeping import reels as room
from teleosce.keeping import store_reels
from teleosce.keeping.models import Moment, Reel, ReelState, Rule
from teleosce.keeping.person import write_person_data
from teleosce.keeping.reels import Reels
from teleosce.people import Principal, Role
from teleosce.web.keeping import reels_of, retention_of, sources_of
from tests.keeping.keeping_world import World
from tests.keeping.search_world import agree, allow
from tests.keeping.test_erasure import erase
from tests.keeping.test_retention import after, exam_of
from tests.recording.media import play


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server cuts nothing by itself: the tests say when."""

    async def never(_self: Reels) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Reels, "watch", never)


def moment(world: World, from_ms: int = 500, to_ms: int = 3500) -> Moment:
    return Moment(world.encounter_id, from_ms, to_ms)


async def ready(world: World, title: str = "Opening a consultation", **more: Any) -> tuple[Reels, Reel]:
    """A reel of one encounter in which both have agreed."""
    await world.record()
    for seat in (world.candidate, world.patient):
        await agree(world, seat)
    await allow(world)
    reels = reels_of(world.rooms)
    made = await reels.make(title, [moment(world)], **({"exact": False, "numbers": False, "by": None} | more))
    cut = await reels.cut_next()
    assert cut is not None
    assert cut.id == made.id
    return reels, cut


async def test_a_reel_is_cut_listed_exported_and_deleted(world: World) -> None:
    reels, reel = await ready(world)
    assert (reel.state, reel.message, reel.done) == (ReelState.ready, "", 1.0)
    by = Principal(new_id(), Role.organiser, None, world.examiner, None, "An organiser")
    path = await reels.file(reel, by, record=True)
    assert (sha256(path), path.stat().st_size) == (reel.sha256, reel.size)
    played = play(path)
    assert abs(played.duration - (reel.duration_ms or 0) / 1000) < 0.05
    assert {name.name for name in path.parent.iterdir()} == {path.name, f"{reel.id}.json"}
    actions = [row["action"] for row in await world.rooms.people.audit_about(reel.id)]
    assert actions == ["reel.make", "reel.export"]
    await reels.delete(reel.id, by)
    assert list(path.parent.iterdir()) == []
    gone = await reels.reel(reel.id)
    assert (gone.state, gone.moments, gone.title) == (ReelState.deleted, (), "")
    with pytest.raises(NotFound):
        await reels.file(gone, by, record=True)


async def test_whose_recording_may_not_be_shown_is_left_out_and_said(world: World) -> None:
    await world.record()
    reels, wanted = reels_of(world.rooms), [moment(world)]
    more: dict[str, Any] = {"exact": False, "numbers": False, "by": None}

    async def refusal() -> str:
        with pytest.raises(Conflict, match="None of these") as caught:
            await reels.make("", wanted, **more)
        assert isinstance(caught.value.details, list)
        return str(caught.value.details[0]["why"])

    assert "rules" in await refusal()
    await allow(world)
    assert "candidate has not agreed" in await refusal()
    await agree(world, world.candidate)
    assert "patient has not agreed" in await refusal()
    await agree(world, world.patient)
    # Of two moments one is refused, as its encounter is not over, and the other cut, from the key frame at 0 on.
    other = await world.house.encounter_of("candidate", 1)
    not_over = Moment(other, 0, 1000)
    reel = await reels.make("", [not_over, *wanted], **more)
    assert [one.refused for one in reel.moments] == ["The encounter is not over.", None]
    cut = await reels.cut_next()
    assert cut is not None
    assert (cut.state, cut.duration_ms) == (ReelState.ready, pytest.approx(6000, abs=60))


@pytest.mark.faults
async def test_the_moment_that_is_left_out_is_the_one_that_is_named(world: World) -> None:
    """Somebody was erased while the reel waited, so its moments are no longer numbered from 1."""
    await world.record()
    for seat in (world.candidate, world.patient):
        await agree(world, seat)
    await allow(world)
    reels, other = reels_of(world.rooms), await world.house.encounter_of("candidate", 1)
    late = moment(world, 3_600_000, 3_601_000)
    await reels.make("", [Moment(other, 0, 1000), moment(world), late], exact=False, numbers=False, by=None)
    async with world.rooms.database.write() as connection:
        await store_reels.take_out(connection, other)
    cut = await reels.cut_next()
    assert cut is not None
    assert [(one.from_ms, one.refused) for one in cut.moments] == [
        (500, None),
        (late.from_ms, "The recording ends before this moment."),
    ]


@pytest.mark.parametrize("title", ["How Ada opens it", "ONE good moment"])
async def test_no_name_comes_into_a_title(world: World, title: str) -> None:
    with pytest.raises(Invalid, match="names somebody"):
        await reels_of(world.rooms).make(title, [moment(world)], exact=False, numbers=False, by=None)


@pytest.mark.faults
async def test_a_reel_goes_with_the_consent(world: World) -> None:
    reels, reel = await ready(world)
    # Until then whoever asks what is kept of them is told of it.
    archive = io.BytesIO()
    seat = await world.rooms.people.seat(world.patient)
    await write_person_data(sources_of(world.rooms), world.rooms.clock, [seat], archive, None)
    (known,) = json.loads(zipfile.ZipFile(archive).read("data.json"))["person"]
    shown = [one for each in known["encounters"] for one in each["teaching_reels"]]
    assert shown == [{"made_ms": reel.made_ms, "from_ms": 500, "to_ms": 3500}]
    await agree(world, world.patient, agreed=False)
    await reels.review()
    gone = await reels.reel(reel.id)
    assert gone.state is ReelState.deleted
    assert "has not agreed" in gone.message
    assert list((world.data / "reels").iterdir()) == []


async def test_a_reel_goes_with_an_erased_person(world: World) -> None:
    reels, reel = await ready(world, title="Zanzibar heard")
    await erase(world)
    assert (await reels.reel(reel.id)).state is ReelState.deleted
    assert list((world.data / "reels").iterdir()) == []
    assert "reel.delete" in [row["action"] for row in await world.rooms.people.audit_about(reel.id)]


@pytest.mark.faults
async def test_a_reel_goes_with_its_recordings(world: World) -> None:
    reels, reel = await ready(world)
    await world.transcribe()
    await world.mark()
    await retention_of(world.rooms).set_rule((await exam_of(world)).id, Rule(None, 30), None)
    await after(world, 30.1).sweep()
    gone = await reels.reel(reel.id)
    assert gone.state is ReelState.deleted
    assert "under the exam’s rule" in gone.message
    assert list((world.data / "reels").iterdir()) == []


@pytest.mark.faults
async def test_a_reel_that_is_deleted_while_it_is_cut_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.record()
    for seat in (world.candidate, world.patient):
        await agree(world, seat)
    await allow(world)
    reels = reels_of(world.rooms)
    reel = await reels.make("", [moment(world)], exact=True, numbers=True, by=None)
    finished = room._bind

    def late(path: Path, *rest: Any) -> Any:
        # The very last moment: the file has its name, and the database does not know of it yet.
        deleting = asyncio.run_coroutine_threadsafe(reels.delete(reel.id, None), loop)
        deleting.result(20)
        path.touch()
        return finished(path, *rest)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(room, "_bind", late)
    cut = await reels.cut_next()
    assert cut is not None
    assert cut.state is ReelState.deleted
    assert list((world.data / "reels").iterdir()) == []


@pytest.mark.faults
async def test_after_a_start_files_and_rows_agree(world: World) -> None:
    reels, reel = await ready(world)
    stray = world.data / "reels" / f"{new_id()}.webm.parts"
    stray.mkdir()
    (world.data / "reels" / f"{reel.id}.webm").unlink()
    (world.data / "reels" / f"{reel.id}.json").unlink()
    await reels.reconcile()
    assert list((world.data / "reels").iterdir()) == []
    failed = await reels.reel(reel.id)
    assert failed.state is ReelState.failed
    assert "not on this machine" in failed.message
    await reels.again(reel.id)
    cut = await reels.cut_next()
    assert cut is not None
    assert cut.state is ReelState.ready
