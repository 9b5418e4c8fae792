"""What evidence an examiner was shown while marking. Rows are only ever added; no word of a transcript is in them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.scoring.models import Shown

evidence_shown = Table(
    "evidence_shown",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("form_id", ForeignKey("form.id"), nullable=False, index=True),
    Column("item", String(64), nullable=False),
    # What found them, by name and number.
    Column("method", String(200), nullable=False),
    # Each with turn, from_ms, to_ms, strength and chance.
    Column("moments", JSON, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


async def latest(connection: AsyncConnection, form_id: str) -> dict[str, Shown]:
    """What was shown last of each item."""
    newest = select(func.max(evidence_shown.c.number)).where(evidence_shown.c.form_id == form_id)
    query = select(evidence_shown).where(evidence_shown.c.number.in_(newest.group_by(evidence_shown.c.item)))
    return {row.item: Shown(row.item, row.method, row.moments, row.at_ms) for row in await connection.execute(query)}


async def in_forms(connection: AsyncConnection, form_ids: Collection[str]) -> dict[str, list[Shown]]:
    """All that was shown on some forms, in the order in which it was."""
    wanted = evidence_shown.c.form_id.in_(form_ids)
    found: dict[str, list[Shown]] = defaultdict(list)
    for row in await connection.execute(select(evidence_shown).where(wanted).order_by(evidence_shown.c.number)):
        found[row.form_id].append(Shown(row.item, row.method, row.moments, row.at_ms))
    return found


async def add(
    connection: AsyncConnection,
    form_id: str,
    method: str,
    moments: Mapping[str, Sequence[Mapping[str, Any]]],
    now_ms: int,
) -> None:
    """What is shown of some items from now on."""
    rows = [
        {"form_id": form_id, "item": item, "method": method, "moments": list(those), "at_ms": now_ms}
        for item, those in moments.items()
    ]
    if rows:
        await connection.execute(insert(evidence_shown), rows)
