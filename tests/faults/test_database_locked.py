"""The database held by another process for ten seconds, in the middle of a consultation."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tests.faults.server_under_fire import UnderFire, under_fire

pytestmark = pytest.mark.faults

HELD_S = 10

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


async def hold(fire: UnderFire) -> asyncio.subprocess.Process:
    """Returns when the database is held."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(fire.data / "teleosce.db"), str(HELD_S), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"held"
    return process


async def test_a_held_database_disturbs_no_call_and_loses_no_mark(tmp_path: Path) -> None:
    async with under_fire(tmp_path / "data", encounter_s=25, warning_s=0, note_s=8, changeover_s=0) as fire:
        await fire.start()
        await fire.consult()
        heard = [one.counts().received for one in fire.callers]
        (encounter,) = (await fire.day())["encounters"]
        await asyncio.sleep(max(0.0, encounter["phase_ends_ms"] / 1000 - time.time() - 4))
        holder = await hold(fire)
        held_from = time.monotonic()
        noted = fire.acknowledged()
        await asyncio.sleep(2.5)
        held_back = fire.acknowledged()
        # The one examiner has one change on its way at a time: that may have been saved just before.
        assert held_back <= noted + 1
        candidate = fire.callers[0]
        await candidate.until(lambda: candidate.phase == "note")
        changed = candidate.bell_at["note"]
        assert await holder.wait() == 0
        # The change waited for the database, and the note has all of its time nevertheless.
        assert changed - held_from >= HELD_S - 1
        await candidate.until(lambda: candidate.phase not in ("encounter", "note"))
        assert time.monotonic() - changed >= 8 - 0.5
        assert all((one.spells[0].over or changed) > changed - 1 for one in fire.callers)
        assert all(one.counts().received > before + 100 for one, before in zip(fire.callers, heard, strict=True))
        await fire.until(lambda: fire.acknowledged() > held_back)
        await fire.stop_saving()
        assert fire.statuses <= {200, 503}
        assert "Traceback" not in fire.log()
        await fire.sound()


async def test_longer_than_anybody_waits_is_said_and_nothing_is_called_saved(tmp_path: Path) -> None:
    """More people save at once than the database takes in the time that it makes them wait."""
    async with under_fire(tmp_path / "data") as fire:
        await fire.start()
        await fire.consult()
        await fire.until(lambda: fire.acknowledged() > 0)
        holders = [await hold(fire)]
        await asyncio.sleep(1)
        before = fire.acknowledged()
        # The next one takes it as soon as the first lets go: twenty seconds in all.
        holders.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", HOLD, str(fire.data / "teleosce.db"), str(HELD_S), stdout=asyncio.subprocess.PIPE
            )
        )
        assert fire.acknowledged() <= before + 1
        for holder in holders:
            await holder.wait()
        await fire.until(lambda: fire.acknowledged() > before + 3)
        await fire.finish()
        assert "Traceback" not in fire.log()
