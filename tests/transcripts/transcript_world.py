"""Two people who speak, takes of what they say, and a worker process that hears them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from hibari import Hibari
from numpy.typing import NDArray

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.ids import new_id
from teleosce.people import Principal, Role
from teleosce.recording.models import MANIFEST, Manifest, Take, TakeState
from teleosce.transcripts import Progress, State, Transcript, Transcripts, store

OPUS = 48_000
STARTS_MS = 1_790_000_000_000
CANDIDATE, PATIENT = "candidateseat", "patientseat"
ROLES = {CANDIDATE: "candidate", PATIENT: "sp"}

Sound = NDArray[np.float32]

DIALOGUE: tuple[tuple[str, str], ...] = (
    (CANDIDATE, "Good morning. My name is Doctor Patel. What has brought you to us today?"),
    (PATIENT, "I have had a pain in my chest since breakfast, and it frightens me."),
    (CANDIDATE, "I am sorry to hear that. Can you show me where the pain is?"),
    (PATIENT, "It is in the middle, and it goes down my left arm."),
    (CANDIDATE, "Have you taken any medicine for it, such as aspirin?"),
    (PATIENT, "No, nothing yet. My neighbour said I should call you first."),
)


class Voices:
    """One synthetic voice for each participant: the second is the first, lower."""

    def __init__(self) -> None:
        self._speak = Hibari()
        self._said: dict[tuple[str, str], Sound] = {}

    def say(self, who: str, text: str) -> Sound:
        if (who, text) not in self._said:
            speed = 1.0 if who == CANDIDATE else 0.86
            spoken = self._speak(text, seed=1)
            at = np.arange(0, len(spoken) - 1, speed * Hibari.sample_rate / OPUS)
            self._said[who, text] = np.interp(at, np.arange(len(spoken)), spoken).astype(np.float32)
        return self._said[who, text]


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * OPUS), np.float32)


@dataclass
class Conversation:
    """What everybody's microphone hears, on one timeline from 0."""

    tracks: dict[str, Sound]
    said: dict[str, str]
    begins_ms: list[int]


def converse(voices: Voices, lines: Sequence[tuple[str, str]], pause_s: float = 0.6) -> Conversation:
    """One speaks after the other; who does not speak is silent."""
    heard: dict[str, list[Sound]] = {who: [silence(0.5)] for who, _ in lines}
    said: dict[str, str] = dict.fromkeys(heard, "")
    begins: list[int] = []
    for who, text in lines:
        begins.append(len(np.concatenate(heard[who])) * 1000 // OPUS)
        spoken = np.concatenate((voices.say(who, text), silence(pause_s)))
        for other, track in heard.items():
            track.append(spoken if other == who else np.zeros_like(spoken))
        said[who] = f"{said[who]} {text}".strip()
    return Conversation({who: np.concatenate(pieces) for who, pieces in heard.items()}, said, begins)


def write_take(path: Path, pieces: Iterable[tuple[int, Sound]]) -> None:
    """A WebM with Opus; what lies between two pieces (start in ms, sound) is a gap in the file."""
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", OPUS, layout="mono")
        for starts_ms, sound in pieces:
            for at in range(0, len(sound) - 959, 960):
                frame = av.AudioFrame.from_ndarray(
                    (sound[None, at : at + 960] * 32767).astype(np.int16), format="s16", layout="mono"
                )
                frame.sample_rate, frame.time_base = OPUS, Fraction(1, OPUS)
                frame.pts = starts_ms * OPUS // 1000 + at
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@dataclass(frozen=True)
class TakeOf:
    """A take to lay down: when it starts, from the start of the recording, and what is in it."""

    participant: str
    starts_ms: int
    pieces: Sequence[tuple[int, Sound]]
    state: TakeState = TakeState.sealed


def lay_down(data: Path, takes: Sequence[TakeOf], encounter_id: str = "") -> str:
    """The folder of a sealed encounter; returns its id."""
    encounter_id = encounter_id or new_id()
    folder = data / "encounters" / encounter_id
    folder.mkdir(parents=True)
    made = []
    for take in takes:
        take_id = new_id()
        write_take(folder / f"{take_id}.webm", take.pieces)
        length = max(at + len(sound) * 1000 // OPUS for at, sound in take.pieces)
        made.append(
            Take(
                id=take_id,
                encounter_id=encounter_id,
                participant_id=take.participant,
                name=take.participant,
                state=take.state,
                starts_ms=STARTS_MS + take.starts_ms,
                duration_ms=length,
                file=f"{take_id}.webm",
            )
        )
    manifest = Manifest(
        encounter_id=encounter_id,
        starts_ms=STARTS_MS,
        duration_ms=max(take.ends_ms for take in made) - STARTS_MS,
        takes=made,
        tools={},
        sealed_ms=STARTS_MS,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return encounter_id


@dataclass
class World:
    """A data folder with its database, the server's view of it, and workers as real processes."""

    data: Path
    model: str = "tiny.en"
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(sqlite_url(self.data))
        self.transcripts = Transcripts(self.database, Clock())

    def start_worker(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        given = {"TELEOSCE_DATA": str(self.data), "TELEOSCE_WHISPER_MODEL": self.model, **settings}
        with (self.data / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "teleosce.transcripts.worker", *arguments],
                env=os.environ | given,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    @property
    def log(self) -> str:
        return (self.data / "worker.log").read_text()

    async def until(self, encounter_id: str, reached: Callable[[Progress], bool]) -> Progress:
        """Looks at the progress, as a page does, until it is as wanted."""
        async for _ in ticks():
            progress = await self.transcripts.status(encounter_id)
            if reached(progress):
                return progress
            if progress.state is State.failed:
                raise AssertionError(f"{progress.message}\n{self.log}")
        raise AssertionError(f"it stayed {progress}\n{self.log}")

    async def until_ready(self, encounter_id: str) -> Transcript:
        await self.until(encounter_id, lambda progress: progress.state is State.ready)
        transcript = await self.transcripts.get(encounter_id)
        assert transcript
        return transcript

    async def until_read(self, encounter_id: str) -> None:
        """Read for its meaning by the worker."""
        async for _ in ticks():
            if await self.transcripts.is_read(encounter_id):
                return
        raise AssertionError(self.log)

    async def until_attempt(self, encounter_id: str, number: int) -> None:
        """Until the step at hand is tried for the given time."""
        async for _ in ticks():
            async with self.database.read() as connection:
                row = await store.header(connection, encounter_id)
            if row and row.attempts == number:
                return
        raise AssertionError(self.log)

    async def until_logged(self, what: str, times: int = 1) -> None:
        async for _ in ticks():
            if self.log.count(what) >= times:
                return
        raise AssertionError(self.log)


async def ticks(limit_s: float = 120, each_s: float = 0.02) -> AsyncIterator[None]:
    """Looks at another process: there is no event of it to wait on."""
    for _ in range(round(limit_s / each_s)):
        yield
        await asyncio.sleep(each_s)


async def ended(process: "subprocess.Popen[bytes]") -> int:
    """The process's exit code, once it has one."""
    return await asyncio.wait_for(asyncio.to_thread(process.wait), 60)


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[World]:
    world = World(folder)
    await world.database.create_all()
    try:
        yield world
    finally:
        for worker in world.workers:
            worker.kill()
            worker.wait()
        await world.database.close()


def examiner() -> Principal:
    return Principal(new_id(), Role.examiner, new_id(), new_id(), None, "Examiner One")
