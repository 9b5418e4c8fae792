"""The media server: rooms by their id, and the door for offers."""

import asyncio
from collections.abc import Sequence

import structlog
from aiortc import RTCCertificate

from teleosce.core.clock import Clock
from teleosce.core.errors import Forbidden, Invalid, Unavailable
from teleosce.core.events import Events
from teleosce.rtc.model import PeerHealth, PeerState
from teleosce.rtc.peer import Peer
from teleosce.rtc.ports import Ports
from teleosce.rtc.room import Room
from teleosce.rtc.sdp import read_offer
from teleosce.rtc.tickets import Ticket
from teleosce.rtc.transport import self_test

log = structlog.get_logger(__name__)


class MediaServer:
    """Forwards encoded media between the peers of each room. It lives on the loop that called `start`.

    secret: what tickets are signed with. events: where `ConnectionChanged` and `SlotsBound` are published.
    addresses: public addresses, where this machine stands behind a router that maps ports one to one.
    """

    def __init__(self, secret: str | bytes, clock: Clock, events: Events, addresses: Sequence[str] = ()) -> None:
        self._secret = secret
        self._clock = clock
        self._events = events
        self._addresses = tuple(addresses)
        self._ports = Ports()
        self._rooms: dict[str, Room] = {}
        self._dismissed: dict[tuple[str | None, str], int] = {}
        self._certificate: RTCCertificate | None = None
        self._outbox: asyncio.Queue[object] = asyncio.Queue()
        self._publisher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Checks the libraries' seams and makes the certificate. Raises Unavailable."""
        self_test()
        self._certificate = RTCCertificate.generateCertificate()
        self._publisher = asyncio.create_task(self._publish())

    async def close(self) -> None:
        """Closes every room; returns when all sockets are closed and all events published."""
        for room_id in list(self._rooms):
            await self.close_room(room_id, "the server stops")
        if self._publisher is not None:
            await self._outbox.join()
            self._publisher.cancel()
            await asyncio.wait([self._publisher])
            self._publisher = None

    async def answer(self, ticket_text: str, offer_sdp: str) -> str:
        """The answer to a page's offer. Raises Forbidden for the ticket, Invalid for the offer.

        The new connection takes the participant's seat at once; an older one ends.
        """
        ticket = Ticket.verify(ticket_text, self._secret, self._clock.now_ms())
        taken_back = (self._dismissed.get((room, ticket.participant), 0) for room in (None, ticket.room))
        if ticket.expires_ms <= max(taken_back):
            raise Forbidden("This media ticket was taken back. Open your newest link again.", code="ticket")
        offer = read_offer(offer_sdp)
        if self._certificate is None or self._publisher is None:
            raise Unavailable("Live media is not running. Try again in a moment.", code="media-stopped")
        room = self.room(ticket.room)
        peer = Peer(ticket, offer, self._certificate, self._ports, self._clock, on_state=room.changed)
        if not peer.ups and not peer.slots:
            raise Invalid("This offer and this ticket have no audio or video in common. Reload the page.", code="offer")
        room.admit(peer)
        try:
            return await peer.answer(self._addresses)
        except BaseException:
            peer.end(PeerState.failed)
            raise

    def room(self, room_id: str) -> Room:
        """The room of that name, made when missing; `close_room` forgets it."""
        room = self._rooms.get(room_id)
        if room is None:
            room = self._rooms[room_id] = Room(room_id, self._outbox.put_nowait)
        return room

    def dismiss(self, participant: str, tickets_until_ms: int, room_id: str | None = None) -> None:
        """Ends a participant's connection in a room, or in all; refuses tickets that expire by `tickets_until_ms`."""
        self._dismissed[room_id, participant] = tickets_until_ms
        for room in self._rooms.values():
            if room_id in (None, room.id):
                room.dismiss(participant)

    def peers(self, room_id: str) -> list[PeerHealth]:
        """How each one in a room does; an empty list where there is no such room."""
        room = self._rooms.get(room_id)
        return room.peers() if room is not None else []

    async def close_room(self, room_id: str, reason: str) -> None:
        """Ends all its connections; `reason` is for the log."""
        room = self._rooms.pop(room_id, None)
        if room is not None:
            log.info("a room closes", room=room_id, reason=reason)
            await room.close()

    async def _publish(self) -> None:
        """One after the other, so that nobody hears `connected` after `left`."""
        while True:
            event = await self._outbox.get()
            try:
                await self._events.publish(event)
            finally:
                self._outbox.task_done()
