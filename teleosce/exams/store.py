"""The tables of exams, and all SQL on them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    case,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.exams.models import Cause, Encounter, Exam, Outcome, Phase, PhaseEntry, Slot, Timings
from teleosce.exams.phases import RUNNING, Bell

exams = Table(
    "exam",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("title", Text, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

slots = Table(
    "slot",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("circuit", String(20), nullable=False),
    Column("station_hash", String(64), nullable=False),
    Column("candidate", String(26)),
    Column("sp", String(26)),
    Column("examiner", String(26)),
    UniqueConstraint("exam_id", "rotation", "candidate"),
    UniqueConstraint("exam_id", "rotation", "sp"),
    UniqueConstraint("exam_id", "rotation", "circuit", "position"),
)

encounters = Table(
    "encounter",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("slot_id", ForeignKey("slot.id"), nullable=False),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("phase", String(16), nullable=False, index=True),
    Column("phase_started_ms", BigInteger, nullable=False),
    Column("phase_ends_ms", BigInteger),
    Column("outcome", String(16)),
    Column("candidate", String(26), index=True),
    Column("sp", String(26), index=True),
    Column("examiner", String(26), index=True),
    Column("timings", JSON, nullable=False),
    UniqueConstraint("slot_id", "attempt"),
)

# The database itself refuses a second running encounter of a person, whichever process asks.
for _seat in (encounters.c.candidate, encounters.c.sp):
    _is_running = encounters.c.phase.in_(RUNNING)
    Index(
        f"uq_encounter_running_{_seat.name}",
        _seat,
        unique=True,
        sqlite_where=_is_running,
        postgresql_where=_is_running,
    )

bells = Table(
    "bell",
    metadata,
    Column("encounter_id", ForeignKey("encounter.id"), primary_key=True),
    Column("phase", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

phase_log = Table(
    "phase_log",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("encounter_id", ForeignKey("encounter.id"), nullable=False, index=True),
    Column("phase", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger),
    Column("cause", String(16), nullable=False),
    Column("detail", Text, nullable=False),
)

stimuli = Table(
    "stimulus_log",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("encounter_id", ForeignKey("encounter.id"), nullable=False, index=True),
    Column("stimulus", String(64), nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

_FROM_SLOT = ("position", "rotation", "circuit", "station_hash")
_IN_ORDER = (slots.c.rotation, slots.c.position, slots.c.circuit, encounters.c.attempt)


def _encounters() -> Select[Any]:
    return select(encounters, *(slots.c[name] for name in _FROM_SLOT)).join_from(encounters, slots)


def _encounter(row: Row[Any]) -> Encounter:
    values = dict(row._mapping)
    values["phase"] = Phase(row.phase)
    values["outcome"] = Outcome(row.outcome) if row.outcome else None
    values["timings"] = Timings(**row.timings)
    return Encounter(**values)


async def add_exam(connection: AsyncConnection, exam: Exam) -> None:
    """A new exam."""
    await connection.execute(insert(exams).values(asdict(exam)))


async def exam(connection: AsyncConnection, exam_id: str) -> Exam | None:
    """One exam."""
    row = (await connection.execute(select(exams).where(exams.c.id == exam_id))).one_or_none()
    return Exam(**row._mapping) if row else None


async def all_exams(connection: AsyncConnection) -> list[Exam]:
    """Every exam, the newest first."""
    rows = await connection.execute(select(exams).order_by(exams.c.created_ms.desc(), exams.c.id))
    return [Exam(**row._mapping) for row in rows]


async def add_slot(connection: AsyncConnection, slot: Slot) -> None:
    """A new slot."""
    await connection.execute(insert(slots).values(asdict(slot)))


async def slot(connection: AsyncConnection, slot_id: str) -> Slot | None:
    """One slot."""
    row = (await connection.execute(select(slots).where(slots.c.id == slot_id))).one_or_none()
    return Slot(**row._mapping) if row else None


async def slots_of(connection: AsyncConnection, exam_id: str) -> list[Slot]:
    """The slots of an exam by rotation, position and circuit."""
    rows = await connection.execute(
        select(slots).where(slots.c.exam_id == exam_id).order_by(slots.c.rotation, slots.c.position, slots.c.circuit)
    )
    return [Slot(**row._mapping) for row in rows]


async def add_encounter(connection: AsyncConnection, encounter: Encounter, cause: Cause) -> None:
    """A new attempt, with the first line of its log."""
    values = {name: value for name, value in asdict(encounter).items() if name not in _FROM_SLOT}
    await connection.execute(insert(encounters).values(values))
    await log(connection, encounter, encounter.phase_started_ms, cause, "")


async def encounter(connection: AsyncConnection, encounter_id: str) -> Encounter | None:
    """One encounter."""
    row = (await connection.execute(_encounters().where(encounters.c.id == encounter_id))).one_or_none()
    return _encounter(row) if row else None


async def encounters_of(connection: AsyncConnection, exam_id: str) -> list[Encounter]:
    """All attempts of an exam by rotation, position, circuit and attempt."""
    rows = await connection.execute(_encounters().where(encounters.c.exam_id == exam_id).order_by(*_IN_ORDER))
    return [_encounter(row) for row in rows]


def _of_seat(seat_id: str) -> Select[Any]:
    held = or_(*(column == seat_id for column in (encounters.c.candidate, encounters.c.sp, encounters.c.examiner)))
    return _encounters().where(held)


async def of_seat(connection: AsyncConnection, seat_id: str) -> list[Encounter]:
    """All attempts that a seat takes part in or examines, in the order of the day."""
    return [_encounter(row) for row in await connection.execute(_of_seat(seat_id).order_by(*_IN_ORDER))]


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
    """Every encounter that the clock moves."""
    rows = await connection.execute(_encounters().where(encounters.c.phase.in_(RUNNING)).order_by(*_IN_ORDER))
    return [_encounter(row) for row in rows]


async def running_with(connection: AsyncConnection, wanted: Encounter) -> Encounter | None:
    """A running encounter, other than `wanted`, that holds its candidate or its SP."""
    same = [
        column == seat
        for column, seat in ((encounters.c.candidate, wanted.candidate), (encounters.c.sp, wanted.sp))
        if seat is not None
    ]
    if not same:
        return None
    row = (
        await connection.execute(
            _encounters().where(or_(*same), encounters.c.phase.in_(RUNNING), encounters.c.id != wanted.id).limit(1)
        )
    ).one_or_none()
    return _encounter(row) if row else None


async def latest_attempt(connection: AsyncConnection, slot_id: str) -> int:
    """The number of the newest attempt at a slot."""
    found = await connection.scalar(
        select(encounters.c.attempt)
        .where(encounters.c.slot_id == slot_id)
        .order_by(encounters.c.attempt.desc())
        .limit(1)
    )
    return found or 0


async def move(
    connection: AsyncConnection, old: Encounter, new: Encounter, *, at_ms: int, cause: Cause, detail: str = ""
) -> bool:
    """Compare-and-swap of an encounter's state, with a line in its log; False when it was no longer `old`."""
    states = {name: getattr(new, name) for name in ("phase", "phase_started_ms", "phase_ends_ms", "outcome")}
    result = await connection.execute(
        update(encounters)
        .where(
            and_(
                encounters.c.id == old.id,
                encounters.c.phase == old.phase,
                encounters.c.phase_ends_ms.is_not_distinct_from(old.phase_ends_ms),
                encounters.c.outcome.is_not_distinct_from(old.outcome),
            )
        )
        .values(states)
    )
    if result.rowcount != 1:
        return False
    await log(connection, new, at_ms, cause, detail)
    return True


async def log(connection: AsyncConnection, now: Encounter, at_ms: int, cause: Cause, detail: str) -> None:
    """A line of the phase log."""
    await connection.execute(
        insert(phase_log).values(
            encounter_id=now.id,
            phase=now.phase,
            at_ms=at_ms,
            ends_ms=now.phase_ends_ms,
            cause=cause,
            detail=detail,
        )
    )


async def log_of(connection: AsyncConnection, encounter_id: str) -> list[PhaseEntry]:
    """The phase log of an encounter, oldest first."""
    rows = await connection.execute(
        select(phase_log).where(phase_log.c.encounter_id == encounter_id).order_by(phase_log.c.number)
    )
    return [
        PhaseEntry(row.encounter_id, Phase(row.phase), row.at_ms, row.ends_ms, Cause(row.cause), row.detail)
        for row in rows
    ]


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


async def ring(connection: AsyncConnection, encounter_id: str, kind: Bell, phase: Phase, at_ms: int) -> bool:
    """Notes that a bell rings; False when it has rung before."""
    known = and_(bells.c.encounter_id == encounter_id, bells.c.phase == phase, bells.c.kind == kind)
    if (await connection.execute(select(bells.c.at_ms).where(known))).first():
        return False
    await connection.execute(insert(bells).values(encounter_id=encounter_id, phase=phase, kind=kind, at_ms=at_ms))
    return True


async def warned(connection: AsyncConnection, encounter_ids: Sequence[str]) -> set[str]:
    """Those of the encounters whose warning bell has rung."""
    rows = await connection.scalars(
        select(bells.c.encounter_id).where(bells.c.encounter_id.in_(encounter_ids), bells.c.kind == Bell.warning)
    )
    return set(rows)
