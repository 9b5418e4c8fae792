"""SQL that reads encounters, and what was noted of them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, String, and_, case, cast, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.exams.models import Cause, Encounter, Outcome, Phase, PhaseEntry, Timings
from teleosce.exams.phases import RUNNING, Bell
from teleosce.exams.store_tables import attendance, bells, encounters, phase_log, slots, stimuli

_FROM_SLOT = ("position", "circuit", "station_hash")
_POSITION = func.coalesce(slots.c.met_at, slots.c.position).label("position")
_LEADS = encounters.c.joins.is_(None)
_IN_ORDER = (encounters.c.rotation, _POSITION, slots.c.circuit, _LEADS.desc(), encounters.c.attempt)


def _encounters() -> Select[Any]:
    return select(encounters, _POSITION, slots.c.circuit, slots.c.station_hash).join_from(encounters, slots)


def _encounter(row: Row[Any]) -> Encounter:
    values = dict(row._mapping)
    values["phase"] = Phase(row.phase)
    values["outcome"] = Outcome(row.outcome) if row.outcome else None
    values["timings"] = Timings(**row.timings)
    values["extra"] = tuple(row.extra)
    return Encounter(**values)


async def _all(connection: AsyncConnection, query: Select[Any]) -> list[Encounter]:
    return [_encounter(row) for row in await connection.execute(query.order_by(*_IN_ORDER))]


async def add_encounter(connection: AsyncConnection, encounter: Encounter, cause: Cause) -> None:
    """A new attempt, with the first line of its log."""
    values = {name: value for name, value in asdict(encounter).items() if name not in _FROM_SLOT}
    await connection.execute(insert(encounters).values(values))
    await connection.execute(insert(phase_log).values(log_line(encounter, encounter.phase_started_ms, cause, "")))


def log_line(now: Encounter, at_ms: int, cause: Cause, detail: str) -> dict[str, Any]:
    """A row of the phase log."""
    known = {"encounter_id": now.id, "phase": now.phase, "at_ms": at_ms, "ends_ms": now.phase_ends_ms}
    return known | {"cause": cause, "detail": detail}


async def encounter(connection: AsyncConnection, encounter_id: str) -> Encounter | None:
    """One encounter."""
    row = (await connection.execute(_encounters().where(encounters.c.id == encounter_id))).one_or_none()
    return _encounter(row) if row else None


async def some(connection: AsyncConnection, encounter_ids: Collection[str]) -> list[Encounter]:
    """Those of the encounters that there are."""
    return await _all(connection, _encounters().where(encounters.c.id.in_(encounter_ids)))


async def encounters_of(connection: AsyncConnection, exam_id: str) -> list[Encounter]:
    """All attempts of an exam by rotation, position, circuit and attempt."""
    return await _all(connection, _encounters().where(encounters.c.exam_id == exam_id))


async def open_in(connection: AsyncConnection, exam_id: str, circuit: str) -> list[Encounter]:
    """The encounters of a circuit that are not done; one that joins another goes with that."""
    mine = and_(encounters.c.exam_id == exam_id, slots.c.circuit == circuit, encounters.c.phase != Phase.done, _LEADS)
    return await _all(connection, _encounters().where(mine))


async def joining(connection: AsyncConnection, encounter_ids: Collection[str]) -> list[Encounter]:
    """Those that are held in the rooms of some encounters."""
    return await _all(connection, _encounters().where(encounters.c.joins.in_(encounter_ids)))


async def last_rotation(connection: AsyncConnection, exam_id: str, circuit: str) -> int:
    """The number of the last rotation of a circuit, planned or added."""
    mine = and_(slots.c.exam_id == exam_id, slots.c.circuit == circuit)
    planned = await connection.scalar(select(func.max(slots.c.rotation)).where(mine))
    return planned or 0


async def of_seat(connection: AsyncConnection, seat_id: str) -> list[Encounter]:
    """All attempts that a seat takes part in or examines, in the order of the day."""
    return await _all(connection, _of_seat(seat_id))


def _of_seat(seat_id: str) -> Select[Any]:
    held = [column == seat_id for column in (encounters.c.candidate, encounters.c.sp, encounters.c.examiner)]
    extra = cast(encounters.c.extra, String).contains(f'"{seat_id}"', autoescape=True)
    return _encounters().where(or_(*held, extra))


async def attended_by(connection: AsyncConnection, seat_id: str) -> list[Encounter]:
    """The encounters in whose room a seat was, though another may have taken its place since."""
    there = select(attendance.c.encounter_id).where(attendance.c.seat_id == seat_id)
    return await _all(connection, _encounters().where(encounters.c.id.in_(there)))


async def now_or_next(connection: AsyncConnection, seat_id: str) -> Encounter | None:
    """The seat's running encounter, or else its first waiting one."""
    row = await connection.execute(
        _of_seat(seat_id)
        .where(encounters.c.phase != Phase.done)
        .order_by(case((encounters.c.phase == Phase.waiting, 1), else_=0), *_IN_ORDER)
        .limit(1)
    )
    found = row.one_or_none()
    return _encounter(found) if found else None


async def running(connection: AsyncConnection) -> list[Encounter]:
    """Every encounter that has begun and is not done; one that joins another goes with that."""
    return await _all(connection, _encounters().where(encounters.c.phase.in_(RUNNING), _LEADS))


async def past_consultation(connection: AsyncConnection, since_ms: int, besides: Collection[str]) -> list[Encounter]:
    """Encounters with a room, past their consultation, in their present phase since then or later, or among those."""
    past = encounters.c.phase.in_((Phase.note, Phase.changeover, Phase.done))
    which = (encounters.c.phase_started_ms >= since_ms) | encounters.c.id.in_(besides)
    return await _all(connection, _encounters().where(past, _LEADS, which))


async def latest_attempt(connection: AsyncConnection, slot_id: str) -> int:
    """The number of the newest attempt at a slot."""
    found = await connection.scalar(select(func.max(encounters.c.attempt)).where(encounters.c.slot_id == slot_id))
    return found or 0


async def log_of(connection: AsyncConnection, encounter_id: str) -> list[PhaseEntry]:
    """The phase log of an encounter, oldest first."""
    rows = await connection.execute(
        select(phase_log).where(phase_log.c.encounter_id == encounter_id).order_by(phase_log.c.number)
    )
    return [
        PhaseEntry(row.encounter_id, Phase(row.phase), row.at_ms, row.ends_ms, Cause(row.cause), row.detail)
        for row in rows
    ]


async def shown(connection: AsyncConnection, encounter_id: str) -> list[str]:
    """The stimuli that are shown, in the order in which they were."""
    return (await shown_in(connection, [encounter_id])).get(encounter_id, [])


async def shown_in(connection: AsyncConnection, encounter_ids: Collection[str]) -> dict[str, list[str]]:
    """The same for several encounters; one in which nothing was ever shown may be left out."""
    rows = await connection.execute(
        select(stimuli).where(stimuli.c.encounter_id.in_(encounter_ids)).order_by(stimuli.c.number)
    )
    now: dict[str, dict[str, None]] = {}
    for row in rows:
        here = now.setdefault(row.encounter_id, {})
        if row.shown:
            here[row.stimulus] = None
        else:
            here.pop(row.stimulus, None)
    return {encounter_id: list(here) for encounter_id, here in now.items()}


async def warned(connection: AsyncConnection, encounter_ids: Sequence[str]) -> set[str]:
    """Those of the encounters whose warning bell has rung."""
    rows = await connection.scalars(
        select(bells.c.encounter_id).where(bells.c.encounter_id.in_(encounter_ids), bells.c.kind == Bell.warning)
    )
    return set(rows)


async def came(connection: AsyncConnection, encounter_ids: Collection[str]) -> set[str]:
    """Those of the encounters in whose room the candidate was while the consultation ran."""
    began = (
        select(func.min(phase_log.c.at_ms))
        .where(phase_log.c.encounter_id == encounters.c.id, phase_log.c.phase == Phase.encounter)
        .scalar_subquery()
    )
    rows = await connection.scalars(
        select(encounters.c.id)
        .join_from(
            encounters, attendance, attendance.c.encounter_id == func.coalesce(encounters.c.joins, encounters.c.id)
        )
        .where(
            encounters.c.id.in_(encounter_ids),
            attendance.c.seat_id == encounters.c.candidate,
            attendance.c.last_ms >= began,
        )
    )
    return set(rows)
