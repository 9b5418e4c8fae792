"""What the clock does: phases end, bells ring, rings turn. Everything due is done in one transaction, with one time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from teleosce.core.db import Connection
from teleosce.exams import ring, store, store_encounters
from teleosce.exams.models import Cause, Circuit, CircuitState, Encounter, Phase
from teleosce.exams.moves import TURNING, Moves
from teleosce.exams.phases import Bell, following, warning_ms


@dataclass(frozen=True)
class Unit:
    """What moves together: the ring of a circuit, or one encounter that runs by itself."""

    key: str
    circuit: Circuit | None
    members: tuple[Encounter, ...]

    def due_ms(self, warned: set[str]) -> int | None:
        """When something is to be done; 0 for at once, None while nothing moves by itself."""
        if self.circuit is not None and self.circuit.state is CircuitState.paused:
            return None
        times = [self._due_ms(one, warned) for one in self.members]
        if self.circuit is not None and ring.all_wait(self.members):
            times.append(ring.turns_ms(self.members))
        return min((one for one in times if one is not None), default=None)

    def _due_ms(self, one: Encounter, warned: set[str]) -> int | None:
        if one.paused_ms is not None or (self.circuit is not None and one.phase is Phase.changeover):
            return None
        warning = None if one.id in warned else warning_ms(one)
        ends_ms = one.phase_ends_ms or 0
        return ends_ms if warning is None else min(ends_ms, warning)


def units(running: Iterable[Encounter], circuits: Iterable[Circuit]) -> list[Unit]:
    """Everything that the clock moves."""
    alone = {one.id: one for one in running}
    found = []
    for circuit in circuits:
        members = tuple(one for one in alone.values() if ring.is_in(circuit, one))
        found.append(Unit(f"{circuit.exam_id}/{circuit.name}", circuit, members))
        for one in members:
            del alone[one.id]
    return found + [Unit(one.id, None, (one,)) for one in alone.values()]


async def due(connection: Connection) -> list[tuple[int, Unit]]:
    """Everything that the clock will move, with its time."""
    running = await store_encounters.running(connection)
    warned = await store_encounters.warned(connection, [one.id for one in running])
    circuits = await store.circuits_in(connection, TURNING)
    times = ((unit.due_ms(warned), unit) for unit in units(running, circuits))
    return [(at_ms, unit) for at_ms, unit in times if at_ms is not None]


async def advance(moves: Moves, only: str | None = None) -> bool:
    """All that is due now, or that of one unit; returns whether there was anything that could be done.

    A phase that is over gives way to the following one, which then has its full length: it starts now rather than at
    the deadline. If the server was down across it, nobody loses a phase that they could not sit.
    """
    warned = await store_encounters.warned(moves.connection, list(moves.running))
    acted = False
    for unit in units(moves.running.values(), list(moves.circuits.values())):
        at_ms = unit.due_ms(warned)
        if at_ms is None or at_ms > moves.now_ms or only not in (None, unit.key):
            continue
        turning = unit.circuit is not None and ring.all_wait(unit.members)
        for one in () if turning else unit.members:
            acted |= _advance(moves, unit, one, warned)
        if unit.circuit is not None and turning:
            acted |= await _turn(moves, unit.circuit, unit.members)
    return acted


def _advance(moves: Moves, unit: Unit, one: Encounter, warned: set[str]) -> bool:
    if one.paused_ms is not None or (unit.circuit is not None and one.phase is Phase.changeover):
        return False
    if one.phase_ends_ms is None or one.phase_ends_ms <= moves.now_ms:
        moves.enter(one, following(one.phase, one.timings), Cause.clock)
        return True
    warning = None if one.id in warned else warning_ms(one)
    if warning is not None and warning <= moves.now_ms:
        moves.ring_bell(one, Bell.warning)
        return True
    return False


async def _turn(moves: Moves, circuit: Circuit, members: Iterable[Encounter]) -> bool:
    """The rotation is over. The next one begins, or the circuit is at its end."""
    acted = False
    for one in members:
        moves.enter(one, Phase.done, Cause.clock)
        acted = True
    left = await moves.left_in(circuit)
    waiting = [one for one in left if one.phase is Phase.waiting]
    if not waiting or circuit.state is CircuitState.stopping:
        moves.move_circuit(circuit, CircuitState.planned if left else CircuitState.finished)
        return True
    later = [one for one in waiting if one.rotation > circuit.rotation]
    rotations = {one.id: one.rotation for one in later} or ring.place(waiting, (), circuit.rotation)
    first = min(rotations.values())
    upcoming = [one for one in waiting if rotations.get(one.id) == first]
    if all(moves.in_the_way(one) for one in upcoming):
        return acted  # somebody of each is in another circuit's room: it is tried again
    await moves.begin_together(moves.move_circuit(circuit, circuit.state, first), upcoming, later)
    return True


def set_right(moves: Moves) -> None:
    """Phases that began in the future: the machine's clock was set back while the server was down.

    They start again from now with their length; one that stands keeps what it had left.
    """
    for one in moves.running.values():
        ahead_ms = (one.paused_ms or one.phase_started_ms) - moves.now_ms
        if ahead_ms <= 0:
            continue
        ends_ms = None if one.phase_ends_ms is None else one.phase_ends_ms - ahead_ms
        started_ms = one.phase_started_ms - ahead_ms
        stands = None if one.paused_ms is None else moves.now_ms
        new = replace(one, phase_started_ms=started_ms, phase_ends_ms=ends_ms, paused_ms=stands)
        moves.put(one, new, Cause.clock_set_back)
