"""The process that transcribes, beside the server's and behind it in priority: `python -m teleosce worker`.

It looks for what is asked for in the database, so that a request is whole once its row is written; dbos then
keeps which steps are done. Killed at any moment it goes on from there when it is started again.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import IO

import structlog
from sqlalchemy.exc import DBAPIError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Unavailable
from teleosce.core.jobs import Jobs, jobs_url
from teleosce.core.logs import configure
from teleosce.core.settings import Settings, load
from teleosce.transcripts import store
from teleosce.transcripts.hear import Ears
from teleosce.transcripts.job import VERSION, Transcriber
from teleosce.transcripts.models import Job, State
from teleosce.transcripts.reading import Reader
from teleosce.transcripts.weights import find_weights

log = structlog.get_logger(__name__)

NICENESS = 10
_LOOK_S = 1.0
_LOOK_FOR_WEIGHTS_S = 5.0
_LAST_STEP_S = 1.0


def run(settings: Settings, parent: int | None = None) -> None:
    """Transcribes until SIGTERM or SIGINT, or until the process `parent` is gone; then ends the process."""
    os.nice(NICENESS)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    asyncio.run(_Worker(settings, parent).run())
    # Threads of the durable jobs wait for a next step, which is for the next worker to do.
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m teleosce.transcripts.worker [--parent PID]`, with the settings of the surroundings."""
    parser = argparse.ArgumentParser(description="Transcribes recordings.")
    parser.add_argument("--parent", type=int, help="Stop when this process is gone.")
    settings = load()
    configure(settings.log_level)
    run(settings, parser.parse_args(arguments).parent)


class _Worker:
    def __init__(self, settings: Settings, parent: int | None) -> None:
        self._settings = settings
        self._parent = parent
        self._database = Database(settings.database)
        self._stop = asyncio.Event()
        self._transcriber: Transcriber | None = None
        self._jobs: Jobs | None = None
        self._reader = Reader(self._database)
        self._no_reading_before_s = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        watch = asyncio.create_task(self._watch_parent())
        if lock := await self._alone():
            log.info("the worker is ready", process=os.getpid())
            while not self._stop.is_set():
                pause_s = await self._look()
                await self._pause(0 if await self._read() else pause_s)
            await self._leave_step()
            lock.close()
        watch.cancel()
        await self._database.close()
        log.info("the worker has stopped", process=os.getpid())

    async def _alone(self) -> IO[bytes] | None:
        """Waits until no other worker has this data folder; None when told to stop before."""
        self._settings.data.mkdir(parents=True, exist_ok=True)
        file = (self._settings.data / "worker.lock").open("wb")
        said = False
        while not self._stop.is_set():
            with suppress(BlockingIOError):
                flock(file, LOCK_EX | LOCK_NB)
                return file
            if not said:
                log.info("another worker has this data folder: waiting until it is gone")
                said = True
            await self._pause(_LOOK_S)
        file.close()
        return None

    async def _look(self) -> float:
        """Hands what is asked for to the durable jobs; returns the seconds to wait before the next look."""
        try:
            async with self._database.read() as connection:
                waiting = await store.unfinished(connection)
            if not waiting:
                return _LOOK_S
            try:
                jobs = self._jobs or await self._start()
            except Unavailable as missing:
                log.warning("transcripts wait for weights", reason=missing.message)
                async with self._database.write() as connection:
                    await store.hold(connection, missing.message)
                return _LOOK_FOR_WEIGHTS_S
            for job in waiting:
                if await asyncio.to_thread(_submitted, jobs, job):
                    await self._lost(job)
        except (Unavailable, DBAPIError, OSError) as error:
            # A database that is locked, being migrated or restarted: what is asked for is still there later.
            log.warning("the database cannot be read yet", reason=type(error).__name__)
        return _LOOK_S

    async def _read(self) -> bool:
        """Reads a transcript for its meaning, if there is one to read and the weights are there."""
        if (now_s := asyncio.get_running_loop().time()) < self._no_reading_before_s:
            return False
        try:
            return await self._reader.read_one()
        except Unavailable as missing:
            log.warning("transcripts cannot be read for their meaning yet", reason=missing.message)
            self._no_reading_before_s = now_s + _LOOK_FOR_WEIGHTS_S
        except (DBAPIError, OSError) as error:
            log.warning("the database cannot be read yet", reason=type(error).__name__)
        return False

    async def _start(self) -> Jobs:
        settings, loop = self._settings, asyncio.get_running_loop()
        ears = Ears(await asyncio.to_thread(find_weights, settings.whisper_model, settings.data))
        self._transcriber = Transcriber(self._database, Clock(), settings.data, ears, loop)
        jobs = Jobs(jobs_url(settings.database), "transcripts", VERSION, self._transcriber.run)
        await asyncio.to_thread(jobs.start)
        self._jobs = jobs
        return jobs

    async def _lost(self, job: Job) -> None:
        """A job that ended without saying so on its row, which would else wait for ever."""
        async with self._database.write() as connection:
            message = "The transcript could not be finished. The recording is kept; please ask for it again."
            if await store.change(connection, job, state=State.failed, message=message):
                log.error("a transcript ended without a word", job=job.id)

    async def _leave_step(self) -> None:
        """Lets a step that is nearly done end, and no other begin; else it is for the next worker, and not counted."""
        transcriber = self._transcriber
        if transcriber is None or await asyncio.to_thread(transcriber.busy.acquire, timeout=_LAST_STEP_S):
            return
        log.info("the part at hand is left to the next worker")
        if transcriber.job is None:
            return
        try:
            async with self._database.write() as connection:
                await store.give_back(connection, transcriber.job)
        except (Unavailable, DBAPIError, OSError) as error:
            # Raised, it would have the process wait for the step, and then for ever for what the step asks of the loop.
            log.warning("the try that was broken off counts as one", reason=type(error).__name__)

    async def _watch_parent(self) -> None:
        while self._parent is not None and not self._stop.is_set():
            if not _lives(self._parent):
                log.info("the server is gone: the worker stops")
                self._stop.set()
            await self._pause(_LOOK_S)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


def _submitted(jobs: Jobs, job: Job) -> bool:
    """Submits a job unless it is known; True when it is over already."""
    jobs.submit(job.id)
    return jobs.is_over(job.id)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if __name__ == "__main__":
    main()
