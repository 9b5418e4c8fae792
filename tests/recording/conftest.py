"""A room that only passes packets on, and a data folder with a database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import Events, RecordingSealed, TakeClosed
from teleosce.core.ids import new_id
from teleosce.recording import Recordings, Take, TakeState
from teleosce.recording.recorder import Recorder
from teleosce.recording.sealing import seal_take
from teleosce.recording.writer import Writer
from teleosce.rtc.model import Publication

from .media import Sender, deliver, publication


@dataclass
class QuietRoom:
    """As much of a media room as the recorder sees."""

    id: str
    subscribers: list[Recorder] = field(default_factory=list)

    def subscribe(self, subscriber: Recorder) -> None:
        self.subscribers.append(subscriber)

    def unsubscribe(self, subscriber: Recorder) -> None:
        self.subscribers.remove(subscriber)

    def start(self, **what: object) -> Publication:
        found = publication(self.id, **what)
        for subscriber in self.subscribers:
            subscriber.publication_started(found)
        return found

    def end(self, what: Publication) -> None:
        for subscriber in self.subscribers:
            subscriber.publication_ended(what)


@dataclass
class Studio:
    """Recordings of one data folder, with everything that was published."""

    folder: Path
    database: Database
    clock: Clock = field(default_factory=Clock)
    events: Events = field(default_factory=Events)
    heard: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        async def hear(event: object) -> None:
            self.heard.append(event)

        self.events.subscribe(TakeClosed, hear)
        self.events.subscribe(RecordingSealed, hear)

    def recordings(self, **options: int) -> Recordings:
        return Recordings(self.folder, self.database, self.clock, self.events, **options)

    def encounter(self, encounter_id: str) -> Path:
        return self.folder / "encounters" / encounter_id


def alarm_kinds(recordings: Recordings) -> list[str]:
    """What is wrong now; that the disk of the machine that tests is nearly full is another matter."""
    return [alarm.kind for alarm in recordings.alarms() if alarm.kind != "disk-low"]


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'teleosce.db'}")
    await database.create_all()
    yield Studio(tmp_path, database)
    await database.close()


@dataclass
class Recorded:
    """One sealed take and where it lies."""

    take: Take
    folder: Path

    @property
    def path(self) -> Path:
        assert self.take.state is TakeState.sealed
        assert self.take.file
        return self.folder / self.take.file


Record = Callable[..., Awaitable[Recorded]]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Records one publication of a sender's stream and seals it, without the processes around."""

    async def run(
        sender: Sender,
        seconds: float,
        *,
        start: float = 0.0,
        level: Callable[[str, bytes], int | None] = lambda *_: None,
        **what: bool,
    ) -> Recorded:
        folder, closed = tmp_path / new_id(), []
        writer = Writer(tmp_path)
        recorder = Recorder(folder, writer, Clock(), lambda *_: None, lambda take_id, _: closed.append(take_id))
        sent = publication(folder.name, **what)
        recorder.publication_started(sent)
        await deliver(recorder, sent, sender.events(start, start + seconds), time.monotonic() - start, level)
        recorder.end()
        await asyncio.wrap_future(recorder.feeds[0].done)
        await asyncio.to_thread(writer.close)
        (take_id,) = closed
        return Recorded(await asyncio.to_thread(seal_take, folder, take_id), folder)

    return run
