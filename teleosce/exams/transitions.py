"""One function per transition: it vetoes, writes, logs, and says what is to be published once it is on disk.

The time is read once the transaction has begun: a wait for a locked database shortens nobody's phase.
Each is one transaction with one compare-and-swap, so of two people (or a person and the clock) who act at
once, one acts and the other is told how things stand.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.events import BellRang, EncounterEnded, EncounterStarted, PhaseChanged
from teleosce.core.ids import new_id
from teleosce.exams import store
from teleosce.exams.models import Cause, Encounter, Outcome, Phase
from teleosce.exams.phases import RUNNING, Bell, boundary_bell, following, length_ms, warning_ms

MAX_ADDED_S = 3600
MAX_REASON = 1000


@dataclass(frozen=True)
class Moved:
    """An encounter as it is now on disk, and the events that tell of it, in order."""

    encounter: Encounter
    events: list[object] = field(default_factory=list)


async def begin(database: Database, encounter_id: str, clock: Clock) -> Moved:
    """From waiting to the first phase that has a length.

    Vetoes (Conflict): already begun or done; its candidate or SP is in another running encounter.
    Publishes PhaseChanged, the start bell, and EncounterStarted when there is nothing to read first.
    """
    try:
        async with database.write() as connection:
            old = await _get(connection, encounter_id)
            if old.phase is not Phase.waiting:
                raise _otherwise(old, "It cannot begin twice.")
            if (other := await store.running_with(connection, old)) is not None:
                raise _elsewhere(old, other)
            return await _enter(connection, old, clock.now_ms(), Cause.begun)
    except IntegrityError as error:  # another process began one between our look and our write
        raise Conflict(
            "The candidate or the standardized patient has just begun another encounter. This one waits.",
            code="person-elsewhere",
        ) from error


async def end_phase(database: Database, encounter_id: str, expected: Phase, clock: Clock) -> Moved:
    """Early by the organiser: `expected`, a running phase → the following one.

    Vetoes (Conflict, with the present state): it is not in `expected`, has not begun, or is done.
    Publishes as `advance` does.
    """
    async with database.write() as connection:
        old = await _get(connection, encounter_id)
        if old.phase not in RUNNING or old.phase is not expected:
            raise _otherwise(old, "Nothing was changed.")
        return await _enter(connection, old, clock.now_ms(), Cause.ended_early)


async def advance(database: Database, seen: Encounter, clock: Clock) -> Moved | None:
    """By the clock: a running phase whose time is over → the following one, which then has its full length.

    The next phase starts now rather than at the deadline: if the server was down across it, nobody loses a
    phase that they could not sit. None when somebody moved it or added time since it was `seen`.
    Publishes PhaseChanged, a bell, and EncounterStarted or EncounterEnded.
    """
    async with database.write() as connection:
        old = await _get(connection, seen.id)
        if (old.phase, old.phase_ends_ms) != (seen.phase, seen.phase_ends_ms):
            return None
        return await _enter(connection, old, clock.now_ms(), Cause.clock)


async def warn(database: Database, seen: Encounter, clock: Clock) -> Moved | None:
    """The warning bell, once in an encounter's life. None when it has rung or is not due any more.

    Publishes BellRang.
    """
    async with database.write() as connection:
        now_ms = clock.now_ms()
        old = await _get(connection, seen.id)
        due_ms = warning_ms(old)
        if due_ms is None or now_ms < due_ms:
            return None
        if not await store.ring(connection, old.id, Bell.warning, old.phase, now_ms):
            return None
        return Moved(old, [BellRang(old.id, Bell.warning, old.phase, now_ms)])


async def add_time(database: Database, encounter_id: str, seconds: int, clock: Clock) -> Moved:
    """A running phase ends `seconds` later, 1 to 3600. A warning that has rung does not ring again.

    Vetoes: Invalid for other lengths, Conflict when no phase is running. Publishes PhaseChanged.
    """
    if not 1 <= seconds <= MAX_ADDED_S:
        raise Invalid(f"Between 1 and {MAX_ADDED_S} seconds can be added at a time.", code="added-time")
    async with database.write() as connection:
        old = await _get(connection, encounter_id)
        if old.phase not in RUNNING or old.phase_ends_ms is None:
            raise _otherwise(old, "No time was added.")
        new = replace(old, phase_ends_ms=old.phase_ends_ms + 1000 * seconds)
        return await _rewrite(connection, old, new, clock.now_ms(), cause=Cause.time_added, detail=f"{seconds} s")


async def set_right(database: Database, seen: Encounter, clock: Clock) -> Moved | None:
    """A phase that began in the future: the machine's clock was set back while the server was down.

    It starts again from now with its length. None when nothing is wrong. Publishes PhaseChanged.
    """
    async with database.write() as connection:
        now_ms = clock.now_ms()
        old = await _get(connection, seen.id)
        if old.phase_ends_ms is None or old.phase_started_ms <= now_ms:
            return None
        ends_ms = now_ms + old.phase_ends_ms - old.phase_started_ms
        new = replace(old, phase_started_ms=now_ms, phase_ends_ms=ends_ms)
        return await _rewrite(connection, old, new, now_ms, cause=Cause.clock_set_back)


async def void(database: Database, encounter_id: str, reason: str, clock: Clock) -> Moved:
    """Any phase → done with the outcome `void`: it will not count. What was recorded and marked is kept.

    Vetoes: Invalid without a reason, Conflict when it is void already.
    Publishes PhaseChanged, the end bell and EncounterEnded if it was in the encounter.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise Invalid(f"Say why it is void, in at most {MAX_REASON} characters.", code="void-reason")
    async with database.write() as connection:
        old = await _get(connection, encounter_id)
        if old.outcome is Outcome.void:
            raise _otherwise(old, "Nothing was changed.")
        if old.phase is Phase.done:
            new = replace(old, outcome=Outcome.void)
            return await _rewrite(connection, old, new, clock.now_ms(), cause=Cause.voided, detail=reason)
        return await _enter(connection, old, clock.now_ms(), Cause.voided, reason)


async def rerun(database: Database, encounter_id: str, clock: Clock) -> Moved:
    """A new, waiting attempt at the slot of a done encounter, people and timings the same; the old is kept.

    Vetoes (Conflict): it is not done; a newer attempt exists. Publishes PhaseChanged of the new one.
    """
    async with database.write() as connection:
        now_ms = clock.now_ms()
        old = await _get(connection, encounter_id)
        if old.phase is not Phase.done:
            raise _otherwise(old, "End it or make it void before it is run again.")
        latest = await store.latest_attempt(connection, old.slot_id)
        if old.attempt != latest:
            raise Conflict(
                f"This was attempt {old.attempt}; there is an attempt {latest} already. None was added.",
                code="rerun-exists",
            )
        new = replace(
            old,
            id=new_id(),
            attempt=latest + 1,
            phase=Phase.waiting,
            phase_started_ms=now_ms,
            phase_ends_ms=None,
            outcome=None,
        )
        await store.add_encounter(connection, new, Cause.rerun)
        return Moved(new, [_changed(new)])


async def _enter(connection: AsyncConnection, old: Encounter, now_ms: int, cause: Cause, reason: str = "") -> Moved:
    voided = cause is Cause.voided
    phase = Phase.done if voided else following(old.phase, old.timings)
    done = phase is Phase.done
    new = replace(
        old,
        phase=phase,
        phase_started_ms=now_ms,
        phase_ends_ms=None if done else now_ms + length_ms(phase, old.timings),
        outcome=(Outcome.void if voided else Outcome.completed) if done else None,
    )
    moved = await _rewrite(connection, old, new, now_ms, cause=cause, detail=reason)
    bell = boundary_bell(old.phase, phase)
    if bell is not None and await store.ring(connection, old.id, *bell, now_ms):
        moved.events.append(BellRang(old.id, *bell, now_ms))
    if phase is Phase.encounter:
        moved.events.append(EncounterStarted(old.id))
    if old.phase is Phase.encounter:
        moved.events.append(EncounterEnded(old.id))
    return moved


async def _rewrite(
    connection: AsyncConnection, old: Encounter, new: Encounter, at_ms: int, *, cause: Cause, detail: str = ""
) -> Moved:
    if not await store.move(connection, old, new, at_ms=at_ms, cause=cause, detail=detail):
        raise _otherwise(await _get(connection, old.id), "Nothing was changed.")
    return Moved(new, [_changed(new)])


async def _get(connection: AsyncConnection, encounter_id: str) -> Encounter:
    found = await store.encounter(connection, encounter_id)
    if found is None:
        raise NotFound("There is no such encounter.", code="no-encounter")
    return found


def _changed(now: Encounter) -> PhaseChanged:
    return PhaseChanged(now.id, now.phase, now.phase_started_ms, now.phase_ends_ms)


_SAID = {
    Phase.waiting: "has not begun yet",
    Phase.reading: "is in its reading phase",
    Phase.encounter: "is in its encounter phase",
    Phase.note: "is in its note phase",
    Phase.changeover: "is in its changeover",
    Phase.done: "is done",
}


def _said(now: Encounter) -> str:
    state = "is void" if now.outcome is Outcome.void else _SAID[now.phase]
    return f"Station {now.position} {state}"


def _state(now: Encounter) -> dict[str, object]:
    return {
        "encounter_id": now.id,
        "phase": now.phase.value,
        "phase_started_ms": now.phase_started_ms,
        "phase_ends_ms": now.phase_ends_ms,
        "outcome": now.outcome.value if now.outcome else None,
    }


def _otherwise(now: Encounter, consequence: str) -> Conflict:
    return Conflict(f"{_said(now)}. {consequence}", code="phase-is-other", details=_state(now))


def _elsewhere(wanted: Encounter, other: Encounter) -> Conflict:
    same = wanted.candidate is not None and wanted.candidate == other.candidate
    who = "The candidate" if same else "The standardized patient"
    return Conflict(
        f"{who} is still elsewhere: {_said(other)}. This encounter waits; begin it when that one is done.",
        code="person-elsewhere",
        details=_state(other),
    )
