"""One transcript from beginning to end, in durable steps: plan what to hear, hear it in parts, publish it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Fault, Invalid, NotFound, Unavailable
from teleosce.core.jobs import step
from teleosce.recording.models import MANIFEST, Manifest, TakeState
from teleosce.transcripts import store, store_voices
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

_LISTENING = "Whisper is listening to the recording."
_SAFE = "The recording is kept and can be watched and marked; the transcript can be asked for again."


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
        self.job: Job | None = None

    def run(self, job_id: str) -> None:
        """Makes the transcript that a job asks for; what fails for the last time is said on its row."""
        job = self._kept(partial(_find, job_id))
        if job is None:
            return
        log.info("a transcript is begun", job=job.id)
        plan = self._step(job, "plan", partial(self._plan, job))
        if plan is None:
            return
        for number, part in enumerate(plan):
            done = (number + 1) / (len(plan) + 1)
            if not self._step(job, f"hear {number}", partial(self._hear, job, Part(**part), done)):
                return
        if self._step(job, "publish", partial(self._publish, job)):
            log.info("a transcript is ready", job=job.id)

    def _step(self, job: Job, name: str, work: Callable[[], T]) -> T | None:
        """A durable step; None when it was given up or there is nothing left to do."""
        return step(name, partial(self._tried, job, name, work))

    def _tried(self, job: Job, name: str, work: Callable[[], T]) -> T | None:
        """At most ATTEMPTS tries, counted in the database so that a try which kills the process counts."""
        while True:
            with self.busy:
                self.job = job
                attempt = self._kept(partial(store.begin_attempt, job=job, message=_LISTENING))
                if not attempt:
                    return None
                if attempt > ATTEMPTS:
                    self._give_up(job, "The program stopped each time while it made this transcript")
                    return None
                try:
                    return work()
                except Fault as fault:
                    reason = fault.message
                except Exception as error:
                    log.exception("an unforeseen fault", job=job.id, step=name)
                    reason = f"The transcript could not be made; the log says why ({type(error).__name__})"
                log.warning("a step failed", job=job.id, step=name, attempt=attempt, reason=reason)
                if attempt == ATTEMPTS:
                    self._give_up(job, reason)
                    return None
            threading.Event().wait(PAUSE_S * attempt)

    def _give_up(self, job: Job, reason: str) -> None:
        message = f"{reason.rstrip('.')}. It was tried {ATTEMPTS} times. {_SAFE}"
        self._kept(partial(store.change, job=job, state=State.failed, message=message))

    def _plan(self, job: Job) -> list[dict[str, Any]]:
        sound = self._sound_of(job)
        parts, voices = sound.parts(), sound.voices()

        async def keep(connection: store.Connection) -> None:
            if await store.change(connection, job, attempts=0):
                await store_voices.keep_voices(connection, job.encounter_id, voices)

        self._kept(keep)
        return [vars(part) for part in parts]

    def _hear(self, job: Job, part: Part, done: float) -> bool:
        sound = self._sound_of(job)
        heard = sound.hear(part, self._ears, job.hints)
        participant = sound.tracks[part.track].participant_id

        async def keep(connection: store.Connection) -> None:
            if await store.change(connection, job, done=done, attempts=0):
                await store.keep_piece(
                    connection,
                    job.encounter_id,
                    take_id=part.track,
                    number=part.number,
                    participant_id=participant,
                    heard=heard,
                )

        self._kept(keep)
        log.info("a part was heard", job=job.id, done=round(done, 3))
        return True

    def _publish(self, job: Job) -> bool:
        weights = self._ears.weights
        message = " ".join(self._sound_of(job).unread)

        async def publish(connection: store.Connection) -> None:
            await store.change(connection, job, model=weights.name, model_sha256=weights.sha256)
            said = utterances(await store.heard_words(connection, job.encounter_id))
            await store.publish(connection, job, said, self._clock.now_ms(), message)

        self._kept(publish)
        return True

    def _sound_of(self, job: Job) -> Sound:
        """Decoded once, and again by a process that takes the job up: only the present encounter's is held."""
        if self._sound is None or self._sound[0] != job.id:
            self._sound = None
            self._sound = job.id, read_sound(self._data / "encounters" / job.encounter_id)
        return self._sound[1]

    def _kept(self, work: Callable[[store.Connection], Awaitable[T]]) -> T:
        """One transaction, begun again until it is on disk: a database that is held or away is waited for."""

        async def transaction() -> T:
            async with self._database.write() as connection:
                return await work(connection)

        while True:
            try:
                return asyncio.run_coroutine_threadsafe(transaction(), self._loop).result()
            except (Unavailable, OperationalError, InterfaceError, OSError) as error:
                log.warning("the database cannot be written to yet", reason=type(error).__name__)
            threading.Event().wait(PAUSE_S)


async def _find(job_id: str, connection: store.Connection) -> Job | None:
    return next((job for job in await store.unfinished(connection) if job.id == job_id), None)


def read_sound(folder: Path) -> Sound:
    """The sealed takes of an encounter's folder; one that cannot be read is left out, and named in `unread`.

    Raises NotFound without a manifest, Invalid when no take can be read.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise NotFound("The recording has not been closed, so there is nothing to transcribe") from error
    tracks: list[Track] = []
    unread: list[Invalid] = []
    for take in manifest.takes:
        if take.state is TakeState.sealed and take.file:
            try:
                samples = decode(folder / take.file)
            except Invalid as fault:
                unread.append(fault)
            else:
                tracks.append(Track(take.id, take.participant_id, take.starts_ms - manifest.starts_ms, samples))
    if unread and not tracks:
        raise unread[0]
    return Sound(tracks, [fault.message for fault in unread])
