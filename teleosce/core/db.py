"""One database: SQLite in the data folder, or PostgreSQL by its URL. SQL itself lives in each room's `store.py`."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from teleosce.core.errors import Unavailable

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

BUSY_TIMEOUT_MS = 15_000
"""How long a writer waits for another process that holds the file, before it says so."""


def sqlite_url(folder: Path) -> str:
    """The URL of the database file in a data folder."""
    return f"sqlite+aiosqlite:///{(folder / 'teleosce.db').resolve()}"


def _is_locked(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


class Database:
    """Transactions. A write is on disk (`synchronous=FULL`) when `write()` has been left without an error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._sqlite = url.startswith("sqlite")
        if self._sqlite:
            self._reader = _sqlite_engine(url, "BEGIN")
            # One connection writes, so that writers of this process queue in order and not on the file's lock.
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, pool_timeout=60)
        else:
            self._reader = self._writer = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that reads. Raises Unavailable when the database stays locked."""
        async with _said_plainly(), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; committed when the block ends, rolled back when it raises.

        Raises Unavailable when another process holds the database for longer than BUSY_TIMEOUT_MS: then
        nothing was saved.
        """
        async with _said_plainly(), self._writer.begin() as connection:
            yield connection

    async def alive(self) -> None:
        """Asks the database for an answer. Raises Unavailable when there is none."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def create_all(self) -> None:
        """Makes the tables of every room imported so far. For tests: a server migrates instead."""
        async with self._writer.begin() as connection:
            await connection.run_sync(metadata.create_all)

    async def migrate(self) -> None:
        """Brings the schema to the newest revision. Safe to call at every start."""
        from teleosce.core.migrations import upgrade

        await asyncio.to_thread(upgrade, self.url)

    async def close(self) -> None:
        """Gives all connections back."""
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()


@asynccontextmanager
async def _said_plainly() -> AsyncIterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _is_locked(error):
            raise Unavailable(
                "The database is held by another program, so nothing was saved. Please try again in a moment.",
                code="database-locked",
            ) from error
        raise


def _sqlite_engine(url: str, begin: str, **pool: Any) -> AsyncEngine:
    # What people said and wrote stands in the parameters, and an error's text reaches the log.
    engine = create_async_engine(url, hide_parameters=True, **pool)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes too late to take the write lock first: we send it ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
