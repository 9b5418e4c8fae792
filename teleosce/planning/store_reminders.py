"""Who was reminded to mark, and all SQL on it."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

reminders = Table(
    "reminder",
    metadata,
    Column("seat_id", ForeignKey("seats.id"), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("times", Integer, nullable=False),
)
"""The last one to each person; `times` counts those that went."""


@dataclass(frozen=True)
class Reminder:
    """The last letter to somebody: `sending`, `sent` or `failed`, with why, in words without names."""

    seat_id: str
    exam_id: str
    state: str
    at_ms: int
    why: str
    times: int


async def of_exam(connection: AsyncConnection, exam_id: str) -> dict[str, Reminder]:
    """By seat."""
    rows = await connection.execute(select(reminders).where(reminders.c.exam_id == exam_id))
    return {row.seat_id: Reminder(**row._mapping) for row in rows}


async def begin(connection: AsyncConnection, seat_id: str, exam_id: str, at_ms: int, since_ms: int) -> bool:
    """Claims a letter; False when one went, or is under way, since `since_ms`.

    An IntegrityError says that somebody else claims the first one at this moment.
    """
    due = or_(reminders.c.state == "failed", reminders.c.at_ms < since_ms)
    claim = update(reminders).where(and_(reminders.c.seat_id == seat_id, due))
    if (await connection.execute(claim.values(state="sending", at_ms=at_ms, why=""))).rowcount == 1:
        return True
    known = await connection.scalar(select(reminders.c.at_ms).where(reminders.c.seat_id == seat_id))
    if known is not None:
        return False
    first = {"seat_id": seat_id, "exam_id": exam_id, "state": "sending", "at_ms": at_ms, "why": "", "times": 0}
    await connection.execute(insert(reminders).values(first))
    return True


async def end(connection: AsyncConnection, seat_id: str, why: str | None, at_ms: int) -> None:
    """Notes what came of it; `why` it did not go."""
    values = {"state": "sent" if why is None else "failed", "why": why or "", "at_ms": at_ms}
    counted = values | {"times": reminders.c.times + 1} if why is None else values
    await connection.execute(update(reminders).where(reminders.c.seat_id == seat_id).values(counted))
