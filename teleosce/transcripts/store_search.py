"""What a search across recordings reads. Each function works in the caller's transaction."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, func, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.transcripts.meaning import MODEL
from teleosce.transcripts.models import Hit, State
from teleosce.transcripts.store import transcripts, turns
from teleosce.transcripts.store_passages import passages, readings

Connection = AsyncConnection


async def by_words(
    connection: Connection, encounter_ids: Collection[str], terms: Sequence[str], role: str | None
) -> list[Hit]:
    """The turns of some encounters in which every term occurs in any form, the best first."""
    query = _matching(connection, terms).where(turns.c.encounter_id.in_(encounter_ids))
    if role is not None:
        query = query.where(turns.c.role == role)
    return await _hits(connection, query)


def _matching(connection: Connection, terms: Sequence[str]) -> Select[Any]:
    if connection.dialect.name == "sqlite":
        index = table("transcript_search")
        return (
            select(turns)
            .join_from(turns, index, literal_column("transcript_search.rowid") == turns.c.number)
            .where(literal_column("transcript_search").op("MATCH")(" ".join(f'"{term}"' for term in terms)))
            .order_by(literal_column("transcript_search.rank"), turns.c.number)
        )
    document = func.to_tsvector(literal_column("'english'"), turns.c.body)
    wanted = func.plainto_tsquery(literal_column("'english'"), " ".join(terms))
    return (
        select(turns).where(document.op("@@")(wanted)).order_by(func.ts_rank(document, wanted).desc(), turns.c.number)
    )


async def _hits(connection: Connection, query: Select[Any]) -> list[Hit]:
    return [
        Hit(row.encounter_id, row.id, row.participant_id, row.role, row.starts_ms, row.ends_ms, row.body)
        for row in await connection.execute(query)
    ]


async def ready(connection: Connection, encounter_ids: Collection[str]) -> dict[str, int | None]:
    """The encounters that have a transcript; with each the count of changes that its vectors are of, None for none."""
    current = (
        (readings.c.encounter_id == transcripts.c.encounter_id)
        & (readings.c.due == readings.c.done)
        & (readings.c.model == MODEL)
    )
    query = (
        select(transcripts.c.encounter_id, readings.c.done)
        .join_from(transcripts, readings, current, isouter=True)
        .where(transcripts.c.encounter_id.in_(encounter_ids), transcripts.c.state == State.ready)
    )
    return {row.encounter_id: row.done for row in await connection.execute(query)}


async def turns_of(connection: Connection, encounter_ids: Collection[str]) -> Sequence[Any]:
    """Encounter, id, role, beginning and end of each turn, in the order of each encounter."""
    wanted = (turns.c.encounter_id, turns.c.id, turns.c.role, turns.c.starts_ms, turns.c.ends_ms)
    query = select(*wanted).where(turns.c.encounter_id.in_(encounter_ids))
    return (await connection.execute(query.order_by(turns.c.encounter_id, turns.c.starts_ms, turns.c.number))).all()


async def vectors_of(connection: Connection, encounter_ids: Collection[str]) -> Sequence[Any]:
    """Encounter, first turn and vectors, as they are packed, of each passage, in the order of each encounter."""
    wanted = (passages.c.encounter_id, passages.c.first_turn, passages.c.vectors)
    query = select(*wanted).where(passages.c.encounter_id.in_(encounter_ids))
    return (await connection.execute(query.order_by(passages.c.encounter_id, passages.c.number))).all()


async def texts(connection: Connection, turn_ids: Collection[str]) -> dict[str, str]:
    """What was said in some turns, as it is to be read."""
    query = select(turns.c.id, turns.c.body).where(turns.c.id.in_(turn_ids))
    return {row.id: row.body for row in await connection.execute(query)}
