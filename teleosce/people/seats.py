"""Seats: each person's place in an exam, and what their equipment check found."""

from collections.abc import Mapping, Sequence
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.people import store
from teleosce.people.audit import Action, AuditLog
from teleosce.people.models import Principal, Seat, checked_name, plain
from teleosce.people.roles import Role

_NUMBER_LENGTH = 40


class Seats:
    """Adds and finds seats."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def add_seat(
        self, exam_id: str, role: Role, name: str, number: str | None = None, *, by: Principal | None = None
    ) -> Seat:
        """Gives a person a place in an exam; audit row. Raises Invalid; Conflict for a number in use."""
        seat = new_seat(exam_id, role, name, number)
        async with self._database.write() as connection:
            await self.add_seats([seat], by=by, connection=connection)
        return seat

    async def add_seats(self, seats: Sequence[Seat], *, by: Principal | None, connection: store.Connection) -> None:
        """Adds `new_seat`s in the caller's transaction, with an audit row each. Raises Conflict for a number in use."""
        if (taken := await store.add_seats(connection, seats)) is not None:
            raise Conflict(f"Candidate number {taken} is taken in this exam. Nothing was saved.", code="number-taken")
        deeds = [(seat.id, {"exam": seat.exam_id, "role": seat.role}) for seat in seats]
        await self._audit.record_all(by, Action.seat_added, deeds, connection=connection)

    async def seats(self, exam_id: str) -> list[Seat]:
        """The people of an exam by role, number and name; an exam without any has an empty list."""
        async with self._database.read() as connection:
            return await store.find_seats(connection, exam_id=exam_id)

    async def seat(self, seat_id: str) -> Seat:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await seat_in(connection, seat_id)

    async def keep_equipment_check(self, seat_id: str, result: Mapping[str, Any]) -> None:
        """Keeps what the newest check of a seat's camera, microphone and line found. Raises NotFound."""
        async with self._database.write() as connection:
            await seat_in(connection, seat_id)
            await store.keep_check(connection, seat_id, result, self._clock.now_ms())

    async def equipment_check(self, seat_id: str) -> dict[str, Any] | None:
        """What the newest check found, as it was kept; None when there was none."""
        async with self._database.read() as connection:
            return await store.find_check(connection, seat_id)

    async def equipment_checks(self, exam_id: str) -> dict[str, dict[str, Any]]:
        """What the newest checks of an exam's people found, by seat; those without one are left out."""
        async with self._database.read() as connection:
            return await store.checks_of(connection, exam_id)


def new_seat(exam_id: str, role: Role, name: str, number: str | None = None, **more: Any) -> Seat:
    """A seat that is in no database yet. `more`: the other fields of Seat, checked by the caller. Raises Invalid."""
    if number is not None:
        number = plain(number).strip() or None
    if number is not None and len(number) > _NUMBER_LENGTH:
        raise Invalid(f"A candidate number has at most {_NUMBER_LENGTH} characters. Nothing was saved.")
    return Seat(new_id(), exam_id, Role(role), checked_name(name), number, **more)


async def seat_in(connection: store.Connection, seat_id: str) -> Seat:
    """A seat by its id, in the caller's transaction. Raises NotFound."""
    found = await store.find_seats(connection, seat_id=seat_id)
    if not found:
        raise NotFound("There is no such person in any exam.")
    return found[0]
