"""The clock of the day: moves every running encounter when its time is over, and rings the bells."""

import asyncio
import contextlib

import structlog

from teleosce.core.clock import Clock
from teleosce.core.errors import Fault
from teleosce.core.events import EncounterStarted, Events
from teleosce.exams import store, transitions
from teleosce.exams.announcer import Announcer
from teleosce.exams.exams import Exams
from teleosce.exams.models import Encounter, Phase
from teleosce.exams.phases import warning_ms
from teleosce.exams.transitions import Moved

log = structlog.get_logger(__name__)

RETRY_S = 1.0
"""How soon the clock tries again when the database would not take a change."""


class Day:
    """All running encounters. The truth is in the database: one Day can be killed, another carries on."""

    def __init__(self, exams: Exams, clock: Clock, events: Events) -> None:
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
        for encounter in await self._running():
            if encounter.phase_started_ms > self._clock.now_ms():
                self._announce(await transitions.set_right(self._database, encounter, self._clock))
        for encounter in await self._running():
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

    async def begin(self, encounter_id: str) -> Encounter:
        """From waiting to reading. Raises Conflict when it has begun, or when a person is elsewhere."""
        return self._act(await transitions.begin(self._database, encounter_id, self._clock))

    async def end_phase(self, encounter_id: str, expected: Phase) -> Encounter:
        """On to the next phase before its time. Raises Conflict when it is not in `expected` any more."""
        return self._act(await transitions.end_phase(self._database, encounter_id, expected, self._clock))

    async def add_time(self, encounter_id: str, seconds: int) -> Encounter:
        """Lengthens the present phase. Raises Invalid beyond 1 to 3600 s, Conflict when none is running."""
        return self._act(await transitions.add_time(self._database, encounter_id, seconds, self._clock))

    async def void(self, encounter_id: str, reason: str) -> Encounter:
        """Ends it, if need be; it will not count. Raises Invalid without a reason, Conflict if it is void."""
        return self._act(await transitions.void(self._database, encounter_id, reason, self._clock))

    async def rerun(self, encounter_id: str) -> Encounter:
        """A new, waiting attempt. Raises Conflict unless this is the slot's newest attempt, and done."""
        return self._act(await transitions.rerun(self._database, encounter_id, self._clock))

    async def catch_up(self) -> float | None:
        """Does all that is due. Returns the seconds until something is due again, None when nothing runs.

        A change that the database would not take stays due; it is logged, and the others are not held up.
        """
        running = await self._running()
        async with self._database.read() as connection:
            warned = await store.warned(connection, [encounter.id for encounter in running])
        waits = []
        for encounter in running:
            try:
                due_ms = await self._see_to(encounter, warned=encounter.id in warned)
            except Fault as fault:
                log.warning("a change of phase has to wait", encounter=encounter.id, reason=fault.code)
                waits.append(RETRY_S)
            except Exception:
                log.exception("a change of phase has to wait", encounter=encounter.id)
                waits.append(RETRY_S)
            else:
                waits.append(max(0.0, (due_ms - self._clock.now_ms()) / 1000))
        return min(waits, default=None)

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

    async def _see_to(self, encounter: Encounter, *, warned: bool) -> int:
        """Does what is due for one encounter; returns when the next thing will be, now if it moved on."""
        now_ms = self._clock.now_ms()
        ends_ms = encounter.phase_ends_ms
        if ends_ms is None or ends_ms <= now_ms:
            self._announce(await transitions.advance(self._database, encounter, self._clock))
            return now_ms
        warning = None if warned else warning_ms(encounter)
        if warning is not None and warning <= now_ms:
            self._announce(await transitions.warn(self._database, encounter, self._clock))
            warning = None
        return ends_ms if warning is None else warning

    async def _running(self) -> list[Encounter]:
        async with self._database.read() as connection:
            return await store.running(connection)

    def _is_over(self, encounter: Encounter) -> bool:
        return encounter.phase_ends_ms is not None and encounter.phase_ends_ms <= self._clock.now_ms()

    def _announce(self, moved: Moved | None) -> None:
        if moved is not None:
            self._announcer.announce(moved.encounter.id, moved.events)

    def _act(self, moved: Moved) -> Encounter:
        self._announce(moved)
        self.wake()
        return moved.encounter
