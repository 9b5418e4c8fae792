"""The tables of rules, holds and erasures, all SQL on them, and the databases as files."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    make_url,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.core.ids import new_id
from teleosce.keeping.models import Erased, Hold, Rule

Connection = AsyncConnection
"""A transaction of `Database.read()` or `Database.write()`."""

PATIENCE_S = 30.0

rules = Table(
    "retention_rule",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("raw_days", Integer),
    Column("recording_days", Integer),
    Column("set_ms", BigInteger, nullable=False),
)

holds = Table(
    "legal_hold",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("placed_by", String(200)),
    Column("placed_ms", BigInteger, nullable=False),
    Column("lifted_ms", BigInteger),
    Column("lifted_by", String(200)),
)

# `people` holds ids of seats and accounts that name nobody any more.
erasures = Table(
    "erasure",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("people", JSON, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("counts", JSON, nullable=False),
)


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite database that others read and write meanwhile (https://www.sqlite.org/backup.html).

    In one step, under one read transaction: in WAL mode no writer waits for it. The copy is one file, without a log.
    Raises sqlite3.Error. Blocks.
    """
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")


def faults_of(database: Path) -> list[str]:
    """What SQLite finds wrong with a database, at most ten lines; none when it is sound. Blocks."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as opened:
            found = [str(row[0]) for row in opened.execute("PRAGMA quick_check(10)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [line for line in found if line != "ok"]


def file_of(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(make_url(url).database or "")


def overwrite_freed(database: Path) -> bool:
    """Leaves no trace of deleted rows in the database's files: the search index and the file are written anew.

    Others may use it meanwhile; writers wait. Returns whether the log could be emptied too: not while somebody reads
    for longer than PATIENCE_S. Blocks.
    """
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete=ON")
        opened.execute("INSERT INTO transcript_search(transcript_search) VALUES('rebuild')")
        opened.execute("VACUUM")
        until = time.monotonic() + PATIENCE_S
        while opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
    return True


async def hold_of(connection: Connection, exam_id: str) -> Hold | None:
    """The hold that is on an exam now."""
    query = select(holds).where(holds.c.exam_id == exam_id, holds.c.lifted_ms.is_(None))
    row = (await connection.execute(query)).first()
    return Hold(row.exam_id, row.reason, row.placed_by, row.placed_ms) if row else None


async def place_hold(connection: Connection, hold: Hold) -> None:
    """A new hold."""
    await connection.execute(
        insert(holds).values(
            id=new_id(),
            exam_id=hold.exam_id,
            reason=hold.reason,
            placed_by=hold.placed_by,
            placed_ms=hold.placed_ms,
        )
    )


async def lift_hold(connection: Connection, exam_id: str, by: str | None, now_ms: int) -> bool:
    """Whether there was one."""
    mine = (holds.c.exam_id == exam_id) & holds.c.lifted_ms.is_(None)
    lifted = await connection.execute(update(holds).where(mine).values(lifted_ms=now_ms, lifted_by=by))
    return lifted.rowcount > 0


async def rule_of(connection: Connection, exam_id: str) -> Rule:
    """The rule of an exam; one that deletes nothing where none was made."""
    row = (await connection.execute(select(rules).where(rules.c.exam_id == exam_id))).first()
    return Rule(row.raw_days, row.recording_days) if row else Rule(None, None)


async def set_rule(connection: Connection, exam_id: str, rule: Rule, now_ms: int) -> None:
    """Replaces an exam's rule."""
    await connection.execute(delete(rules).where(rules.c.exam_id == exam_id))
    await connection.execute(
        insert(rules).values(exam_id=exam_id, raw_days=rule.raw_days, recording_days=rule.recording_days, set_ms=now_ms)
    )


async def add_erasure(connection: Connection, erased: Erased) -> None:
    """Keeps that it happened."""
    await connection.execute(
        insert(erasures).values(
            id=erased.id,
            at_ms=erased.at_ms,
            people=list(erased.people),
            asked_by=erased.asked_by,
            counts=dict(erased.counts),
        )
    )


async def all_erasures(connection: Connection) -> list[Erased]:
    """All that happened, the oldest first."""
    rows = await connection.execute(select(erasures).order_by(erasures.c.at_ms, erasures.c.id))
    return [Erased(row.id, row.at_ms, tuple(row.people), row.asked_by, row.counts) for row in rows]


async def where_named(connection: Connection, name: str) -> dict[str, int]:
    """In which columns of which tables a name still stands, in how many rows; JSON's escapes included."""
    spellings = {name, json.dumps(name)[1:-1]}
    found = {}
    for table in metadata.sorted_tables:
        for column in table.c:
            if isinstance(column.type, String | JSON) and not column.primary_key:
                held = cast(column, Text)
                named = or_(*(held.icontains(spelling, autoescape=True) for spelling in spellings))
                count = await connection.scalar(select(func.count()).select_from(table).where(named))
                if count:
                    found[f"{table.name}.{column.name}"] = count
    return found
