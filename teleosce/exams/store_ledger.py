"""SQL on incidents, messages and identities."""

import re
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.exams.incidents import Decision, Incident, IncidentKind
from teleosce.exams.models import Identified, Message, Phase
from teleosce.exams.store_tables import identities, incidents, messages, phase_log

FORGOTTEN = "(erased)"


def _incident(row: Row[Any]) -> Incident:
    values = dict(row._mapping)
    values["kind"] = IncidentKind(row.kind)
    values["proposal"] = Decision(row.proposal)
    values["decision"] = Decision(row.decision) if row.decision else None
    return Incident(**values)


async def add(connection: AsyncConnection, incident: Incident) -> None:
    """A new incident."""
    await connection.execute(insert(incidents).values(asdict(incident)))


async def rewrite(connection: AsyncConnection, incident: Incident, *, undecided: bool) -> bool:
    """Writes an incident anew; False when `undecided` is wanted and somebody decided."""
    mine = incidents.c.id == incident.id
    if undecided:
        mine = and_(mine, incidents.c.decided_ms.is_(None))
    return (await connection.execute(update(incidents).where(mine).values(asdict(incident)))).rowcount == 1


async def incident(connection: AsyncConnection, incident_id: str) -> Incident | None:
    """One incident."""
    row = (await connection.execute(select(incidents).where(incidents.c.id == incident_id))).one_or_none()
    return _incident(row) if row else None


async def incidents_of(connection: AsyncConnection, exam_id: str) -> list[Incident]:
    """All incidents of an exam, in the order in which they were opened."""
    mine = select(incidents).where(incidents.c.exam_id == exam_id)
    return [_incident(row) for row in await connection.execute(mine.order_by(incidents.c.opened_ms, incidents.c.id))]


async def incidents_in(connection: AsyncConnection, encounter_ids: Collection[str]) -> list[Incident]:
    """All incidents of some encounters, in the order in which they were opened."""
    mine = select(incidents).where(incidents.c.encounter_id.in_(encounter_ids))
    return [_incident(row) for row in await connection.execute(mine.order_by(incidents.c.opened_ms, incidents.c.id))]


async def consultation(connection: AsyncConnection, encounter_id: str) -> tuple[int, int] | None:
    """When the encounter phase began and ended, on the server's clock; None unless it is over."""
    began = await connection.scalar(
        select(func.min(phase_log.c.at_ms)).where(
            phase_log.c.encounter_id == encounter_id, phase_log.c.phase == Phase.encounter
        )
    )
    ended = await connection.scalar(
        select(func.min(phase_log.c.at_ms)).where(
            phase_log.c.encounter_id == encounter_id,
            phase_log.c.phase.in_((Phase.note, Phase.changeover, Phase.done)),
        )
    )
    return None if began is None or ended is None else (began, ended)


async def say(connection: AsyncConnection, message: Message) -> Message:
    """A new message, which gets its number."""
    values = {name: value for name, value in asdict(message).items() if name != "number"}
    number = await connection.scalar(insert(messages).values(values).returning(messages.c.number))
    return Message(number or 0, **values)


async def messages_of(connection: AsyncConnection, exam_id: str, seat_id: str | None) -> list[Message]:
    """The messages of an exam in their order; with a seat, those that concern it."""
    query = select(messages).where(messages.c.exam_id == exam_id)
    if seat_id is not None:
        to_all = and_(messages.c.seat_id.is_(None), messages.c.from_seat.is_(None))
        query = query.where(or_(to_all, messages.c.seat_id == seat_id, messages.c.from_seat == seat_id))
    return [Message(**row._mapping) for row in await connection.execute(query.order_by(messages.c.number))]


async def identify(connection: AsyncConnection, identified: Identified) -> None:
    """Notes that somebody's identity was checked, or that it was not after all."""
    await connection.execute(insert(identities).values(asdict(identified)))


async def identified(connection: AsyncConnection, exam_id: str) -> list[Identified]:
    """All that was noted in an exam, in its order."""
    mine = select(identities).where(identities.c.exam_id == exam_id).order_by(identities.c.number)
    return [Identified(row.exam_id, row.seat_id, row.how, row.by, row.at_ms) for row in await connection.execute(mine)]


async def forget(connection: AsyncConnection, exam_ids: Collection[str], seat_id: str, name: str, instead: str) -> int:
    """What a person wrote or was written goes; elsewhere their name is replaced. Returns the rows."""
    changed = 0
    spoken = or_(messages.c.seat_id == seat_id, messages.c.from_seat == seat_id)
    spoken = and_(spoken, messages.c.text != FORGOTTEN)
    changed += (await connection.execute(update(messages).where(spoken).values(text=FORGOTTEN))).rowcount
    for table, column, key in (
        (messages, messages.c.text, messages.c.number),
        (incidents, incidents.c.note, incidents.c.id),
    ):
        rows = await connection.execute(select(key, column).where(table.c.exam_id.in_(exam_ids)))
        for which, text in rows.all():
            new = re.sub(re.escape(name), instead, text, flags=re.IGNORECASE)
            if new != text:
                await connection.execute(update(table).where(key == which).values({column: new}))
                changed += 1
    return changed
