"""A person's decision on an incident, and what it still does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.events import IncidentChanged
from teleosce.core.ids import new_id
from teleosce.exams import store, store_encounters, store_ledger, transitions
from teleosce.exams.incidents import Decision, Incident, IncidentKind, until_now
from teleosce.exams.models import Encounter, Outcome, Phase
from teleosce.exams.moves import Moves
from teleosce.exams.phases import RUNNING

MAX_NOTE = 1000


async def decide(moves: Moves, incident_id: str, decision: Decision, note: str, by: str | None) -> Incident:
    """Notes the decision, and does what it says where that is still possible.

    add-time: the consultation, if it still goes on, is lengthened by what was lost. re-run: it is made void if it still
    goes on, and there is a new attempt. void: it will not count. Vetoes: Invalid for a void without a note;
    Conflict when it was decided before. An action that is refused leaves the decision, which says so.
    """
    note = note.strip()
    if len(note) > MAX_NOTE or (decision is Decision.void and not note):
        raise Invalid(f"Say why, in at most {MAX_NOTE} characters. Nothing was decided.", code="decision-note")
    old = await store_ledger.incident(moves.connection, incident_id)
    if old is None:
        raise NotFound("There is no such incident.", code="no-incident")
    exam = await store.exam(moves.connection, old.exam_id)
    assert exam is not None
    now = until_now(old, exam.policy, moves.now_ms)
    done = old.decided_ms is None and await _carry_out(moves, now, decision, note)
    new = replace(now, since_ms=None, closed_ms=old.closed_ms or moves.now_ms)
    new = replace(new, decision=decision, decided_by=by, decided_ms=moves.now_ms)
    new = replace(new, carried_out=done, note=note or now.note)
    if not await store_ledger.rewrite(moves.connection, new, undecided=True):
        said = old.decision.value if old.decision else "something"
        raise Conflict(
            f"“{said}” was decided already. Nothing was changed.", code="decided", details={"decision": said}
        )
    moves.say(new.exam_id, IncidentChanged(new.exam_id, new.id))
    if old.closed_ms is None:
        await _go_on(moves, old)
    return new


async def again(moves: Moves, encounter_id: str, how: Callable[[Moves, str], Awaitable[str]]) -> str:
    """Another attempt by hand, `rerun` or `carry_over`, which also decides that the missed one is run again.

    Returns the attempt's id.
    """
    old = await moves.get(encounter_id)
    made = await how(moves, encounter_id)
    await _run_again(moves, old.room)
    return made


async def _run_again(moves: Moves, room: str, besides: str | None = None) -> None:
    """Decides of all who missed a room that they are run again where they have another attempt by now.

    besides: the incident that somebody decides at this moment.
    """
    held = [await moves.get(room), *await store_encounters.joining(moves.connection, [room])]
    for one in await store_ledger.incidents_in(moves.connection, [room]):
        if one.kind is not IncidentKind.missed or one.decision is not None or one.id == besides:
            continue
        mine = _newest(befell(one, held))
        if mine.attempt < await store_encounters.latest_attempt(moves.connection, mine.slot_id):
            new = replace(one, decision=Decision.rerun, decided_ms=moves.now_ms, carried_out=True)
            await store_ledger.rewrite(moves.connection, new, undecided=True)
            moves.say(new.exam_id, IncidentChanged(new.exam_id, new.id))


def _newest(attempts: Sequence[Encounter]) -> Encounter:
    """Of those in one room that are done; what waits or runs there was missed by nobody yet."""
    return max(attempts, key=lambda one: (one.phase is Phase.done, one.attempt))


async def _go_on(moves: Moves, old: Incident) -> None:
    """What goes on beyond the decision is another incident, and has a proposal of its own."""
    if old.encounter_id is None or (await moves.get(old.encounter_id)).phase is not Phase.encounter:
        return
    since_ms = None if old.since_ms is None else moves.now_ms
    new = Incident(new_id(), old.exam_id, old.encounter_id, old.seat_id, old.kind, moves.now_ms, since_ms)
    await store_ledger.add(moves.connection, new)
    moves.say(new.exam_id, IncidentChanged(new.exam_id, new.id))


def befell(incident: Incident, together: Sequence[Encounter]) -> list[Encounter]:
    """The encounters of one room that an incident takes: the candidate's whom it befell, or else all."""
    seat = incident.seat_id
    return [one for one in together if seat is not None and one.candidate == seat] or list(together)


async def _carry_out(moves: Moves, incident: Incident, decision: Decision, note: str) -> bool:
    if incident.encounter_id is None or decision is Decision.none:
        return False
    encounter = await moves.get(incident.encounter_id)
    held = [encounter, *await store_encounters.joining(moves.connection, [encounter.id])]
    taken = befell(incident, held)
    try:
        if decision is Decision.add_time:
            if encounter.phase is not Phase.encounter or incident.added_s == 0:
                return False
            await transitions.add_time(moves, encounter.id, incident.added_s)
        elif decision is Decision.void:
            await _void(moves, taken, note)
        elif incident.kind is IncidentKind.missed:
            await transitions.carry_over(moves, _newest(taken).id)
            await _run_again(moves, encounter.id, besides=incident.id)
        elif taken[0].phase in RUNNING:
            await _void(moves, [one for one in held if one.phase in RUNNING], note or "It is run again.")
            await transitions.rerun(moves, encounter.id)
        else:
            await transitions.rerun(moves, taken[0].id)
    except Conflict:
        return False
    return True


async def _void(moves: Moves, together: Sequence[Encounter], note: str) -> None:
    """The first of a room comes last: its end is that of all."""
    for one in reversed(together):
        if one.outcome is not Outcome.void:
            await transitions.void(moves, one.id, note)
