"""The door of the room: watches of the encounters that go on, and what they found."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial

import structlog
from prometheus_client import Counter

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import AlarmsChanged, Events
from teleosce.watching.echo import LATE_S, Ears, Heard
from teleosce.watching.models import Alarm
from teleosce.watching.person import Person
from teleosce.watching.senses import NOTHING, Senses
from teleosce.watching.store import AlarmStore
from teleosce.watching.watcher import Room, Watcher

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
ECHO_EVERY = 2
"""An echo is looked for in each second look."""
BEGUN = Counter("teleosce_alarms_begun", "Alarms about people in encounters, since the start.", ["kind"])


class Watching:
    """All watches of a server. Publishes `AlarmsChanged` when an alarm begins or ends."""

    def __init__(self, database: Database, clock: Clock, events: Events) -> None:
        self._store = AlarmStore(database)
        self._clock, self._events = clock, events
        self._senses = Senses()
        self._ears: Ears[Person] = Ears()
        self._looks = 0
        self._watchers: dict[str, Watcher] = {}
        self._told: dict[str, tuple[str, str]] = {}
        self._changes: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def attend(self, room: Room, encounter_id: str, expected: Iterable[str]) -> None:
        """Watches the room from now on. expected: those without whom the encounter is not whole."""
        if encounter_id in self._watchers:
            return
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._watch(), name="watch"),
                asyncio.create_task(self._keep(), name="alarms"),
            ]
        self._changes.put_nowait(partial(self._store.end_all, encounter_id, self._clock.now_ms()))
        watcher = self._watchers[encounter_id] = Watcher(room, encounter_id, expected)
        for person in watcher.people.values():
            person.told(*self._told.get(person.id, ("on", "on")))
        room.subscribe(watcher)

    def swapped(self, encounter_id: str, left: str, came: str) -> None:
        """One person gives way to another: the encounter is whole with the other."""
        watcher = self._watchers.get(encounter_id)
        if watcher is None:
            return
        if left in watcher.people:
            watcher.people[left].expected = False
        watcher.people.setdefault(came, Person(came, expected=True)).expected = True
        watcher.people[came].told(*self.devices(came))

    async def leave(self, encounter_id: str) -> None:
        """Ends the watch and its alarms."""
        watcher = self._watchers.pop(encounter_id, None)
        if watcher is None:
            return
        watcher.room.unsubscribe(watcher)
        now_ms = self._clock.now_ms()
        await self._changed(
            encounter_id,
            [],
            [Alarm(one.encounter_id, one.participant_id, one.kind, one.since_ms, now_ms) for one in watcher.alarms()],
        )

    def told(self, participant_id: str, microphone: str, camera: str, hears: bool | None = None) -> None:
        """What somebody's own page says of its devices: `Person.told` has the words. hears: `Person.told_of_others`."""
        self._told[participant_id] = (microphone, camera)
        for watcher in self._watchers.values():
            watcher.told(participant_id, microphone, camera, hears)

    def devices(self, participant_id: str) -> tuple[str, str]:
        """What was told last of microphone and camera."""
        return self._told.get(participant_id, ("on", "on"))

    def alarms(self) -> list[Alarm]:
        """What is wrong now, in all encounters that go on."""
        return [alarm for watcher in self._watchers.values() for alarm in watcher.alarms()]

    async def history(self, encounter_ids: Collection[str]) -> list[Alarm]:
        """All alarms of some encounters, those that are over as well, in the order in which they began."""
        return await self._store.of(encounter_ids)

    async def close(self) -> None:
        """Ends all watches. Returns when their alarms are on disk, or could not be written."""
        for encounter_id in list(self._watchers):
            await self.leave(encounter_id)
        if self._tasks:
            await self._changes.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except Exception:
                # An encounter is watched until its end, whatever one look came upon.
                log.exception("the people of the encounters could not be looked at")

    async def _look(self) -> None:
        now = time.monotonic()
        people = [person for watcher in self._watchers.values() for person in watcher.people.values()]
        samples = [(person, sample) for person in people if (sample := person.give(now)) != NOTHING]
        found = await asyncio.to_thread(self._senses.examine, [sample for _, sample in samples]) if samples else []
        for (person, _), (sound, blocks) in zip(samples, found, strict=True):
            person.take(sound, blocks, now)
        self._looks += 1
        if self._looks % ECHO_EVERY == 0:
            await self._look_for_echoes(now)
        for encounter_id, watcher in list(self._watchers.items()):
            began, ended = watcher.judge(now, self._clock.now_ms())
            if began or ended:
                await self._changed(encounter_id, began, ended)

    async def _look_for_echoes(self, now: float) -> None:
        pairs = self._pairs()
        heard = {person: Heard(list(person.recent), now - LATE_S) for person, _ in pairs}
        standing = [(own, voice) for own, voice in pairs if voice in own.echoes]
        found = await asyncio.to_thread(self._ears.compare, heard, pairs, standing) if pairs else {}
        # Meanwhile somebody may have gone, or changed their microphone: of those nothing is known.
        still = self._pairs()
        for (own, voice), likeness in found.items():
            if still.get((own, voice)) == pairs[own, voice]:
                own.compared(voice, likeness, now)

    def _pairs(self) -> dict[tuple[Person, Person], tuple[int, int]]:
        """A microphone and a voice, of all encounters, with the numbers of their sounds."""
        pairs = [pair for watcher in self._watchers.values() for pair in watcher.pairs()]
        return {(own, voice): (own.sound_number, voice.sound_number) for own, voice in pairs}

    async def _changed(self, encounter_id: str, began: list[Alarm], ended: list[Alarm]) -> None:
        for alarm in began:
            BEGUN.labels(alarm.kind.value).inc()
            log.warning("an alarm", encounter=encounter_id, participant=alarm.participant_id, kind=alarm.kind.value)
        if began or ended:
            self._changes.put_nowait(partial(self._store.change, began, ended))
            await self._events.publish(AlarmsChanged(encounter_id))

    async def _keep(self) -> None:
        """Writes alarms to the database, in order; the watch does not wait for it."""
        while True:
            change = await self._changes.get()
            try:
                await change()
            except Exception:
                log.exception("an alarm was raised and could not be written down")
            self._changes.task_done()
