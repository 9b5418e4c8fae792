"""The seam between a room and those who listen to it: packets as they came, never decoded."""

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["audio", "video"]


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
    """A participant of the server's own, such as the recorder. All calls come on the room's event loop and must return at once."""

    def publication_started(self, publication: Publication) -> None:
        """A participant is connected and the room is open; packets may follow."""

    def packet(
        self, publication: Publication, kind: Kind, sequence: int, timestamp: int, marker: bool, payload: bytes, arrival: float
    ) -> None:
        """One RTP packet, in order of arrival: late and repaired ones come late, duplicates never.

        sequence: extended beyond 16 bits, never wraps. timestamp: 32 bits as sent, in ticks of the track's clock.
        payload: without RTP header, extensions and padding. arrival: `time.monotonic()`, seconds.
        """

    def sender_report(self, publication: Publication, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """An RTCP sender report (RFC 3550, 6.4.1): `ntp` is the sender's clock as 32.32 fixed point."""

    def publication_ended(self, publication: Publication) -> None:
        """No packet of it follows: the participant left, was replaced, or the room was held or closed."""
