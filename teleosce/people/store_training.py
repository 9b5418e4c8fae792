"""Who agrees that their recordings train examiners and teach, and all SQL on it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

Connection = AsyncConnection

answers = Table(
    "training_consent",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("seat_id", ForeignKey("seats.id"), nullable=False, index=True),
    Column("version", String(40), nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("agreed", Boolean, nullable=False),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
"""Every answer; each seat's last one counts."""


async def add(connection: Connection, **values: Any) -> None:
    """Adds an answer; the values are the columns'."""
    await connection.execute(insert(answers).values(**values))


async def agreed(connection: Connection, seat_ids: Collection[str], text_hash: str) -> set[str]:
    """Those of the seats whose last answer is yes, to the text with this hash."""
    mine = answers.c.seat_id.in_(seat_ids)
    last = select(func.max(answers.c.number)).where(mine).group_by(answers.c.seat_id)
    yes = select(answers.c.seat_id).where(
        answers.c.number.in_(last), answers.c.agreed, answers.c.text_hash == text_hash
    )
    return set(await connection.scalars(yes))


async def answers_of(connection: Connection, seat_id: str) -> list[dict[str, Any]]:
    """What a seat answered, oldest first: version and hash of the text, when, and whether it agreed."""
    wanted = select(answers.c.version, answers.c.text_hash, answers.c.at_ms, answers.c.agreed)
    rows = await connection.execute(wanted.where(answers.c.seat_id == seat_id).order_by(answers.c.number))
    return [dict(row) for row in rows.mappings()]
