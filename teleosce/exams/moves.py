"""What one transaction does to encounters and circuits: thought out in memory, then written at once.

The time is read once, when the transaction has begun: a wait for a locked database shortens nobody's phase, and all
that moves together has one time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Connection
from teleosce.core.errors import Conflict, NotFound
from teleosce.core.events import (
    BellRang,
    CircuitChanged,
    EncounterEnded,
    EncounterStarted,
    IncidentChanged,
    PhaseChanged,
)
from teleosce.core.ids import new_id
from teleosce.exams import ring, store, store_encounters, store_ledger, store_moves
from teleosce.exams.incidents import Incident, IncidentKind, proposed, until_now
from teleosce.exams.models import Cause, Circuit, CircuitState, Encounter, Outcome, Phase, Slot
from teleosce.exams.phases import CIRCUIT_NEXT, RUNNING, Bell, boundary_bell, following, length_ms
from teleosce.exams.store_moves import Rung

_SHARED = ("phase", "phase_started_ms", "phase_ends_ms", "paused_ms", "rotation")

TURNING = (CircuitState.running, CircuitState.paused, CircuitState.stopping)


@dataclass(frozen=True)
class Change:
    """What becomes of an encounter, and why."""

    old: Encounter
    new: Encounter
    cause: Cause
    detail: str = ""


@dataclass
class Moves:
    """One transaction's view and its changes. running: encounters that have begun, circuits: those that turn."""

    connection: Connection
    now_ms: int
    running: dict[str, Encounter]
    circuits: dict[tuple[str, str], Circuit]
    changes: dict[str, Change] = field(default_factory=dict)
    said: list[tuple[str, list[object]]] = field(default_factory=list)
    """What is to be published once it is on disk, in order for each key."""
    _old_circuits: dict[tuple[str, str], Circuit] = field(default_factory=dict)
    _bells: list[Rung] = field(default_factory=list)

    @classmethod
    async def of(cls, connection: Connection, clock: Clock) -> "Moves":
        """Reads what runs."""
        running = await store_encounters.running(connection)
        circuits = await store.circuits_in(connection, TURNING)
        known = {(one.exam_id, one.name): one for one in circuits}
        return cls(connection, clock.now_ms(), {one.id: one for one in running}, known)

    async def get(self, encounter_id: str) -> Encounter:
        """An encounter as it will be. Raises NotFound."""
        if encounter_id in self.changes:
            return self.changes[encounter_id].new
        found = self.running.get(encounter_id) or await store_encounters.encounter(self.connection, encounter_id)
        if found is None:
            raise NotFound("There is no such encounter.", code="no-encounter")
        return found

    async def leading(self, encounter_id: str) -> Encounter:
        """The encounter whose clock this one has: itself, unless it joins another. Raises NotFound."""
        found = await self.get(encounter_id)
        return found if found.joins is None else await self.get(found.joins)

    def members(self, circuit: Circuit) -> list[Encounter]:
        """Those who run in the ring of a circuit, as they will be."""
        return [one for one in self._running_then() if ring.is_in(circuit, one)]

    async def left_in(self, circuit: Circuit) -> list[Encounter]:
        """The encounters of a circuit that will not be done: those that wait, and those that run, by themselves too."""
        found = await store_encounters.open_in(self.connection, circuit.exam_id, circuit.name)
        then = [self.changes[one.id].new if one.id in self.changes else one for one in found]
        return [one for one in then if one.phase is not Phase.done]

    def ring_of(self, encounter: Encounter) -> Circuit | None:
        """The turning circuit in whose ring the encounter runs; None when it runs by itself."""
        circuit = self.circuits.get((encounter.exam_id, encounter.circuit))
        return circuit if ring.is_in(circuit, encounter) else None

    def in_the_way(self, wanted: Encounter) -> Encounter | None:
        """A running encounter, other than `wanted`, that holds somebody who is needed in its room."""
        people = set(wanted.people)
        for one in self._running_then():
            if one.id != wanted.id and people & set(one.people):
                return one
        return None

    def put(self, old: Encounter, new: Encounter, cause: Cause, detail: str = "") -> None:
        """`old`, as it is or will be, becomes `new`."""
        before = self.changes.get(old.id)
        if before is None:
            self.changes[old.id] = Change(old, new, cause, detail)
        elif cause is Cause.ring:
            self.changes[old.id] = replace(before, new=new)
        else:
            self.changes[old.id] = Change(before.old, new, cause, detail or before.detail)

    def enter(
        self, old: Encounter, phase: Phase, cause: Cause, detail: str = "", outcome: Outcome | None = None
    ) -> None:
        """A new phase, with its whole length. What is done without an `outcome` gets its own when it is written."""
        done = phase is Phase.done
        stands = old.paused_ms is not None and not done
        new = replace(
            old,
            phase=phase,
            phase_started_ms=self.now_ms,
            phase_ends_ms=None if done else self.now_ms + length_ms(phase, old.timings),
            outcome=outcome,
            paused_ms=self.now_ms if stands else None,
        )
        self.put(old, new, cause, detail)

    def begin(self, old: Encounter, circuit: Circuit | None) -> None:
        """From waiting to the first phase that has a length; in a circuit that turns as a part of its ring."""
        self.enter(old, following(old.phase, old.timings), Cause.begun)
        new = self.changes[old.id].new
        if circuit is not None and circuit.turns:
            stands = circuit.state is CircuitState.paused and new.phase is not Phase.done
            self.put(
                old,
                replace(new, rotation=circuit.rotation, paused_ms=self.now_ms if stands else None),
                Cause.begun,
            )

    async def begin_together(self, circuit: Circuit, upcoming: Iterable[Encounter], later: Iterable[Encounter]) -> None:
        """A rotation of a circuit; whoever is needed in two places of it, or is elsewhere still, comes at the end.

        later: those that wait for another rotation of it.
        """
        postponed = []
        for one in upcoming:
            if self.in_the_way(one) is None:
                self.begin(one, circuit)
            else:
                postponed.append(one)
        planned = await store_encounters.last_rotation(self.connection, circuit.exam_id, circuit.name)
        places = ring.place(postponed, later, max(planned, circuit.rotation))
        for one in postponed:
            self.put(one, replace(one, rotation=places[one.id]), Cause.postponed)

    def resume(self, old: Encounter, cause: Cause = Cause.resumed) -> None:
        """The clock of one that is paused runs again, with what it had left."""
        if old.paused_ms is None:
            return
        stood_ms = max(0, self.now_ms - old.paused_ms)
        ends_ms = None if old.phase_ends_ms is None else old.phase_ends_ms + stood_ms
        new = replace(old, phase_started_ms=old.phase_started_ms + stood_ms, phase_ends_ms=ends_ms, paused_ms=None)
        self.put(old, new, cause, f"{stood_ms} ms")

    async def people_again(self, old: Encounter) -> Encounter:
        """An encounter with the people of a further attempt at it: its slot's, among whom whoever took over since is.

        Where somebody stepped in who has a slot of their own in that rotation, the slot could not say so: then those of
        the attempt before. One that joined another's room meets the SP alone; while that still waits, it joins it once
        more, in its rotation.
        """
        if old.joins is not None:
            room = await self.get(old.joins)
            if room.phase is Phase.waiting:
                old = replace(old, rotation=room.rotation)
            else:
                old = replace(old, joins=None, sp=room.sp, extra=_speaks(room))
        slots = await store.slots_of(self.connection, old.exam_id)
        slot = next(one for one in slots if one.id == old.slot_id)
        lead = next((one for one in slots if _leads(one, slot)), None)
        busy = [one for one in slots if one.rotation == slot.rotation and one not in (slot, lead)]
        if any(old.sp is not None and old.sp in (one.sp, one.candidate) for one in busy):
            return old
        if lead is not None and old.joins is None:
            # A second candidate's slot has no SP: they are met in the other's room.
            slot = replace(slot, sp=lead.sp, extra=_speaks(lead))
        return replace(old, candidate=slot.candidate, sp=slot.sp, examiner=slot.examiner, extra=slot.extra)

    async def attempt_again(self, again: Encounter, rotation: int, cause: Cause) -> Encounter:
        """A new, waiting attempt at the slot of one that is done, for the people of `people_again`.

        Raises Conflict if there is one.
        """
        latest = await store_encounters.latest_attempt(self.connection, again.slot_id)
        if again.attempt != latest:
            raise Conflict(
                f"This was attempt {again.attempt}; there is an attempt {latest} already. None was added.",
                code="rerun-exists",
            )
        since_ms = self.now_ms if again.joins is None else (await self.get(again.joins)).phase_started_ms
        joining = await store_encounters.joining(self.connection, [again.id])
        if again.outcome is Outcome.missed:
            # Who was there without them has had the station.
            had = {one.candidate for one in joining if one.outcome is Outcome.completed}
            joining = [one for one in joining if one.candidate not in had]
            again = replace(again, extra=tuple(seat for seat in again.extra if seat not in had))
        new = replace(
            again,
            id=new_id(),
            attempt=latest + 1,
            phase=Phase.waiting,
            phase_started_ms=since_ms,
            phase_ends_ms=None,
            outcome=None,
            rotation=rotation,
            paused_ms=None,
        )
        await self._add(new, cause)
        for one in joining:
            # Who has been run again alone since comes along, and is not assessed once more.
            if one.attempt == await store_encounters.latest_attempt(self.connection, one.slot_id):
                joins = replace(new, id=new_id(), slot_id=one.slot_id, attempt=one.attempt + 1, joins=new.id)
                joins = replace(joins, candidate=one.candidate, sp=None, examiner=one.examiner, extra=())
                await self._add(joins, cause)
        return new

    async def _add(self, new: Encounter, cause: Cause) -> None:
        await store_encounters.add_encounter(self.connection, new, cause)
        self.say(new.id, _changed(new))

    def move_circuit(self, old: Circuit, state: CircuitState, rotation: int | None = None) -> Circuit:
        """Another state or rotation. Raises Conflict when the table of transitions does not lead there."""
        if state is not old.state and state not in CIRCUIT_NEXT[old.state]:
            raise Conflict(f"Circuit {old.name} is {old.state}. Nothing was changed.", code="circuit-is-other")
        key = (old.exam_id, old.name)
        self._old_circuits.setdefault(key, old)
        rotation = old.rotation if rotation is None else rotation
        new = self.circuits[key] = replace(old, state=state, rotation=rotation, changed_ms=self.now_ms)
        return new

    def ring_bell(self, encounter: Encounter, bell: Bell) -> None:
        """A bell of its present phase, besides those of a new phase."""
        self._bells.append((encounter.id, bell, encounter.phase))

    def say(self, key: str, *events: object) -> None:
        """To be published once all is on disk."""
        self.said.append((key, list(events)))

    async def write(self) -> None:
        """Writes everything, those who leave their rooms first; `said` then tells of it.

        Raises Conflict when an encounter or a circuit is not any more what was read.
        """
        for circuit in list(self.circuits.values()):
            self._settle(circuit)
        await self._bring_along()
        await self._judge()
        await self._note_missed()
        changes = list(self.changes.values())
        leaving = [(one.old, one.new) for one in changes if one.new.phase is Phase.done]
        staying = [(one.old, one.new) for one in changes if one.new.phase is not Phase.done]
        for pairs in (leaving, staying):
            if not await store_moves.move(self.connection, pairs):
                raise Conflict("Somebody changed it at the same moment. Nothing was changed.", code="phase-is-other")
        lines = [store_encounters.log_line(one.new, self.now_ms, one.cause, one.detail) for one in changes]
        await store_moves.log(self.connection, lines)
        rung = await store_moves.ring(self.connection, [*self._bells, *_bells(changes)], self.now_ms)
        for one in changes:
            bells = [BellRang(id_, kind, phase, self.now_ms) for id_, kind, phase in rung if id_ == one.old.id]
            self.say(one.old.id, *_events(one, bells))
        await self._finish(leaving)
        told = self.changes.keys()
        for id_, kind, phase in rung:
            if id_ not in told:
                self.say(id_, BellRang(id_, kind, phase, self.now_ms))
        for key, old in self._old_circuits.items():
            new = self.circuits[key]
            if not await store.move_circuit(self.connection, old, new):
                raise Conflict("Somebody changed it at the same moment. Nothing was changed.", code="circuit-is-other")
            self.say("/".join(key), CircuitChanged(new.exam_id, new.name, new.state, new.rotation))

    async def _finish(self, leaving: Iterable[tuple[Encounter, Encounter]]) -> None:
        """A circuit that does not turn, and whose last encounter is done all the same, is finished."""
        for exam_id, name in {(new.exam_id, new.circuit) for _, new in leaving}:
            known = self.circuits.get((exam_id, name))
            circuit = known or await store.circuit(self.connection, exam_id, name)
            if circuit is None or circuit.state not in (CircuitState.planned, CircuitState.gathering):
                continue
            if not await store_encounters.open_in(self.connection, exam_id, name):
                self.move_circuit(circuit, CircuitState.finished)

    def _running_then(self) -> Iterable[Encounter]:
        known = {**self.running, **{id_: change.new for id_, change in self.changes.items()}}
        return (one for one in known.values() if one.phase in RUNNING)

    def _settle(self, circuit: Circuit) -> None:
        """Everybody's changeover ends when the ring turns."""
        members = self.members(circuit)
        ends_ms = ring.turns_ms(members)
        for one in members:
            if one.phase is Phase.changeover and one.paused_ms is None and one.phase_ends_ms != ends_ms:
                self.put(one, replace(one, phase_ends_ms=ends_ms), Cause.ring)

    async def _bring_along(self) -> None:
        """Whoever joins another's encounter has its clock, until theirs alone is done."""
        leads = {one.old.id: one for one in self.changes.values() if one.old.joins is None}
        for one in await store_encounters.joining(self.connection, list(leads)) if leads else ():
            old = self.changes[one.id].new if one.id in self.changes else one
            lead = leads[one.joins or ""]
            same = {name: getattr(lead.new, name) for name in _SHARED}
            outcome = lead.new.outcome if lead.new.phase is Phase.done else None
            new = replace(old, **same, outcome=outcome)
            if old.phase is not Phase.done and new != old:
                self.put(old, new, lead.cause, lead.detail)

    async def _judge(self) -> None:
        """The outcome of what is done by itself: missed when the candidate never came."""
        done = [one for one in self.changes.values() if one.new.phase is Phase.done and one.new.outcome is None]
        came = await store_encounters.came(self.connection, [one.old.id for one in done]) if done else set()
        for one in done:
            met = one.old.joins is not None or len(one.old.people) > 1
            meant = one.old.candidate is not None and met and one.old.timings.encounter_s > 0
            missed = meant and one.old.phase not in (Phase.waiting, Phase.reading) and one.old.id not in came
            self.put(one.new, replace(one.new, outcome=Outcome.missed if missed else Outcome.completed), one.cause)

    async def _note_missed(self) -> None:
        """Who was not at a station is an incident: somebody decides whether they have it at the end."""
        for one in (change.new for change in self.changes.values() if change.old.outcome is None):
            if one.outcome is not Outcome.missed or (one.joins is None and len(one.people) < 2):
                continue
            exam = await store.exam(self.connection, one.exam_id)
            assert exam is not None
            known = await store_ledger.incidents_in(self.connection, [one.room])
            mine = [each for each in known if (each.seat_id, each.kind) == (one.candidate, IncidentKind.line)]
            # An empty seat was taken for a line that is lost, until now.
            old = next((each for each in mine if each.decision is None), None)
            new = replace(
                until_now(old, exam.policy, self.now_ms)
                if old
                else Incident(new_id(), one.exam_id, one.room, one.candidate, IncidentKind.missed, self.now_ms),
                kind=IncidentKind.missed,
                since_ms=None,
                closed_ms=old.closed_ms if old and old.closed_ms else self.now_ms,
            )
            new = replace(new, proposal=proposed(new, exam.policy))
            if old is None:
                await store_ledger.add(self.connection, new)
            else:
                await store_ledger.rewrite(self.connection, new, undecided=True)
            self.say(one.exam_id, IncidentChanged(one.exam_id, new.id))


def _speaks(one: Slot | Encounter) -> tuple[str, ...]:
    """Of the further people in a room, the examiner who speaks in it."""
    return tuple(seat for seat in one.extra if seat == one.examiner)


def _leads(one: Slot, slot: Slot) -> bool:
    """Whether `slot` is that of a second candidate, who is met in the room of `one`."""
    there = (one.circuit, one.rotation, one.position) == (slot.circuit, slot.rotation, slot.met_at)
    return there and slot.candidate is not None and slot.candidate in one.extra


def _bells(changes: Iterable[Change]) -> list[Rung]:
    found = []
    for one in changes:
        bell = boundary_bell(one.old.phase, one.new.phase) if one.old.phase is not one.new.phase else None
        if one.old.joins is None and bell is not None:
            found.append((one.old.id, *bell))
    return found


def _events(change: Change, bells: list[BellRang]) -> list[Any]:
    old, new = change.old, change.new
    events: list[Any] = [_changed(new), *bells]
    if new.joins is not None:
        return events
    if new.phase is Phase.encounter and old.phase is not Phase.encounter:
        events.append(EncounterStarted(old.id))
    if old.phase is Phase.encounter and new.phase is not Phase.encounter:
        events.append(EncounterEnded(old.id))
    return events


def _changed(now: Encounter) -> PhaseChanged:
    return PhaseChanged(now.id, now.phase, now.phase_started_ms, now.phase_ends_ms)
