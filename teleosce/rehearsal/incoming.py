"""One stream as it arrives: what came, what is missing, and what to ask for again. Pure: time is given."""

from teleosce.rtc import rtcp

AFTER_S, AGAIN_S, GIVE_UP_S = 0.015, 0.05, 1.0
"""When a gap is no mere swap any more; the least time between two requests; when it is too late to be of use."""
JUMP = 3000
"""A sequence number further ahead than this begins the stream anew (RFC 3550, A.1)."""


class Incoming:
    """Counts by the clear headers of SRTP. `pictures` are ends of pictures that came."""

    def __init__(self, ssrc: int, mid: str, kind: str) -> None:
        self.ssrc, self.mid, self.kind = ssrc, mid, kind
        self.received = self.repaired = self.given_up = self.pictures = 0
        self.began: float | None = None
        self._base = self._highest = -1
        self._missing: dict[int, list[float]] = {}
        self._report: tuple[int, float] | None = None
        self._before = (0, 0)

    @property
    def lost(self) -> int:
        """Packets that should have come and have not (RFC 3550, A.3)."""
        return 0 if self._highest < 0 else self._highest - self._base + 1 - self.received

    def take(self, sequence: int, marker: bool, now: float) -> bool:
        """Counts a packet; False for one that came before."""
        if self._highest < 0:
            self.began = now
            self._base = self._highest = 0x10000 + sequence
        else:
            ahead = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
            if ahead > JUMP:
                self._base += ahead - 1
                self._missing.clear()
            elif ahead > 1:
                self._missing |= {self._highest + one: [now, 0, 0.0] for one in range(1, ahead)}
            elif ahead <= 0:
                entry = self._missing.pop(self._highest + ahead, None)
                if entry is None:
                    return False
                self.repaired += entry[1] > 0
            self._highest += max(ahead, 0)
        self.received += 1
        self.pictures += marker and self.kind == "video"
        return True

    def due(self, now: float, round_trip: float) -> tuple[list[int], bool]:
        """(extended numbers to ask for now, whether something was given up)."""
        if not self._missing:
            return [], False
        again = max(AGAIN_S, round_trip * 1.25)
        ask, hopeless = [], []
        for number, entry in self._missing.items():
            since, tries, asked = entry
            if now - since > GIVE_UP_S:
                hopeless.append(number)
            elif now - since >= AFTER_S and (not tries or now - asked >= again):
                entry[1], entry[2] = entry[1] + 1, now
                ask.append(number)
        for number in hopeless:
            del self._missing[number]
        self.given_up += len(hopeless)
        return sorted(ask), bool(hopeless)

    def sender_report(self, ntp: int, now: float) -> None:
        """It is answered in the next block."""
        self._report = (ntp >> 16 & 0xFFFFFFFF, now)

    def block(self, now: float) -> bytes:
        """A block of a receiver report (RFC 3550, 6.4.1)."""
        expected = self._highest - self._base + 1
        recently, came = expected - self._before[0], self.received - self._before[1]
        self._before = (expected, self.received)
        fraction = max(0.0, (recently - came) / recently) if recently > 0 else 0.0
        last, delay = 0, 0
        if self._report is not None:
            last, delay = self._report[0], int((now - self._report[1]) * 65536)
        return rtcp.report_block(self.ssrc, fraction, self.lost, self._highest, 0, last, delay)
