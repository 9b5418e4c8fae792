"""Circuits held from their first bell to their last in one transaction: others see them when they are over.

For exams that are simulated. Bells, phases and outcomes come about as on a day that people live through, but nobody is
told of them, and a server that runs beside has none of it to keep the time of.
"""

from collections.abc import Callable, Collection

from teleosce.core.clock import AheadClock
from teleosce.core.db import Connection, Database
from teleosce.exams import circuits, clockwork, store_moves
from teleosce.exams.models import Encounter, Phase
from teleosce.exams.moves import Moves


async def hold(
    database: Database, clock: AheadClock, exam_id: str, names: Collection[str], came: Callable[[Encounter], bool]
) -> None:
    """Runs the named circuits, which are planned, until they are finished; the clock is set on with them.

    came: whether the candidate of an encounter came; everybody else always does. Raises what `Day.go` does.
    """
    async with database.write() as connection:
        moves = await _moves(connection, clock, exam_id)
        await circuits.go(moves, exam_id, names)
        await moves.write()
        there = set[str]()
        while (due := await _due_ms(connection, exam_id)) is not None:
            clock.skip(max(0, due - clock.now_ms()) / 1000)
            moves = await _moves(connection, clock, exam_id)
            await clockwork.advance(moves)
            await moves.write()
            begun = [one.new for one in moves.changes.values() if one.new.phase is Phase.encounter]
            new = [one for one in begun if one.id not in there]
            there |= {one.id for one in new}
            pairs = [(one.id, seat) for one in new for seat in one.people if seat != one.candidate or came(one)]
            await store_moves.attend(connection, pairs, moves.now_ms)


async def _moves(connection: Connection, clock: AheadClock, exam_id: str) -> Moves:
    """What one transaction sees, but for the exams that run today."""
    moves = await Moves.of(connection, clock)
    moves.running = {key: one for key, one in moves.running.items() if one.exam_id == exam_id}
    moves.circuits = {key: one for key, one in moves.circuits.items() if one.exam_id == exam_id}
    return moves


async def _due_ms(connection: Connection, exam_id: str) -> int | None:
    found = await clockwork.due(connection)
    mine = [at for at, unit in found if any(one.exam_id == exam_id for one in unit.members)]
    return min(mine, default=None)
