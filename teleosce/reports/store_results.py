"""The tables of decision runs and their release, and all SQL on them. A run is only ever added."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    cast,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.core.rules_table import RulesTable
from teleosce.reports.rules import ResultRules
from teleosce.reports.runs import Release, Run, digest, sealed

result_rules = RulesTable("result_rules", ResultRules)

runs = Table(
    "decision_run",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    Column("found", JSON, nullable=False),
    Column("by", String(26)),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("exam_id", "number"),
)

releases = Table(
    "release",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", ForeignKey("decision_run.id"), nullable=False, index=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("group", String(40)),
    Column("from_ms", BigInteger, nullable=False),
    Column("by", String(26)),
    Column("at_ms", BigInteger, nullable=False),
    Column("withdrawn_by", String(26)),
    Column("withdrawn_ms", BigInteger),
    Column("withdrawn_why", Text),
)


async def add_run(connection: AsyncConnection, run: Run) -> int:
    """Writes a run for good, and returns its number: one more than the exam's last."""
    last = await connection.scalar(select(func.max(runs.c.number)).where(runs.c.exam_id == run.exam_id))
    number = (last or 0) + 1
    await connection.execute(
        insert(runs).values(
            id=run.id,
            exam_id=run.exam_id,
            number=number,
            rules=run.rules.model_dump(mode="json"),
            inputs=dict(run.inputs),
            inputs_hash=run.inputs_hash,
            found=dict(run.found),
            by=run.by,
            at_ms=run.at_ms,
        )
    )
    return number


async def run(connection: AsyncConnection, run_id: str) -> Run | None:
    """One run."""
    row = (await connection.execute(select(runs).where(runs.c.id == run_id))).one_or_none()
    return None if row is None else _run(row)


async def of_exam(connection: AsyncConnection, exam_id: str) -> list[Run]:
    """All runs of an exam, oldest first."""
    rows = await connection.execute(select(runs).where(runs.c.exam_id == exam_id).order_by(runs.c.number))
    return [_run(row) for row in rows]


@dataclass(frozen=True)
class Seal:
    """What a run comes to as it stands. inputs_hash: as it is written beside them; inputs, says: hashes of its inputs
    and of all that it says, None where that is no JSON any more.
    """

    number: int
    inputs_hash: str
    inputs: str | None
    says: str | None


async def seals(connection: AsyncConnection, exam_id: str, run_id: str | None = None) -> dict[str, Seal]:
    """The seal of each run of an exam, or of one, oldest first."""
    # As texts: a run that cannot be read must not hide what was done to the others.
    texts = (cast(column, Text).label(column.name) for column in (runs.c.rules, runs.c.inputs, runs.c.found))
    mine = (runs.c.exam_id == exam_id) & (true() if run_id is None else runs.c.id == run_id)
    query = select(runs.c.id, runs.c.number, runs.c.inputs_hash, *texts).where(mine).order_by(runs.c.number)
    return {row.id: _seal(row) for row in await connection.execute(query)}


def _seal(row: Row[Any]) -> Seal:
    try:
        rules, inputs, found = (json.loads(one) for one in (row.rules, row.inputs, row.found))
    except (TypeError, ValueError):
        return Seal(row.number, row.inputs_hash, None, None)
    return Seal(row.number, row.inputs_hash, digest(inputs), sealed(rules, inputs, found))


async def numbers(connection: AsyncConnection, exam_id: str) -> dict[int, str]:
    """The ids of an exam's runs by their numbers, oldest first."""
    query = select(runs.c.number, runs.c.id).where(runs.c.exam_id == exam_id).order_by(runs.c.number)
    return {row.number: row.id for row in await connection.execute(query)}


async def last_cuts(connection: AsyncConnection, exam_id: str) -> tuple[ResultRules, dict[str, float]] | None:
    """The rule of the newest run of an exam, and by station version the cuts that it found; None before the first."""
    columns = runs.c.rules, runs.c.found["stations"]
    query = select(*columns).where(runs.c.exam_id == exam_id).order_by(runs.c.number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return ResultRules.model_validate(row[0]), {one["key"]: one["cut"] for one in row[1] if "cut" in one}


async def last_rules(connection: AsyncConnection, exam_id: str) -> ResultRules | None:
    """The rule of the newest run of an exam."""
    query = select(runs.c.rules).where(runs.c.exam_id == exam_id).order_by(runs.c.number.desc()).limit(1)
    found = await connection.scalar(query)
    return None if found is None else ResultRules.model_validate(found)


async def add_release(connection: AsyncConnection, one: Release) -> None:
    """Writes a release."""
    await connection.execute(
        insert(releases).values(
            id=one.id,
            run_id=one.run_id,
            exam_id=one.exam_id,
            group=one.group,
            from_ms=one.from_ms,
            by=one.by,
            at_ms=one.at_ms,
        )
    )


async def withdraw(connection: AsyncConnection, release_id: str, by: str | None, at_ms: int, why: str) -> bool:
    """Ends a release; False when it had ended."""
    done = await connection.execute(
        update(releases)
        .where(releases.c.id == release_id, releases.c.withdrawn_ms.is_(None))
        .values(withdrawn_by=by, withdrawn_ms=at_ms, withdrawn_why=why)
    )
    return done.rowcount == 1


async def releases_of(connection: AsyncConnection, exam_id: str) -> list[Release]:
    """All releases of an exam, oldest first, those withdrawn included."""
    rows = await connection.execute(select(releases).where(releases.c.exam_id == exam_id).order_by(releases.c.at_ms))
    return [_release(row) for row in rows]


def _run(row: Row[Any]) -> Run:
    found: Mapping[str, Any] = row.found
    return Run(
        id=row.id,
        exam_id=row.exam_id,
        number=row.number,
        rules=ResultRules.model_validate(row.rules),
        inputs=row.inputs,
        inputs_hash=row.inputs_hash,
        found=found,
        by=row.by,
        at_ms=row.at_ms,
    )


def _release(row: Row[Any]) -> Release:
    return Release(
        row.id,
        row.run_id,
        row.exam_id,
        row.group,
        row.from_ms,
        row.by,
        row.at_ms,
        row.withdrawn_by,
        row.withdrawn_ms,
        row.withdrawn_why,
    )
