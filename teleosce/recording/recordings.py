"""The door of the room: recorders of the encounters that go on, and the sealing of those that are over."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from weakref import WeakValueDictionary

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.disk import Disk
from teleosce.core.errors import Conflict, Invalid, NotFound, Unavailable
from teleosce.core.events import Events, RecordingSealed, TakeClosed
from teleosce.core.ids import is_id
from teleosce.recording import deletion, folders
from teleosce.recording.feed import Alarm
from teleosce.recording.journal import Header
from teleosce.recording.manifest import read_manifest
from teleosce.recording.models import POSTER, Gone, Manifest, Take, TakeState
from teleosce.recording.recorder import Recorder
from teleosce.recording.sealer import Sealer
from teleosce.recording.store import Outline, TakeStore
from teleosce.recording.writer import LOW_BYTES, RESERVE_BYTES, Writer
from teleosce.rtc.model import Subscriber

log = structlog.get_logger(__name__)


class Room(Protocol):
    """What the recorder needs of a media room."""

    def subscribe(self, subscriber: Subscriber) -> None:
        """Calls `publication_started` for those who publish already, too."""

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """No call follows."""


class Progress(NamedTuple):
    """`recording`, `sealing`, `sealed` or `deleted`, and the seconds of it that are on disk."""

    state: str
    seconds: float


class Recordings:
    """All recordings of a data folder. One instance per folder."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock,
        events: Events,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        disk: Disk | None = None,
    ) -> None:
        """folder: the data folder. reserve_bytes: with less free space, only sound is written. disk: its reserve."""
        self._root = folder / "encounters"
        self._store = TakeStore(database)
        self._clock, self._events = clock, events
        self._disk = disk
        self._writer = Writer(folder, reserve_bytes=reserve_bytes, disk=disk)
        self._attended: dict[str, tuple[Room, Recorder]] = {}
        self._ending: dict[str, list[Recorder]] = defaultdict(list)
        self._changes: asyncio.Queue[tuple[str, Take | tuple[str, str | None]]] = asyncio.Queue()
        self._mirror: asyncio.Task[None] | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._sealer = Sealer(self._store, clock, spare_bytes=disk.reserve_bytes if disk else 0)

    # Recording

    def attend(self, room: Room, encounter_id: str) -> None:
        """Records all that is published in the room, from now on. Once is enough; again changes nothing."""
        folder = self._folder(encounter_id)
        if encounter_id in self._attended:
            return
        if self._mirror is None:
            self._mirror = asyncio.create_task(self._mirror_changes(), name="takes")
        loop = asyncio.get_running_loop()

        def opened(header: Header, starts_ms: int) -> None:
            take = Take(
                **header.model_dump(include={"id", "encounter_id", "participant_id", "name"}),
                state=TakeState.open,
                starts_ms=starts_ms,
            )
            loop.call_soon_threadsafe(self._changes.put_nowait, (encounter_id, take))

        def closed(take_id: str, reason: str | None) -> None:
            loop.call_soon_threadsafe(self._changes.put_nowait, (encounter_id, (take_id, reason)))

        recorder = Recorder(folder, self._writer, self._clock, opened, closed)
        self._attended[encounter_id] = (room, recorder)
        room.subscribe(recorder)

    async def leave(self, encounter_id: str) -> None:
        """Ends the recording of a room. Returns when all takes are whole on disk and TakeClosed was published."""
        room, recorder = self._attended.pop(encounter_id, (None, None))
        if room is not None and recorder is not None:
            room.unsubscribe(recorder)
            recorder.end()
            self._ending[encounter_id].append(recorder)
        for ending in self._ending.get(encounter_id, []):
            await asyncio.gather(*(asyncio.wrap_future(feed.done) for feed in ending.feeds))
        self._ending.pop(encounter_id, None)
        await asyncio.sleep(0)  # the writer's last words were queued on the loop before `done` was set
        if self._mirror is not None:
            await self._changes.join()

    def is_recording(self, encounter_id: str) -> bool:
        """Whether the recorder attends this encounter's room."""
        return encounter_id in self._attended

    def seconds_on_disk(self, encounter_id: str) -> float:
        """How much would survive a power cut now, since this server attends: of the participant with most."""
        _, recorder = self._attended.get(encounter_id, (None, None))
        seconds: dict[str, float] = defaultdict(float)
        for feed in recorder.feeds if recorder else []:
            seconds[feed.publication.participant] += feed.on_disk_ms / 1000
        return round(max(seconds.values(), default=0.0), 1)

    def alarms(self) -> list[Alarm]:
        """What a person must see to now."""
        recorders = [recorder for _, recorder in self._attended.values()]
        recorders += [recorder for ending in self._ending.values() for recorder in ending]
        found = [feed.alarm for recorder in recorders for feed in recorder.feeds if feed.alarm]
        free = self._writer.free_bytes
        if self._attended and free is not None and free < LOW_BYTES:
            message = f"Only {free / (1 << 30):.1f} GiB are free for recordings: make room."
            found.append(Alarm("disk-low", message, self._clock.now_ms()))
        if self._disk is not None and self._disk.released:
            message = "The disk is full. Marks are still saved, on a reserve, but little else is: make room now."
            found.append(Alarm("disk-full", message, self._clock.now_ms()))
        return found + list(self._sealer.alarms.values())

    def put_away(self, take_id: str) -> bool:
        """Somebody has read that this take is damaged: the alarm of it is over, and the take stays as it is.

        Whether there was such an alarm: of two who read it at once, one puts it away.
        """
        return self._sealer.put_away(take_id)

    def put_back(self, alarm: Alarm) -> None:
        """It could not be written down who put this alarm away: it stands again."""
        self._sealer.put_back(alarm)

    async def recall_damage(self, read: Callable[[Collection[str]], Awaitable[Collection[str]]]) -> None:
        """At start: what an earlier server found damaged is an alarm again, but for takes of which somebody has read.

        read: which of some takes these are.
        """
        damaged = await self._store.damaged()
        self._sealer.recall(damaged, await read([take.id for take in damaged]))

    async def _mirror_changes(self) -> None:
        """Writes what the writer's thread reports to the database, in order. The disk stays right if that fails."""
        while True:
            encounter_id, change = await self._changes.get()
            try:
                if isinstance(change, Take):
                    await self._store.add(change)
                else:
                    await self._store.close(*change)
            except Exception:
                log.exception("a take is on disk but not yet in the database", encounter=encounter_id)
            if not isinstance(change, Take):
                await self._events.publish(TakeClosed(encounter_id, change[0]))
            self._changes.task_done()

    # Sealing

    async def recover(self) -> list[str]:
        """At start: closes and seals what a killed server left. Encounters that are attended are left to `seal`.

        Returns the encounters that could not be sealed now: the disk did not let it.
        """
        waiting: list[str] = []
        unannounced = await self._store.unannounced()
        for folder in await asyncio.to_thread(folders.encounters, self._root):
            encounter_id = folder.name
            if encounter_id in self._attended:
                continue
            try:
                if encounter_id in unannounced or not await asyncio.to_thread(folders.is_finished, folder):
                    await self.seal(encounter_id)
            except Unavailable as fault:
                log.error("a recording waits to be sealed", encounter=encounter_id, reason=fault.message)
                waiting.append(encounter_id)
            except Exception:
                # One folder that nobody foresaw must not keep the others from being sealed.
                log.exception("a recording could not be sealed; its raw takes are kept", encounter=encounter_id)
        return waiting

    async def seal(self, encounter_id: str) -> Manifest:
        """Seals all takes of an encounter, from what is on disk, and writes its manifest.

        Ends the recording if it still goes on. May be called again at any time: what is sealed stays as it is, takes
        that came since are added. Publishes RecordingSealed when there is something new. Raises Invalid for what
        is no id, Unavailable when the disk does not let it: raw takes are kept and the next call goes on.
        """
        folder = self._folder(encounter_id)
        await self.leave(encounter_id)
        async with self._lock(encounter_id):
            manifest, changed = await self._sealer.seal(folder)
            if changed or encounter_id in await self._store.unannounced():
                await self._events.publish(RecordingSealed(encounter_id))
                await self._store.announced(encounter_id)
            return manifest

    # Deleting

    async def delete(
        self, encounter_id: str, why: str, *, participant_id: str | None = None, forget: bool = False
    ) -> list[Gone]:
        """Deletes all that was recorded of a participant, or of all, and says `why` in its place. Returns what went.

        forget: the participant's name goes too. Raises Conflict while it is recorded or not sealed. May be repeated.
        """
        folder = await self._sealed_folder(encounter_id)
        async with self._lock(encounter_id):
            went = await asyncio.to_thread(
                deletion.delete_takes, folder, why, self._clock.now_ms(), participant_id=participant_id, forget=forget
            )
            await self._mirror_manifest(folder)
        return went

    async def delete_raw(self, encounter_id: str, why: str) -> tuple[list[Gone], list[str]]:
        """Deletes raw files whose sealed file was read again, wholly; returns what went, and takes that do not read.

        Raises Conflict while it is recorded or not sealed.
        """
        folder = await self._sealed_folder(encounter_id)
        async with self._lock(encounter_id):
            found = await asyncio.to_thread(deletion.delete_raw, folder, why, self._clock.now_ms())
            await self._mirror_manifest(folder)
        return found

    async def has_raw(self, encounter_id: str) -> bool:
        """Whether there are raw files that `delete_raw` would look at."""
        return await asyncio.to_thread(deletion.has_raw, self._folder(encounter_id))

    async def _sealed_folder(self, encounter_id: str) -> Path:
        if await self.manifest(encounter_id) is None and await self.takes(encounter_id):
            raise Conflict("This recording is not sealed yet, so nothing was deleted. Try again in a minute.")
        return self._folder(encounter_id)

    async def _mirror_manifest(self, folder: Path) -> None:
        manifest = await asyncio.to_thread(read_manifest, folder)
        await self._store.let_go(manifest.takes if manifest else [])

    # Reading

    async def takes(self, encounter_id: str) -> list[Take]:
        """All takes of an encounter, open ones too, in order of their start."""
        return await self._store.of_encounter(encounter_id)

    async def progress(self, encounter_ids: Collection[str]) -> dict[str, Progress]:
        """How far the recordings of some encounters are, by the database alone; those without any are left out."""
        takes = await self._store.outlines(encounter_ids)
        found = {one: _progress(outlines) for one, outlines in takes.items()}
        for one in encounter_ids:
            if one in self._attended:
                found[one] = Progress("recording", self.seconds_on_disk(one))
        return found

    async def take(self, take_id: str) -> Take:
        """One take. Raises NotFound."""
        take = await self._store.get(take_id) if is_id(take_id) else None
        if take is None:
            raise NotFound("There is no such recording.")
        return take

    async def manifest(self, encounter_id: str) -> Manifest | None:
        """The manifest; None before the encounter is sealed, and while it is recorded (again)."""
        folder = self._folder(encounter_id)
        if encounter_id in self._attended:
            return None
        return await asyncio.to_thread(read_manifest, folder)

    async def last_written_ms(self, encounter_id: str) -> int | None:
        """When the recording of an encounter last grew, by the machine's clock; None when nothing was recorded."""
        return await asyncio.to_thread(folders.last_written_ms, self._folder(encounter_id))

    async def speech(self, encounter_id: str) -> dict[str, list[tuple[int, int]]]:
        """Per participant, the spans with voice, in ms from the start of the recording: by level, not by words."""
        manifest = await self.manifest(encounter_id)
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for take in manifest.takes if manifest else []:
            if take.audio:
                found[take.participant_id] += take.audio.speech
        return {participant: sorted(spans) for participant, spans in found.items()}

    def path(self, take: Take) -> Path:
        """The sealed file of a take. Raises NotFound when there is none."""
        if take.file is None:
            raise NotFound("This recording cannot be played yet.")
        return self._folder(take.encounter_id) / take.file

    async def poster(self, encounter_id: str) -> Path | None:
        """A picture that stands for the encounter; None when there is none."""
        path = self._folder(encounter_id) / POSTER
        return path if await asyncio.to_thread(path.is_file) else None

    async def close(self) -> None:
        """Ends all recordings; what is on disk is sealed by `recover` of the next start."""
        for encounter_id in list(self._attended):
            await self.leave(encounter_id)
        await self._sealer.close()
        await asyncio.to_thread(self._writer.close)
        if self._mirror is not None:
            self._mirror.cancel()
            await asyncio.gather(self._mirror, return_exceptions=True)

    def _lock(self, encounter_id: str) -> asyncio.Lock:
        """One for each encounter that somebody is at."""
        return self._locks.setdefault(encounter_id, asyncio.Lock())

    def _folder(self, encounter_id: str) -> Path:
        if not is_id(encounter_id):
            raise Invalid("That is not the id of an encounter.")
        return self._root / encounter_id


def _progress(takes: Sequence[Outline]) -> Progress:
    states = {take.state for take in takes}
    if states & {TakeState.open, TakeState.closed}:
        return Progress("sealing", 0)
    ends_ms = max(take.starts_ms + take.duration_ms for take in takes)
    seconds = round((ends_ms - min(take.starts_ms for take in takes)) / 1000)
    return Progress("deleted" if states == {TakeState.deleted} else "sealed", seconds)
