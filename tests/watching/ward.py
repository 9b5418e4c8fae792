"""A media server, a watch of one of its rooms, and people who send what a test gives them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import AlarmsChanged, Events
from teleosce.core.ids import new_id
from teleosce.rtc import MediaServer
from teleosce.watching import Alarm, Watching
from tests.rtc.clients import SECRET, Client, Clip
from tests.watching.media import clip


class Sends(Client):
    """A client that may leave one of its tracks out."""

    mute = dim = False
    started: float | None = None
    """When the first sound went, on `time.monotonic()`."""

    def send(self, ssrc: int, payload_type: int, timestamp: int, marker: bool, payload: bytes) -> None:
        if self.started is None and ssrc == self.audio_ssrc:
            self.started = time.monotonic()
        if not (self.mute and ssrc == self.audio_ssrc) and not (self.dim and ssrc == self.video_ssrc):
            super().send(ssrc, payload_type, timestamp, marker, payload)


class Ward:
    """An open room with its watch, and what its alarms were."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.events = Clock(), Events()
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'teleosce.db'}")
        self.media = MediaServer(SECRET, self.clock, self.events)
        self.watching = Watching(self.database, self.clock, self.events)
        self.encounter = new_id()
        self.people: list[Sends] = []
        self._changed = asyncio.Event()
        self.events.subscribe(AlarmsChanged, self._on_change)

    async def _on_change(self, event: AlarmsChanged) -> None:
        assert event.encounter_id == self.encounter
        self._changed.set()

    def begin(self, *expected: str) -> None:
        room = self.media.room(self.encounter)
        self.watching.attend(room, self.encounter, expected)
        room.open()

    async def join(self, name: str, what: Clip | None = None, *, mute: bool = False, dim: bool = False) -> Sends:
        one = Sends(self.media, what or clip(), name, room=self.encounter, slots=0)
        one.mute, one.dim = mute, dim
        self.people.append(one)
        await one.join()
        return one

    def now(self) -> set[tuple[str, str]]:
        return {(one.participant_id, one.kind.value) for one in self.watching.alarms()}

    async def until(self, wanted: set[tuple[str, str]], seconds: float) -> float:
        """Returns how long it took until exactly these alarms stood."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds):
                while self.now() != wanted:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"after {seconds} s: {self.now()}, not {wanted}") from None
        return asyncio.get_running_loop().time() - began

    async def quiet(self, seconds: float) -> None:
        """No alarm begins for so long."""
        self._changed.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)
        assert self.now() == set()

    async def history(self) -> list[Alarm]:
        return await self.watching.history([self.encounter])


@asynccontextmanager
async def ward_in(folder: Path) -> AsyncIterator[Ward]:
    made = Ward(folder)
    await made.database.create_all()
    await made.media.start()
    try:
        yield made
    finally:
        for person in made.people:
            if not person.ended:
                await person.leave()
        await made.watching.close()
        await made.media.close()
        await made.database.close()
