"""What people do to circuits, a function each: it vetoes, and puts what shall change into the transaction."""

from collections.abc import Collection
from dataclasses import replace

from teleosce.core.errors import NotFound
from teleosce.core.events import IncidentChanged
from teleosce.core.ids import new_id
from teleosce.exams import store, store_encounters, store_ledger
from teleosce.exams.incidents import Incident, IncidentKind, proposed
from teleosce.exams.models import Cause, Circuit, CircuitState, Encounter, Outcome, Phase
from teleosce.exams.moves import Moves
from teleosce.exams.sentences import elsewhere, not_so

SOFT_MS = 30_000
"""How long a consultation may still go on after a soft stop."""

Names = Collection[str] | None


async def gather(moves: Moves, exam_id: str, names: Names) -> None:
    """Planned → gathering: people are let into the waiting room. Vetoes (Conflict): one is not planned."""
    for circuit in await _chosen(moves, exam_id, names, CircuitState.planned):
        moves.move_circuit(circuit, CircuitState.gathering)


async def go(moves: Moves, exam_id: str, names: Names) -> None:
    """Planned or gathering → running: the first rotation that waits begins, for everybody at once.

    Without names a later round, whose people the rounds before it hold, waits for its own start. Vetoes (Conflict): a
    named one is not planned or gathering; nothing waits; somebody is still in an encounter.
    """
    chosen = await _chosen(moves, exam_id, names, CircuitState.planned, CircuitState.gathering)
    begun = 0
    queues = [(circuit, await _waiting(moves, circuit)) for circuit in chosen]
    for circuit, waiting in sorted(queues, key=lambda one: _next(one[1])):
        first = [one for one in waiting if one.rotation == _next(waiting)]
        if not first:
            continue
        if (held := _held(moves, first)) is not None:
            if names is None and begun:
                continue
            raise elsewhere(*held)
        begun += 1
        new = moves.move_circuit(circuit, CircuitState.running, _next(waiting))
        await moves.begin_together(new, first, [one for one in waiting if one not in first])
    if begun == 0 or (names is not None and begun < len(chosen)):
        raise not_so(chosen, "There nobody waits to be examined, so nothing was begun.")


def _next(waiting: list[Encounter]) -> int:
    """The first rotation for which somebody waits; 0 for none."""
    return min((one.rotation for one in waiting), default=0)


def _held(moves: Moves, wanted: list[Encounter]) -> tuple[Encounter, Encounter] | None:
    """One that cannot begin, and the encounter that holds somebody it needs."""
    pairs = ((one, moves.in_the_way(one)) for one in wanted)
    return next(((one, other) for one, other in pairs if other is not None), None)


async def pause(moves: Moves, exam_id: str, names: Names) -> None:
    """Running → paused: the clocks of all stand. Vetoes (Conflict): none, or a named one, is running."""
    for circuit in await _chosen(moves, exam_id, names, CircuitState.running):
        moves.move_circuit(circuit, CircuitState.paused)
        for one in moves.members(circuit):
            if one.paused_ms is None:
                moves.put(one, replace(one, paused_ms=moves.now_ms), Cause.paused)


async def resume(moves: Moves, exam_id: str, names: Names) -> None:
    """Paused → running: all go on with what they had left, those paused by themselves as well. Conflict: as above."""
    for circuit in await _chosen(moves, exam_id, names, CircuitState.paused):
        moves.move_circuit(circuit, CircuitState.running)
        for one in moves.members(circuit):
            moves.resume(one)


async def stop(moves: Moves, exam_id: str, names: Names, *, hard: bool) -> None:
    """Gathering, running or paused → stopping, and planned again with what is left when the last is through.

    Who still reads begins that station again another time. Soft: consultations end within 30 s, with the end bell, and
    notes are still written. Hard: all is over now. Vetoes (Conflict): none, or a named one, is in such a state.
    """
    states = (CircuitState.gathering, CircuitState.running, CircuitState.paused)
    for circuit in await _chosen(moves, exam_id, names, *states, *((CircuitState.stopping,) if hard else ())):
        if circuit.state is CircuitState.gathering:
            moves.move_circuit(circuit, CircuitState.planned)
            continue
        for one in moves.members(circuit):
            await _stop(moves, one, hard=hard)
        over = CircuitState.planned if await moves.left_in(circuit) else CircuitState.finished
        moves.move_circuit(circuit, over if hard else CircuitState.stopping)


async def _stop(moves: Moves, one: Encounter, *, hard: bool) -> None:
    if one.phase is Phase.reading:
        moves.enter(one, Phase.done, Cause.stopped, "The circuit was stopped before the consultation.", Outcome.void)
        await moves.attempt_again(await moves.people_again(one), one.rotation, Cause.rerun)
        return
    moves.resume(one)
    one = await moves.get(one.id)
    latest_ms = moves.now_ms + (0 if hard else SOFT_MS)
    if one.phase is Phase.encounter and one.phase_ends_ms is not None and one.phase_ends_ms > latest_ms:
        await _note(moves, one, one.phase_ends_ms - latest_ms)
        moves.put(one, replace(one, phase_ends_ms=latest_ms), Cause.stopped)
    if hard:
        moves.enter(await moves.get(one.id), Phase.done, Cause.stopped)


async def _note(moves: Moves, one: Encounter, lost_ms: int) -> None:
    """A consultation that was cut short is an incident: somebody decides whether it counts."""
    exam = await store.exam(moves.connection, one.exam_id)
    assert exam is not None
    new = Incident(
        new_id(),
        one.exam_id,
        one.id,
        None,
        IncidentKind.other,
        opened_ms=moves.now_ms,
        closed_ms=moves.now_ms,
        lost_audio_ms=lost_ms,
        lost_video_ms=lost_ms,
        note="The circuit was stopped in the middle of the consultation.",
    )
    new = replace(new, proposal=proposed(new, exam.policy))
    await store_ledger.add(moves.connection, new)
    moves.say(one.exam_id, IncidentChanged(one.exam_id, new.id))


async def _waiting(moves: Moves, circuit: Circuit) -> list[Encounter]:
    found = await store_encounters.open_in(moves.connection, circuit.exam_id, circuit.name)
    return [one for one in found if one.phase is Phase.waiting]


async def _chosen(moves: Moves, exam_id: str, names: Names, *states: CircuitState) -> list[Circuit]:
    """The named circuits, each of which must be in one of the states; without names all that are."""
    every = await store.circuits_of(moves.connection, exam_id)
    if names is not None:
        known = {one.name for one in every}
        if unknown := [name for name in names if name not in known]:
            raise NotFound(f"There is no circuit {unknown[0][:20]} in this exam.", code="no-circuit")
        every = [one for one in every if one.name in names]
    chosen = [one for one in every if one.state in states]
    if not chosen or (names is not None and len(chosen) < len(every)):
        raise not_so([one for one in every if one not in chosen], "Nothing was changed.")
    return chosen
