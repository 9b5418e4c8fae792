"""The transcription worker killed beneath a running server."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.transcripts import Progress, State, Transcripts
from tests.faults.server_under_fire import UnderFire, under_fire

pytestmark = [pytest.mark.faults, pytest.mark.speech]


def worker_of(fire: UnderFire) -> int | None:
    """The process that the server started to transcribe."""
    assert fire.process is not None
    children = Path(f"/proc/{fire.process.pid}/task/{fire.process.pid}/children").read_text().split()
    for child in map(int, children):
        if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return child
    return None


async def test_a_worker_killed_at_random_moments_finishes_all_the_same(tmp_path: Path) -> None:
    dice = random.Random(11)
    async with under_fire(tmp_path / "data") as fire:
        fire.flags = ()
        await fire.start()
        await fire.consult(spoken=True)
        await fire.recorded(12)
        await fire.finish()
        database = Database(sqlite_url(fire.data))
        transcripts = Transcripts(database, Clock())

        async def progress() -> Progress:
            return await transcripts.status(fire.encounter)

        for _ in range(2):
            await fire.until(lambda: worker_of(fire) is not None)
            await asyncio.sleep(dice.uniform(0.5, 4))
            worker = worker_of(fire)
            if worker is not None:
                os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(150):
            while (now := await progress()).state not in (State.ready, State.failed):  # noqa: ASYNC110 another process
                await asyncio.sleep(0.5)
        assert now.state is State.ready, now.message
        transcript = await transcripts.get(fire.encounter)
        assert transcript is not None
        assert {turn.role for turn in transcript.turns} >= {"candidate"}
        await database.close()
        assert await fire.breaches() == []
