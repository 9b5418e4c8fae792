"""A room: who is in it, who hears whom, and who listens to all. All of its state belongs to one event loop."""

import asyncio
from collections.abc import Callable

import structlog

from teleosce.core.events import ConnectionChanged
from teleosce.core.ids import new_id
from teleosce.rtc.feed import Feed
from teleosce.rtc.model import PeerHealth, PeerState, Publication, SlotsBound, Subscriber
from teleosce.rtc.peer import Peer
from teleosce.rtc.slots import slot_for
from teleosce.rtc.timings import FLUSH_EVERY_S, KEY_FRAME_EVERY_S

log = structlog.get_logger(__name__)


class Room:
    """Held at first: peers connect and their packets are counted, but nothing is forwarded until `open`.

    `emit` gets `ConnectionChanged` and `SlotsBound`, in order.
    """

    def __init__(self, room_id: str, emit: Callable[[object], None]) -> None:
        self.id = room_id
        self.is_open = False
        self._emit = emit
        self._peers: dict[str, Peer] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._feeds: dict[Peer, Feed] = {}
        self._subscribers: tuple[Subscriber, ...] = ()
        self._key_frames: asyncio.TimerHandle | None = None
        self._asked = 0
        self._flushing: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Starts forwarding. Everyone connected is published, and asked for a key frame."""
        if not self.is_open:
            self.is_open = True
            for peer in self._peers.values():
                self._publish(peer)

    def hold(self) -> None:
        """Stops forwarding; the peers stay connected."""
        self.is_open = False
        for peer in list(self._feeds):
            self._unpublish(peer)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Lets `subscriber` hear all that is published from now on, and of what already is."""
        self._subscribers = (*self._subscribers, subscriber)
        for feed in self._feeds.values():
            feed.flush()
            feed.subscribers = self._subscribers
            feed.start(subscriber)
        for peer in self._feeds:
            for up in peer.ups.values():
                up.request_key_frame()
        self._keep_key_frames()

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Gives `subscriber` what it has not had yet, then calls it no more, not even when a publication ends."""
        self._flush_all()
        self._subscribers = tuple(one for one in self._subscribers if one is not subscriber)
        for feed in self._feeds.values():
            feed.subscribers = self._subscribers

    def peers(self) -> list[PeerHealth]:
        """How everyone in the room does."""
        return [peer.health() for peer in self._peers.values()]

    def admit(self, peer: Peer) -> None:
        """Seats a peer that is about to connect. An older connection of the same participant ends."""
        older = self._peers.get(peer.participant)
        self._peers[peer.participant] = peer
        if older is not None:
            older.end(PeerState.replaced)

    def dismiss(self, participant: str) -> None:
        """Ends a participant's connection, if there is one."""
        peer = self._peers.get(participant)
        if peer is not None:
            peer.end(PeerState.closed)

    def changed(self, peer: Peer) -> None:
        """A peer has connected or ended: its publication, everyone's slots and the outside world follow."""
        if peer.state is PeerState.connected:
            log.info("a peer connected", room=self.id, participant=peer.participant)
            self._emit(ConnectionChanged(self.id, peer.participant, peer.state.value))
            self._publish(peer)
        else:
            log.info("a peer ended", room=self.id, participant=peer.participant, state=peer.state.value)
            self._unpublish(peer)
            if self._peers.get(peer.participant) is peer:
                del self._peers[peer.participant]
            self._wait_for(peer)
            self._emit(ConnectionChanged(self.id, peer.participant, peer.state.value))
        self._bind()

    async def close(self) -> None:
        """Ends all publications, closes every connection and waits until its sockets are gone."""
        self.hold()
        if self._key_frames is not None:
            self._key_frames.cancel()
        for peer in list(self._peers.values()):
            peer.end(PeerState.closed)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _wait_for(self, peer: Peer) -> None:
        if peer.closing is not None:
            self._leaving.add(peer.closing)
            peer.closing.add_done_callback(self._leaving.discard)

    def _publish(self, peer: Peer) -> None:
        if not self.is_open or peer.state is not PeerState.connected or not peer.ups or peer in self._feeds:
            return
        tracks = tuple(up.info for up in peer.ups.values())
        publication = Publication(new_id(), self.id, peer.participant, peer.name, tracks)
        feed = self._feeds[peer] = Feed(publication, self._subscribers)
        for subscriber in self._subscribers:
            feed.start(subscriber)
        for up in peer.ups.values():
            up.go_live(feed)
        self._keep_key_frames()
        if self._flushing is None:
            self._flush()

    def _flush_all(self) -> None:
        for feed in self._feeds.values():
            feed.flush()

    def _flush(self) -> None:
        self._flush_all()
        again = asyncio.get_running_loop().call_later
        self._flushing = again(FLUSH_EVERY_S, self._flush) if self._feeds else None

    def _keep_key_frames(self) -> None:
        """Browsers send key frames only when asked: without one now and then a recording could not be sought in.

        One person after the other, so that no moment is far from the key frames of all.
        """
        if self._key_frames is None and self._feeds and self._subscribers:
            wait_s = KEY_FRAME_EVERY_S / len(self._feeds)
            self._key_frames = asyncio.get_running_loop().call_later(wait_s, self._ask_next_key_frame)

    def _ask_next_key_frame(self) -> None:
        self._key_frames = None
        if self._feeds:
            self._asked += 1
            for up in list(self._feeds)[self._asked % len(self._feeds)].ups.values():
                up.request_key_frame()
        self._keep_key_frames()

    def _unpublish(self, peer: Peer) -> None:
        for up in peer.ups.values():
            up.go_quiet()
        feed = self._feeds.pop(peer, None)
        if feed is not None:
            feed.end()

    def _bind(self) -> None:
        """Gives every publishing participant a slot with every other; those who reconnect keep theirs."""
        connected = [peer for peer in self._peers.values() if peer.state is PeerState.connected]
        for peer in connected:
            here = {one.participant for one in self._peers.values() if one is not peer and one.ups}
            for slot in peer.slots:
                if slot.participant is not None and slot.participant not in here:
                    slot.free()
            for other in connected:
                if other is peer or not other.ups:
                    continue
                given = slot_for(peer, other.participant)
                if given is not None:
                    given.bind(other)
                elif peer.slots:
                    log.warning("no receive slot is free", room=self.id, participant=peer.participant)
            self._announce(peer)

    def _announce(self, peer: Peer) -> None:
        bindings = tuple(binding for slot in peer.slots for binding in slot.bindings())
        if bindings != peer.announced:
            peer.announced = bindings
            self._emit(SlotsBound(self.id, peer.participant, bindings))
