import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import teleosce.app  # noqa: F401 every room's tables
from teleosce.core import db
from teleosce.core.db import Database, metadata, sqlite_url
from teleosce.core.errors import Unavailable


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


async def test_migrations_make_the_tables_of_the_code(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.migrate()  # again at each start
    async with database.read() as connection:
        difference = await connection.run_sync(
            lambda plain: compare_metadata(MigrationContext.configure(plain), metadata)
        )
        made = (await connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master"))).all()
    await database.close()
    assert [one for one in difference if not _of_search(one)] == []

    fresh = Database(url.replace("teleosce.db", "fresh.db"))
    await fresh.create_all()
    async with fresh.read() as connection:
        wanted = (await connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master"))).all()
    await fresh.close()
    triggers = {(one.name, one.sql) for one in wanted if one.type == "trigger"}
    assert triggers
    assert triggers == {(one.name, one.sql) for one in made if one.type == "trigger"}


def _of_search(difference: object) -> bool:
    """SQLite keeps its full-text index in tables of its own."""
    return isinstance(difference, tuple) and "transcript_search" in str(difference[1])


async def test_a_write_that_raises_leaves_nothing(url: str) -> None:
    database = Database(url)
    async with database.write() as connection:
        await connection.execute(sa.text("CREATE TABLE one (number INTEGER)"))

    async def fails() -> None:
        async with database.write() as connection:
            await connection.execute(sa.text("INSERT INTO one VALUES (1)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with database.read() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM one"))).scalar_one() == 0
    await database.close()


async def test_a_locked_database_is_said_and_then_forgiven(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    database = Database(url)
    async with database.write() as connection:
        await connection.execute(sa.text("CREATE TABLE one (number INTEGER)"))
    other = sqlite3.connect(tmp_path / "teleosce.db")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable, match="nothing was saved"):
        await _insert(database, 1)
    other.rollback()
    other.close()
    await _insert(database, 2)
    async with database.read() as connection:
        assert (await connection.execute(sa.text("SELECT number FROM one"))).scalars().all() == [2]
    await database.close()


async def _insert(database: Database, number: int) -> None:
    async with database.write() as connection:
        await connection.execute(sa.text("INSERT INTO one VALUES (:number)"), {"number": number})


async def test_writers_of_one_process_wait_in_line(url: str) -> None:
    database = Database(url)
    async with database.write() as connection:
        await connection.execute(sa.text("CREATE TABLE counter AS SELECT 0 AS number"))

    async def count() -> None:
        async with database.write() as connection:
            number = (await connection.execute(sa.text("SELECT number FROM counter"))).scalar_one()
            await connection.execute(sa.text("UPDATE counter SET number = :n"), {"n": number + 1})

    await asyncio.gather(*(count() for _ in range(30)))
    async with database.read() as connection:
        assert (await connection.execute(sa.text("SELECT number FROM counter"))).scalar_one() == 30
    await database.close()
