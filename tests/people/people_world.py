"""People on a real database, with a clock that stands still, cheap hashes and a memory of what was said."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import event

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events, SessionEnded
from teleosce.people import People, Principal, Role, Seat

NOW = 1_795_000_000_000
HOUR = 3_600_000


class StandingClock(Clock):
    """Moves when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "reading", NOW)

    def now_ms(self) -> int:
        return int(self.__dict__["reading"])

    def set(self, now_ms: int) -> None:
        object.__setattr__(self, "reading", now_ms)


class CountingHasher(PasswordHasher):
    """argon2id at its cheapest; remembers the work it was given."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=64, parallelism=1)
        self.verified: list[str] = []

    def verify(self, stored: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.verified.append(str(stored).rsplit("$", 2)[0])
        return super().verify(stored, password)


class PeopleWorld:
    """One school: its database file, the room, and every SessionEnded it published."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "teleosce.db"
        self.url = sqlite_url(folder)
        self.clock = StandingClock()
        self.hasher = CountingHasher()
        self.ended: list[SessionEnded] = []
        self.events = Events()
        self.events.subscribe(SessionEnded, self._hear)
        self.database = Database(self.url)
        self.people = self.another(self.database, self.hasher)

    def another(self, database: Database, hasher: PasswordHasher | None = None) -> People:
        return People(database, self.clock, self.events, hasher=hasher or self.hasher)

    async def _hear(self, ended: SessionEnded) -> None:
        self.ended.append(ended)

    async def candidate(self) -> Seat:
        return await self.people.add_seat("exam-of-spring", Role.candidate, "Ada Ling")

    async def link(self, seat: Seat, opens_ms: int = NOW, closes_ms: int = NOW + HOUR) -> str:
        return await self.people.issue_link(seat.id, opens_ms, closes_ms)

    async def joined(self) -> Principal:
        _, principal = await self.people.join(await self.link(await self.candidate()), "laptop")
        return principal

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.file) as connection:
            return connection.execute(query).fetchall()

    def reasons(self) -> list[str]:
        query = "SELECT detail ->> 'reason' FROM audit_log WHERE action = 'link.refuse' ORDER BY number"
        return [reason for (reason,) in self.rows(query)]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is sent to the database meanwhile."""
        sent: list[str] = []

        def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        engines = [self.database._reader.sync_engine, self.database._writer.sync_engine]
        for engine in engines:
            event.listen(engine, "before_cursor_execute", listen)
        yield sent
        for engine in engines:
            event.remove(engine, "before_cursor_execute", listen)
