"""The `take` table: a mirror of what is on disk, so that pages need not read folders. The disk is the truth."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import JSON

from teleosce.core.db import Database, metadata
from teleosce.recording.models import BEFORE, Take, TakeState

take_table = Table(
    "take",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("encounter_id", String(26), nullable=False),
    Column("participant_id", String(64), nullable=False),
    Column("name", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("file", String),
    Column("sha256", String(64)),
    Column("size", BigInteger),
    Column("gaps", JSON, nullable=False),
    Column("reason", String),
    Column("announced", Boolean, nullable=False, default=False),  # RecordingSealed was published
    Index("ix_take_encounter_id", "encounter_id"),
)

_MIRRORED = ("number", "starts_ms", "duration_ms", "file", "sha256", "size", "reason")


class Outline(NamedTuple):
    """As much of a take as an overview needs."""

    state: TakeState
    starts_ms: int
    duration_ms: int


class TakeStore:
    """Reads and writes takes. Every change of state is one compare-and-swap."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, take: Take) -> None:
        """A new take; its number follows the participant's others. One that is there already stays as it is."""
        async with self._database.write() as connection:
            await _add(connection, take)

    async def close(self, take_id: str, reason: str | None) -> bool:
        """From open to closed; whether it was open."""
        async with self._database.write() as connection:
            return await _swap(connection, take_id, TakeState.closed, {"reason": reason})

    async def settle(self, takes: Iterable[Take]) -> None:
        """From open, closed or nowhere to sealed or quarantined, with all that is known now; the others stay."""
        async with self._database.write() as connection:
            for take in takes:
                await _add(connection, take.model_copy(update={"state": TakeState.closed}))
                values = take.model_dump(include={*_MIRRORED}) | {"gaps": [gap.model_dump() for gap in take.gaps]}
                await _swap(connection, take.id, take.state, values)

    async def let_go(self, takes: Iterable[Take]) -> None:
        """What was deleted, in whole or in part, as the manifest has it now."""
        async with self._database.write() as connection:
            for take in takes:
                values = take.model_dump(include={*_MIRRORED, "name"})
                values |= {"gaps": [gap.model_dump() for gap in take.gaps], "state": take.state.value}
                await connection.execute(update(take_table).where(take_table.c.id == take.id).values(values))

    async def announced(self, encounter_id: str) -> None:
        """RecordingSealed has been heard for all takes of the encounter."""
        async with self._database.write() as connection:
            await connection.execute(
                update(take_table).where(take_table.c.encounter_id == encounter_id).values(announced=True)
            )

    async def unannounced(self) -> set[str]:
        """Encounters with takes of which RecordingSealed has not been heard."""
        query = select(take_table.c.encounter_id).where(take_table.c.announced.is_(False)).distinct()
        async with self._database.read() as connection:
            return set(await connection.scalars(query))

    async def get(self, take_id: str) -> Take | None:
        """One take."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(take_table).where(take_table.c.id == take_id))).first()
        return Take.model_validate(dict(row._mapping)) if row else None

    async def damaged(self) -> list[Take]:
        """The takes of all encounters that are quarantined."""
        query = select(take_table).where(take_table.c.state == TakeState.quarantined.value)
        async with self._database.read() as connection:
            return [Take.model_validate(dict(row._mapping)) for row in await connection.execute(query)]

    async def outlines(self, encounter_ids: Collection[str]) -> dict[str, list[Outline]]:
        """State, start and length of all takes of some encounters; those without a take are left out."""
        told = [take_table.c[name] for name in ("encounter_id", "state", "starts_ms", "duration_ms")]
        found: dict[str, list[Outline]] = defaultdict(list)
        async with self._database.read() as connection:
            rows = await connection.execute(select(*told).where(take_table.c.encounter_id.in_(encounter_ids)))
        for row in rows:
            found[row.encounter_id].append(Outline(TakeState(row.state), row.starts_ms, row.duration_ms or 0))
        return found

    async def of_encounter(self, encounter_id: str) -> list[Take]:
        """An encounter's takes, in order of their start."""
        query = (
            select(take_table)
            .where(take_table.c.encounter_id == encounter_id)
            .order_by(take_table.c.starts_ms, take_table.c.id)
        )
        async with self._database.read() as connection:
            return [Take.model_validate(dict(row._mapping)) for row in await connection.execute(query)]


async def _add(connection: AsyncConnection, take: Take) -> None:
    if await connection.scalar(select(take_table.c.id).where(take_table.c.id == take.id)):
        return
    mine = (take_table.c.encounter_id == take.encounter_id) & (take_table.c.participant_id == take.participant_id)
    number = await connection.scalar(select(func.count()).select_from(take_table).where(mine))
    row = take.model_dump(include={*_MIRRORED, "id", "encounter_id", "participant_id", "name", "gaps"})
    row |= {"number": (number or 0) + 1, "state": take.state.value, "announced": False}
    await connection.execute(insert(take_table).values(row))


async def _swap(connection: AsyncConnection, take_id: str, state: TakeState, values: dict[str, object]) -> bool:
    before = [old.value for old in BEFORE[state]]
    swap = (
        update(take_table)
        .where(take_table.c.id == take_id, take_table.c.state.in_(before))
        .values(state=state.value, **values)
    )
    return (await connection.execute(swap)).rowcount == 1
