"""Disks that are full, nearly full, or failing."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from teleosce.core.errors import Unavailable
from teleosce.core.ids import new_id
from teleosce.recording import Recordings, TakeState

from .conftest import QuietRoom, Studio, alarm_kinds
from .media import Sender, deliver, play

KIB = 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 the control room asks like this
            await asyncio.sleep(0.02)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - 40 * KIB))
    with filler.open("ab") as file:
        file.truncate(filler.stat().st_size)
    return filler


async def test_a_full_disk_is_said_and_sound_outlives_it(studio: Studio, small_disk: Path) -> None:
    studio.folder = small_disk
    recordings, room = studio.recordings(reserve_bytes=0), QuietRoom(new_id())
    recordings.attend(room, room.id)
    publication = room.start()
    recorder = room.subscribers[0]
    zero, sender = time.monotonic(), Sender()
    await deliver(recorder, publication, sender.events(0, 4), zero)
    await until(lambda: recorder.feeds[0].waiting == 0)

    filler = fill(small_disk)
    await deliver(recorder, publication, sender.events(4, 20), zero)
    await until(lambda: "disk-full" in alarm_kinds(recordings))
    await until(lambda: recorder.feeds[0].waiting == 0)

    filler.unlink()
    # The writer looks at the disk once a second: pictures come back then.
    await until(lambda: (recordings._writer.free_bytes or 0) > 100 * KIB)
    await deliver(recorder, publication, sender.events(20, 26), zero)
    room.end(publication)
    manifest = await recordings.seal(room.id)
    (take,) = manifest.takes
    assert take.state is TakeState.sealed
    played = play(recordings.path(take))
    assert played.beeps == pytest.approx(list(range(0, 26, 2)), abs=0.05)
    assert len([gap for gap in take.gaps if gap.kind == "disk"]) * 20 >= 20
    assert played.flashes[-1] == pytest.approx(24, abs=0.05)
    assert len(played.flashes) < 13
    assert all(abs(offset) <= 0.04 for offset in played.offsets())
    await recordings.close()


async def test_sealing_waits_for_room(studio: Studio, small_disk: Path) -> None:
    studio.folder = small_disk
    recordings, room = studio.recordings(reserve_bytes=0), QuietRoom(new_id())
    recordings.attend(room, room.id)
    publication = room.start()
    await deliver(room.subscribers[0], publication, Sender().events(0, 20), time.monotonic())
    room.end(publication)
    await recordings.leave(room.id)
    filler = fill(small_disk)
    with pytest.raises(Unavailable, match="kept"):
        await recordings.seal(room.id)
    assert "not-sealed" in alarm_kinds(recordings)
    assert await recordings.manifest(room.id) is None
    filler.unlink()
    manifest = await recordings.seal(room.id)
    assert manifest.takes[0].state is TakeState.sealed
    assert "not-sealed" not in alarm_kinds(recordings)
    await recordings.close()


async def test_with_little_space_only_sound_is_written(studio: Studio) -> None:
    recordings, room = await _on_a_disk_that_seems_small(studio)
    manifest = await recordings.seal(room.id)
    played = play(recordings.path(manifest.takes[0]))
    assert len(played.beeps) == 4
    assert len(played.flashes) < 4
    assert [gap.track for gap in manifest.takes[0].gaps if gap.kind == "disk"] in ([], ["video"])
    await recordings.close()


async def _on_a_disk_that_seems_small(studio: Studio) -> tuple[Recordings, QuietRoom]:
    recordings, room = studio.recordings(reserve_bytes=1 << 60), QuietRoom(new_id())
    recordings.attend(room, room.id)
    publication = room.start()
    recorder = room.subscribers[0]
    zero, sender = time.monotonic(), Sender()
    await deliver(recorder, publication, sender.events(0, 1), zero)
    await until(lambda: recordings._writer.free_bytes is not None)
    await deliver(recorder, publication, sender.events(1, 8), zero)
    room.end(publication)
    return recordings, room


async def test_a_folder_that_cannot_be_made_is_said_and_tried_again(studio: Studio) -> None:
    obstacle = studio.folder / "encounters"
    obstacle.write_text("a file where a folder should be")
    recordings, room = studio.recordings(), QuietRoom(new_id())
    recordings.attend(room, room.id)
    publication = room.start()
    recorder = room.subscribers[0]
    zero, sender = time.monotonic(), Sender()
    await deliver(recorder, publication, sender.events(0, 5), zero)
    await until(lambda: alarm_kinds(recordings) == ["disk-error"])
    obstacle.unlink()
    await deliver(recorder, publication, sender.events(5, 10), zero)
    room.end(publication)
    manifest = await recordings.seal(room.id)
    # The sound was kept in memory meanwhile.
    assert play(recordings.path(manifest.takes[0])).beeps == pytest.approx([0, 2, 4, 6, 8], abs=0.05)
    await recordings.close()
