"""What people are told as it happens: where they are now, bells, who is heard in which slot, alarms.

A turn of the ring moves everybody at once. What happens is noted at once, and told a moment later to all whom it
concerns, from one look at the database.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from teleosce.core.errors import NotFound
from teleosce.core.events import (
    AlarmsChanged,
    BellRang,
    CircuitChanged,
    ConnectionChanged,
    EncounterEnded,
    EncounterStarted,
    IncidentChanged,
    MarkSubmitted,
    MessageSaid,
    PhaseChanged,
    RecordingSealed,
    SeatSwapped,
    SessionEnded,
    TranscriptReady,
)
from teleosce.exams import Encounter, Message
from teleosce.people import Role
from teleosce.rtc import SlotsBound
from teleosce.web.context import Rooms
from teleosce.web.place import Places, name_for, seats_of

if TYPE_CHECKING:
    from teleosce.web.hub import Connection, Hub

log = structlog.get_logger(__name__)

GATHER_S = 0.005
AGAIN_S = 0.5


@dataclass(frozen=True)
class Due:
    """What is to be told: places of seats by exam, of all in some encounters or exams, and bells in their order."""

    seats: dict[str, set[str]]
    encounters: set[str]
    exams: set[str]
    bells: list[BellRang]


class News:
    """Listens to what happens and tells those whom it concerns."""

    def __init__(self, rooms: Rooms, hub: "Hub") -> None:
        self._rooms, self._hub = rooms, hub
        self._exam_of: dict[str, str] = {}
        self._seats: dict[str, set[str]] = {}
        self._encounters: set[str] = set()
        self._exams: set[str] = set()
        self._bells: list[BellRang] = []
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        listen = rooms.events.subscribe
        listen(PhaseChanged, self._on_phase)
        listen(BellRang, self._on_bell)
        listen(SessionEnded, self._on_session_ended)
        listen(SlotsBound, self._on_bound)
        listen(AlarmsChanged, self._on_alarms)
        listen(CircuitChanged, self._on_exam)
        listen(SeatSwapped, self._on_exam)
        listen(MessageSaid, self._on_message)
        listen(IncidentChanged, self._on_change)
        listen(ConnectionChanged, self._on_connection)
        for kind in (EncounterStarted, EncounterEnded, RecordingSealed, TranscriptReady, MarkSubmitted):
            listen(kind, self._on_change)

    def start(self) -> None:
        """Begins."""
        self._task = asyncio.create_task(self._keep(), name="news")

    def close(self) -> None:
        """Ends."""
        if self._task:
            self._task.cancel()

    async def came(self, page: "Connection") -> None:
        """A page has opened: it is told all it needs, and the others that somebody is there."""
        self._presence(page)
        if page.observes is not None:
            self.moved(page.observes)
        if page.principal.seat_id is not None:
            self.tell_alarms(page.principal.seat_id)
        await self._messages(page)

    def went(self, page: "Connection") -> None:
        """A page has closed."""
        self._presence(page)

    def _presence(self, page: "Connection") -> None:
        who = page.principal
        if who.seat_id is not None and who.exam_id is not None:
            self._seats.setdefault(who.exam_id, set()).add(who.seat_id)
            self._woken.set()

    def moved(self, encounter_id: str) -> None:
        """All in this encounter are to be told their place."""
        self._encounters.add(encounter_id)
        self._woken.set()

    def tell_alarms(self, seat_id: str) -> None:
        """Tells a person what the server finds wrong with their own sound and picture."""
        kinds = [one.kind.value for one in self._rooms.watching.alarms() if one.participant_id == seat_id]
        self._hub.send(seat_id, {"type": "alarms", "kinds": kinds})

    async def _keep(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_S)
            self._woken.clear()
            due = Due(self._seats, self._encounters, self._exams, self._bells)
            self._seats, self._encounters, self._exams, self._bells = {}, set(), set(), []
            if await self._tell(due):
                await asyncio.sleep(AGAIN_S)
                self._woken.set()

    async def _tell(self, due: Due) -> bool:
        """Tells exam by exam: what is wrong with one keeps no other waiting. Returns whether to try again."""
        exams = {*due.seats, *due.exams}
        failed = False
        for encounter_id in due.encounters | {bell.encounter_id for bell in due.bells}:
            try:
                exams.add(await self._exam(encounter_id))
            except NotFound:
                log.warning("nobody is told of an encounter that is not there", encounter=encounter_id)
            except Exception:
                log.exception("people are told later of an encounter", encounter=encounter_id)
                self._encounters |= due.encounters & {encounter_id}
                self._bells += [bell for bell in due.bells if bell.encounter_id == encounter_id]
                failed = True
        for exam_id in exams:
            try:
                await self._tell_exam(due, exam_id)
            except Exception:
                log.exception("people could not be told their place", exam=exam_id)
                self._again(due, exam_id)
                failed = True
        return failed

    async def _tell_exam(self, due: Due, exam_id: str) -> None:
        places = await Places.of(self._rooms, exam_id, self._hub.present)
        looked_at = [(page, page.observes) for page in self._hub.connections() if page.observes in places.encounters]
        began = {
            one: await self._rooms.exams.consultation_began_ms(one)
            for one in {observed for _, observed in looked_at}
            if one
        }
        told = [(seat_id, places.message(seat_id)) for seat_id in self._concerned(due, exam_id, places)]
        self._exam_of |= dict.fromkeys(places.encounters, exam_id)
        for seat_id, message in told:
            self._hub.send(seat_id, message)
        for page, observed in looked_at:
            if observed is not None:
                page.post(places.seen(observed, began[observed]))
        for bell in due.bells:
            if bell.encounter_id in places.encounters:
                self._ring(bell, places.encounters[bell.encounter_id])

    def _again(self, due: Due, exam_id: str) -> None:
        """What an exam is still to be told."""
        self._seats.setdefault(exam_id, set()).update(due.seats.get(exam_id, ()))
        self._exams |= due.exams & {exam_id}
        self._encounters |= {one for one in due.encounters if self._exam_of.get(one) == exam_id}
        self._bells = [bell for bell in due.bells if self._exam_of.get(bell.encounter_id) == exam_id] + self._bells

    def _concerned(self, due: Due, exam_id: str, places: Places) -> set[str]:
        """The seats with an open page whose place may be another now."""
        if exam_id in due.exams:
            found = set(places.seats)
        else:
            moved = [places.encounters[one] for one in due.encounters if one in places.encounters]
            found = {seat_id for one in moved for seat_id in seats_of(one)}
            for seat_id in due.seats.get(exam_id, ()):
                found |= {seat_id, *places.with_whom(seat_id)}
        return {seat_id for seat_id in found if seat_id in places.seats and self._hub.present(seat_id)}

    def _ring(self, bell: BellRang, encounter: Encounter) -> None:
        message = {"type": "bell", "kind": bell.kind, "phase": bell.phase, "at_ms": bell.at_ms}
        for seat_id in seats_of(encounter):
            self._hub.send(seat_id, message)

    async def _exam(self, encounter_id: str) -> str:
        if encounter_id not in self._exam_of:
            self._exam_of[encounter_id] = (await self._rooms.exams.encounter(encounter_id)).exam_id
        return self._exam_of[encounter_id]

    async def _on_phase(self, event: PhaseChanged) -> None:
        self.moved(event.encounter_id)
        self._hub.changed()

    async def _on_exam(self, event: CircuitChanged | SeatSwapped) -> None:
        """Everybody's day has changed: what comes next, whether the clocks stand."""
        self._exams.add(event.exam_id)
        self._woken.set()
        self._hub.changed()

    async def _on_message(self, event: MessageSaid) -> None:
        """To the control room every message; to others what is for them, and what they wrote themselves."""
        said = [one for one in await self._rooms.ledger.messages(event.exam_id) if one.number == event.number]
        for one in said:
            for page in self._hub.connections():
                if page.principal.exam_id not in (None, one.exam_id):
                    continue
                own = page.person in (one.seat_id, one.from_seat) or (one.seat_id is None and one.from_seat is None)
                theirs = own and page.principal.exam_id == one.exam_id and page.watches is None
                if page.watches == one.exam_id or theirs:
                    page.post({"type": "message"} | message_view(one))

    async def _messages(self, page: "Connection") -> None:
        """All that concerns this page, once: it comes back to a conversation after a reload."""
        exam_id = page.watches or page.principal.exam_id
        if exam_id is None or page.observes is not None:
            return
        seat_id = None if page.watches else page.principal.seat_id
        said = await self._rooms.ledger.messages(exam_id, seat_id)
        page.post({"type": "messages", "messages": [message_view(one) for one in said]})

    async def _on_bell(self, event: BellRang) -> None:
        self._bells.append(event)
        self._woken.set()

    async def _on_alarms(self, event: AlarmsChanged) -> None:
        for seat_id in seats_of(await self._rooms.exams.encounter(event.encounter_id)):
            self.tell_alarms(seat_id)
        self._hub.changed()

    async def _on_connection(self, event: ConnectionChanged) -> None:
        # Who looks in has no place of their own there, but those in the room are to know.
        if event.room_id in self._exam_of:
            self.moved(event.room_id)
        self._hub.changed()

    async def _on_bound(self, event: SlotsBound) -> None:
        seats = {slot.participant: await self._rooms.people.seat(slot.participant) for slot in event.slots}
        viewer = next((one.principal.role for one in self._hub.pages(event.participant_id)), Role.candidate)
        slots = [
            {
                "mid": slot.mid,
                "kind": slot.kind,
                "participant": slot.participant,
                "name": name_for(viewer, seats[slot.participant]),
                "role": seats[slot.participant].role.value,
            }
            for slot in event.slots
        ]
        # Somebody may look in on several rooms, a page each; the slots of one are not those of another.
        for page in self._hub.pages(event.participant_id):
            if page.observes in (None, event.room_id):
                page.post({"type": "bound", "slots": slots})

    async def _on_session_ended(self, event: SessionEnded) -> None:
        for one in self._hub.connections():
            if one.principal.session_id == event.session_id:
                self._hub.end(one, event.reason)

    async def _on_change(self, _event: object) -> None:
        self._hub.changed()


def message_view(said: Message) -> dict[str, Any]:
    """A message as pages see it."""
    return {
        "number": said.number,
        "text": said.text,
        "at_ms": said.at_ms,
        "seat": said.seat_id,
        "from_seat": said.from_seat,
    }
