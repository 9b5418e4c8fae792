"""What people read through and corrected. Each function works in the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, or_, select, update

from teleosce.transcripts.corrected import ReadTurn
from teleosce.transcripts.models import Correction, Word, join
from teleosce.transcripts.store import Connection, corrections, turns, words, words_by_turn
from teleosce.transcripts.store_checks import checks

_AT_ONCE = 500
"""SQLite takes so many values in one question, and more."""


async def correct(
    connection: Connection, word_id: str, text: str, *, author: str, name: str, now_ms: int
) -> Word | None:
    """Keeps a correction and puts it under search; None when there is no such word."""
    turn_id = (await connection.execute(select(words.c.turn_id).where(words.c.id == word_id))).scalar_one_or_none()
    if turn_id is None:
        return None
    await connection.execute(
        insert(corrections).values(word_id=word_id, text=text, author=author, name=name, at_ms=now_ms)
    )
    spoken = (await words_by_turn(connection, turns.c.id == turn_id))[turn_id]
    body = join(word.reading for word in spoken)
    await connection.execute(update(turns).where(turns.c.id == turn_id).values(body=body))
    # Who said that the turn is right said so of other words.
    await connection.execute(delete(checks).where(checks.c.turn_id == turn_id))
    return next(word for word in spoken if word.id == word_id)


async def history(connection: Connection, word_id: str) -> list[Correction]:
    """All corrections of a word, the oldest first."""
    query = select(corrections).where(corrections.c.word_id == word_id).order_by(corrections.c.number)
    return [Correction(row.text, row.author, row.name, row.at_ms) for row in await connection.execute(query)]


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
