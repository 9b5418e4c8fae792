"""The table of desk settings, and all SQL on it."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

desks = Table(
    "desk_settings",
    metadata,
    Column("owner_id", String(26), primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)


async def settings(connection: AsyncConnection, owner_id: str) -> dict[str, Any] | None:
    """What is kept; None when nothing is."""
    found: dict[str, Any] | None = await connection.scalar(select(desks.c.settings).where(desks.c.owner_id == owner_id))
    return found


async def keep(connection: AsyncConnection, owner_id: str, chosen: dict[str, Any], now_ms: int) -> None:
    """Writes them anew, or for the first time."""
    values = {"settings": chosen, "changed_ms": now_ms}
    if (await connection.execute(update(desks).where(desks.c.owner_id == owner_id).values(values))).rowcount == 0:
        await connection.execute(insert(desks).values(owner_id=owner_id, **values))
