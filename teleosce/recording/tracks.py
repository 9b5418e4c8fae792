"""From RTP packets to blocks on a take's timeline: order, time, and frames put together. Pure logic, one thread."""

from collections.abc import Iterator
from math import inf
from typing import Any

from teleosce.recording import opus, vp8
from teleosce.recording.webm import Block
from teleosce.rtc.model import Kind, Packet, TrackInfo

HOLE_WAIT_S = 0.7
"""How long a missing packet may still be repaired. What came after it is in memory only, so a kill may cost this."""

JUMP_MS = 5000
"""A sender's timestamp that runs away from the arrivals by more than this was set anew, not delayed."""

STALL_MS = 250
PAUSE_MS = {"audio": 1000, "video": 2000}
LINE_S = 1.0
"""Nothing arrived for so long: the line was cut. Less is loss."""

SEEN_EVERY_MS = 2000
LEVELS = 50
"""Packets of sound whose levels are noted together: what is not written yet is lost with a killed server."""

Note = dict[str, Any]
"""A line of the journal."""


class Reorder:
    """Gives packets back in the order they were sent, waiting HOLE_WAIT_S of arrivals for those that are missing.

    `next` is the sequence number that follows, None before the first packet.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, Packet] = {}
        self.next: int | None = None
        self._newest = 0.0

    def push(self, packet: Packet) -> None:
        """A packet that comes after its place was given up is too late and ignored."""
        if self.next is None or packet[0] >= self.next:
            self.waiting[packet[0]] = packet
            self._newest = max(self._newest, packet[4])

    def pop(self, *, everything: bool = False) -> Iterator[tuple[int, Packet]]:
        """Packets in order, each with how many were lost just before it. `everything`: wait for none."""
        while self.waiting:
            packet = self.waiting.pop(self.next, None) if self.next is not None else None
            lost = 0
            if packet is None:
                first = min(self.waiting)
                if self.next is not None:
                    if not everything and self._newest - self.waiting[first][4] < HOLE_WAIT_S:
                        return
                    lost = first - self.next
                packet = self.waiting.pop(first)
            self.next = packet[0] + 1
            yield lost, packet


class MediaTime:
    """The timeline of one track in its take: the sender's clock, anchored at the first arrival.

    That is exact within the track and rough between tracks; sealing places it better, from the sender reports.
    """

    def __init__(self, clock_rate: int) -> None:
        self._ticks_per_ms = clock_rate / 1000
        self._last: tuple[int, float, float] | None = None  # timestamp, arrival and place of the last packet

    def _since(self, timestamp: int, earlier: int) -> float:
        return (((timestamp - earlier + 0x80000000) & 0xFFFFFFFF) - 0x80000000) / self._ticks_per_ms

    def place(self, timestamp: int, arrival: float, arrived_ms: float) -> tuple[float, str | None, float]:
        """A packet's time in the take, in ms; `jump` or `stall` if there was one; and how long it was, in ms.

        arrived_ms: the arrival in milliseconds of the take.
        """
        event, excess = None, 0.0
        if self._last is None:
            at_ms = max(0.0, arrived_ms)
        else:
            timestamp_before, arrival_before, before_ms = self._last
            step = self._since(timestamp, timestamp_before)
            excess = (arrival - arrival_before) * 1000 - step
            at_ms = before_ms + step
            # In the order of sending, time never goes back unless the sender sets it anew.
            if step < 0 or not -JUMP_MS <= excess <= JUMP_MS:
                event, at_ms = "jump", max(arrived_ms, before_ms + 1)
            elif excess > STALL_MS:
                event = "stall"
        self._last = (timestamp, arrival, at_ms)
        return at_ms, event, excess

    def at(self, timestamp: int) -> float | None:
        """Where a timestamp near the last packet's lies, in ms of the take; None before the first packet."""
        return None if self._last is None else self._last[2] + self._since(timestamp, self._last[0])


class Track:
    """One track's way from packets to blocks. What sealing needs to know about it goes to `notes`."""

    def __init__(self, kind: Kind, clock_rate: int, origin: float) -> None:
        self.kind: Kind = kind
        self.notes: list[Note] = []
        self.blocks: list[Block] = []
        self._origin = origin
        self._order = Reorder()
        self._time = MediaTime(clock_rate)
        self._early: list[tuple[int, int, float]] = []
        self._arrival = origin
        self._timestamp = -1
        self._at_ms = 0.0
        self._delay, self._seen = inf, (0.0, 0.0)  # of the least delayed packet of late: its place and arrival
        self._seen_from = 0.0

    def take(self, packets: list[Packet]) -> None:
        """Takes packets in; their blocks come with `drain`."""
        order, place = self._order, self._place
        for packet in packets:
            if packet[0] == order.next and not order.waiting:
                order.next += 1
                place(0, packet)
            else:
                order.push(packet)
                if order.next is None:
                    self._pop()

    def report(self, ntp: int, timestamp: int, arrival: float) -> None:
        """Notes a sender report. One that precedes the first packet waits for it."""
        at_ms = self._time.at(timestamp)
        if at_ms is None:
            self._early = [*self._early[-9:], (ntp, timestamp, arrival)]
        else:
            self._note("report", at=round(at_ms, 3), ntp=ntp, rtp=timestamp, arrived=self._arrived(arrival))

    def drain(self, *, everything: bool = False) -> list[Block]:
        """The blocks that are complete. `everything`: no more packets will come."""
        self._pop(everything=everything)
        if everything:
            self._end()
        blocks, self.blocks = self.blocks, []
        return blocks

    def _pop(self, *, everything: bool = False) -> None:
        for lost, packet in self._order.pop(everything=everything):
            self._place(lost, packet)

    def _place(self, lost: int, packet: Packet) -> None:
        """The next packet in order. All packets of a frame have one timestamp and one place."""
        _, timestamp, _, _, arrival, _ = packet
        if timestamp != self._timestamp:
            self._timestamp = timestamp
            arrived = (arrival - self._origin) * 1000
            self._at_ms, event, excess = self._time.place(timestamp, arrival, arrived)
            if event:
                self._note(event, at=round(self._at_ms, 3), ms=round(excess))
            self._watch(self._at_ms, arrived)
        if lost:
            cut = arrival - self._arrival >= LINE_S
            self._take(packet, self._at_ms, "line" if cut else "loss")
        else:
            self._take(packet, self._at_ms, None)
        self._arrival = max(self._arrival, arrival)
        if self._early:
            early, self._early = self._early, []
            for report in early:
                self.report(*report)

    def missing(self, from_ms: float, kind: str) -> None:
        """Blocks from `from_ms` on could not be kept."""
        raise NotImplementedError

    def _take(self, packet: Packet, at_ms: float, lost: str | None) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        """A hole that is still open ends where the track ends."""

    def _arrived(self, arrival: float) -> float:
        return round((arrival - self._origin) * 1000, 3)

    def _note(self, line: str, **what: Any) -> None:
        self.notes.append({"line": line, "track": self.kind, **what})

    def _gap(self, kind: str, from_ms: float, to_ms: float) -> None:
        self._note("gap", kind=kind, **{"from": round(from_ms, 3), "to": round(to_ms, 3)})

    def _watch(self, at_ms: float, arrived: float) -> None:
        """Every two seconds, the packet that came with the least delay: stands in for sender reports."""
        delay = arrived - at_ms
        if delay < self._delay:
            self._delay, self._seen = delay, (at_ms, arrived)
        if not 0 <= at_ms - self._seen_from < SEEN_EVERY_MS:
            self._note("seen", at=round(self._seen[0], 3), arrived=round(self._seen[1], 3))
            self._delay, self._seen_from = inf, at_ms


class AudioTrack(Track):
    """Each packet is a block. Holes stay holes; sealing fills them. The levels that packets tell are noted in runs."""

    _next_ms: float | None = None
    _levels_ms = 0.0
    _levels: bytearray

    def __init__(self, kind: Kind, clock_rate: int, origin: float) -> None:
        super().__init__(kind, clock_rate, origin)
        self._levels = bytearray()

    def _take(self, packet: Packet, at_ms: float, lost: str | None) -> None:
        payload = packet[3]
        if not payload:
            return
        if self._next_ms is not None:
            hole = at_ms - self._next_ms
            if (lost and hole > 1) or hole > PAUSE_MS["audio"]:
                self._gap(lost or "pause", self._next_ms, at_ms)
        level = packet[5]
        if self._levels and (len(self._levels) == LEVELS or abs(at_ms - (self._next_ms or 0.0)) > 1):
            self._end()
        length_ms = opus.duration_ms(payload)
        self._next_ms = at_ms + length_ms
        if level is not None and length_ms == opus.SILENCE_MS:
            if not self._levels:
                self._levels_ms = at_ms
            self._levels.append(level)
        elif self._levels:
            self._end()  # what follows is not 20 ms behind the last level
        self.blocks.append(Block("audio", at_ms, payload, True))

    def _end(self) -> None:
        if self._levels:
            self._note("levels", at=round(self._levels_ms, 3), db=self._levels.hex())
            self._levels.clear()

    def missing(self, from_ms: float, kind: str) -> None:
        """A packet of sound that could not be kept: one short gap; sealing joins neighbours."""
        self._gap(kind, from_ms, from_ms + opus.SILENCE_MS)


class VideoTrack(Track):
    """Packets become frames. After a loss, frames are dropped until a key frame: they could only show damage."""

    _parts: list[bytes]
    _frame_timestamp = 0
    _frame_ms = 0.0
    _shown_ms: float | None = None
    _size: tuple[int, int] | None = None
    _waiting = True
    _gap_from: float | None = None
    _gap_kind = "loss"

    def __init__(self, kind: Kind, clock_rate: int, origin: float) -> None:
        super().__init__(kind, clock_rate, origin)
        self._parts = []

    def _take(self, packet: Packet, at_ms: float, lost: str | None) -> None:
        if lost:
            self._lose(lost)
        _, timestamp, marker, payload, _, _ = packet
        if not payload:  # padding, sent to probe the line
            return
        try:
            offset, begins = vp8.payload_start(payload)
        except ValueError:
            self._lose("loss")
            return
        if begins:
            self._finish()  # nothing was lost: the frame before only lacked its marker
            self._frame_timestamp, self._frame_ms = timestamp, at_ms
        elif not self._parts or timestamp != self._frame_timestamp:
            self._lose("loss")
            return
        self._parts.append(payload[offset:])
        if marker:
            self._finish()

    def missing(self, from_ms: float, kind: str) -> None:
        """A frame that could not be kept: those that lean on it are dropped as well."""
        if self._waiting and self._gap_from is not None:
            self._gap_from = min(self._gap_from, from_ms)
        else:
            self._waiting, self._gap_from, self._gap_kind = True, from_ms, kind

    def _lose(self, kind: str) -> None:
        self._parts = []
        if not self._waiting:
            self._waiting, self._gap_from, self._gap_kind = True, self._shown_ms, kind
        elif kind == "line" and self._gap_kind == "loss":
            self._gap_kind = kind

    def _finish(self) -> None:
        if not self._parts:
            return
        frame, self._parts = b"".join(self._parts), []
        key = vp8.is_key(frame)
        if self._waiting and not key:
            return
        # A sender that sets its clock back must not send our timeline back.
        at_ms = self._frame_ms if self._shown_ms is None else max(self._frame_ms, self._shown_ms + 1)
        if self._waiting and self._gap_from is not None:
            self._gap(self._gap_kind, self._gap_from, at_ms)
        elif self._shown_ms is not None and at_ms - self._shown_ms > PAUSE_MS["video"]:
            self._gap("pause", self._shown_ms, at_ms)
        self._waiting, self._gap_from, self._shown_ms = False, None, at_ms
        if key and (size := vp8.size(frame)) != self._size:
            self._size = size
            self._note("size", at=round(at_ms, 3), width=size[0], height=size[1])
        self.blocks.append(Block("video", at_ms, frame, key))

    def _end(self) -> None:
        if self._waiting and self._gap_from is not None and self._at_ms > self._gap_from:
            self._gap(self._gap_kind, self._gap_from, self._at_ms)


def make_track(info: TrackInfo, origin: float) -> Track:
    """origin: the reading of `time.monotonic()` at which the take begins, in seconds."""
    return (AudioTrack if info.kind == "audio" else VideoTrack)(info.kind, info.clock_rate, origin)
