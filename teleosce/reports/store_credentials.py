"""The table of credentials, and all SQL on it. No name is in it: what a credential says is made anew each time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Row, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

credentials = Table(
    "credential",
    metadata,
    # Its place in the status list.
    Column("number", Integer, primary_key=True),
    Column("id", String(26), nullable=False, unique=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("seat_id", ForeignKey("seats.id"), nullable=False, unique=True),
    Column("at_ms", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Issued:
    """That a candidate was given a credential."""

    number: int
    id: str
    exam_id: str
    seat_id: str
    at_ms: int


async def add(connection: AsyncConnection, credential_id: str, *, exam_id: str, seat_id: str, at_ms: int) -> None:
    """A new one."""
    await connection.execute(
        insert(credentials).values(id=credential_id, exam_id=exam_id, seat_id=seat_id, at_ms=at_ms)
    )


async def of_seat(connection: AsyncConnection, seat_id: str) -> Issued | None:
    """A candidate's."""
    row = (await connection.execute(select(credentials).where(credentials.c.seat_id == seat_id))).one_or_none()
    return None if row is None else _issued(row)


async def one(connection: AsyncConnection, credential_id: str) -> Issued | None:
    """By its id."""
    row = (await connection.execute(select(credentials).where(credentials.c.id == credential_id))).one_or_none()
    return None if row is None else _issued(row)


async def every(connection: AsyncConnection, exam_id: str | None = None) -> list[Issued]:
    """All of an exam, or of the house, in the order in which they were issued."""
    query = select(credentials).order_by(credentials.c.number)
    rows = await connection.execute(query if exam_id is None else query.where(credentials.c.exam_id == exam_id))
    return [_issued(row) for row in rows]


def _issued(row: Row[Any]) -> Issued:
    return Issued(row.number, row.id, row.exam_id, row.seat_id, row.at_ms)
