"""The clock of the day: moves every running encounter when its time is over, turns the rings, and rings the bells."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.errors import Conflict, Fault, Unavailable
from teleosce.core.events import EncounterStarted, Events
from teleosce.exams import circuits, clockwork, decisions, transitions
from teleosce.exams.announcer import Announcer
from teleosce.exams.exams import Exams
from teleosce.exams.models import Circuit, Encounter, Phase
from teleosce.exams.moves import Moves

log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY_S = 1.0
"""How soon the clock tries again when the database would not take a change, or somebody is in the way of it."""

Names = Collection[str] | None
"""Some circuits of an exam; None for all of those that are in the right state."""


class Day:
    """All running encounters. The truth is in the database: one Day can be killed, another carries on.

    Each method that changes something is one transaction. All raise NotFound for what is not there, and Conflict, with
    the present state, when somebody or something else was first.
    """

    def __init__(self, exams: Exams, clock: Clock, events: Events) -> None:
        self._exams = exams
        self._database = exams.database
        self._clock = clock
        self._announcer = Announcer(events)
        self._woken = asyncio.Event()
        self._keeping_time = True
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes over what a stopped server left running, then keeps the time until `close`.

        Phases that ended meanwhile are advanced. For each encounter that goes on, EncounterStarted is
        published once more, so that its room opens and its recording attends again.
        """
        running = await self._exams.running()
        now_ms = self._clock.now_ms()
        if any((one.paused_ms or one.phase_started_ms) > now_ms for one in running):
            await self.transact(_set_right)
        for encounter in await self._exams.running():
            if encounter.phase is Phase.encounter and not self._is_over(encounter):
                self._announcer.announce(encounter.id, [EncounterStarted(encounter.id)])
        await self.catch_up()
        self._task = asyncio.create_task(self._keep_time(), name="clock of the day")

    async def close(self) -> None:
        """Stops the clock and lets what was announced be heard. Encounters stay as they are."""
        self._keeping_time = False
        self.wake()
        if self._task is not None:
            await self._task
        await self.heard()

    # Circuits

    async def gather(self, exam_id: str, circuits_named: Names = None) -> list[Circuit]:
        """Lets people gather before the start: planned → gathering. Returns all circuits of the exam."""
        return await self._direct(exam_id, lambda moves: circuits.gather(moves, exam_id, circuits_named))

    async def go(self, exam_id: str, circuits_named: Names = None) -> list[Circuit]:
        """Begins the first rotation that waits, at one moment for all: planned or gathering → running."""
        return await self._direct(exam_id, lambda moves: circuits.go(moves, exam_id, circuits_named))

    async def pause(self, exam_id: str, circuits_named: Names = None) -> list[Circuit]:
        """The clocks of all stand: running → paused."""
        return await self._direct(exam_id, lambda moves: circuits.pause(moves, exam_id, circuits_named))

    async def resume(self, exam_id: str, circuits_named: Names = None) -> list[Circuit]:
        """All go on with what they had left: paused → running."""
        return await self._direct(exam_id, lambda moves: circuits.resume(moves, exam_id, circuits_named))

    async def stop(self, exam_id: str, circuits_named: Names = None, *, hard: bool) -> list[Circuit]:
        """Soft: consultations end within 30 s and notes are still written. Hard: all is over now.

        What has not begun, and what was only read, waits to go on another time.
        """
        return await self._direct(exam_id, lambda moves: circuits.stop(moves, exam_id, circuits_named, hard=hard))

    # One encounter

    async def begin(self, encounter_id: str) -> Encounter:
        """From waiting to reading, by hand. Conflict when it has begun, or when a person is elsewhere."""
        return await self._act(encounter_id, lambda moves: transitions.begin(moves, encounter_id))

    async def end_phase(self, encounter_id: str, expected: Phase) -> Encounter:
        """On to the next phase before its time. Conflict when it is not in `expected` any more."""
        return await self._act(encounter_id, lambda moves: transitions.end_phase(moves, encounter_id, expected))

    async def add_time(self, encounter_id: str, seconds: int, seen_ends_ms: int | None = None) -> Encounter:
        """Lengthens the present phase. Invalid beyond 1 to 3600 s; Conflict in the ring's changeover.

        seen_ends_ms: Conflict when it has another end by now.
        """
        return await self._act(
            encounter_id, lambda moves: transitions.add_time(moves, encounter_id, seconds, seen_ends_ms)
        )

    async def pause_encounter(self, encounter_id: str) -> Encounter:
        """The clock of one stands; its ring waits for it."""
        return await self._act(encounter_id, lambda moves: transitions.pause(moves, encounter_id))

    async def resume_encounter(self, encounter_id: str) -> Encounter:
        """Its clock goes on with what was left."""
        return await self._act(encounter_id, lambda moves: transitions.resume(moves, encounter_id))

    async def restart_phase(self, encounter_id: str, seen_ends_ms: int | None = None) -> Encounter:
        """The present phase starts over with its whole length. Conflict when it has another end than `seen_ends_ms`."""
        return await self._act(encounter_id, lambda moves: transitions.restart_phase(moves, encounter_id, seen_ends_ms))

    async def ring(self, encounter_id: str) -> Encounter:
        """Rings the bell by hand: it marks no phase."""
        return await self._act(encounter_id, lambda moves: transitions.ring_by_hand(moves, encounter_id))

    async def void(self, encounter_id: str, reason: str) -> Encounter:
        """Ends it, if need be; it will not count. Invalid without a reason, Conflict if it is void."""
        return await self._act(encounter_id, lambda moves: transitions.void(moves, encounter_id, reason))

    async def no_show(self, encounter_id: str) -> Encounter:
        """The candidate did not come: done, and missed."""
        return await self._act(encounter_id, lambda moves: transitions.no_show(moves, encounter_id))

    async def rerun(self, encounter_id: str) -> Encounter:
        """A new attempt. Conflict unless this is the slot's newest attempt, and done."""
        attempt = await self.transact(lambda moves: decisions.again(moves, encounter_id, transitions.rerun))
        return await self._exams.encounter(attempt)

    async def carry_over(self, encounter_id: str) -> Encounter:
        """An attempt at the end of the circuit. Conflict while it runs, or when there is a newer one."""
        return await self._exams.encounter(
            await self.transact(lambda moves: decisions.again(moves, encounter_id, transitions.carry_over))
        )

    async def swap(self, exam_id: str, seat_id: str, with_seat_id: str) -> None:
        """An SP or examiner gives way, in all that waits or runs, to one who has no stations."""
        await self.transact(lambda moves: transitions.swap(moves, exam_id, seat_id, with_seat_id))

    # The clock

    async def catch_up(self) -> float | None:
        """Does all that is due. Returns the seconds until something is due again, None when nothing runs.

        A change that the database would not take stays due; it is logged, and the others are not held up.
        """
        async with self._database.read() as connection:
            found = await clockwork.due(connection)
        now_ms = self._clock.now_ms()
        if await self._advance([unit for at_ms, unit in found if at_ms <= now_ms]):
            return 0.0
        waits = [max(0, at_ms - now_ms) / 1000 if at_ms > now_ms else RETRY_S for at_ms, _ in found]
        return min(waits, default=None)

    async def transact(self, what: Callable[[Moves], Awaitable[T]]) -> T:
        """One transaction of this room; when it is on disk, the others hear of it and the clock looks again."""
        try:
            async with self._database.write() as connection:
                moves = await Moves.of(connection, self._clock)
                result = await what(moves)
                await moves.write()
        except IntegrityError as error:  # another process was between our look and our write
            raise Conflict(
                "Somebody of this station has just been called to another one. Nothing was changed.",
                code="person-elsewhere",
            ) from error
        for key, events in moves.said:
            self._announcer.announce(key, events)
        if moves.said:
            self.wake()
        return result

    async def heard(self) -> None:
        """Returns when everything announced so far has been heard by all who listen."""
        await self._announcer.heard()

    def wake(self) -> None:
        """Makes the clock look again at once, for one whose time does not run by itself."""
        self._woken.set()

    async def _keep_time(self) -> None:
        while self._keeping_time:
            self._woken.clear()
            try:
                wait_s = await self.catch_up()
            except Exception:
                # The clock of an exam must not stop for anything that can be tried again.
                log.exception("the clock of the day stumbled")
                wait_s = RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait_s)

    async def _advance(self, units: list[clockwork.Unit]) -> bool:
        """All that is due at once; each by itself when that fails, so that one defect does not stop an exam."""
        if not units:
            return False
        try:
            return await self.transact(clockwork.advance)
        except Unavailable as fault:
            log.warning("changes of phase have to wait", reason=fault.code)
            return False
        except Conflict as fault:
            log.warning("changes of phase are tried one by one", reason=fault.code)
        except Exception:
            log.exception("changes of phase are tried one by one")
        acted = False
        for unit in units:
            try:
                acted |= await self.transact(partial(clockwork.advance, only=unit.key))
            except Fault as fault:
                log.warning("a change of phase has to wait", unit=unit.key, reason=fault.code)
            except Exception:
                log.exception("a change of phase has to wait", unit=unit.key)
        return acted

    def _is_over(self, encounter: Encounter) -> bool:
        if encounter.paused_ms is not None or encounter.phase_ends_ms is None:
            return False
        return encounter.phase_ends_ms <= self._clock.now_ms()

    async def _act(self, encounter_id: str, what: Callable[[Moves], Awaitable[None]]) -> Encounter:
        async def act(moves: Moves) -> Moves:
            await what(moves)
            return moves

        moves = await self.transact(act)
        known = moves.changes.get(encounter_id)
        return known.new if known else await self._exams.encounter(encounter_id)

    async def _direct(self, exam_id: str, what: Callable[[Moves], Awaitable[None]]) -> list[Circuit]:
        await self._exams.exam(exam_id)
        await self.transact(what)
        return await self._exams.circuits(exam_id)


async def _set_right(moves: Moves) -> None:
    clockwork.set_right(moves)
