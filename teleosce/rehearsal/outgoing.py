"""One track on its way out: RTP packets on time, kept for a while for those who ask again (RFC 3550, RFC 4585)."""

import random
import struct
from collections.abc import Callable, Iterable, Sequence

from teleosce.rtc import rtcp

KEPT = 1024
"""Packets that can be sent again: five seconds of a picture."""

_HEADER = struct.Struct("!BBHII")


class Outgoing:
    """Packet n of a track is due n/`per_second` seconds after the epoch, and says so in its timestamp.

    protect: encrypts a packet. send: puts it on the line.
    """

    def __init__(
        self,
        payload_type: int,
        clock_rate: int,
        per_second: int,
        protect: Callable[[bytes], bytes],
        send: Callable[[bytes], None],
    ) -> None:
        self.ssrc = random.getrandbits(31) | 1
        self.per_second = per_second
        self.next = -1
        """Index of the next packet or picture; -1 before the first."""
        self.packets = self.octets = 0
        self.asked_again = self.resent = 0
        self.lost = 0
        """What the receiver says is missing of this stream, repairs not counted."""
        self._payload_type, self._clock_rate = payload_type, clock_rate
        self._ticks = clock_rate // per_second
        self._offset, self._sequence = random.getrandbits(31), random.getrandbits(14)
        self._kept: list[tuple[int, bytes] | None] = [None] * KEPT
        self._protect, self._send = protect, send

    def due(self, elapsed: float) -> range:
        """Indices of what should go now, `elapsed` seconds after the epoch. The first is the next to come."""
        until = int(elapsed * self.per_second) + 1
        if self.next < 0:
            self.next = until
        first, self.next = self.next, max(self.next, until)
        return range(first, self.next)

    def put(self, index: int, pieces: Sequence[bytes], *, first: bool = False) -> None:
        """Sends one sound or picture; the marker is set on the last piece of a picture, or on the `first` sound."""
        stamp = (self._offset + index * self._ticks) & 0xFFFFFFFF
        last = len(pieces) - 1
        for number, piece in enumerate(pieces):
            marker = 0x80 if first or (self._clock_rate == 90_000 and number == last) else 0
            header = _HEADER.pack(0x80, marker | self._payload_type, self._sequence, stamp, self.ssrc)
            packet = self._protect(header + piece)
            self._kept[self._sequence % KEPT] = (self._sequence, packet)
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.packets += 1
            self.octets += len(piece)
            self._send(packet)

    def again(self, sequences: Iterable[int]) -> None:
        """Answers a NACK with what is still kept."""
        for sequence in sequences:
            self.asked_again += 1
            kept = self._kept[sequence % KEPT]
            if kept is not None and kept[0] == sequence:
                self.resent += 1
                self._send(kept[1])

    def report(self, ntp: int, elapsed: float) -> bytes:
        """A sender report: at `ntp` the track is `elapsed` seconds after its epoch."""
        stamp = (self._offset + round(elapsed * self._clock_rate)) & 0xFFFFFFFF
        return rtcp.sender_report(self.ssrc, ntp, stamp, self.packets, self.octets)
