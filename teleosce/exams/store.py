"""SQL on exams, their circuits and their slots."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.exams.models import Circuit, CircuitState, Exam, Policy, Slot
from teleosce.exams.store_tables import circuits, exams, slots


async def add_exam(connection: AsyncConnection, exam: Exam) -> None:
    """A new exam."""
    await connection.execute(insert(exams).values(asdict(exam)))


def _exam(row: Row[Any]) -> Exam:
    return Exam(**{**row._mapping, "policy": Policy(**row.policy)})


async def exam(connection: AsyncConnection, exam_id: str) -> Exam | None:
    """One exam."""
    row = (await connection.execute(select(exams).where(exams.c.id == exam_id))).one_or_none()
    return _exam(row) if row else None


async def all_exams(connection: AsyncConnection) -> list[Exam]:
    """Every exam, the newest first."""
    rows = await connection.execute(select(exams).order_by(exams.c.created_ms.desc(), exams.c.id))
    return [_exam(row) for row in rows]


async def add_slot(connection: AsyncConnection, slot: Slot) -> None:
    """A new slot."""
    await connection.execute(insert(slots).values(asdict(slot)))


def _slot(row: Row[Any]) -> Slot:
    return Slot(**{**row._mapping, "extra": tuple(row.extra)})


async def slot(connection: AsyncConnection, slot_id: str) -> Slot | None:
    """One slot."""
    row = (await connection.execute(select(slots).where(slots.c.id == slot_id))).one_or_none()
    return _slot(row) if row else None


async def slots_of(connection: AsyncConnection, exam_id: str) -> list[Slot]:
    """The slots of an exam by rotation, position and circuit."""
    rows = await connection.execute(
        select(slots).where(slots.c.exam_id == exam_id).order_by(slots.c.rotation, slots.c.position, slots.c.circuit)
    )
    return [_slot(row) for row in rows]


async def stations_of(connection: AsyncConnection, exam_id: str) -> list[str]:
    """The hashes of an exam's station versions in the order of the ring."""
    mine = select(slots.c.station_hash).where(slots.c.exam_id == exam_id).group_by(slots.c.station_hash)
    return list(await connection.scalars(mine.order_by(func.min(slots.c.position), slots.c.station_hash)))


async def set_people(connection: AsyncConnection, slot: Slot) -> None:
    """Writes the people of a slot anew."""
    people = {"candidate": slot.candidate, "sp": slot.sp, "examiner": slot.examiner, "extra": list(slot.extra)}
    await connection.execute(update(slots).where(slots.c.id == slot.id).values(people))


def _circuit(row: Row[Any]) -> Circuit:
    return Circuit(**{**row._mapping, "state": CircuitState(row.state)})


async def add_circuit(connection: AsyncConnection, circuit: Circuit) -> None:
    """A new circuit."""
    await connection.execute(insert(circuits).values(asdict(circuit)))


async def circuit(connection: AsyncConnection, exam_id: str, name: str) -> Circuit | None:
    """One circuit."""
    mine = and_(circuits.c.exam_id == exam_id, circuits.c.name == name)
    row = (await connection.execute(select(circuits).where(mine).with_for_update())).one_or_none()
    return _circuit(row) if row else None


async def circuits_of(connection: AsyncConnection, exam_id: str) -> list[Circuit]:
    """The circuits of an exam by name."""
    mine = select(circuits).where(circuits.c.exam_id == exam_id)
    return [_circuit(row) for row in await connection.execute(mine.order_by(circuits.c.name))]


async def circuits_in(connection: AsyncConnection, states: Collection[CircuitState]) -> list[Circuit]:
    """The circuits of any exam that are in one of the states."""
    some = select(circuits).where(circuits.c.state.in_(states))
    return [_circuit(row) for row in await connection.execute(some.order_by(circuits.c.exam_id, circuits.c.name))]


async def move_circuit(connection: AsyncConnection, old: Circuit, new: Circuit) -> bool:
    """Compare and swap: False when it is not as `old` any more."""
    same = (circuits.c[name] == getattr(old, name) for name in ("exam_id", "name", "state", "rotation"))
    values = {name: getattr(new, name) for name in ("state", "rotation", "starts_ms", "changed_ms")}
    result = await connection.execute(update(circuits).where(*same).values(values))
    return result.rowcount == 1
