"""SQL that changes encounters, and notes what happens in them."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.exams.models import Attendance, Encounter, Phase
from teleosce.exams.phases import Bell
from teleosce.exams.store_tables import attendance, bells, encounters, phase_log, stimuli

_COMPARED = ("phase", "phase_ends_ms", "outcome", "paused_ms", "rotation", "candidate", "sp", "examiner")
_WRITTEN = (*_COMPARED, "phase_started_ms", "extra")


async def move(connection: AsyncConnection, pairs: Sequence[tuple[Encounter, Encounter]]) -> bool:
    """Compare and swap of many encounters: False when one is not as its `old` any more; then roll back."""
    if not pairs:
        return True
    unchanged = (encounters.c[name].is_not_distinct_from(bindparam(f"old_{name}")) for name in _COMPARED)
    statement = (
        update(encounters)
        .where(encounters.c.id == bindparam("old_id"), *unchanged)
        .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
    )
    rows = [_row(old, new) for old, new in pairs]
    if connection.dialect.supports_sane_multi_rowcount:
        return (await connection.execute(statement, rows)).rowcount == len(rows)
    return all([(await connection.execute(statement, row)).rowcount == 1 for row in rows])


def _row(old: Encounter, new: Encounter) -> dict[str, Any]:
    values = {f"new_{name}": getattr(new, name) for name in _WRITTEN} | {"new_extra": list(new.extra)}
    return values | {"old_id": old.id} | {f"old_{name}": getattr(old, name) for name in _COMPARED}


async def log(connection: AsyncConnection, lines: Sequence[dict[str, Any]]) -> None:
    """Lines of the phase log."""
    if lines:
        await connection.execute(insert(phase_log), list(lines))


async def forget_in_log(connection: AsyncConnection, encounter_ids: Sequence[str], name: str, instead: str) -> int:
    """Replaces a name in what people wrote into the phase logs; returns the lines."""
    rows = await connection.execute(select(phase_log).where(phase_log.c.encounter_id.in_(encounter_ids)))
    changed = 0
    for row in rows.all():
        detail = re.sub(re.escape(name), instead, row.detail, flags=re.IGNORECASE)
        if detail != row.detail:
            await connection.execute(update(phase_log).where(phase_log.c.number == row.number).values(detail=detail))
            changed += 1
    return changed


async def show(connection: AsyncConnection, encounter_id: str, stimulus: str, *, shown: bool, at_ms: int) -> None:
    """Notes that a stimulus is shown or hidden from now on."""
    await connection.execute(
        insert(stimuli).values(encounter_id=encounter_id, stimulus=stimulus, shown=shown, at_ms=at_ms)
    )


Rung = tuple[str, Bell, Phase]
"""An encounter's id, what the bell says, and of which phase."""


async def ring(connection: AsyncConnection, wanted: Collection[Rung], at_ms: int) -> list[Rung]:
    """Notes that bells ring; returns those that had not rung before."""
    if not wanted:
        return []
    of_these = bells.c.encounter_id.in_([one[0] for one in wanted])
    rows = await connection.execute(select(bells.c.encounter_id, bells.c.kind, bells.c.phase).where(of_these))
    known = {(row.encounter_id, Bell(row.kind), Phase(row.phase)) for row in rows}
    new = [one for one in wanted if one not in known]
    if new:
        await connection.execute(
            insert(bells), [{"encounter_id": one[0], "kind": one[1], "phase": one[2], "at_ms": at_ms} for one in new]
        )
    return new


async def forget_bells(connection: AsyncConnection, encounter_id: str, phase: Phase) -> None:
    """A phase that starts again rings its bells again."""
    await connection.execute(delete(bells).where(bells.c.encounter_id == encounter_id, bells.c.phase == phase))


async def attend(connection: AsyncConnection, there: Collection[tuple[str, str]], at_ms: int) -> None:
    """Notes that seats are in the rooms of encounters: pairs of encounter and seat."""
    if not there:
        return
    statement: Any = sqlite.insert(attendance)
    if connection.dialect.name != "sqlite":
        # Loaded where it is needed: a server that was killed must be back at once.
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(attendance)
    rows = [{"encounter_id": one, "seat_id": seat, "first_ms": at_ms, "last_ms": at_ms} for one, seat in there]
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["encounter_id", "seat_id"], set_={"last_ms": statement.excluded.last_ms}
        ),
        rows,
    )


async def attendance_of(connection: AsyncConnection, encounter_ids: Collection[str]) -> list[Attendance]:
    """Who was there."""
    rows = await connection.execute(select(attendance).where(attendance.c.encounter_id.in_(encounter_ids)))
    return [Attendance(**row._mapping) for row in rows]
