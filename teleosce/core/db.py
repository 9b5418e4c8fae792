"""One database: SQLite in the data folder, or PostgreSQL by its URL. SQL itself lives in each room's `store.py`."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as QueueTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from teleosce.core.errors import Unavailable

Connection = AsyncConnection
"""A transaction, as those rooms pass it on that hold no SQL themselves."""

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


class Database:
    """Transactions. A write is on disk (`synchronous=FULL`) when `write()` has been left without an error."""

    def __init__(self, url: str) -> None:
        """Opens nothing yet. Raises Unavailable when the package that speaks to such a database is not installed."""
        self.url = url
        self._sqlite = url.startswith("sqlite")
        if self._sqlite:
            self._reader = _sqlite_engine(url, "BEGIN")
            # One connection writes, so that writers of this process queue in order and not on the file's lock.
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, pool_timeout=60)
        else:
            try:
                self._reader = self._writer = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
            except ModuleNotFoundError as missing:
                raise Unavailable(
                    f"This database needs the package {missing.name}: pip install 'teleosce[postgresql]'.",
                    code="database-driver",
                ) from missing

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that reads. Raises Unavailable when the database stays locked."""
        async with _said_plainly(), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; committed when the block ends, rolled back when it raises.

        Raises Unavailable when another process holds the database for longer than BUSY_TIMEOUT_MS, or when
        the disk is full: then nothing was saved.
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
    except QueueTimeout as error:  # as many wait for the one connection that writes
        raise _held() from error
    except DBAPIError as error:
        fault = _of_the_machine(error.orig)
        if fault is None:
            raise
        raise fault from error


def _of_the_machine(error: object) -> Unavailable | None:
    """What a person is told when it is not a defect of ours."""
    if not isinstance(error, sqlite3.OperationalError):
        return None
    # The lower byte; the upper one says where it happened (https://www.sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _held()
    # An I/O error is how SQLite says that its log or its shared memory found no room.
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return Unavailable(
            "The disk is full or does not answer, so nothing was saved. What was saved before is kept. "
            "Please try again in a moment.",
            code="disk-full",
        )
    return None


def _held() -> Unavailable:
    return Unavailable(
        "The database is held by another program, so nothing was saved. Please try again in a moment.",
        code="database-locked",
    )


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
