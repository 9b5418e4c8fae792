"""A server killed in the middle of a recording, and the next one that puts it right."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from teleosce.core.events import RecordingSealed
from teleosce.core.ids import new_id
from teleosce.recording import TakeState

from .conftest import Studio
from .media import play

REPOSITORY = Path(__file__).parents[2]
LENGTH_S = 4.0


@pytest.fixture
async def killed(studio: Studio) -> tuple[str, float]:
    """Runs a recording in a process of its own and kills it: → (encounter, seconds that it had received)."""
    encounter_id = new_id()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.recording.server_to_kill", str(studio.folder), encounter_id,
        cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    received = 0.0
    async for line in process.stdout:
        received = float(line)
        if received >= LENGTH_S:
            process.kill()
    assert await process.wait() == -signal.SIGKILL
    return encounter_id, received


async def test_a_killed_server_loses_less_than_a_second(studio: Studio, killed: tuple[str, float]) -> None:
    encounter_id, received = killed
    (raw,) = studio.encounter(encounter_id).glob("*.raw.webm")
    before = raw.read_bytes()
    recordings = studio.recordings()
    await recordings.recover()
    (take,) = await recordings.takes(encounter_id)
    assert take.state is TakeState.sealed
    assert take.reason
    assert "stopped" in take.reason
    played = play(recordings.path(take))
    assert played.audio_s >= received - 1
    assert played.video_times[-1] >= received - 1
    assert all(abs(offset) <= 0.04 for offset in played.offsets())
    assert studio.heard == [RecordingSealed(encounter_id)]
    assert raw.read_bytes() == before
    await recordings.recover()
    assert studio.heard == [RecordingSealed(encounter_id)]


async def test_a_file_cut_off_anywhere_plays_up_to_there(studio: Studio, killed: tuple[str, float]) -> None:
    """As a power cut leaves it: with half a block at the end."""
    encounter_id, _ = killed
    (raw,) = studio.encounter(encounter_id).glob("*.raw.webm")
    (journal,) = studio.encounter(encounter_id).glob("*.jsonl")
    for path in (raw, journal):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size * 2 // 3 + 5)
    recordings = studio.recordings()
    await recordings.recover()
    (take,) = await recordings.takes(encounter_id)
    assert take.state is TakeState.sealed
    assert len(play(recordings.path(take)).flashes) >= 1


async def test_what_was_left_half_written_goes_and_what_is_being_written_stays(
    studio: Studio, killed: tuple[str, float]
) -> None:
    encounter_id, _ = killed
    folder = studio.encounter(encounter_id)
    left, fresh = folder / ".manifest.json.x7", folder / ".manifest.json.x8"
    for path in (left, fresh):
        path.write_text("{")
    os.utime(left, (time.time() - 600, time.time() - 600))
    await studio.recordings().recover()
    assert not left.exists()
    assert fresh.exists()
