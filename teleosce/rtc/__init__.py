"""Live media: peers, rooms, and the forwarding of encoded audio and video between them.

A selective forwarding unit that never decodes or encodes. Whoever holds a signed `Ticket` posts an offer to
`MediaServer.answer`; the `Room` that the ticket names gives everyone's microphone and camera to everyone else's receive
slots, and to each `Subscriber` of the server's own, such as the recorder. Nothing here knows what an exam is.
"""

from teleosce.rtc.handshake import repeated_flights
from teleosce.rtc.ice import ice_servers
from teleosce.rtc.model import (
    Binding,
    Kind,
    PeerHealth,
    PeerState,
    Publication,
    SlotsBound,
    Subscriber,
    TrackHealth,
    TrackInfo,
)
from teleosce.rtc.room import Room
from teleosce.rtc.server import MediaServer
from teleosce.rtc.tickets import Ticket
from teleosce.rtc.transport import self_test

__all__ = [
    "Binding",
    "Kind",
    "MediaServer",
    "PeerHealth",
    "PeerState",
    "Publication",
    "Room",
    "SlotsBound",
    "Subscriber",
    "Ticket",
    "TrackHealth",
    "TrackInfo",
    "ice_servers",
    "repeated_flights",
    "self_test",
]
