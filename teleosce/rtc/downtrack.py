"""What one participant receives of another's track: its own SSRC, sequence and time, whoever is behind it."""

import random
import struct
import time
from collections.abc import Callable, Iterable

from teleosce.rtc import rtcp
from teleosce.rtc.model import Kind, Packet
from teleosce.rtc.timings import LOSS_PACKETS
from teleosce.rtc.uptrack import UpTrack

_pack = struct.Struct("!BBHII").pack
_pack_timed = struct.Struct("!BBHIIHHI").pack
_REPORTS_KEPT = 8
_LONGEST_ROUND_TRIP_S = 10.0


class DownTrack:
    """One stream to a browser. It outlives the up track behind it: a fresh one continues its numbers."""

    def __init__(
        self,
        *,
        kind: Kind,
        mid: str,
        stream: str,
        payload_type: int,
        clock_rate: int,
        abs_send_time: int | None,
        send_rtp: Callable[[bytes, bytes], None],
        send_rtcp: Callable[[bytes], None],
        allowed_bps: Callable[[], float],
    ) -> None:
        """send_rtp: called with a packet's header and payload."""
        self.kind = kind
        self.mid = mid
        self.stream = stream
        self.ssrc = random.getrandbits(31) | 1
        self.allowed_bps = allowed_bps
        """What this track may take of its receiver's line, in bits a second."""
        self.up: UpTrack | None = None
        self.paused = False
        self.packets = 0
        self.octets = 0
        self.resent = 0
        self._payload_type = payload_type
        self._clock_rate = clock_rate
        self._extension = None if abs_send_time is None else abs_send_time << 28 | 2 << 24
        self._send_rtp = send_rtp
        self._send_rtcp = send_rtcp
        self._description = rtcp.source_description(self.ssrc, stream.encode())
        self._reports: dict[int, float] = {}
        self._block: rtcp.ReportBlock | None = None
        self._block_before: rtcp.ReportBlock | None = None
        self._begun = False
        self._first = 0
        self._newest = 0
        self._sequence_offset = random.getrandbits(15)
        self._timestamp_offset = 0
        self._last_sequence = self._sequence_offset
        self._newest_timestamp = random.getrandbits(31)
        self._last_timestamp = self._newest_timestamp
        self._sent_at: float | None = None

    def attach(self, up: UpTrack) -> None:
        """Listens to `up` from its next key frame on."""
        if up is not self.up:
            self.detach()
            self.up = up
            if not self.paused:
                up.add(self)

    def detach(self) -> None:
        """Listens to nobody; the numbers are kept for whoever is next."""
        if self.up is not None:
            self.up.remove(self)
            self.up = None
        self._begun = False

    def pause(self, paused: bool) -> None:
        """Stops and, from a key frame on, resumes."""
        if paused == self.paused:
            return
        self.paused = paused
        if self.up is not None and paused:
            self.up.remove(self)
            self._begun = False
        elif self.up is not None:
            self.up.add(self)

    def begin(self, extended: int, timestamp: int, now: float) -> None:
        """The next packet continues the numbers: sequence by one, time by what has passed (RFC 3550, 5.1)."""
        if self._sent_at is not None:
            self._last_sequence = (self._newest + self._sequence_offset) & 0xFFFF
            gap = max(1, int((now - self._sent_at) * self._clock_rate))
            self._last_timestamp = self._newest_timestamp + self._timestamp_offset + gap
        self._sequence_offset = (self._last_sequence + 1 - extended) & 0xFFFF
        self._timestamp_offset = (self._last_timestamp - timestamp) & 0xFFFFFFFF
        self._first = self._newest = extended
        self._newest_timestamp = timestamp
        self._sent_at = now
        self._begun = True
        if self.up is not None and self.up.mapping is not None:
            self.report(*self.up.mapping, now)

    def forward(self, packet: Packet, now: float) -> None:
        """One packet of the up track, new, late or asked for again."""
        extended, timestamp, marker, payload, _, _ = packet
        if extended < self._first:
            return
        second = self._payload_type | 0x80 if marker else self._payload_type
        sequence = (extended + self._sequence_offset) & 0xFFFF
        moved = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
        if self._extension is None:
            header = _pack(0x80, second, sequence, moved, self.ssrc)
        else:  # one-byte extension (RFC 8285): 24 bits of seconds as 6.18 fixed point
            sent = self._extension | int(now * 262144) & 0xFFFFFF
            header = _pack_timed(0x90, second, sequence, moved, self.ssrc, 0xBEDE, 1, sent)
        self.packets += 1
        self.octets += len(payload)
        if extended > self._newest:
            self._newest = extended
            self._newest_timestamp = timestamp
            self._sent_at = now
        self._send_rtp(header, payload)

    def resend(self, sequences: Iterable[int]) -> None:
        """Answers a NACK from the up track's ring, with what is still there."""
        up = self.up
        if up is None or not self._begun or not up.ring:
            return
        now = time.monotonic()
        for sequence in sequences:
            behind = (up.highest - sequence + self._sequence_offset) & 0xFFFF
            slot = up.ring[(up.highest - behind) % up.size]
            if slot is not None and slot[0] == up.highest - behind:
                self.resent += 1
                self.forward(slot, now)

    def report(self, ntp: int, timestamp: int, now: float) -> None:
        """The publisher's sender report, told of this stream."""
        if not self._begun:
            return
        moved = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
        self._reports[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._reports) > _REPORTS_KEPT:
            del self._reports[next(iter(self._reports))]
        report = rtcp.sender_report(self.ssrc, ntp, moved, self.packets, self.octets)
        self._send_rtcp(report + self._description)

    def reported(self, block: rtcp.ReportBlock, now: float) -> float | None:
        """Notes what the receiver says. Returns the seconds to it and back, where known (RFC 3550, 6.4.1)."""
        self._block = block
        sent = self._reports.get(block.last_report)
        if sent is None:
            return None
        seconds = max(0.0, now - sent - block.delay / 65536)
        return seconds if seconds < _LONGEST_ROUND_TRIP_S else None

    def loss(self) -> float | None:
        """The fraction lost for good since the last answer; None until enough has been reported."""
        latest, before = self._block, self._block_before
        if latest is None:
            return None
        if before is None:
            self._block_before = latest
            return None
        expected = (latest.highest - before.highest) & 0xFFFFFFFF
        if expected < LOSS_PACKETS:
            return None
        self._block_before = latest
        return min(1.0, max(0.0, (latest.lost - before.lost) / expected))
