"""What a large language model suggested for an encounter, and all SQL on it. It holds ids of turns and no words.

Each function works in the caller's transaction.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, String, Table, delete, insert, select

from teleosce.core.db import metadata
from teleosce.transcripts.store import Connection

suggestions = Table(
    "suggestions",
    metadata,
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("found", JSON, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


async def suggested(connection: Connection, encounter_id: str, digest: str) -> dict[str, list[str]] | None:
    """The turns by item that were suggested for exactly this question; None where it was not answered yet."""
    query = select(suggestions.c.found).where(
        suggestions.c.encounter_id == encounter_id, suggestions.c.digest == digest
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def keep(
    connection: Connection, encounter_id: str, digest: str, *, model: str, found: dict[str, list[str]], at_ms: int
) -> None:
    """Keeps an answer. Those to other questions (older words, another sheet) stay: marks may have been made by them."""
    row: dict[str, Any] = {"encounter_id": encounter_id, "digest": digest, "model": model, "found": found}
    await connection.execute(
        delete(suggestions).where(suggestions.c.encounter_id == encounter_id, suggestions.c.digest == digest)
    )
    await connection.execute(insert(suggestions).values(**row, at_ms=at_ms))


async def forget(connection: Connection, encounter_id: str) -> None:
    """Words of the encounter are gone for good, and what was suggested for them goes as well."""
    await connection.execute(delete(suggestions).where(suggestions.c.encounter_id == encounter_id))
