"""A publisher's audio or video as it arrives: put in order, repaired, kept for a while, and passed on."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from teleosce.rtc import rtcp
from teleosce.rtc.feed import Feed
from teleosce.rtc.model import Packet, TrackInfo
from teleosce.rtc.reception import Reception
from teleosce.rtc.repair import Repair
from teleosce.rtc.timings import AUDIO_RING, KEY_FRAME_AGAIN_S, NACK_AFTER_S, NACK_TICK_S, VIDEO_RING
from teleosce.rtc.vp8 import starts_key_frame

if TYPE_CHECKING:
    from teleosce.rtc.downtrack import DownTrack


def payload_of(data: bytes, first: int) -> bytes:
    """What is left of an RTP packet without header, contributing sources, extension and padding (RFC 3550, 5.1)."""
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3])
    end = len(data)
    if first & 0x20:
        end -= data[-1]
    return data[start:end]


def level_of(data: bytes, identifier: int) -> int | None:
    """How loud a packet says its sound is, in dB below full scale (RFC 6464), in an extension of one-byte heads.

    None where it does not say (RFC 8285, 4.2).
    """
    at = 12 + 4 * (data[0] & 0x0F)
    if not data[0] & 0x10 or data[at : at + 2] != b"\xbe\xde":
        return None
    end = min(len(data), at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4])) - 1
    at += 4
    while at < end:
        head = data[at]
        if head >> 4 == identifier:
            return data[at + 1] & 0x7F
        at += 2 + (head & 0x0F) if head else 1
    return None


class UpTrack(Reception):
    """One track of a publisher. Without a feed, packets are only counted: the room is held.

    `waiting` are the down tracks that begin with the next key frame or, for audio, with the next packet.
    """

    def __init__(
        self,
        info: TrackInfo,
        payload_type: int,
        rtx_payload_type: int | None,
        own_ssrc: int,
        send_rtcp: Callable[[bytes], None],
    ) -> None:
        super().__init__(info.clock_rate)
        self.info = info
        self.payload_type = payload_type
        self.rtx_payload_type = rtx_payload_type
        self.ssrc: int | None = None
        self.round_trip = 0.0
        self.downs: list[DownTrack] = []
        self.waiting: list[DownTrack] = []
        self.ring: list[Packet | None] = []
        """The last `size` packets, each at its sequence number's place; empty while the room is held."""
        self.size = AUDIO_RING if info.kind == "audio" else VIDEO_RING
        self.feed: Feed | None = None
        self._gather: Callable[[Packet], None] | None = None
        self.mapping: tuple[int, int] | None = None
        """The latest sender report: NTP on the server's timeline, RTP timestamp."""
        self._floor = 0
        self._video = info.kind == "video"
        self._own_ssrc = own_ssrc
        self._send_rtcp = send_rtcp
        self._repair = Repair()
        self._repair_timer: asyncio.TimerHandle | None = None
        self._wanted = False
        self._key_timer: asyncio.TimerHandle | None = None

    # Packets in

    def receive(  # noqa: PLR0917  called for every packet: keywords cost
        self, payload: bytes, size: int, second: int, sequence: int, timestamp: int, now: float, level: int | None
    ) -> None:
        """One decrypted RTP packet of `size` bytes, with its header read already; level: as `Packet` has it."""
        extended = self.highest + 1
        self.octets += size
        self.last_packet = now
        if extended & 0xFFFF != sequence or not extended:
            extended = self._misplaced(sequence, now)
            if extended >= 0 and self.feed is not None:
                self._pass_on((extended, timestamp, second > 127, payload, now, level))
            return
        self.highest = extended
        self.received += 1
        if timestamp != self._last_timestamp:
            self.arrived(timestamp, now)
        gather = self._gather
        if gather is None:
            return
        packet = (extended, timestamp, second > 127, payload, now, level)
        self.ring[extended % self.size] = packet
        for down in self.downs:
            down.forward(packet, now)
        if self._wanted:
            self._begin_at(packet)
        gather(packet)

    def receive_rtx(  # noqa: PLR0917
        self, payload: bytes, size: int, second: int, sequence: int, timestamp: int, now: float, _: int | None
    ) -> None:
        """A packet sent again in its wrapping (RFC 4588): its first number leads the payload. Probes carry nothing."""
        if len(payload) < 3 or self.feed is None or self.highest < 0:
            return
        behind = (self.highest - (payload[0] << 8 | payload[1])) & 0xFFFF
        if behind >= self.size:
            return
        extended = self.highest - behind
        if self._repair.arrived(extended):
            self.repaired += 1
        self.octets += size
        self._pass_on((extended, timestamp, second > 127, payload[2:], now, None))

    def _misplaced(self, sequence: int, now: float) -> int:
        """The extended number of a packet that is not the next one, or -1 to drop it."""
        known = self.highest
        extended, skipped = self.place(sequence, self.size)
        if extended < 0:
            return -1
        if known >= 0 and extended <= known and self._repair.arrived(extended):
            self.repaired += 1
            return extended
        self.received += 1
        if self.feed is None:
            return extended
        if skipped < extended:
            self._repair.skipped(max(skipped, extended - self.size // 2), extended, now)
            if self._repair_timer is None:
                self._repair_timer = asyncio.get_running_loop().call_later(NACK_AFTER_S, self._ask_again)
        elif extended > known:
            self._repair.forget()
            self._wait_all()
        return extended

    def _pass_on(self, packet: Packet) -> None:
        """A packet that is not the next one, unless it came before or the room was still held."""
        extended = packet[0]
        known = self.ring[extended % self.size]
        if extended < self._floor or (known is not None and known[0] >= extended) or self._gather is None:
            return
        self.ring[extended % self.size] = packet
        for down in self.downs:
            down.forward(packet, packet[4])
        if self._wanted:
            self._begin_at(packet)
        self._gather(packet)

    def _begin_at(self, packet: Packet) -> None:
        """Whoever waits starts with a key frame, and gets at once what overtook this packet on its way."""
        extended, timestamp, _, payload, now, _ = packet
        if self._video and not starts_key_frame(payload):
            return
        self._wanted = False
        waiting, self.waiting = self.waiting, []
        self.downs = self.downs + waiting
        for down in waiting:
            down.begin(extended, timestamp, now)
            for number in range(extended, self.highest + 1):
                kept = self.ring[number % self.size]
                if kept is not None and kept[0] == number:
                    down.forward(kept, now)

    def sender_report(self, ntp: int, server_ntp: int, timestamp: int, now: float) -> None:
        """A sender report; `server_ntp` is the same moment on the server's timeline."""
        self.sent_report(ntp, now)
        self.mapping = (server_ntp, timestamp)
        if self.feed is not None:
            for down in self.downs:
                down.report(server_ntp, timestamp, now)
            self.feed.sender_report(self.info.kind, ntp, timestamp, now)

    # Listeners

    def go_live(self, feed: Feed) -> None:
        """The room is open: everything from the next packet on is kept and passed on."""
        self.feed = feed
        self._gather = feed.gather(self.info.kind)
        self.ring = [None] * self.size
        self._floor = self.highest + 1
        self._wait_all()

    def go_quiet(self) -> None:
        """The room is held, or the publisher has gone: nothing is kept, asked for or passed on."""
        self.feed = self._gather = None
        self.ring = []
        self._wanted = False
        self._repair.forget()
        for timer in (self._key_timer, self._repair_timer):
            if timer is not None:
                timer.cancel()
        self._key_timer = self._repair_timer = None

    def add(self, down: "DownTrack") -> None:
        """`down` listens from the next key frame on."""
        self.waiting.append(down)
        self.request_key_frame()

    def remove(self, down: "DownTrack") -> None:
        """Nothing more goes to `down`."""
        self.downs = [one for one in self.downs if one is not down]
        self.waiting = [one for one in self.waiting if one is not down]

    def _wait_all(self) -> None:
        self.waiting = self.waiting + self.downs
        self.downs = []
        self.request_key_frame()

    # Requests

    def request_key_frame(self) -> None:
        """Asks for a key frame, at most twice a second, until one comes."""
        if self.feed is None:
            return
        self._wanted = True
        if self._video and self._key_timer is None:
            self._ask_key_frame()

    def _ask_key_frame(self) -> None:
        self._key_timer = None
        if self._wanted:
            if self.ssrc is not None:
                self._send_rtcp(rtcp.picture_loss(self._own_ssrc, self.ssrc))
            self._key_timer = asyncio.get_running_loop().call_later(KEY_FRAME_AGAIN_S, self._ask_key_frame)

    def _ask_again(self) -> None:
        self._repair_timer = None
        oldest = self.highest - self.size + 1
        ask, given_up = self._repair.due(time.monotonic(), self.round_trip, oldest)
        if ask and self.ssrc is not None:
            self._send_rtcp(rtcp.nack(self._own_ssrc, self.ssrc, ask))
        if given_up and self._video:
            self.request_key_frame()
        if self._repair:
            self._repair_timer = asyncio.get_running_loop().call_later(NACK_TICK_S, self._ask_again)
