"""The door: takes in the database, sealing again and again, recovery, and files that are damaged."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from teleosce.core.errors import Invalid, NotFound
from teleosce.core.events import RecordingSealed, TakeClosed
from teleosce.core.ids import new_id
from teleosce.recording import Manifest, Recordings, TakeState

from .conftest import QuietRoom, Studio, alarm_kinds
from .media import Sender, deliver, play


async def attended(studio: Studio, seconds: float = 2.0, **what: object) -> tuple[Recordings, QuietRoom]:
    """A room with one participant, of whom some seconds were recorded."""
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    await consult(room, seconds, time.monotonic(), **what)
    return recordings, room


async def consult(room: QuietRoom, seconds: float, zero: float, *, participant: str | None = None) -> None:
    publication = room.start(participant=participant)
    await deliver(room.subscribers[0], publication, Sender().events(0, seconds), zero)
    room.end(publication)


async def test_from_the_first_packet_to_the_manifest(studio: Studio) -> None:
    recordings, room = await attended(studio)
    assert recordings.is_recording(room.id)
    assert await recordings.manifest(room.id) is None
    await recordings.leave(room.id)
    assert not recordings.is_recording(room.id)
    (take,) = await recordings.takes(room.id)
    assert take.state is TakeState.closed
    assert studio.heard == [TakeClosed(room.id, take.id)]

    manifest = await recordings.seal(room.id)
    assert studio.heard[1:] == [RecordingSealed(room.id)]
    (mirrored,) = await recordings.takes(room.id)
    (told,) = manifest.takes
    assert mirrored.model_dump(include=mirrored.model_fields_set) == told.model_dump(include=mirrored.model_fields_set)
    assert mirrored == await recordings.take(take.id)
    assert play(recordings.path(mirrored)).flashes == pytest.approx([0], abs=0.05)
    assert abs(manifest.starts_ms - studio.clock.now_ms()) < 60_000
    assert manifest == await recordings.manifest(room.id)
    assert (await recordings.speech(room.id))[take.participant_id]
    poster = await recordings.poster(room.id)
    assert poster
    assert poster.stat().st_size
    assert "av" in manifest.tools
    await recordings.close()


async def test_nothing_of_a_recording_blocks_the_loop(studio: Studio) -> None:
    with blockbuster_ctx("teleosce.recording"):
        recordings, room = await attended(studio)
        await recordings.leave(room.id)
        for take in await recordings.takes(room.id):
            assert take.state is TakeState.closed
        assert await recordings.manifest(room.id) is None
        assert await recordings.poster(room.id) is None
        await recordings.close()


async def test_seconds_on_disk_grow_while_it_is_recorded(studio: Studio) -> None:
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    publication = room.start()
    await deliver(room.subscribers[0], publication, Sender().events(0, 4), time.monotonic())
    async with asyncio.timeout(20):
        while recordings.seconds_on_disk(room.id) < 3.5:  # noqa: ASYNC110 the page asks like this
            await asyncio.sleep(0.05)
    assert alarm_kinds(recordings) == []
    await recordings.close()


async def test_sealing_again_changes_nothing(studio: Studio) -> None:
    recordings, room = await attended(studio)
    first = await recordings.seal(room.id)
    before = contents(studio.encounter(room.id))
    assert await recordings.seal(room.id) == first
    await recordings.recover()
    assert contents(studio.encounter(room.id)) == before
    assert studio.heard.count(RecordingSealed(room.id)) == 1
    await recordings.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_the_same_raw_file_gives_the_same_sealed_file(studio: Studio) -> None:
    recordings, room = await attended(studio)
    first = await recordings.seal(room.id)
    folder = studio.encounter(room.id)
    for path in [*folder.glob("*.take.json"), folder / "manifest.json", folder / (first.takes[0].file or "")]:
        path.unlink()
    again = await recordings.seal(room.id)
    assert again.takes == first.takes
    await recordings.close()


async def test_a_picture_that_was_removed_keeps_nothing_from_being_sealed(studio: Studio) -> None:
    recordings, room = await attended(studio)
    await recordings.seal(room.id)
    for path in [*studio.encounter(room.id).glob("*.jpg"), studio.encounter(room.id) / "manifest.json"]:
        path.unlink()
    assert [take.state for take in (await recordings.seal(room.id)).takes] == [TakeState.sealed]
    assert await recordings.poster(room.id) is None
    await recordings.close()


async def test_a_rejoin_is_a_take_of_its_own_on_the_same_timeline(studio: Studio) -> None:
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    zero = time.monotonic()
    candidate, sp = new_id(), new_id()
    await consult(room, 10, zero + 0.5, participant=sp)
    await consult(room, 3, zero, participant=candidate)
    await consult(room, 2, zero + 7.2, participant=candidate)
    manifest = await recordings.seal(room.id)
    mine = [take for take in manifest.takes if take.participant_id == candidate]
    assert [take.number for take in mine] == [1, 2]
    assert mine[1].starts_ms - manifest.starts_ms == pytest.approx(7200, abs=30)
    rejoin = mine[1].gaps[0]
    assert rejoin.kind == "rejoin"
    assert (rejoin.from_ms, rejoin.to_ms) == pytest.approx((3000, 7200), abs=60)
    (other,) = [take for take in manifest.takes if take.participant_id == sp]
    assert other.starts_ms - manifest.starts_ms == pytest.approx(500, abs=30)
    assert manifest.duration_ms == pytest.approx(10_500, abs=60)
    speech = (await recordings.speech(room.id))[candidate]
    assert any(begin < 7300 < end for begin, end in speech)
    assert [take.number for take in await recordings.takes(room.id) if take.participant_id == candidate] == [1, 2]
    await recordings.close()


async def test_an_encounter_that_goes_on_after_sealing_is_sealed_again(studio: Studio) -> None:
    recordings, room = await attended(studio)
    first = await recordings.seal(room.id)
    recordings.attend(room, room.id)
    assert await recordings.manifest(room.id) is None
    await consult(room, 2, time.monotonic())
    second = await recordings.seal(room.id)
    assert [take.sha256 for take in second.takes][:1] == [take.sha256 for take in first.takes]
    assert len(second.takes) == 2
    assert studio.heard.count(RecordingSealed(room.id)) == 2
    await recordings.close()


async def test_names_are_never_used_twice(studio: Studio) -> None:
    """Two servers' lives, one encounter: what the first wrote is byte for byte there after the second."""
    room = QuietRoom(new_id())
    kept: dict[str, bytes] = {}
    for _ in range(3):
        recordings = studio.recordings()
        recordings.attend(room, room.id)
        await consult(room, 1, time.monotonic())
        await recordings.close()
        room.subscribers.clear()
        now = contents(studio.encounter(room.id))
        assert kept.items() <= now.items()
        kept = now
    assert len([name for name in kept if name.endswith(".raw.webm")]) == 3


async def test_what_is_no_id_becomes_no_path(studio: Studio) -> None:
    recordings = studio.recordings()
    with pytest.raises(Invalid):
        recordings.attend(QuietRoom("../../etc"), "../../etc")
    with pytest.raises(Invalid):
        await recordings.seal("..")
    with pytest.raises(NotFound):
        await recordings.take("../secret.key")
    with pytest.raises(NotFound):
        await recordings.take(new_id())


async def test_an_encounter_without_anybody_has_an_empty_manifest(studio: Studio) -> None:
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    room.end(room.start())
    manifest = await recordings.seal(room.id)
    assert manifest.takes == []
    assert manifest.duration_ms == 0
    await recordings.close()


# Damage


async def two_takes(studio: Studio) -> tuple[Recordings, str, list[Path]]:
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    zero = time.monotonic()
    await consult(room, 4, zero)
    await consult(room, 4, zero + 1)
    await recordings.leave(room.id)
    return recordings, room.id, sorted(studio.encounter(room.id).glob("*.raw.webm"))


def by_file(manifest: Manifest, raw: Path) -> TakeState:
    return next(take.state for take in manifest.takes if take.id == raw.name.split(".")[0])


async def test_a_file_of_rubbish_is_quarantined_and_the_rest_goes_on(studio: Studio) -> None:
    recordings, encounter_id, (bad, good) = await two_takes(studio)
    bad.write_bytes(b"\x00" * 20_000)
    manifest = await recordings.seal(encounter_id)
    assert by_file(manifest, bad) is TakeState.quarantined
    assert by_file(manifest, good) is TakeState.sealed
    (take,) = [take for take in manifest.takes if take.state is TakeState.quarantined]
    assert take.reason
    assert "kept" in take.reason
    assert bad.read_bytes() == b"\x00" * 20_000
    with pytest.raises(NotFound):
        recordings.path(take)
    assert alarm_kinds(recordings) == ["quarantined"]
    assert {take.state for take in await recordings.takes(encounter_id)} == {TakeState.sealed, TakeState.quarantined}
    await recordings.close()


async def test_a_file_cut_short_after_it_was_whole_is_quarantined_with_what_can_be_read(studio: Studio) -> None:
    recordings, encounter_id, (bad, good) = await two_takes(studio)
    with bad.open("r+b") as file:
        file.truncate(bad.stat().st_size // 2)
    manifest = await recordings.seal(encounter_id)
    assert by_file(manifest, bad) is TakeState.quarantined
    assert by_file(manifest, good) is TakeState.sealed
    (take,) = [take for take in manifest.takes if take.state is TakeState.quarantined]
    assert len(play(recordings.path(take)).flashes) == 1
    await recordings.close()


async def test_flipped_bytes_in_the_middle_are_noticed(studio: Studio) -> None:
    recordings, encounter_id, (bad, _) = await two_takes(studio)
    content = bytearray(bad.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = b"\x5a" * 3000
    bad.write_bytes(content)
    manifest = await recordings.seal(encounter_id)
    assert by_file(manifest, bad) is TakeState.quarantined
    await recordings.close()


async def test_a_lost_journal_is_said_and_the_database_remembers_whose_take_it_was(studio: Studio) -> None:
    recordings, encounter_id, (bad, good) = await two_takes(studio)
    bad.with_name(bad.name.replace(".raw.webm", ".jsonl")).unlink()
    manifest = await recordings.seal(encounter_id)
    assert by_file(manifest, bad) is TakeState.quarantined
    assert by_file(manifest, good) is TakeState.sealed
    assert all(take.participant_id for take in manifest.takes)
    assert bad.is_file()
    await recordings.close()


async def test_a_take_of_nobody_is_an_orphan(studio: Studio) -> None:
    recordings, room = await attended(studio)
    await recordings.leave(room.id)
    stray = studio.encounter(room.id) / f"{new_id()}.raw.webm"
    stray.write_bytes(b"something")
    manifest = await recordings.seal(room.id)
    assert [take.state for take in manifest.takes] == [TakeState.sealed]
    assert manifest.orphans == [stray.name.split(".")[0]]
    assert stray.is_file()
    await recordings.close()


@pytest.mark.parametrize(("what", "instead"), [("origin_ms", 1), ("participant_id", "x"), ("id", "x")])
async def test_a_damaged_first_line_neither_moves_the_recording_nor_holds_it_up(
    studio: Studio, what: str, instead: object
) -> None:
    recordings, encounter_id, (bad, good) = await two_takes(studio)
    path = bad.with_name(bad.name.replace(".raw.webm", ".jsonl"))
    first, _, rest = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(first) | {what: instead}).encode() + b"\n" + rest)
    told = {take.id: take for take in await recordings.takes(encounter_id)}
    manifest = await recordings.seal(encounter_id)
    assert by_file(manifest, bad) is TakeState.quarantined
    assert by_file(manifest, good) is TakeState.sealed
    assert manifest.duration_ms < 6000
    for take in manifest.takes:
        assert take.participant_id == told[take.id].participant_id
        assert abs(take.starts_ms - told[take.id].starts_ms) < 1000
        assert take.state is TakeState.sealed or take.reason
    assert await recordings.seal(encounter_id) == manifest
    await recordings.close()
