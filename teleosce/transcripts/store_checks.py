"""Turns that a person read and found right, as they now stand. The corrected ones need no row: they were read too."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Select, String, Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

checks = Table(
    "transcript_checks",
    metadata,
    Column("turn_id", ForeignKey("transcript_turns.id"), primary_key=True),
    Column("author", String(26), nullable=False),
    Column("name", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


async def check(connection: AsyncConnection, turn_id: str, *, author: str, name: str, now_ms: int) -> None:
    """Keeps who last found a turn right."""
    await connection.execute(delete(checks).where(checks.c.turn_id == turn_id))
    await connection.execute(insert(checks).values(turn_id=turn_id, author=author, name=name, at_ms=now_ms))


async def delete_checks(connection: AsyncConnection, turn_ids: Select[Any]) -> None:
    """Deletes what is said of these turns."""
    await connection.execute(delete(checks).where(checks.c.turn_id.in_(turn_ids)))


async def forget_checker(connection: AsyncConnection, author: str, name: str) -> None:
    """Who found turns right is called `name` from now on."""
    await connection.execute(update(checks).where(checks.c.author == author).values(name=name))
