"""When each participant spoke, by voice activity: a by-product of the transcript, kept beside it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import JSON, Column, ForeignKey, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.transcripts.models import Stretch

# spans: a list of [from, to] in ms of the encounter's timeline, in order and apart.
voices = Table(
    "transcript_voices",
    metadata,
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), primary_key=True),
    Column("participant_id", String(26), primary_key=True),
    Column("spans", JSON, nullable=False),
)


async def keep_voices(connection: AsyncConnection, encounter_id: str, heard: Mapping[str, Sequence[Stretch]]) -> None:
    """Keeps when each participant spoke; what was kept before is replaced."""
    await delete_voices(connection, encounter_id)
    for participant_id, spans in heard.items():
        await connection.execute(
            insert(voices).values(encounter_id=encounter_id, participant_id=participant_id, spans=list(spans))
        )


async def read_voices(connection: AsyncConnection, encounter_id: str) -> dict[str, list[Stretch]]:
    """When each participant spoke; empty for a transcript that was made before this was kept."""
    rows = await connection.execute(select(voices).where(voices.c.encounter_id == encounter_id))
    return {row.participant_id: [(from_ms, to_ms) for from_ms, to_ms in row.spans] for row in rows}


async def delete_voices(connection: AsyncConnection, encounter_id: str, participant_id: str | None = None) -> None:
    """Deletes when one participant spoke, or all."""
    gone = delete(voices).where(voices.c.encounter_id == encounter_id)
    if participant_id is not None:
        gone = gone.where(voices.c.participant_id == participant_id)
    await connection.execute(gone)
