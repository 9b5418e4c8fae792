"""The tables of marking rules and assignments, and all SQL on them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.core.rules_table import RulesTable
from teleosce.exams.store_tables import encounters
from teleosce.scoring.assignments import Assignment, AssignmentKind
from teleosce.scoring.rules import MarkingRules

marking_rules = RulesTable("marking_rules", MarkingRules)

assignments = Table(
    "assignment",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("encounter_id", ForeignKey(encounters.c.id), nullable=False, index=True),
    Column("seat_id", String(26), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("made_by", String(26)),
    Column("ended_ms", BigInteger),
    Column("reason", Text, nullable=False),
)

_STANDS = assignments.c.ended_ms.is_(None)
# The database itself refuses a second of a kind, whichever process asks.
Index(
    "uq_assignment_standing",
    assignments.c.encounter_id,
    assignments.c.kind,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)


async def add(connection: AsyncConnection, new: Assignment) -> None:
    """A new assignment. An IntegrityError says that one of its kind stands."""
    await connection.execute(insert(assignments).values(asdict(new)))


async def replace(connection: AsyncConnection, known: Iterable[Assignment], new: Assignment) -> None:
    """A new assignment in place of that of its kind among those that stand."""
    for before in known:
        if before.kind is new.kind:
            await end(connection, before.id, new.made_ms)
    await add(connection, new)


async def end(connection: AsyncConnection, assignment_id: str, at_ms: int) -> bool:
    """It stands no longer; False when it did not."""
    mine = (assignments.c.id == assignment_id) & _STANDS
    return (await connection.execute(update(assignments).where(mine).values(ended_ms=at_ms))).rowcount == 1


async def standing(connection: AsyncConnection, encounter_ids: Collection[str]) -> dict[str, list[Assignment]]:
    """What stands for some encounters; one without assignments has an empty list."""
    found: dict[str, list[Assignment]] = defaultdict(list)
    for one in await _some(connection, assignments.c.encounter_id.in_(encounter_ids) & _STANDS):
        found[one.encounter_id].append(one)
    return found


async def examiner_of(connection: AsyncConnection, encounter_id: str) -> str | None:
    """Whose an encounter is to mark as the day has it now."""
    found: str | None = await connection.scalar(select(encounters.c.examiner).where(encounters.c.id == encounter_id))
    return found


async def of_exam(connection: AsyncConnection, exam_id: str, *, ended: bool) -> list[Assignment]:
    """All that stand in an exam, with those that ended if wanted, oldest first."""
    mine = assignments.c.encounter_id.in_(select(encounters.c.id).where(encounters.c.exam_id == exam_id))
    return await _some(connection, mine if ended else mine & _STANDS)


async def of_seat(connection: AsyncConnection, seat_id: str, *, ended: bool = False) -> list[Assignment]:
    """All that stand for a person, with those that ended if wanted, oldest first."""
    mine = assignments.c.seat_id == seat_id
    return await _some(connection, mine if ended else mine & _STANDS)


async def forget_reasons(connection: AsyncConnection, encounter_ids: Collection[str], seat_id: str) -> int:
    """Empties the reasons that were given about some encounters, by or for somebody; returns how many."""
    theirs = assignments.c.encounter_id.in_(encounter_ids) | (assignments.c.seat_id == seat_id)
    given = (theirs | (assignments.c.made_by == seat_id)) & (assignments.c.reason != "")
    return (await connection.execute(update(assignments).where(given).values(reason=""))).rowcount


async def _some(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Assignment]:
    query = select(assignments).where(wanted).order_by(assignments.c.made_ms, assignments.c.id)
    return [Assignment(**{**row._mapping, "kind": AssignmentKind(row.kind)}) for row in await connection.execute(query)]
