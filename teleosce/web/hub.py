"""Who is connected by WebSocket, and the news each of them gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from teleosce.core.events import (
    AlarmsChanged,
    BellRang,
    ConnectionChanged,
    EncounterEnded,
    EncounterStarted,
    MarkSubmitted,
    PhaseChanged,
    RecordingSealed,
    SessionEnded,
    TranscriptReady,
)
from teleosce.people import Principal, Role
from teleosce.rtc import SlotsBound
from teleosce.web import day_view
from teleosce.web.context import Rooms
from teleosce.web.place import name_for, place, seats_of

log = structlog.get_logger(__name__)

QUEUE = 256
"""Messages a slow page may be behind before its connection is ended, so that it holds no memory."""
CLOSE_REPLACED, CLOSE_ENDED = 4001, 4003
DAY_EVERY_S = 1.0


@dataclass(eq=False)
class Connection:
    """One open page."""

    principal: Principal
    socket: web.WebSocketResponse
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    watches: str | None = None
    """The exam whose day this page shows."""
    final: int | None = None

    def post(self, message: dict[str, Any]) -> None:
        """Queues a message; a page that does not read is let go."""
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.final = WSCloseCode.TRY_AGAIN_LATER

    async def deliver(self) -> None:
        """Sends what is queued until the connection ends."""
        while not self.socket.closed:
            message = await self.outbox.get()
            await self.socket.send_str(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
            if self.final is not None and self.outbox.empty():
                await self.socket.close(code=self.final)


class Hub:
    """Connections by seat, and what the server noticed of each person."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.connections: set[Connection] = set()
        self.health: dict[str, dict[str, Any]] = {}
        self._bound: dict[str, list[dict[str, Any]]] = {}
        self._called: dict[str, float] = {}
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        listen = rooms.events.subscribe
        listen(PhaseChanged, self._on_phase)
        listen(BellRang, self._on_bell)
        listen(SessionEnded, self._on_session_ended)
        listen(SlotsBound, self._on_bound)
        listen(AlarmsChanged, self._on_alarms)
        for kind in (
            ConnectionChanged,
            EncounterStarted,
            EncounterEnded,
            RecordingSealed,
            TranscriptReady,
            MarkSubmitted,
        ):
            listen(kind, self._on_change)

    async def start(self) -> None:
        """Begins to keep organisers' pages up to date."""
        self._task = asyncio.create_task(self._keep_days(), name="hub-days")

    async def close(self) -> None:
        """Says goodbye to every page: it will come back by itself."""
        if self._task:
            self._task.cancel()
        for connection in list(self.connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def present(self, seat_id: str) -> bool:
        """Whether a page of this seat is open."""
        return any(one.principal.seat_id == seat_id for one in self.connections)

    def send(self, seat_id: str, message: dict[str, Any]) -> None:
        """To every page of a seat."""
        for one in self.connections:
            if one.principal.seat_id == seat_id:
                one.post(message)

    @asynccontextmanager
    async def joined(self, connection: Connection) -> AsyncIterator[None]:
        """While the block runs, the page gets its news."""
        self._replace_older(connection.principal)
        self.connections.add(connection)
        delivering = asyncio.create_task(connection.deliver(), name="hub-deliver")
        try:
            await self._presence(connection.principal)
            yield
        finally:
            self.connections.discard(connection)
            delivering.cancel()
            await self._presence(connection.principal)

    def _replace_older(self, principal: Principal) -> None:
        """Who takes part is in one place: two pages of one seat would go on taking each other's media connection."""
        if principal.role not in (Role.candidate, Role.standardized_patient):
            return
        for one in self.connections:
            if one.principal.seat_id == principal.seat_id and one.final is None:
                one.final = CLOSE_REPLACED
                one.post({"type": "replaced"})

    async def tell_place(self, seat_id: str) -> None:
        """Works out a seat's place afresh and sends it."""
        if self.present(seat_id):
            seat = await self.rooms.people.seat(seat_id)
            self.send(seat_id, await place(self.rooms, seat, self.present))

    def tell_bound(self, seat_id: str) -> None:
        """Repeats which receive slots hold whom: for a page that has just connected."""
        if seat_id in self._bound:
            self.send(seat_id, {"type": "bound", "slots": self._bound[seat_id]})

    def tell_alarms(self, seat_id: str) -> None:
        """Tells a person what the server finds wrong with their own sound and picture."""
        kinds = [one.kind.value for one in self.rooms.watching.alarms() if one.participant_id == seat_id]
        self.send(seat_id, {"type": "alarms", "kinds": kinds})

    def may_call(self, caller: str, now: float, every_s: float) -> bool:
        """Whether `caller` has not called for help within the last `every_s` seconds; it has, then."""
        if now - self._called.get(caller, -every_s) < every_s:
            return False
        self._called[caller] = now
        return True

    def changed(self) -> None:
        """Something an organiser sees has changed."""
        self._stale.set()

    async def _presence(self, principal: Principal) -> None:
        self.changed()
        if principal.seat_id is None or principal.role not in (Role.candidate, Role.standardized_patient):
            return
        encounter = await self.rooms.exams.where_now(principal.seat_id)
        for seat_id in seats_of(encounter) if encounter else [principal.seat_id]:
            await self.tell_place(seat_id)

    async def _on_phase(self, event: PhaseChanged) -> None:
        encounter = await self.rooms.exams.encounter(event.encounter_id)
        for seat_id in seats_of(encounter):
            await self.tell_place(seat_id)
        self.changed()

    async def _on_bell(self, event: BellRang) -> None:
        encounter = await self.rooms.exams.encounter(event.encounter_id)
        for seat_id in seats_of(encounter):
            self.send(seat_id, {"type": "bell", "kind": event.kind, "phase": event.phase, "at_ms": event.at_ms})

    async def _on_alarms(self, event: AlarmsChanged) -> None:
        encounter = await self.rooms.exams.encounter(event.encounter_id)
        for seat_id in seats_of(encounter):
            self.tell_alarms(seat_id)
        self.changed()

    async def _on_bound(self, event: SlotsBound) -> None:
        viewer = (await self.rooms.people.seat(event.participant_id)).role
        slots = []
        for slot in event.slots:
            seat = await self.rooms.people.seat(slot.participant)
            slots.append(
                {
                    "mid": slot.mid,
                    "kind": slot.kind,
                    "participant": slot.participant,
                    "name": name_for(viewer, seat),
                    "role": seat.role.value,
                }
            )
        self._bound[event.participant_id] = slots
        self.tell_bound(event.participant_id)

    async def _on_session_ended(self, event: SessionEnded) -> None:
        for one in self.connections:
            if one.principal.session_id != event.session_id:
                continue
            if event.reason == "replaced":
                one.final = CLOSE_REPLACED
                one.post({"type": "replaced"})
            else:
                one.final = CLOSE_ENDED
                one.post({"type": "ended", "reason": event.reason})

    async def _on_change(self, _event: object) -> None:
        self.changed()

    async def _keep_days(self) -> None:
        while True:
            # Woken by a change, or every other second for what only grows: seconds on disk, health.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), 2 * DAY_EVERY_S)
            self._stale.clear()
            try:
                await self._tell_days()
            except Exception:
                log.exception("the day could not be shown")
            await asyncio.sleep(DAY_EVERY_S)

    async def _tell_days(self) -> None:
        watching: dict[str, list[Connection]] = {}
        for one in self.connections:
            if one.watches is not None:
                watching.setdefault(one.watches, []).append(one)
        for exam_id, connections in watching.items():
            message = await day_view.day(self.rooms, self, exam_id)
            for one in connections:
                one.post(message)
