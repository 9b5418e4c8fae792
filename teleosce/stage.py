"""What happens around an encounter: rooms that do not know each other act at its bells."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog

from teleosce.core.errors import Fault, Unavailable
from teleosce.core.events import (
    AlarmsChanged,
    ConnectionChanged,
    EncounterEnded,
    EncounterStarted,
    PhaseChanged,
    RecordingSealed,
    SeatSwapped,
)
from teleosce.exams import Encounter, IncidentKind, Lost, Phase, Wrong
from teleosce.recording import DAMAGE_READ, lost_spans
from teleosce.rtc import PeerState
from teleosce.transcripts import State
from teleosce.watching import AlarmKind
from teleosce.web import Rooms
from teleosce.web.hub import TICKET_MS

log = structlog.get_logger(__name__)

SEAL_AGAIN_S = 5.0
"""How soon a recording is sealed again that the disk or the database did not let be sealed."""

NOTE_AGAIN_S = 0.25
"""Those who come to a room within this time are noted together."""

RECONCILE_S = 60.0
"""How often it is made sure that nothing was left behind."""

SETTLED_MS = 15_000
"""What a bell sets off may take so long before it is called forgotten."""

AT_ONCE = 500
"""So many past encounters are looked up in one piece."""

RECENT_MS = 24 * 3600 * 1000
"""What ended longer ago was looked at when the server started, and again each minute for a day."""

LATELY_MS = 10 * 60 * 1000
"""What was sealed in this time is measured once more: the server may have been killed between the two."""

DISRUPTIONS = {
    AlarmKind.absent: (IncidentKind.line, True),
    AlarmKind.no_packets: (IncidentKind.line, True),
    AlarmKind.loss: (IncidentKind.line, False),
    AlarmKind.hears_nothing: (IncidentKind.sound, True),
    AlarmKind.no_sound: (IncidentKind.sound, True),
    AlarmKind.silent: (IncidentKind.sound, True),
    AlarmKind.unheard: (IncidentKind.sound, False),
    AlarmKind.echo: (IncidentKind.sound, False),
    AlarmKind.clipping: (IncidentKind.sound, False),
    AlarmKind.no_picture: (IncidentKind.picture, True),
    AlarmKind.dark: (IncidentKind.picture, True),
    AlarmKind.covered: (IncidentKind.picture, True),
    AlarmKind.frozen: (IncidentKind.picture, True),
}
"""The incident that an alarm opens, and whether all of its time is lost."""


@dataclass(frozen=True)
class _Known:
    """What the database knows of some encounters: those with takes, those whose transcript was asked for, and those
    with an incident of which it is not measured what was lost.
    """

    recorded: set[str]
    asked_for: set[str]
    unmeasured: set[str | None]


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
        rooms.events.subscribe(AlarmsChanged, self._disturbed)
        rooms.events.subscribe(PhaseChanged, self._paused)
        rooms.events.subscribe(RecordingSealed, self._measure)
        self._one_by_one = asyncio.Lock()
        self._there: set[tuple[str, str]] = set()
        self._noting: asyncio.Task[None] | None = None
        self._right: set[str] = set()
        """Encounters past their consultation for which nothing is left to do."""
        self._failed: set[str] = set()
        """Encounters past their consultation that could not be looked after the last time."""
        self._being_sealed: set[str] = set()
        self._sealing: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def _open(self, event: EncounterStarted) -> None:
        room = self.rooms.media.room(event.encounter_id)
        self.rooms.recordings.attend(room, event.encounter_id)
        room.open()
        # All of a rotation begin, or end, at one moment. One by one, they leave the database to what tells the pages.
        async with self._one_by_one:
            encounter = await self.rooms.exams.encounter(event.encounter_id)
            # Whoever is alone rests, and need not be there.
            expected = encounter.people if len(encounter.people) > 1 else ()
            self.rooms.watching.attend(room, encounter.id, expected)
            there = [
                one.participant for one in self.rooms.media.peers(encounter.id) if one.state is PeerState.connected
            ]
            self._note({(encounter.id, seat) for seat in there})
            await self._disturbed(AlarmsChanged(encounter.id))  # closes what a killed server left open

    async def _disturbed(self, event: AlarmsChanged) -> None:
        """The ledger follows the alarms. While the clock stands nobody loses anything."""
        stands = (await self.rooms.exams.encounter(event.encounter_id)).paused_ms is not None
        mine = [one for one in self.rooms.watching.alarms() if one.encounter_id == event.encounter_id]
        wrong = []
        for one in mine:
            kind, counts = DISRUPTIONS.get(one.kind, (IncidentKind.other, False))
            wrong.append(Wrong(one.participant_id, kind, one.since_ms, counts and not stands))
        await self.rooms.ledger.disturbed(event.encounter_id, wrong)

    async def _paused(self, event: PhaseChanged) -> None:
        """Perhaps: a pause and its end are changes within the phase. What only begins is looked at when it is open."""
        if event.phase is Phase.encounter and self.rooms.recordings.is_recording(event.encounter_id):
            await self._disturbed(AlarmsChanged(event.encounter_id))

    async def _measure(self, event: RecordingSealed) -> None:
        """The ledger learns what is missing in the recording of the consultation."""
        manifest = await self.rooms.recordings.manifest(event.encounter_id)
        within = await self.rooms.ledger.consultation(event.encounter_id)
        if manifest is None or within is None:
            return
        encounter = await self.rooms.exams.encounter(event.encounter_id)
        seats = {*encounter.people, *(take.participant_id for take in manifest.takes)}
        swapped = {one.seat_id for one in await self.rooms.exams.attendance([encounter.id])} - set(encounter.people)
        # Who gave way to another in the middle was not there for all of it, and neither was the other.
        whole = seats - swapped if not swapped else {*encounter.assessed} & seats
        paused = await self.rooms.exams.pauses(encounter.id)
        lost = {seat: lost_spans(manifest, seat, within, paused) for seat in whole if seat}
        found = {seat: Lost(tuple(audio), tuple(video)) for seat, (audio, video) in lost.items()}
        await self.rooms.ledger.measured(encounter.id, found, within[1])

    async def _close(self, event: EncounterEnded) -> None:
        self.rooms.media.room(event.encounter_id).hold()
        async with self._one_by_one:
            await self.rooms.watching.leave(event.encounter_id)
            await self._disturbed(AlarmsChanged(event.encounter_id))  # closes what a killed server left open
        await self.rooms.recordings.leave(event.encounter_id)
        await self.rooms.media.close_room(event.encounter_id, "the encounter is over")
        self._seal_soon(event.encounter_id)

    async def _attended(self, event: ConnectionChanged) -> None:
        """Somebody came into a room or went out of it by themselves. Noted for many at once: they come at a bell."""
        if event.state not in (PeerState.connected, PeerState.lost, PeerState.left):
            return
        self._note({(event.room_id, event.participant_id)})

    def _note(self, there: set[tuple[str, str]]) -> None:
        self._there |= there
        if self._there and self._noting is None:
            self._noting = asyncio.create_task(self._note_attendance(), name="attendance")

    async def _note_attendance(self) -> None:
        while self._there:
            there, self._there = self._there, set()
            try:
                await self.rooms.exams.attended(there)
            except Fault as fault:
                log.warning("who is in a room is noted later", reason=fault.code)
                if not self._stopping.is_set():
                    self._there |= there
            except Exception:
                log.exception("who was in a room could not be noted")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), NOTE_AGAIN_S)
        self._noting = None

    async def _dismiss(self, event: SeatSwapped) -> None:
        """Who gave way in the middle of an encounter is not in its room any more, and is not missed there."""
        until_ms = self.rooms.clock.now_ms() + TICKET_MS
        for encounter_id in event.encounters:
            self.rooms.media.dismiss(event.seat_id, until_ms, encounter_id)
            self.rooms.watching.swapped(encounter_id, event.seat_id, event.with_seat_id)

    def _seal_soon(self, encounter_id: str) -> None:
        # Sealing takes seconds and must not keep the next phase waiting.
        task = asyncio.create_task(self._seal(encounter_id), name="seal")
        self._sealing.add(task)
        task.add_done_callback(self._sealing.discard)

    async def _seal(self, encounter_id: str) -> None:
        self._being_sealed.add(encounter_id)
        try:
            await self._seal_at_last(encounter_id)
        finally:
            self._being_sealed.discard(encounter_id)

    async def _seal_at_last(self, encounter_id: str) -> None:
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

    async def note_outage(self) -> None:
        """Before the clock starts: consultations that go on, and were cut off when the last server ended.

        Where a full disk does not let it be noted they go on all the same: the sealed recording tells what was lost.
        """
        for encounter in await self.rooms.exams.running():
            last_ms = await self.rooms.recordings.last_written_ms(encounter.id)
            if encounter.phase is Phase.encounter and encounter.paused_ms is None and last_ms is not None:
                try:
                    await self.rooms.ledger.outage(encounter.id, last_ms)
                except Unavailable as fault:
                    log.error("an outage could not be noted", encounter=encounter.id, why=str(fault))

    async def reconcile(self) -> None:
        """At the start and then every minute, until cancelled: nothing is left behind.

        A phase that is over gives way to the next; a consultation that nobody records is recorded; recordings are
        sealed and transcripts asked for, whatever was missed.
        """
        try:
            await self.rooms.recordings.recall_damage(partial(self.rooms.people.done_to, DAMAGE_READ))
        except Exception:
            log.exception("damaged takes of which nobody has read are no alarm until the next start")
        try:
            for encounter_id in await self.rooms.recordings.recover():
                self._seal_soon(encounter_id)
        except Exception:
            log.exception("what a killed server left is looked for below")
        since_ms, settled_after_ms = 0, 0  # nothing is on its way when the server starts
        while not self._stopping.is_set():
            try:
                await self._reconcile(since_ms, settled_after_ms)
                since_ms = self.rooms.clock.now_ms() - RECENT_MS
            except Exception:
                log.exception("what was left behind is looked for again")
            settled_after_ms = SETTLED_MS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RECONCILE_S)

    async def _reconcile(self, since_ms: int, settled_after_ms: int) -> None:
        """Looks after what runs, what ended since then, and what failed the last time."""
        rooms = self.rooms
        rooms.day.wake()
        settled_ms = rooms.clock.now_ms() - settled_after_ms
        for encounter in await rooms.exams.running():
            with _alone(encounter, set()):  # all that runs is looked at each time
                await self._go_on(encounter, settled_ms)
        past = await rooms.exams.past_consultation(since_ms, self._failed)
        left = [one for one in past if one.id not in self._right]
        failed: set[str] = set()
        # When the server starts they are all that ever were, so they are looked up many at a time.
        for at in range(0, len(left), AT_ONCE):
            some = left[at : at + AT_ONCE]
            known = await self._known([one.id for one in some])
            for encounter in some:
                with _alone(encounter, failed):
                    await self._make_right(encounter, settled_ms, known)
        self._failed = failed

    async def _known(self, ids: list[str]) -> _Known:
        rooms = self.rooms
        transcripts = (await rooms.transcripts.statuses(ids)).items()
        incidents = await rooms.exams.incidents_in(ids)
        return _Known(
            recorded=set(await rooms.recordings.progress(ids)),
            asked_for={one for one, progress in transcripts if progress.state is not State.waiting},
            unmeasured={one.encounter_id for one in incidents if not one.measured and one.kind.is_measured},
        )

    async def _go_on(self, encounter: Encounter, settled_ms: int) -> None:
        settled = encounter.phase is Phase.encounter and encounter.phase_started_ms <= settled_ms
        if not settled or self.rooms.recordings.is_recording(encounter.id):
            return
        # While others were opened it may have ended.
        if (await self.rooms.exams.encounter(encounter.id)).phase is Phase.encounter:
            log.error("a consultation was not recorded; it is from now on", encounter=encounter.id)
            await self._open(EncounterStarted(encounter.id))

    async def _make_right(self, encounter: Encounter, settled_ms: int, known: _Known) -> None:
        rooms = self.rooms
        settled = encounter.phase_started_ms <= settled_ms
        if not settled or encounter.id in self._being_sealed:
            return
        if rooms.recordings.is_recording(encounter.id):
            log.error("a consultation was recorded beyond its end", encounter=encounter.id)
            await self._close(EncounterEnded(encounter.id))
        elif await rooms.recordings.manifest(encounter.id):
            if encounter.id in known.unmeasured or encounter.phase_started_ms > settled_ms - LATELY_MS:
                await self._measure(RecordingSealed(encounter.id))
            if encounter.id not in known.asked_for:
                await self._transcribe(RecordingSealed(encounter.id))
            self._right.add(encounter.id)
        elif encounter.id in known.recorded:
            self._seal_soon(encounter.id)

    async def finish(self) -> None:
        """Waits for the recordings that are being sealed; those that wait for room are left to the next start."""
        self._stopping.set()
        if self._noting:
            await self._noting
        if self._sealing:
            await asyncio.wait(self._sealing)


@contextmanager
def _alone(encounter: Encounter, failed: set[str]) -> Iterator[None]:
    """What is wrong with one encounter keeps nobody from looking after the others; its id is added to `failed`."""
    try:
        yield
    except Exception:
        log.exception("an encounter could not be looked after; it is tried again", encounter=encounter.id)
        failed.add(encounter.id)
