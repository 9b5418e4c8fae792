"""What people read through and corrected, of many transcripts. Each function works in the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from teleosce.transcripts.corrected import ReadTurn
from teleosce.transcripts.store import Connection, corrections, turns, words, words_by_turn
from teleosce.transcripts.store_checks import checks

_AT_ONCE = 500
"""SQLite takes so many values in one question, and more."""


async def read_through(connection: Connection, encounter_ids: Sequence[str]) -> list[ReadTurn]:
    """The turns of some encounters that a person said are right, or in which they corrected a word."""
    found: list[ReadTurn] = []
    right = select(checks.c.turn_id)
    corrected = select(words.c.turn_id).join(corrections, corrections.c.word_id == words.c.id)
    for at in range(0, len(encounter_ids), _AT_ONCE):
        mine = turns.c.encounter_id.in_(encounter_ids[at : at + _AT_ONCE])
        wanted = mine & or_(turns.c.id.in_(right), turns.c.id.in_(corrected))
        query = (
            select(turns.c.id, turns.c.encounter_id, checks.c.turn_id)
            .outerjoin(checks, checks.c.turn_id == turns.c.id)
            .where(wanted)
            .order_by(turns.c.number)
        )
        rows = (await connection.execute(query)).all()
        said = await words_by_turn(connection, wanted)
        found += [ReadTurn(row.encounter_id, row.turn_id is not None, tuple(said.get(row.id, ()))) for row in rows]
    return found


async def encounter_of_turn(connection: Connection, turn_id: str) -> str | None:
    """The encounter in which a turn was said."""
    query = select(turns.c.encounter_id).where(turns.c.id == turn_id)
    return (await connection.execute(query)).scalar_one_or_none()
