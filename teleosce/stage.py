"""What happens around an encounter: rooms that do not know each other act at its bells."""

import asyncio
from contextlib import suppress

import structlog

from teleosce.core.errors import Fault, Unavailable
from teleosce.core.events import (
    ConnectionChanged,
    EncounterEnded,
    EncounterStarted,
    PhaseChanged,
    RecordingSealed,
    SeatSwapped,
)
from teleosce.exams import Phase
from teleosce.rtc import PeerState
from teleosce.transcripts import State
from teleosce.web import Rooms

log = structlog.get_logger(__name__)

SEAL_AGAIN_S = 5.0
"""How soon a recording is sealed again that the disk or the database did not let be sealed."""

NOTE_AGAIN_S = 0.25
"""Those who come to a room within this time are noted together."""


class Stage:
    """What happens around an encounter: its media room opens and closes with it, its recording goes on to Whisper."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        rooms.events.subscribe(EncounterStarted, self._open)
        rooms.events.subscribe(EncounterEnded, self._close)
        rooms.events.subscribe(RecordingSealed, self._transcribe)
        rooms.events.subscribe(PhaseChanged, self._empty)
        rooms.events.subscribe(ConnectionChanged, self._attended)
        rooms.events.subscribe(SeatSwapped, self._dismiss)
        self._there: set[tuple[str, str]] = set()
        self._noting: asyncio.Task[None] | None = None
        self._sealing: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def _open(self, event: EncounterStarted) -> None:
        room = self.rooms.media.room(event.encounter_id)
        self.rooms.recordings.attend(room, event.encounter_id)
        room.open()
        encounter = await self.rooms.exams.encounter(event.encounter_id)
        self.rooms.watching.attend(room, encounter.id, encounter.people)
        there = [one.participant for one in self.rooms.media.peers(encounter.id) if one.state is PeerState.connected]
        await self.rooms.exams.attended((encounter.id, seat) for seat in there)

    async def _close(self, event: EncounterEnded) -> None:
        self.rooms.media.room(event.encounter_id).hold()
        await self.rooms.watching.leave(event.encounter_id)
        await self.rooms.recordings.leave(event.encounter_id)
        await self.rooms.media.close_room(event.encounter_id, "the encounter is over")
        self._seal_soon(event.encounter_id)

    async def _attended(self, event: ConnectionChanged) -> None:
        """Somebody came into a room or went out of it by themselves. Noted for many at once: they come at a bell."""
        if event.state not in (PeerState.connected, PeerState.lost, PeerState.left):
            return
        self._there.add((event.room_id, event.participant_id))
        if self._noting is None:
            self._noting = asyncio.create_task(self._note_attendance(), name="attendance")

    async def _note_attendance(self) -> None:
        while self._there:
            there, self._there = self._there, set()
            try:
                await self.rooms.exams.attended(there)
            except Fault as fault:
                log.warning("who is in a room is noted later", reason=fault.code)
                self._there |= there
            except Exception:
                log.exception("who was in a room could not be noted")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), NOTE_AGAIN_S)
        self._noting = None

    async def _dismiss(self, event: SeatSwapped) -> None:
        """Who gave way in the middle of an encounter is not in its room any more."""
        for encounter_id in event.encounters:
            self.rooms.media.room(encounter_id).dismiss(event.seat_id)

    def _seal_soon(self, encounter_id: str) -> None:
        # Sealing takes seconds and must not keep the next phase waiting.
        task = asyncio.create_task(self._seal(encounter_id), name="seal")
        self._sealing.add(task)
        task.add_done_callback(self._sealing.discard)

    async def _seal(self, encounter_id: str) -> None:
        while not self._stopping.is_set():
            try:
                await self.rooms.recordings.seal(encounter_id)
            except Unavailable as fault:
                log.warning("a recording waits to be sealed", encounter=encounter_id, reason=fault.message)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), SEAL_AGAIN_S)
            except Exception:
                log.exception("a recording could not be sealed; its raw takes are kept", encounter=encounter_id)
                return
            else:
                return

    async def _empty(self, event: PhaseChanged) -> None:
        """A room that was only held (an encounter ended while reading) is let go as well."""
        if event.phase not in (Phase.reading, Phase.encounter):
            await self.rooms.media.close_room(event.encounter_id, "the encounter is over")

    async def _transcribe(self, event: RecordingSealed) -> None:
        rooms = self.rooms
        encounter = await rooms.exams.encounter(event.encounter_id)
        version = await rooms.stations.get(encounter.station_hash)
        roles = {}
        for take in await rooms.recordings.takes(encounter.id):
            roles[take.participant_id] = (await rooms.people.seat(take.participant_id)).role.value
        if roles:
            await rooms.transcripts.request(encounter.id, roles, version.vocabulary, encounter.exam_id)

    async def catch_up(self) -> None:
        """At start: seals what a killed server left, and asks for the transcripts that nobody could ask for."""
        rooms = self.rooms
        for encounter_id in await rooms.recordings.recover():
            self._seal_soon(encounter_id)
        for exam in await rooms.exams.exams():
            for encounter in await rooms.exams.encounters(exam.id):
                status = await rooms.transcripts.status(encounter.id)
                if status.state is State.waiting and await rooms.recordings.manifest(encounter.id):
                    await self._transcribe(RecordingSealed(encounter.id))

    async def finish(self) -> None:
        """Waits for the recordings that are being sealed; those that wait for room are left to the next start."""
        self._stopping.set()
        if self._sealing:
            await asyncio.wait(self._sealing)
