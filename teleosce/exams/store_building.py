"""All SQL of making an exam's slots at once."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.exams.models import Cause, Encounter, Exam, Slot
from teleosce.exams.store_encounters import log_line
from teleosce.exams.store_tables import encounters, exams, phase_log, slots


async def add(connection: AsyncConnection, new: Sequence[Slot], firsts: Sequence[Encounter]) -> None:
    """Slots with their first encounters, and the first line of each one's log."""
    if not new:
        return
    await connection.execute(insert(slots), [vars(one) | {"extra": list(one.extra)} for one in new])
    names = [column.name for column in encounters.c]
    rows = [
        {name: getattr(one, name) for name in names} | {"extra": list(one.extra), "timings": vars(one.timings)}
        for one in firsts
    ]
    await connection.execute(insert(encounters), rows)
    await connection.execute(
        insert(phase_log), [log_line(one, one.phase_started_ms, Cause.created, "") for one in firsts]
    )


async def change_exam(connection: AsyncConnection, exam: Exam) -> None:
    """Another title, zone and policy."""
    values = {"title": exam.title, "zone": exam.zone, "policy": asdict(exam.policy)}
    await connection.execute(update(exams).where(exams.c.id == exam.id).values(values))
