"""What people do to one encounter, a function each: it vetoes, and puts what shall change into the transaction.

Each is one transaction with compare-and-swap, so of two people (or a person and the clock) who act at once, one acts
and the other is told how things stand.
"""

from dataclasses import replace
from typing import TypeVar

from teleosce.core.errors import Conflict, Invalid
from teleosce.core.events import BellRang, SeatSwapped
from teleosce.exams import ring, store, store_encounters, store_moves
from teleosce.exams.models import Cause, Circuit, CircuitState, Encounter, Outcome, Phase, Slot
from teleosce.exams.moves import Moves
from teleosce.exams.phases import RUNNING, Bell, following, length_ms
from teleosce.exams.sentences import elsewhere, otherwise

_Peopled = TypeVar("_Peopled", Encounter, Slot)

MAX_ADDED_S = 3600
MAX_REASON = 1000


async def begin(moves: Moves, encounter_id: str) -> None:
    """From waiting to the first phase that has a length. While its circuit turns, it joins the present rotation.

    Vetoes (Conflict): already begun or done; somebody of it is in another running encounter.
    """
    old = await moves.leading(encounter_id)
    if old.phase is not Phase.waiting:
        raise otherwise(old, "It cannot begin twice.")
    if (other := moves.in_the_way(old)) is not None:
        raise elsewhere(old, other)
    moves.begin(old, moves.circuits.get((old.exam_id, old.circuit)))


async def end_phase(moves: Moves, encounter_id: str, expected: Phase) -> None:
    """Early by the organiser: `expected`, a running phase → the following one.

    Vetoes (Conflict, with the present state): it is not in `expected`, has not begun, or is done.
    """
    old = await moves.leading(encounter_id)
    if old.phase not in RUNNING or old.phase is not expected:
        raise otherwise(old, "Nothing was changed.")
    moves.enter(old, following(old.phase, old.timings), Cause.ended_early)


async def add_time(moves: Moves, encounter_id: str, seconds: int, seen_ends_ms: int | None = None) -> None:
    """A running phase ends `seconds` later, 1 to 3600; the ring waits. A warning that has rung does not ring again.

    seen_ends_ms: the end that whoever asks saw. Vetoes: Invalid for other lengths; Conflict when no phase is running,
    or the ring's changeover, or it has another end by now.
    """
    if not 1 <= seconds <= MAX_ADDED_S:
        raise Invalid(f"Between 1 and {MAX_ADDED_S} seconds can be added at a time.", code="added-time")
    old = await moves.leading(encounter_id)
    if old.phase not in RUNNING or old.phase_ends_ms is None:
        raise otherwise(old, "No time was added.")
    if old.phase is Phase.changeover and moves.ring_of(old):
        raise otherwise(old, "That ends for everybody when the ring turns: no time was added.")
    _as_seen(old, seen_ends_ms, "no time was added")
    new = replace(old, phase_ends_ms=old.phase_ends_ms + 1000 * seconds)
    moves.put(old, new, Cause.time_added, f"{seconds} s")


def _as_seen(now: Encounter, seen_ends_ms: int | None, consequence: str) -> None:
    """Of two who lengthen a phase at once, one does."""
    if seen_ends_ms is not None and seen_ends_ms != now.phase_ends_ms:
        raise otherwise(
            now, f"Its time was changed a moment ago, so {consequence}. Look at it, and press again if need be."
        )


async def pause(moves: Moves, encounter_id: str) -> None:
    """Its clock stands, and the ring waits for it. Vetoes (Conflict): no phase runs, or it stands already."""
    old = await moves.leading(encounter_id)
    if old.phase not in RUNNING or old.paused_ms is not None:
        raise otherwise(old, "It stands already." if old.paused_ms is not None else "There is nothing to pause.")
    moves.put(old, replace(old, paused_ms=moves.now_ms), Cause.paused)


async def resume(moves: Moves, encounter_id: str) -> None:
    """Its clock goes on with what was left. Vetoes (Conflict): it does not stand; its whole circuit is paused."""
    old = await moves.leading(encounter_id)
    if old.paused_ms is None:
        raise otherwise(old, "It does not stand, so nothing was changed.")
    circuit = moves.ring_of(old)
    if circuit is not None and circuit.state is CircuitState.paused:
        raise otherwise(old, f"Circuit {circuit.name} is paused: resume that.")
    moves.resume(old)


async def restart_phase(moves: Moves, encounter_id: str, seen_ends_ms: int | None = None) -> None:
    """The present phase starts over, with its whole length and its bells.

    seen_ends_ms: the end that whoever asks saw. Vetoes (Conflict): no phase runs, or the ring's changeover, or it has
    another end by now.
    """
    old = await moves.leading(encounter_id)
    if old.phase not in RUNNING or (old.phase is Phase.changeover and moves.ring_of(old)):
        raise otherwise(old, "Nothing was started over.")
    _as_seen(old, seen_ends_ms, "nothing was started over")
    stands = None if old.paused_ms is None else moves.now_ms
    ends_ms = moves.now_ms + length_ms(old.phase, old.timings)
    new = replace(old, phase_started_ms=moves.now_ms, phase_ends_ms=ends_ms, paused_ms=stands)
    moves.put(old, new, Cause.restarted)
    await store_moves.forget_bells(moves.connection, old.id, old.phase)
    if old.phase in (Phase.reading, Phase.encounter):
        moves.ring_bell(old, Bell.start)


async def ring_by_hand(moves: Moves, encounter_id: str) -> None:
    """The bell, which marks no phase. Vetoes (Conflict): it does not run, so nobody is there to hear it."""
    old = await moves.leading(encounter_id)
    if old.phase not in RUNNING:
        raise otherwise(old, "Nobody is there to hear a bell.")
    moves.put(old, old, Cause.rung)
    moves.say(old.id, BellRang(old.id, "call", old.phase, moves.now_ms))


async def void(moves: Moves, encounter_id: str, reason: str) -> None:
    """Any phase → done with the outcome `void`: it will not count. What was recorded and marked is kept.

    Vetoes: Invalid without a reason; Conflict when it is void already, or another's encounter joins it and is not done.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise Invalid(f"Say why it is void, in at most {MAX_REASON} characters.", code="void-reason")
    old = await moves.get(encounter_id)
    if old.outcome is Outcome.void:
        raise otherwise(old, "Nothing was changed.")
    if old.phase is Phase.done:
        moves.put(old, replace(old, outcome=Outcome.void), Cause.voided, reason)
        return
    await _nobody_joins(
        moves,
        old,
        "It goes on for the other candidate: make it void at its end. To end it for both, make the other’s void first.",
    )
    moves.enter(old, Phase.done, Cause.voided, reason, Outcome.void)


async def no_show(moves: Moves, encounter_id: str) -> None:
    """The candidate did not come: done with the outcome `missed`. One that joins another's room is done by itself.

    Vetoes (Conflict): it is done; the candidate has been in the room during the consultation; another's encounter joins
    this one and is not done: then it goes on, and who never comes is noted as missed at its end.
    """
    old = await moves.get(encounter_id)
    if old.phase is Phase.done:
        raise otherwise(old, "Nothing was changed.")
    if old.phase not in (Phase.waiting, Phase.reading):
        there = {one.seat_id for one in await store_moves.attendance_of(moves.connection, [old.room])}
        if old.candidate in there:
            raise otherwise(old, "The candidate has been there. End it or make it void instead.")
    await _nobody_joins(
        moves, old, "It goes on for the other candidate; who never comes is noted as missed at its end."
    )
    moves.enter(old, Phase.done, Cause.no_show, outcome=Outcome.missed)


async def _nobody_joins(moves: Moves, old: Encounter, consequence: str) -> None:
    """Raises Conflict while its end would be that of another candidate's, who is in the same room."""
    joining = await store_encounters.joining(moves.connection, [old.id])
    if any([(await moves.get(one.id)).phase is not Phase.done for one in joining]):
        raise otherwise(old, consequence)


async def rerun(moves: Moves, encounter_id: str) -> str:
    """A new attempt at the slot of a done encounter; the old is kept. Returns its id.

    While its rotation still runs, it begins at once and the ring waits for it; when its rotation is over, it waits for
    the end of the circuit; otherwise it waits for its rotation. One that joined another's room is run again alone with
    the SP; while that room still waits, it joins it once more. Vetoes (Conflict): it is not done; a newer one exists.
    """
    old = await moves.get(encounter_id)
    if old.phase is not Phase.done:
        raise otherwise(old, "End it or make it void before it is run again.")
    old = await moves.people_again(old)
    circuit = await _circuit(moves, old)
    if old.joins is not None or not circuit.turns or old.rotation > circuit.rotation:
        new = await moves.attempt_again(old, old.rotation, Cause.rerun)
    elif old.rotation < circuit.rotation or circuit.state is CircuitState.stopping or moves.in_the_way(old):
        new = await moves.attempt_again(old, await _at_the_end(moves, circuit, old), Cause.rerun)
    else:
        new = await moves.attempt_again(old, old.rotation, Cause.rerun)
        if moves.in_the_way(new) is None:
            moves.begin(new, circuit)
    _reopen(moves, circuit)
    return new.id


async def carry_over(moves: Moves, encounter_id: str) -> str:
    """An attempt at the end of the circuit: a waiting one is moved there, of a done one there is a new one.

    Returns its id. Whoever joins a room that still waits takes it along. Vetoes (Conflict): it is running; a newer
    attempt exists.
    """
    old = await moves.get(encounter_id)
    if old.phase in RUNNING:
        raise otherwise(old, "End it or make it void before it is carried over.")
    lead = await moves.leading(old.id)
    again = await moves.people_again(old)
    circuit = await _circuit(moves, old)
    rotation = await _at_the_end(moves, circuit, lead if lead.phase is Phase.waiting else again)
    if lead.phase is Phase.waiting:
        moves.put(lead, replace(lead, rotation=rotation), Cause.carried_over)
    if old.phase is Phase.waiting:
        return lead.id
    new = await moves.attempt_again(again, rotation, Cause.carried_over)
    _reopen(moves, circuit)
    return new.id


async def swap(moves: Moves, exam_id: str, seat_id: str, with_seat_id: str) -> None:
    """An SP or an examiner gives way to another in all that waits or runs, and in what may be run again.

    Vetoes (Conflict): the seat has nothing left to do, is a candidate's, or the other one is needed elsewhere.
    """
    mine = [one for one in await store_encounters.of_seat(moves.connection, seat_id) if one.phase is not Phase.done]
    theirs = await store_encounters.of_seat(moves.connection, with_seat_id)
    if not mine or any(one.exam_id != exam_id or one.candidate == seat_id for one in mine):
        raise Conflict(
            "Only a patient or an examiner with something left to do gives way; here somebody else may have taken over "
            "already. Nothing was changed.",
            code="swap-nothing",
        )
    if seat_id == with_seat_id or any(one.phase is not Phase.done for one in theirs):
        raise Conflict(
            "The other one has stations of their own, perhaps since a moment ago. Nothing was changed.",
            code="swap-taken",
        )
    for one in mine:
        moves.put(one, _instead(one, seat_id, with_seat_id), Cause.swapped)
    slots = await store.slots_of(moves.connection, exam_id)
    # Past rotations in which the other one worked elsewhere stay as they were.
    worked = {slot.rotation for slot in slots if with_seat_id in (slot.sp, slot.candidate)}
    for slot in slots:
        if seat_id in (slot.sp, slot.examiner, *slot.extra) and slot.rotation not in worked:
            await store.set_people(moves.connection, _instead(slot, seat_id, with_seat_id))
    running = tuple(one.id for one in mine if one.phase in RUNNING)
    moves.say(exam_id, SeatSwapped(exam_id, seat_id, with_seat_id, running))


def _instead(one: _Peopled, seat_id: str, with_seat_id: str) -> _Peopled:
    def now(seat: str | None) -> str | None:
        return with_seat_id if seat == seat_id else seat

    extra = tuple(with_seat_id if seat == seat_id else seat for seat in one.extra)
    return replace(one, sp=now(one.sp), examiner=now(one.examiner), extra=extra)


async def _circuit(moves: Moves, encounter: Encounter) -> Circuit:
    known = moves.circuits.get((encounter.exam_id, encounter.circuit))
    found = known or await store.circuit(moves.connection, encounter.exam_id, encounter.circuit)
    assert found is not None
    return found


async def _at_the_end(moves: Moves, circuit: Circuit, wanted: Encounter) -> int:
    """The first rotation beyond the plan and the present in which there is room for it."""
    planned = await store_encounters.last_rotation(moves.connection, circuit.exam_id, circuit.name)
    others = await store_encounters.open_in(moves.connection, circuit.exam_id, circuit.name)
    taken = [one for one in others if one.id != wanted.id]
    return ring.place([wanted], taken, max(planned, circuit.rotation))[wanted.id]


def _reopen(moves: Moves, circuit: Circuit) -> None:
    """A circuit that was finished has something left again."""
    if circuit.state is CircuitState.finished:
        moves.move_circuit(circuit, CircuitState.planned)
