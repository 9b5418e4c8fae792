"""A worker that is to stop in the middle of a step, while its database is away."""

import asyncio
from pathlib import Path

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.transcripts.hear import Ears
from teleosce.transcripts.job import Transcriber
from teleosce.transcripts.models import Job, State
from teleosce.transcripts.weights import find_weights
from teleosce.transcripts.worker import _Worker
from tests.web.house import settings


async def test_it_goes_all_the_same(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))  # without a single table
    worker = _Worker(settings(tmp_path), None)
    ears = Ears(find_weights("tiny.en", tmp_path))
    worker._transcriber = Transcriber(database, Clock(), tmp_path, ears, asyncio.get_running_loop())
    worker._transcriber.job = Job("e", 1, State.running, (), {})
    with worker._transcriber.busy:
        await worker._leave_step()
    await database.close()
