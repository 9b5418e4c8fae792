"""The disk under the data folder full, in the middle of a consultation: a real, small file system."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from teleosce.recording import read_manifest
from tests.faults.server_under_fire import PATIENCE_S, UnderFire, under_fire

pytestmark = pytest.mark.faults

MIB = 1 << 20
SIZE = 600 * MIB
ALARM_WITHIN_S = 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Takes all room but `leave` bytes."""
    filler = disk / "filler"
    with filler.open("ab") as file:
        for slack in range(0, MIB, 16 * 1024):  # others write meanwhile
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), max(4096, free - leave - slack))
                break
    return filler


async def alarmed(fire: UnderFire, kind: str) -> float:
    """Seconds until the organiser's page and the figures both tell of it."""
    since = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while not ((await fire.day())["alarms"] and await fire.alarm(kind)):  # noqa: ASYNC110 another process
            await asyncio.sleep(0.2)
    return time.monotonic() - since


async def calm(fire: UnderFire) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await fire.alarm("disk-full"):  # noqa: ASYNC110 another process
            await asyncio.sleep(0.2)


async def test_a_full_disk_takes_pictures_first_and_marks_last(small_disk: Path) -> None:
    async with under_fire(small_disk / "data") as fire:
        await fire.start()
        await fire.consult()
        await fire.until(lambda: fire.acknowledged() > 3)
        reserve = fire.data / "reserve"
        await fire.until(reserve.exists)
        assert reserve.stat().st_blocks * 512 == 64 * MIB

        # Room for sound, not for pictures.
        filler = fill(small_disk, leave=150 * MIB)
        await asyncio.sleep(3)
        assert reserve.exists()

        # Room for nothing: the reserve is let go, and marks go on.
        fill(small_disk, leave=0)
        assert await alarmed(fire, "disk-full") <= ALARM_WITHIN_S
        await fire.until(lambda: not reserve.exists())
        noted = fire.acknowledged()
        await fire.until(lambda: fire.acknowledged() > noted + 5)

        # Something else takes the reserve as well: only the database has what is left.
        fill(small_disk, leave=8 * MIB)
        await asyncio.sleep(3)
        noted = fire.acknowledged()
        await fire.until(lambda: fire.acknowledged() > noted + 5)

        # The consultation is over, and there is no room to seal it.
        await asyncio.sleep(2)
        await fire.move_on("encounter")
        await alarmed(fire, "not-sealed")
        assert read_manifest(fire.folder) is None

        filler.unlink()
        await calm(fire)
        assert reserve.exists()
        await fire.until(lambda: read_manifest(fire.folder) is not None)
        for phase in ("note", "changeover"):
            await fire.move_on(phase)
        await fire.stop_saving()
        assert fire.statuses <= {200, 503}, fire.told
        await fire.sound()
        manifest = read_manifest(fire.folder)
        assert manifest is not None
        for take in manifest.takes:
            lost = [gap for gap in take.gaps if gap.kind == "disk"]
            assert lost
            video = min(gap.from_ms for gap in lost if gap.track == "video")
            sound = [gap.from_ms for gap in lost if gap.track == "audio"]
            assert all(from_ms > video + 2000 for from_ms in sound)


async def test_when_there_is_room_again_everything_is_recorded_again(small_disk: Path) -> None:
    async with under_fire(small_disk / "data") as fire:
        await fire.start()
        await fire.consult()
        await fire.recorded(2)
        filler = fill(small_disk, leave=0)
        await alarmed(fire, "disk-full")
        await asyncio.sleep(2)
        filler.unlink()
        await calm(fire)
        await fire.recorded(4)
        manifest = await fire.finish()
        for take in manifest.takes:
            video = [gap for gap in take.gaps if gap.track == "video" and gap.kind == "disk"]
            assert video
            assert take.duration_ms
            assert max(gap.to_ms for gap in video) < take.duration_ms - 2000  # pictures again, until the end
            assert not [gap for gap in take.gaps if gap.track != "video" and gap.kind == "disk"]


async def test_killed_on_a_full_disk_it_comes_up_again(small_disk: Path) -> None:
    async with under_fire(small_disk / "data") as fire:
        await fire.start()
        await fire.consult()
        await fire.recorded(1)
        filler = fill(small_disk, leave=0)
        await alarmed(fire, "disk-full")
        fill(small_disk, leave=0)
        since = time.monotonic()
        await fire.kill()
        await fire.start()
        await fire.all_back(since)
        filler.unlink()
        await calm(fire)
        await fire.recorded(2)
        await fire.finish()
