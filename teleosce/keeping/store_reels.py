"""The tables of teaching reels and all SQL on them. Each function works in the caller's transaction."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
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
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.keeping.models import Moment, Reel, ReelState

Connection = AsyncConnection

reels = Table(
    "reel",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("title", String(200), nullable=False),
    # Ids; they stay when the moments go, so that whoever ran these exams is told why.
    Column("exams", JSON, nullable=False),
    Column("exact", Boolean, nullable=False),
    Column("numbers", Boolean, nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("done", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("size", BigInteger),
    Column("sha256", String(64)),
)

moments = Table(
    "reel_moment",
    metadata,
    Column("reel_id", ForeignKey("reel.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("encounter_id", ForeignKey("encounter.id"), nullable=False, index=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("shown", String(9), nullable=False),
    # Why it is left out.
    Column("refused", Text),
)


async def add(connection: Connection, reel: Reel) -> None:
    """A new reel with its moments."""
    columns = ("id", "title", "exact", "numbers", "done", "message", "made_ms")
    values = {name: getattr(reel, name) for name in columns}
    await connection.execute(insert(reels).values(**values, exams=list(reel.exams), state=reel.state.value))
    rows = [{"reel_id": reel.id, "number": number, **vars(one)} for number, one in enumerate(reel.moments, 1)]
    await connection.execute(insert(moments), rows)


async def get(connection: Connection, reel_id: str) -> Reel | None:
    """One reel."""
    found = await _read(connection, reels.c.id == reel_id)
    return found[0] if found else None


async def all_reels(connection: Connection) -> list[Reel]:
    """Every reel, the newest first."""
    return await _read(connection, reels.c.id.is_not(None))


async def in_state(connection: Connection, states: Collection[ReelState]) -> list[Reel]:
    """The reels that are in one of these states, the newest first."""
    return await _read(connection, reels.c.state.in_(states))


async def of_encounter(connection: Connection, encounter_id: str) -> list[Reel]:
    """The reels for which a moment of an encounter was chosen, whether it was left out or not."""
    mine = select(moments.c.reel_id).where(moments.c.encounter_id == encounter_id)
    return await _read(connection, reels.c.id.in_(mine))


async def change(connection: Connection, reel_id: str, states: Collection[ReelState], **values: Any) -> bool:
    """Sets columns of a reel; False when it is in none of these states."""
    mine = update(reels).where(reels.c.id == reel_id, reels.c.state.in_(states))
    return (await connection.execute(mine.values(**values))).rowcount == 1


async def refuse(connection: Connection, reel_id: str, one: Moment, why: str) -> None:
    """Leaves a moment out. It is named by what it is: its number changes when others are taken out."""
    mine = update(moments).where(
        moments.c.reel_id == reel_id,
        moments.c.encounter_id == one.encounter_id,
        moments.c.from_ms == one.from_ms,
        moments.c.to_ms == one.to_ms,
    )
    await connection.execute(mine.values(refused=why))


async def take_out(connection: Connection, encounter_id: str) -> None:
    """Forgets the moments of an encounter that were chosen for a reel and left out."""
    await connection.execute(delete(moments).where(moments.c.encounter_id == encounter_id))


async def forget(connection: Connection, reel_id: str, why: str) -> None:
    """What is left of a reel that was deleted is that there was one, and why it went."""
    await connection.execute(delete(moments).where(moments.c.reel_id == reel_id))
    gone = {"state": ReelState.deleted.value, "title": "", "message": why, "done": 0.0}
    await connection.execute(update(reels).where(reels.c.id == reel_id).values(**gone))


async def _read(connection: Connection, wanted: Any) -> list[Reel]:
    found = (await connection.execute(select(reels).where(wanted).order_by(reels.c.made_ms.desc(), reels.c.id))).all()
    chosen = select(moments).where(moments.c.reel_id.in_(select(reels.c.id).where(wanted)))
    of_reel: dict[str, list[Moment]] = {}
    for row in await connection.execute(chosen.order_by(moments.c.reel_id, moments.c.number)):
        of_reel.setdefault(row.reel_id, []).append(
            Moment(row.encounter_id, row.from_ms, row.to_ms, row.shown, row.refused)
        )
    return [_reel(row, of_reel.get(row.id, ())) for row in found]


def _reel(row: Row[Any], chosen: Sequence[Moment]) -> Reel:
    columns = ("id", "title", "exact", "numbers", "done", "message", "made_ms", "duration_ms", "size", "sha256")
    values = {name: getattr(row, name) for name in columns}
    return Reel(**values, exams=tuple(row.exams), state=ReelState(row.state), moments=tuple(chosen))
