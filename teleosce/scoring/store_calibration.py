"""The tables of reference recordings, and all SQL on them. What is marked of them is forms."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ColumnElement, ForeignKey, String, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.exams.store_tables import encounters

references = Table(
    "reference",
    metadata,
    Column("encounter_id", ForeignKey(encounters.c.id), primary_key=True),
    Column("station_hash", String(64), nullable=False, index=True),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    Column("made_by", String(26), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("withdrawn_ms", BigInteger),
)
"""An encounter that examiners practise on. `form_id`: its agreed marks."""

named = Table(
    "exam_reference",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("encounter_id", ForeignKey("reference.encounter_id"), primary_key=True, index=True),
    Column("named_ms", BigInteger, nullable=False),
)
"""Which references the examiners of an exam mark; they may be recordings of other exams."""


@dataclass(frozen=True)
class Reference:
    """A reference recording, known by its encounter. made_by: a seat or an account; the agreed marks are theirs."""

    encounter_id: str
    station_hash: str
    form_id: str
    made_by: str
    made_ms: int
    withdrawn_ms: int | None = None


async def put(connection: AsyncConnection, new: Reference) -> None:
    """A new reference, or one that comes back after it was withdrawn."""
    mine = references.c.encounter_id == new.encounter_id
    if (await connection.execute(update(references).where(mine).values(**vars(new)))).rowcount == 0:
        await connection.execute(insert(references).values(**vars(new)))


async def withdraw(connection: AsyncConnection, encounter_id: str, at_ms: int) -> bool:
    """No exam uses it any more; False when it was no reference."""
    mine = (references.c.encounter_id == encounter_id) & references.c.withdrawn_ms.is_(None)
    done = (await connection.execute(update(references).where(mine).values(withdrawn_ms=at_ms))).rowcount == 1
    await connection.execute(delete(named).where(named.c.encounter_id == encounter_id))
    return done


async def find(connection: AsyncConnection, encounter_id: str) -> Reference | None:
    """A reference that stands."""
    found = await _some(connection, references.c.encounter_id == encounter_id)
    return found[0] if found else None


async def every(connection: AsyncConnection) -> list[Reference]:
    """All of the house that stand, oldest first."""
    return await _some(connection, references.c.made_ms >= 0)


async def of_exam(connection: AsyncConnection, exam_id: str) -> list[Reference]:
    """Those that an exam names, in the order in which they were made."""
    mine = select(named.c.encounter_id).where(named.c.exam_id == exam_id)
    return await _some(connection, references.c.encounter_id.in_(mine))


async def name(connection: AsyncConnection, exam_id: str, encounter_id: str, at_ms: int) -> bool:
    """An exam uses a reference from now on; False when it did."""
    mine = (named.c.exam_id == exam_id) & (named.c.encounter_id == encounter_id)
    if await connection.scalar(select(named.c.named_ms).where(mine)) is not None:
        return False
    await connection.execute(insert(named).values(exam_id=exam_id, encounter_id=encounter_id, named_ms=at_ms))
    return True


async def forget_name(connection: AsyncConnection, exam_id: str, encounter_id: str) -> bool:
    """An exam uses it no longer; False when it did not."""
    mine = (named.c.exam_id == exam_id) & (named.c.encounter_id == encounter_id)
    return (await connection.execute(delete(named).where(mine))).rowcount == 1


async def _some(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Reference]:
    query = select(references).where(wanted, references.c.withdrawn_ms.is_(None))
    rows = await connection.execute(query.order_by(references.c.made_ms, references.c.encounter_id))
    return [Reference(**row._mapping) for row in rows]


async def any_of(connection: AsyncConnection, encounter_ids: Collection[str]) -> set[str]:
    """Those of the encounters that are references."""
    return {one.encounter_id for one in await _some(connection, references.c.encounter_id.in_(encounter_ids))}
