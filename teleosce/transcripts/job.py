"""One transcript from beginning to end, in durable steps: plan what to hear, hear it in parts, publish it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Fault, NotFound
from teleosce.core.jobs import step
from teleosce.recording.models import MANIFEST, Manifest, TakeState
from teleosce.transcripts import store
from teleosce.transcripts.audio import decode
from teleosce.transcripts.hear import Ears
from teleosce.transcripts.models import Job, State
from teleosce.transcripts.sound import Part, Sound, Track
from teleosce.transcripts.turns import utterances

log = structlog.get_logger(__name__)

T = TypeVar("T")

VERSION = "1"
"""Of the steps below: raise it when their names, their order or their results change."""

ATTEMPTS = 3
"""How often a step is tried, in one process or in several that died of it."""

PAUSE_S = 2.0
"""Before the second try; the third waits twice as long."""

_KEPT = "The recording is kept and can be watched and marked; the transcript can be asked for again."


class Transcriber:
    """Does the jobs, one at a time, in a thread that may block; the database is reached through `loop`.

    What was heard is kept in our own tables: the durable jobs never see a word of it.
    """

    def __init__(
        self, database: Database, clock: Clock, data: Path, ears: Ears, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._database = database
        self._clock = clock
        self._data = data
        self._ears = ears
        self._loop = loop
        self._sound: tuple[str, Sound] | None = None
        # Held while a step works: whoever takes it stops the work between two steps, and nothing is done twice.
        self.busy = threading.Lock()

    def run(self, job_id: str) -> None:
        """Makes the transcript that a job asks for. Raises what made a step fail for the last time."""
        job = self._wait(self._job(job_id))
        if job is None:
            return
        log.info("a transcript is begun", job=job.id)
        parts = [Part(**part) for part in self._step(job, "plan", partial(self._plan, job))]
        for number, part in enumerate(parts):
            done = (number + 1) / (len(parts) + 1)
            self._step(job, f"hear {number}", partial(self._hear, job, part, done))
        self._step(job, "publish", partial(self._publish, job))
        log.info("a transcript is ready", job=job.id)

    def _step(self, job: Job, name: str, work: Callable[[], T]) -> T:
        return step(name, partial(self._tried, job, name, work))

    def _tried(self, job: Job, name: str, work: Callable[[], T]) -> T:
        """At most ATTEMPTS tries, counted in the database so that a try which kills the process counts."""
        while True:
            with self.busy:
                attempt = self._wait(self._begin(job))
                if not attempt:
                    raise RuntimeError("this run of the job is over")
                if attempt > ATTEMPTS:
                    self._fail(job, "The program stopped each time while it made this transcript")
                    raise RuntimeError(f"step {name} ended the process {ATTEMPTS} times")
                try:
                    return work()
                except Exception as error:
                    log.exception("a step failed", job=job.id, step=name, attempt=attempt)
                    if attempt == ATTEMPTS:
                        self._fail(job, _reason(error))
                        raise
            threading.Event().wait(PAUSE_S * attempt)

    def _plan(self, job: Job) -> list[dict[str, Any]]:
        parts = self._sound_of(job.encounter_id).parts()
        self._wait(self._change(job, message="Whisper is listening to the recording.", attempts=0))
        return [vars(part) for part in parts]

    def _hear(self, job: Job, part: Part, done: float) -> None:
        sound = self._sound_of(job.encounter_id)
        heard = sound.hear(part, self._ears, job.hints)
        participant = sound.tracks[part.track].participant_id

        async def keep() -> None:
            async with self._database.write() as connection:
                if await store.change(connection, job, done=done, attempts=0):
                    await store.keep_piece(
                        connection,
                        job.encounter_id,
                        take_id=part.track,
                        number=part.number,
                        participant_id=participant,
                        heard=heard,
                    )

        self._wait(keep())
        log.info("a part was heard", job=job.id, done=round(done, 3))

    def _publish(self, job: Job) -> None:
        async def publish() -> None:
            async with self._database.write() as connection:
                weights = self._ears.weights
                await store.change(connection, job, model=weights.name, model_sha256=weights.sha256)
                said = utterances(await store.heard_words(connection, job.encounter_id))
                await store.publish(connection, job, said, self._clock.now_ms())

        self._wait(publish())

    def _sound_of(self, encounter_id: str) -> Sound:
        """Decoded once, and again by a process that takes the job up: only the present encounter's is held."""
        if self._sound is None or self._sound[0] != encounter_id:
            self._sound = None
            self._sound = encounter_id, read_sound(self._data / "encounters" / encounter_id)
        return self._sound[1]

    def _fail(self, job: Job, reason: str) -> None:
        message = f"{reason.rstrip('.')}. It was tried {ATTEMPTS} times. {_KEPT}"
        self._wait(self._change(job, state=State.failed, message=message))

    async def _job(self, job_id: str) -> Job | None:
        async with self._database.read() as connection:
            return next((job for job in await store.unfinished(connection) if job.id == job_id), None)

    async def _begin(self, job: Job) -> int:
        async with self._database.write() as connection:
            return await store.begin_attempt(connection, job)

    async def _change(self, job: Job, **values: Any) -> None:
        async with self._database.write() as connection:
            await store.change(connection, job, **values)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def read_sound(folder: Path) -> Sound:
    """The sealed takes of an encounter's folder. Raises NotFound without a manifest, Invalid for a broken file."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise NotFound("The recording has not been closed, so there is nothing to transcribe") from error
    return Sound(
        Track(
            take.id,
            take.participant_id,
            take.starts_ms - manifest.starts_ms,
            decode(folder / take.file),
        )
        for take in manifest.takes
        if take.state is TakeState.sealed and take.file
    )


def _reason(error: Exception) -> str:
    if isinstance(error, Fault):
        return error.message
    return f"The transcript could not be made; the server's log says why ({type(error).__name__})"
