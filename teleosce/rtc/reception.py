"""How one RTP stream arrives: sequence numbers without wrap, loss, jitter, and the queue it stood in.

The arithmetic is that of RFC 3550, appendix A.
"""

from teleosce.rtc import rtcp
from teleosce.rtc.model import TrackHealth
from teleosce.rtc.timings import DROPOUT

_DRIFT_S = 0.001
"""How much later the quickest packet may come each second before that counts as a queue: clocks drift, lines change."""


class Reception:
    """The statistics of a stream whose RTP clock has `clock_rate` ticks a second."""

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.highest = -1
        """Extended sequence number of the newest packet; -1 before the first."""
        self.received = 0
        """Packets that came by themselves; those that came because we asked are `repaired`."""
        self.repaired = 0
        self.octets = 0
        self.last_packet: float | None = None
        self.jitter = 0.0
        """Interarrival jitter in ticks."""
        self.queue_s = 0.0
        """How much slower the quickest packet of the last second was than the quickest ever."""
        self.loss = 0.0
        """Fraction lost between the last two reports, before repair."""
        self._base = 0
        self._after_jump = -1
        self._last_timestamp = -1
        self._transit = 0.0
        self._least: float | None = None
        self._quickest: float | None = None
        self._sender_report: tuple[int, float] | None = None
        self._expected_before = 0
        self._received_before = 0
        self._tick: tuple[float, int, int] | None = None

    def place(self, sequence: int, within: int) -> tuple[int, int]:
        """(extended number, first number skipped) of a packet that is not simply the next; (-1, 0) for one to drop.

        A packet up to `within` behind is late; one far away is believed when a second follows it (A.1).
        """
        highest = self.highest
        if highest < 0:
            return self._begin(0x10000 + sequence)
        ahead = (sequence - highest) & 0xFFFF
        if 0 < ahead < DROPOUT:
            self.highest = highest + ahead
            return self.highest, highest + 1
        behind = (highest - sequence) & 0xFFFF
        if behind < within:
            return highest - behind, highest - behind
        if sequence != self._after_jump:
            self._after_jump = (sequence + 1) & 0xFFFF
            return -1, 0
        return self._begin((highest | 0xFFFF) + 1 + sequence)

    def _begin(self, extended: int) -> tuple[int, int]:
        self._after_jump = -1
        self.highest = self._base = extended
        self.received = 0
        self._expected_before = self._received_before = 0
        self._least = self._quickest = None
        return extended, extended

    def arrived(self, timestamp: int, now: float) -> None:
        """The first packet of a new timestamp has come: jitter (A.8) and transit time."""
        self._last_timestamp = timestamp
        transit = now * self.clock_rate - timestamp
        difference = abs(transit - self._transit)
        self._transit = transit
        if difference < self.clock_rate:
            self.jitter += (difference - self.jitter) / 16
        if self._least is None or transit < self._least:
            self._least = transit

    def sent_report(self, ntp: int, now: float) -> None:
        """A sender report has come; it is answered in the next block."""
        self._sender_report = (ntp >> 16 & 0xFFFFFFFF, now)

    def block(self, ssrc: int, now: float) -> bytes:
        """A report block on what came since the last one (RFC 3550, 6.4.1 and A.3)."""
        expected = self.highest - self._base + 1
        recently, came = expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = expected, self.received
        self.loss = min(1.0, max(0.0, (recently - came) / recently)) if recently > 0 else 0.0
        last_report, delay = 0, 0
        if self._sender_report is not None:
            last_report, delay = self._sender_report[0], int((now - self._sender_report[1]) * 65536)
        return rtcp.report_block(
            ssrc, self.loss, expected - self.received, self.highest, int(self.jitter), last_report, delay
        )

    def tick(self, now: float, last_packet_ms: int | None) -> TrackHealth:
        """The figures of the last second."""
        self._look_at_queue()
        packets = self.received + self.repaired
        before, packets_before, octets_before = self._tick or (now - 1, packets, self.octets)
        self._tick = (now, packets, self.octets)
        seconds = max(now - before, 0.001)
        return TrackHealth(
            packets_per_second=max(0, packets - packets_before) / seconds,
            bits_per_second=(self.octets - octets_before) * 8 / seconds,
            loss=self.loss,
            repaired=self.repaired,
            jitter_ms=self.jitter / self.clock_rate * 1000,
            last_packet_ms=last_packet_ms,
        )

    def _look_at_queue(self) -> None:
        least, self._least = self._least, None
        if least is None:
            return
        if self._quickest is None or abs(least - self._quickest) > 10 * self.clock_rate:
            self._quickest = least  # the first, or the timestamp wrapped or began anew
        self._quickest = min(self._quickest + _DRIFT_S * self.clock_rate, least)
        self.queue_s = (least - self._quickest) / self.clock_rate
