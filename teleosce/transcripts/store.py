"""The room's tables and all its SQL. Each function works in the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.core.ids import new_id
from teleosce.transcripts.models import HeardWord, Job, State, Turn, Utterance, Word, join
from teleosce.transcripts.store_checks import checks, delete_checks, forget_checker
from teleosce.transcripts.store_voices import delete_voices

Connection = AsyncConnection
"""A transaction of `Database.read()` or `Database.write()`."""

transcripts = Table(
    "transcripts",
    metadata,
    Column("encounter_id", String(26), primary_key=True),
    Column("exam_id", String(26), index=True),
    Column("state", String(8), nullable=False, index=True),
    Column("done", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("run", Integer, nullable=False),
    # Tries of the step at hand: counted before it is tried, so that a try which kills the process counts.
    Column("attempts", Integer, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("hints", JSON, nullable=False),
    Column("model", String(200)),
    Column("model_sha256", String(64)),
    Column("requested_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("announced", Boolean, nullable=False),
)

# What was heard so far of a transcript in the making.
pieces = Table(
    "transcript_pieces",
    metadata,
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), primary_key=True),
    Column("take_id", String(26), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("participant_id", String(26), nullable=False),
    Column("words", JSON, nullable=False),
)

turns = Table(
    "transcript_turns",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(26), nullable=False, unique=True),
    Column("encounter_id", ForeignKey("transcripts.encounter_id"), nullable=False, index=True),
    Column("participant_id", String(26), nullable=False),
    Column("role", String(20), nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    # The turn as it is to be read, corrections included: what is searched.
    Column("body", Text, nullable=False),
)

words = Table(
    "transcript_words",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("turn_id", ForeignKey("transcript_turns.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("confidence", Float, nullable=False),
)

# Append-only: the newest is read, the older ones are kept.
corrections = Table(
    "transcript_corrections",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("word_id", ForeignKey("transcript_words.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("author", String(26), nullable=False),
    Column("name", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# https://www.sqlite.org/fts5.html, "External Content Tables": the triggers keep the index with the turns.
_PUT = "INSERT INTO transcript_search(rowid, body) VALUES (new.number, new.body);"
_TAKE = "INSERT INTO transcript_search(transcript_search, rowid, body) VALUES ('delete', old.number, old.body);"
SEARCH_SQLITE = (
    "CREATE VIRTUAL TABLE transcript_search USING fts5(body, content='transcript_turns', "
    "content_rowid='number', tokenize='porter unicode61')",
    f"CREATE TRIGGER transcript_turn_added AFTER INSERT ON transcript_turns BEGIN {_PUT} END",
    f"CREATE TRIGGER transcript_turn_removed AFTER DELETE ON transcript_turns BEGIN {_TAKE} END",
    f"CREATE TRIGGER transcript_turn_changed AFTER UPDATE ON transcript_turns BEGIN {_TAKE} {_PUT} END",
)
SEARCH_POSTGRESQL = (
    "CREATE INDEX ix_transcript_turns_search ON transcript_turns USING gin (to_tsvector('english', body))",
)
for _dialect, _statements in (("sqlite", SEARCH_SQLITE), ("postgresql", SEARCH_POSTGRESQL)):
    for _statement in _statements:
        event.listen(turns, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

_UNFINISHED = (State.waiting, State.running)


async def ask(
    connection: Connection,
    encounter_id: str,
    *,
    exam_id: str | None,
    roles: Mapping[str, str],
    hints: Sequence[str],
    now_ms: int,
) -> bool:
    """A new row, or a failed one that begins again; False when there is one under way or ready."""
    row = await header(connection, encounter_id)
    fresh = {
        "exam_id": exam_id,
        "state": State.waiting,
        "done": 0.0,
        "message": "The recording waits for its transcript.",
        "attempts": 0,
        "roles": dict(roles),
        "hints": list(hints),
        "requested_ms": now_ms,
        "announced": False,
    }
    if row is None:
        await connection.execute(insert(transcripts).values(encounter_id=encounter_id, run=1, **fresh))
        return True
    again = update(transcripts).where(transcripts.c.encounter_id == encounter_id, transcripts.c.state == State.failed)
    if (await connection.execute(again.values(run=transcripts.c.run + 1, **fresh))).rowcount == 0:
        return False
    await connection.execute(delete(pieces).where(pieces.c.encounter_id == encounter_id))
    return True


async def header(connection: Connection, encounter_id: str) -> Row[Any] | None:
    """The transcript's own row."""
    query = select(transcripts).where(transcripts.c.encounter_id == encounter_id)
    return (await connection.execute(query)).one_or_none()


async def headers(connection: Connection, encounter_ids: Collection[str]) -> list[tuple[str, str, float, str]]:
    """Id, state, how much is done and the message of some encounters' transcripts."""
    told = (transcripts.c.encounter_id, transcripts.c.state, transcripts.c.done, transcripts.c.message)
    rows = await connection.execute(select(*told).where(transcripts.c.encounter_id.in_(encounter_ids)))
    return [(row.encounter_id, row.state, row.done, row.message) for row in rows]


async def unfinished(connection: Connection) -> list[Job]:
    """What the worker has to do, the oldest request first."""
    query = select(transcripts).where(transcripts.c.state.in_(_UNFINISHED)).order_by(transcripts.c.requested_ms)
    return [
        Job(row.encounter_id, row.run, State(row.state), tuple(row.hints), row.roles)
        for row in await connection.execute(query)
    ]


async def hold(connection: Connection, message: str) -> None:
    """Says on every unfinished transcript why it waits."""
    await connection.execute(
        update(transcripts).where(transcripts.c.state.in_(_UNFINISHED)).values(state=State.waiting, message=message)
    )


async def change(connection: Connection, job: Job, **values: Any) -> bool:
    """Sets columns of a job's row; False when that run is over already."""
    done = await connection.execute(
        update(transcripts)
        .where(
            transcripts.c.encounter_id == job.encounter_id,
            transcripts.c.run == job.run,
            transcripts.c.state.in_(_UNFINISHED),
        )
        .values(**values)
    )
    return done.rowcount == 1


async def begin_attempt(connection: Connection, job: Job, message: str) -> int:
    """Counts a try of the step at hand and returns which one it is; 0 when that run is over already."""
    begun = {"attempts": transcripts.c.attempts + 1, "state": State.running, "message": message}
    if not await change(connection, job, **begun):
        return 0
    query = select(transcripts.c.attempts).where(transcripts.c.encounter_id == job.encounter_id)
    return int((await connection.execute(query)).scalar_one())


async def give_back(connection: Connection, job: Job) -> None:
    """Counts no more the try of a step that was broken off on purpose."""
    await connection.execute(
        update(transcripts)
        .where(transcripts.c.encounter_id == job.encounter_id, transcripts.c.run == job.run, transcripts.c.attempts > 0)
        .values(attempts=transcripts.c.attempts - 1)
    )


async def keep_piece(
    connection: Connection,
    encounter_id: str,
    *,
    take_id: str,
    number: int,
    participant_id: str,
    heard: Iterable[HeardWord],
) -> None:
    """Keeps the words of one part; the same part heard again replaces them."""
    key = {"encounter_id": encounter_id, "take_id": take_id, "number": number}
    spoken = [[word.text, word.starts_ms, word.ends_ms, word.confidence] for word in heard]
    await connection.execute(delete(pieces).filter_by(**key))
    await connection.execute(insert(pieces).values(**key, participant_id=participant_id, words=spoken))


async def heard_words(connection: Connection, encounter_id: str) -> dict[str, list[HeardWord]]:
    """All words that were heard so far, by participant."""
    found: dict[str, list[HeardWord]] = {}
    for row in await connection.execute(select(pieces).where(pieces.c.encounter_id == encounter_id)):
        found.setdefault(row.participant_id, []).extend(HeardWord(*word) for word in row.words)
    return found


async def publish(connection: Connection, job: Job, said: Sequence[Utterance], now_ms: int, message: str = "") -> None:
    """Turns what was heard into the transcript and makes it ready; nothing when that run is over already.

    message: what a reader must know of it.
    """
    ready = {"state": State.ready, "done": 1.0, "message": message, "attempts": 0, "finished_ms": now_ms}
    if not await change(connection, job, **ready):
        return
    await connection.execute(delete(pieces).where(pieces.c.encounter_id == job.encounter_id))
    for utterance in said:
        turn_id = new_id()
        await connection.execute(
            insert(turns).values(
                id=turn_id,
                encounter_id=job.encounter_id,
                participant_id=utterance.participant_id,
                role=job.roles.get(utterance.participant_id, "participant"),
                starts_ms=utterance.starts_ms,
                ends_ms=utterance.ends_ms,
                body=join(word.text for word in utterance.words),
            )
        )
        await connection.execute(
            insert(words),
            [
                {
                    "id": new_id(),
                    "turn_id": turn_id,
                    "position": position,
                    "text": word.text,
                    "starts_ms": word.starts_ms,
                    "ends_ms": word.ends_ms,
                    "confidence": word.confidence,
                }
                for position, word in enumerate(utterance.words)
            ],
        )


_UNANNOUNCED = (transcripts.c.state == State.ready, transcripts.c.announced.is_(False))


async def any_unannounced(connection: Connection) -> bool:
    """Whether a transcript became ready that `announce` has not named."""
    query = select(transcripts.c.encounter_id).where(*_UNANNOUNCED).limit(1)
    return (await connection.execute(query)).first() is not None


async def announce(connection: Connection) -> list[str]:
    """The encounters whose transcript became ready since the last call: each is named once."""
    mine = update(transcripts).where(*_UNANNOUNCED).values(announced=True)
    return list((await connection.execute(mine.returning(transcripts.c.encounter_id))).scalars())


async def read_turns(connection: Connection, encounter_id: str) -> tuple[Turn, ...]:
    """The turns of a transcript with their words, by their beginning."""
    found = (
        await connection.execute(
            select(turns, checks.c.turn_id)
            .outerjoin(checks, checks.c.turn_id == turns.c.id)
            .where(turns.c.encounter_id == encounter_id)
            .order_by(turns.c.starts_ms, turns.c.number)
        )
    ).all()
    of_turn = await words_by_turn(connection, turns.c.encounter_id == encounter_id)
    return tuple(
        Turn(
            id=row.id,
            participant_id=row.participant_id,
            role=row.role,
            starts_ms=row.starts_ms,
            ends_ms=row.ends_ms,
            words=tuple(of_turn.get(row.id, ())),
            right=row.turn_id is not None,
        )
        for row in found
    )


async def delete_words(connection: Connection, encounter_id: str, participant_id: str | None = None) -> int:
    """Deletes what a participant said, or all, with its corrections and its place under search; returns the turns.

    A transcript under way is begun anew, so that nothing heard before comes back.
    """
    mine = turns.c.encounter_id == encounter_id
    heard = pieces.c.encounter_id == encounter_id
    if participant_id is not None:
        mine &= turns.c.participant_id == participant_id
        heard &= pieces.c.participant_id == participant_id
    own = select(words.c.id).where(words.c.turn_id.in_(select(turns.c.id).where(mine)))
    await connection.execute(delete(corrections).where(corrections.c.word_id.in_(own)))
    await connection.execute(delete(words).where(words.c.turn_id.in_(select(turns.c.id).where(mine))))
    await delete_checks(connection, select(turns.c.id).where(mine))
    gone = (await connection.execute(delete(turns).where(mine))).rowcount
    await connection.execute(delete(pieces).where(heard))
    await delete_voices(connection, encounter_id, participant_id)
    under_way = (transcripts.c.encounter_id == encounter_id) & transcripts.c.state.in_(_UNFINISHED)
    again = {"run": transcripts.c.run + 1, "state": State.waiting, "attempts": 0, "done": 0.0}
    if (await connection.execute(update(transcripts).where(under_way).values(**again))).rowcount:
        await connection.execute(delete(pieces).where(pieces.c.encounter_id == encounter_id))
    return gone


async def close(connection: Connection, encounter_id: str, why: str) -> None:
    """A transcript that is deleted for good, and says why."""
    await connection.execute(
        update(transcripts)
        .where(transcripts.c.encounter_id == encounter_id)
        .values(state=State.deleted, message=why, hints=[])
    )


async def forget_author(connection: Connection, author: str, name: str) -> int:
    """Who corrected words is called `name` from now on; returns how many corrections there are."""
    await forget_checker(connection, author, name)
    mine = update(corrections).where(corrections.c.author == author).values(name=name)
    return (await connection.execute(mine)).rowcount


async def encounter_of(connection: Connection, word_id: str) -> str | None:
    """The encounter in which a word was said."""
    query = select(turns.c.encounter_id).join(words, words.c.turn_id == turns.c.id).where(words.c.id == word_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def words_by_turn(connection: Connection, wanted: Any) -> dict[str, list[Word]]:
    """Words by turn, each with its newest correction. wanted: a condition on `turns`."""
    newest = (
        select(corrections.c.word_id, func.max(corrections.c.number).label("number"))
        .join(words, words.c.id == corrections.c.word_id)
        .join(turns, turns.c.id == words.c.turn_id)
        .where(wanted)
        .group_by(corrections.c.word_id)
        .subquery()
    )
    query = (
        select(words, corrections.c.text.label("corrected"))
        .join(turns, turns.c.id == words.c.turn_id)
        .outerjoin(newest, newest.c.word_id == words.c.id)
        .outerjoin(corrections, corrections.c.number == newest.c.number)
        .where(wanted)
        .order_by(words.c.turn_id, words.c.position)
    )
    found: dict[str, list[Word]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.turn_id, []).append(
            Word(row.id, row.text, row.starts_ms, row.ends_ms, row.confidence, row.corrected)
        )
    return found
