"""The table of kept analyses, a stamp of all that results rest on, and all SQL on them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, String, Table, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.exams.store_tables import encounters, incidents
from teleosce.reports.panel import PanelState
from teleosce.reports.store_panels import panels
from teleosce.scoring import SHUT, Kind, State
from teleosce.scoring.store import forms
from teleosce.scoring.store_marking import assignments, marking_rules

analyses = Table(
    "analysis",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("found", JSON, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Kept:
    """An analysis as it was worked out. digest: of the marks and rules it rests on."""

    exam_id: str
    digest: str
    found: dict[str, Any]
    at_ms: int


async def stamp(connection: AsyncConnection, exam_id: str) -> list[Any]:
    """Figures that change whenever an exam's marks of record may have: cheap, where reading the marks is not.

    A sheet that is submitted is shut, so what it says cannot change without its state.
    """
    of_exam = forms.join(encounters, and_(encounters.c.id == forms.c.encounter_id, encounters.c.exam_id == exam_id))
    shut = select(forms.c.kind, forms.c.state, func.count(), func.max(forms.c.state_ms)).select_from(of_exam)
    shut = shut.where(forms.c.state != State.draft).group_by(forms.c.kind, forms.c.state)
    held = select(encounters.c.phase, encounters.c.outcome, func.count(), func.max(encounters.c.attempt))
    held = held.where(encounters.c.exam_id == exam_id).group_by(encounters.c.phase, encounters.c.outcome)
    given = select(func.count(), func.count(assignments.c.ended_ms), func.max(assignments.c.made_ms))
    given = given.select_from(assignments.join(encounters)).where(encounters.c.exam_id == exam_id)
    rules = select(marking_rules.table.c.version).where(marking_rules.table.c.exam_id == exam_id)
    panel = select(panels.c.id).where(panels.c.exam_id == exam_id, panels.c.state == PanelState.closed.value)
    decided = select(func.count(incidents.c.decided_ms), func.max(incidents.c.decided_ms))
    decided = decided.where(incidents.c.exam_id == exam_id)
    return [
        sorted(map(repr, map(tuple, (await connection.execute(query)).all())))
        for query in (shut, held, given, rules, decided, panel)
    ]


async def marks_since(connection: AsyncConnection, exam_id: str, at_ms: int) -> int:
    """How many sheets were submitted, or opened again, after a time."""
    query = select(func.count()).select_from(forms.join(encounters))
    query = query.where(encounters.c.exam_id == exam_id, forms.c.state != State.draft, forms.c.state_ms > at_ms)
    return int(await connection.scalar(query) or 0)


async def marks_now(connection: AsyncConnection, exam_id: str) -> int:
    """How many marks of examiners are submitted."""
    query = select(func.count()).select_from(forms.join(encounters)).where(encounters.c.exam_id == exam_id)
    return int(await connection.scalar(query.where(forms.c.kind == Kind.mark, forms.c.state.in_(SHUT))) or 0)


async def newest(connection: AsyncConnection, exam_id: str) -> tuple[str, int] | None:
    """Digest and time of the analysis that was worked out last, without reading its figures."""
    row = (
        await connection.execute(select(analyses.c.digest, analyses.c.at_ms).where(analyses.c.exam_id == exam_id))
    ).one_or_none()
    return None if row is None else (row.digest, row.at_ms)


async def kept(connection: AsyncConnection, exam_id: str) -> Kept | None:
    """The analysis that was worked out last."""
    row = (await connection.execute(select(analyses).where(analyses.c.exam_id == exam_id))).one_or_none()
    return None if row is None else Kept(row.exam_id, row.digest, row.found, row.at_ms)


async def keep(connection: AsyncConnection, one: Kept) -> None:
    """Keeps an analysis in place of the exam's last."""
    await connection.execute(delete(analyses).where(analyses.c.exam_id == one.exam_id))
    row = {"exam_id": one.exam_id, "digest": one.digest, "found": one.found, "at_ms": one.at_ms}
    await connection.execute(insert(analyses).values(**row))
