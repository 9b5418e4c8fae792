"""Plans and invitations, and all SQL on them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata

plans = Table(
    "exam_plan",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("built_ms", BigInteger),
)
"""One for each exam. `document` is whatever the builder saved, which need not be a sound plan yet."""


def _letters(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("seat_id", ForeignKey("seats.id"), primary_key=True),
        Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
        Column("state", String(16), nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("why", Text, nullable=False),
    )


LETTERS = {"link": _letters("invitation"), "feedback": _letters("feedback_letter")}
"""By what they are about: everybody's link to the exam, and a candidate's to what was released to them."""


@dataclass(frozen=True)
class Kept:
    """A plan as it is kept. `built_ms`: since when the exam is made of it."""

    exam_id: str
    version: int
    document: Any
    changed_ms: int
    built_ms: int | None


@dataclass(frozen=True)
class Invitation:
    """Whether somebody was sent their link: `sending`, `sent` or `failed`, with why, in words without names."""

    seat_id: str
    exam_id: str
    state: str
    at_ms: int
    why: str


async def add_plan(connection: AsyncConnection, kept: Kept) -> None:
    """A new plan."""
    await connection.execute(insert(plans).values(**vars(kept)))


async def plan_of(connection: AsyncConnection, exam_id: str) -> Kept | None:
    """An exam's plan."""
    row = (await connection.execute(select(plans).where(plans.c.exam_id == exam_id))).one_or_none()
    return Kept(**row._mapping) if row else None


async def change_plan(connection: AsyncConnection, old: Kept, new: Kept) -> bool:
    """Compare-and-swap by the version; False when it is another by now, or the exam is made."""
    same = (plans.c.exam_id == old.exam_id) & (plans.c.version == old.version)
    unbuilt = plans.c.built_ms.is_(None) if old.built_ms is None else plans.c.built_ms == old.built_ms
    changed = await connection.execute(update(plans).where(same, unbuilt).values(**vars(new)))
    return changed.rowcount == 1


async def invitations_of(connection: AsyncConnection, about: str, exam_id: str) -> dict[str, Invitation]:
    """By seat."""
    invitations = LETTERS[about]
    rows = await connection.execute(select(invitations).where(invitations.c.exam_id == exam_id))
    return {row.seat_id: Invitation(**row._mapping) for row in rows}


async def begin_invitation(connection: AsyncConnection, about: str, new: Invitation, *, again: bool) -> bool:
    """Notes that one is being sent; False when it was sent, or is being sent, by somebody else (not `again`)."""
    invitations = LETTERS[about]
    where = invitations.c.seat_id == new.seat_id
    row = (await connection.execute(select(invitations.c.state).where(where))).one_or_none()
    if row is None:
        await connection.execute(insert(invitations).values(**vars(new)))
        return True
    if row.state != "failed" and not again:
        return False
    await connection.execute(update(invitations).where(where).values(**vars(new)))
    return True


async def end_invitation(connection: AsyncConnection, about: str, ended: Invitation) -> None:
    """Notes what came of it."""
    invitations = LETTERS[about]
    where = invitations.c.seat_id == ended.seat_id
    await connection.execute(update(invitations).where(where).values(**vars(ended)))
