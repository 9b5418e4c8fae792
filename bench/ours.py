"""Our media server and recorder, joined as the application joins them."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.core.ids import new_id
from teleosce.core.memory import settle
from teleosce.recording import Recordings
from teleosce.rtc import MediaServer, Ticket

SECRET = "only for a server that lives for a minute"

POOL = 5
"""Readers that the database keeps open: SQLAlchemy's own number."""


class Ours:
    """A room for each session, as the application runs an encounter: open, attended, then held, closed and sealed."""

    def __init__(self, folder: Path) -> None:
        self._clock, events = Clock(), Events()
        self._database = Database(sqlite_url(folder))
        self._media = MediaServer(SECRET, self._clock, events)
        self._recordings = Recordings(folder, self._database, self._clock, events)
        self._ids: dict[str, str] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.pid = os.getpid()

    async def start(self) -> None:
        await self._database.create_all()
        await self._media.start()
        settle()

    async def answer(self, session: str, name: str, sdp: str) -> str:
        if session not in self._ids:
            encounter = self._ids[session] = new_id()
            room = self._media.room(encounter)
            self._recordings.attend(room, encounter)
            room.open()
        ticket = Ticket(self._ids[session], new_id(), name, True, True, self._clock.now_ms() + 60_000)
        return await self._media.answer(ticket.sign(SECRET), sdp)

    async def end(self, session: str) -> None:
        """Ends one session and seals it, in its own time."""
        task = asyncio.create_task(self._end(self._ids.pop(session)))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, encounter: str) -> None:
        self._media.room(encounter).hold()
        await self._recordings.leave(encounter)
        await self._media.close_room(encounter, "over")
        await self._recordings.seal(encounter)

    async def fill(self) -> None:
        """Every pool at its size: threads for what blocks, and the database's readers with a thread each."""
        threads = min(32, (os.cpu_count() or 1) + 4)  # concurrent.futures' own number
        blocking, together = threading.Barrier(threads), asyncio.Barrier(POOL)

        async def read() -> None:
            async with self._database.read():
                await together.wait()

        await asyncio.gather(*(asyncio.to_thread(blocking.wait) for _ in range(threads)))
        await asyncio.gather(*(read() for _ in range(POOL)))

    async def tasks(self) -> int:
        """Tasks of the loop, but for those that end a session."""
        return len(asyncio.all_tasks()) - len(self._ending)

    async def finish(self) -> list[dict[str, Any]]:
        await asyncio.gather(*self._ending)
        for encounter in self._ids.values():
            self._media.room(encounter).hold()
            await self._recordings.leave(encounter)
            await self._media.close_room(encounter, "measured")
        files = []
        for encounter in self._ids.values():
            for take in (await self._recordings.seal(encounter)).takes:
                gaps = [gap.model_dump() for gap in take.gaps]
                path = str(self._recordings.path(take)) if take.file else None
                files.append({"path": path, "state": take.state.value, "reason": take.reason, "gaps": gaps})
        alarms = [alarm.kind for alarm in self._recordings.alarms()]
        await self._recordings.close()
        await self._media.close()
        await self._database.close()
        return [*files, *({"path": None, "state": "alarm", "reason": kind, "gaps": []} for kind in alarms)]
