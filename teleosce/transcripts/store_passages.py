"""The vectors of passages and all their SQL. Each function works in the caller's transaction.

No word of a transcript is in these tables; but what was said can be guessed from a vector, so they go when the
words do.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from teleosce.core.db import metadata
from teleosce.transcripts.meaning import MODEL, pack, unpack
from teleosce.transcripts.models import State
from teleosce.transcripts.passages import Known
from teleosce.transcripts.store import Connection, transcripts

passages = Table(
    "passages",
    metadata,
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("first_turn", String(26), nullable=False),
    Column("last_turn", String(26), nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("vectors", LargeBinary, nullable=False),
)

# Which state of a transcript its passages are of. One without a row was never read for its meaning.
readings = Table(
    "passage_readings",
    metadata,
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), primary_key=True),
    # Counts the changes of the transcript, so that one which falls into a reading is not taken for read.
    Column("due", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("model", String(200), nullable=False),
)


def _unread() -> Select[str]:
    """Transcripts that are ready, and not read as they now are."""
    current = (readings.c.due == readings.c.done) & (readings.c.model == MODEL)
    read = select(readings.c.encounter_id).where(current)
    return select(transcripts.c.encounter_id).where(
        transcripts.c.state == State.ready, transcripts.c.encounter_id.not_in(read)
    )


async def unread(connection: Connection, skipped: Collection[str] = ()) -> str | None:
    """A transcript whose passages are to be read, the oldest first; None when all are. skipped: not these."""
    query = _unread().where(transcripts.c.encounter_id.not_in(skipped)).order_by(transcripts.c.finished_ms).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def is_read(connection: Connection, encounter_id: str) -> bool:
    """Whether the passages of a transcript are those of its present words."""
    query = _unread().where(transcripts.c.encounter_id == encounter_id)
    ready = select(transcripts.c.encounter_id).where(
        transcripts.c.encounter_id == encounter_id, transcripts.c.state == State.ready
    )
    return (await connection.execute(ready)).first() is not None and (await connection.execute(query)).first() is None


async def begin(connection: Connection, encounter_id: str) -> int:
    """The count of changes up to which a reading that begins now is true."""
    due = select(readings.c.due).where(readings.c.encounter_id == encounter_id)
    found = (await connection.execute(due)).scalar_one_or_none()
    if found is None:
        await connection.execute(insert(readings).values(encounter_id=encounter_id, due=1, done=0, model=MODEL))
        return 1
    return int(found)


async def keep(connection: Connection, encounter_id: str, found: Sequence[Known], due: int) -> bool:
    """Replaces the passages of an encounter by those of a reading that began at `due`.

    False, and nothing is kept, when the transcript changed since: words may be gone for good.
    """
    mine = (readings.c.encounter_id == encounter_id) & (readings.c.due == due)
    if (await connection.execute(update(readings).where(mine).values(done=due, model=MODEL))).rowcount == 0:
        return False
    await connection.execute(delete(passages).where(passages.c.encounter_id == encounter_id))
    if found:
        rows = [{**vars(passage), "vectors": pack(passage.vectors)} for passage in found]
        await connection.execute(insert(passages), rows)
    return True


async def outdate(connection: Connection, encounter_id: str, *, forget: bool = False) -> None:
    """The transcript changed: its passages are to be read again. forget: those that there are go at once."""
    if forget:
        await connection.execute(delete(passages).where(passages.c.encounter_id == encounter_id))
    again = update(readings).where(readings.c.encounter_id == encounter_id).values(due=readings.c.due + 1)
    await connection.execute(again)


async def read_passages(connection: Connection, encounter_ids: Collection[str]) -> list[Known]:
    """The passages of some encounters, in the order of each."""
    query = (
        select(passages)
        .where(passages.c.encounter_id.in_(encounter_ids))
        .order_by(passages.c.encounter_id, passages.c.number)
    )
    return [Known(**{**row._asdict(), "vectors": unpack(row.vectors)}) for row in await connection.execute(query)]
