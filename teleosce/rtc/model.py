"""The seam between a room and those who listen to it: packets as they came, never decoded."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

Kind = Literal["audio", "video"]

Packet = tuple[int, int, bool, bytes, float, int | None]
"""One RTP packet: sequence number, timestamp, marker, payload, arrival, level.

The sequence number is extended beyond 16 bits and never wraps; the timestamp has 32 bits, as sent, in ticks of the
track's clock; the payload is without RTP header, extensions and padding; the arrival is `time.monotonic()`, in seconds;
the level is what the sender tells of its sound, in dB below full scale from 0 to 127 (RFC 6464), None if it does not.
"""


@dataclass(frozen=True)
class TrackInfo:
    """One participant's encoded audio or video in one publication."""

    kind: Kind
    codec: Literal["opus", "VP8"]
    clock_rate: int
    """Ticks of the RTP timestamp in a second: 48000 for Opus, 90000 for VP8."""


@dataclass(frozen=True)
class Publication:
    """One unbroken presence of a participant in a room: one connection, one take."""

    id: str
    room: str
    participant: str
    name: str
    tracks: tuple[TrackInfo, ...]


class Subscriber(Protocol):
    """A participant of the server's own, such as the recorder.

    All calls come on the room's event loop and must return at once.
    """

    def publication_started(self, publication: Publication) -> None:
        """A participant is connected and the room is open; packets may follow."""

    def packets(self, publication: Publication, kind: Kind, packets: list[Packet]) -> None:
        """What has come of a track in the last tenth of a second, in order of arrival.

        Late and repaired packets come late, duplicates never. The list is the same for all subscribers.
        """

    def sender_report(self, publication: Publication, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """An RTCP sender report (RFC 3550, 6.4.1): `ntp` is the sender's clock as 32.32 fixed point."""

    def publication_ended(self, publication: Publication) -> None:
        """No packet of it follows: the participant left, was replaced, or the room was held or closed."""


@dataclass(frozen=True)
class Binding:
    """Whose audio or video comes out of one receiving transceiver of a page, named by its mid."""

    mid: str
    participant: str
    name: str
    kind: Kind


@dataclass(frozen=True)
class SlotsBound:
    """Event: what a participant's receive slots hold from now on. It is the whole truth, not a difference."""

    room_id: str
    participant_id: str
    slots: tuple[Binding, ...]


class PeerState(StrEnum):
    """`connecting → connected →` one of the rest, or straight to one of them."""

    connecting = "connecting"
    connected = "connected"
    failed = "failed"
    """It never came about: no way through the network, or the wrong certificate."""
    lost = "lost"
    """The line went dead."""
    left = "left"
    """The page closed it."""
    replaced = "replaced"
    """A newer connection of the same participant took the seat."""
    closed = "closed"
    """The room was closed."""


@dataclass(frozen=True)
class TrackHealth:
    """What came of one track in the last second, and what was repaired of it so far."""

    packets_per_second: float = 0.0
    bits_per_second: float = 0.0
    loss: float = 0.0
    """Fraction lost on the way to the server in the last second, before repair: 0 to 1."""
    repaired: int = 0
    jitter_ms: float = 0.0
    last_packet_ms: int | None = None


@dataclass(frozen=True)
class PeerHealth:
    """How one participant's connection does, for the control room."""

    participant: str
    name: str
    state: PeerState
    connected_ms: int | None
    last_packet_ms: int | None
    audio: TrackHealth | None
    """None where the participant does not publish audio."""
    video: TrackHealth | None
    round_trip_ms: float | None
    loss: float
    """The worse of both directions in the last second, as their receivers report it: 0 to 1."""
    sent_packets_per_second: float
    sent_bits_per_second: float
    resent: int
    """Packets sent again because the participant asked."""
    video_paused: bool
    """The line is so bad that only audio goes to this participant."""
