"""One media connection, as lean as it can be: encoded packets out on time, repairs both ways, and counts of it all.

It stands on aiortc's ICE and DTLS; media goes past its queues, as on the server (rtc/transport.py).
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.sdp import SessionDescription
from pylibsrtp import Error as SrtpError

from teleosce.core.clock import Clock
from teleosce.core.errors import Unavailable
from teleosce.rehearsal.footage import Performance
from teleosce.rehearsal.incoming import Incoming
from teleosce.rehearsal.line import Line, LineSocket, Receive
from teleosce.rehearsal.offer import AUDIO, VIDEO, slots_of, write_offer
from teleosce.rehearsal.outgoing import Outgoing
from teleosce.rehearsal.tag import tag_in, tagged
from teleosce.rehearsal.ticker import ticker
from teleosce.rehearsal.tracks import PER_SECOND
from teleosce.rtc import repeated_flights, rtcp

log = structlog.get_logger(__name__)

CONNECT_S, LOST_S, REPORT_S, PLI_AGAIN_S = 8.0, 8.0, 1.0, 0.5
"""As a page does it (web/static/js/peer.js)."""
LOOKED_INTO = 64
"""One of so many packets is decrypted: enough to know that they are real, at a fraction of the cost."""

_CLOCK = Clock()
_HEADER = struct.Struct("!BBHII")
_DESCRIPTOR = struct.Struct("!BBH")
_ERRORS = (SrtpError, ValueError, IndexError, struct.error)


@cache
def certificate() -> RTCCertificate:
    """One for everybody in this process: making them is not what is rehearsed."""
    return RTCCertificate.generateCertificate()


@dataclass(frozen=True)
class Counts:
    """Packets of one connection, or of several added up. `lost` is before repair, `missing` after it."""

    sent: int = 0
    sent_lost: int = 0
    resent: int = 0
    received: int = 0
    received_missing: int = 0
    received_repaired: int = 0
    pictures: int = 0
    unreadable: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(one + two for one, two in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        """In the order of the fields."""
        return tuple(self.__dict__.values())


class Call:
    """`ended` is set when it is over: closed, failed, or eight seconds without a packet. Then make another."""

    def __init__(
        self, performance: Performance, *, line: Line | None = None, slots: int = 5, tag: bytes | None = None
    ) -> None:
        self._performance, self._line, self._slots, self._tag = performance, line or Line(), slots, tag
        self.heard: dict[int, Incoming] = {}
        self.voices: set[bytes] = set()
        """The tags in what was heard."""
        self.connected = False
        self.ended = asyncio.Event()
        self.why = ""
        self.round_trip = 0.0
        self.unreadable = 0
        self.last_packet = 0.0
        self.sockets: list[LineSocket] = []
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate()])
        self.audio = Outgoing(AUDIO, 48_000, PER_SECOND, self._protect, self._send)
        self.video = Outgoing(VIDEO, 90_000, performance.footage.fps, self._protect, self._send)
        self._ssrc = self.audio.ssrc
        self._loop: int | None = None
        self._key_wanted = True
        self._reported = self._pli_sent = 0.0
        self._reports: dict[int, float] = {}

    async def connect(self, answer: Callable[[str], Awaitable[str]]) -> None:
        """Offers, and connects with the answer. Raises Unavailable; whatever `answer` raises comes through."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._gather()
                said = await answer(self._offer())
                await self._handshake(SessionDescription.parse(said))
        except TimeoutError:
            self._end("could not connect in time")
            raise Unavailable("The media connection did not come about in time.") from None
        finally:
            if not self.connected:
                await self.close()
        self.last_packet = self._reported = time.monotonic()
        ticker().add(self)

    async def _gather(self) -> None:
        connection = self._gatherer._connection
        await self._gatherer.gather()
        if not connection.local_candidates:
            found = await connection.get_component_candidates(component=1, addresses=["127.0.0.1"])
            connection._local_candidates += found
        for protocol in connection._protocols:
            transport = protocol.transport
            if hasattr(transport, "max_size"):
                transport.max_size = 2048
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self.sockets.append(LineSocket(protocol, self._line, self._arrived))

    def _offer(self) -> str:
        return write_offer(
            self._gatherer.getLocalParameters(),
            self._dtls.getLocalParameters().fingerprints,
            self._gatherer.getLocalCandidates(),
            {"audio": self.audio.ssrc, "video": self.video.ssrc},
            self._slots,
        )

    async def _handshake(self, answer: SessionDescription) -> None:
        self.heard = {ssrc: Incoming(ssrc, mid, kind) for ssrc, (mid, kind) in slots_of(answer).items()}
        taken = next(media for media in answer.media if media.port)
        if taken.ice is None or taken.dtls is None:
            raise Unavailable("The server's answer for audio and video names no transport.")
        self._ice._connection.ice_controlling = True
        self._dtls._set_role("server" if taken.dtls.role == "client" else "client")
        for candidate in taken.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(taken.ice)
        if self._ice.state == "completed":
            async with repeated_flights(self._ice):  # as browsers do
                await self._dtls.start(taken.dtls)
        if self._dtls.state != "connected":
            raise Unavailable("The media connection could not be made.")
        self.connected = True
        for one in (self._ice, self._dtls):
            one.on("statechange", self._transport_changed)

    def _transport_changed(self) -> None:
        if self._dtls.state in {"closed", "failed"} or self._ice.state in {"closed", "failed"}:
            self._end("failed")

    def _end(self, why: str) -> None:
        self.why = self.why or why
        self.connected = False
        ticker().discard(self)
        self.ended.set()

    async def close(self, *, goodbye: bool = True) -> None:
        """Hangs up. Without goodbye the other side hears nothing more, as when a machine loses power."""
        self._end("closed")
        if goodbye:
            await self._dtls.stop()
        elif self._dtls._task is not None:
            self._dtls._task.cancel()
        await self._ice.stop()
        if not goodbye:
            await self._dtls.stop()

    async def move(self) -> None:
        """Goes on from other ports, as after a change of network that the person does not notice."""
        for one in self.sockets:
            await one.move()

    def counts(self) -> Counts:
        """So far."""
        heard, out = self.heard.values(), (self.audio, self.video)
        return Counts(
            sum(one.packets for one in out),
            sum(one.lost for one in out),
            sum(one.resent for one in out),
            sum(one.received for one in heard),
            sum(one.lost for one in heard),
            sum(one.repaired for one in heard),
            sum(one.pictures for one in heard),
            self.unreadable,
        )

    def health(self) -> dict[str, Any]:
        """As a page tells the server of its own connection (web/PROTOCOL.md)."""
        counts, fresh = self.counts(), time.monotonic() - self.last_packet < REPORT_S * 2
        lost = counts.received_missing / max(1, counts.received + counts.received_missing)
        trip = round(self.round_trip * 1000)
        return {"sending": self.connected, "receiving": fresh, "round_trip_ms": trip, "loss": round(lost, 4)}

    # Out

    def step(self, now: float) -> None:
        """Sends what is due."""
        try:
            self._perform(now)
        except Exception:
            log.exception("a synthetic person's connection failed")
            self._end("failed")

    def _perform(self, now: float) -> None:
        performance = self._performance
        elapsed = now - performance.epoch
        if performance.sends_sound:
            for index in self.audio.due(elapsed):
                sound = performance.sound(index)
                sound = tagged(sound, self._tag) if self._tag else sound
                self.audio.put(index, (sound,), first=self.audio.packets == 0)
        if performance.sends_picture:
            for index in self.video.due(elapsed):
                self._put_picture(index)
        for stream in self.heard.values():
            self._ask_again(stream, now)
        if now - self._reported >= REPORT_S:
            self._reported = now
            self._report(now, elapsed)
            if now - self.last_packet > LOST_S:
                self._end("lost")

    def _put_picture(self, index: int) -> None:
        footage = self._performance.footage
        loops, key = footage.loops, footage.key_loop(index)
        if self._key_wanted and key is not None:
            self._loop, self._key_wanted = key, False
        if self._loop is not None:
            # RFC 7741: a 15-bit picture id; the first piece starts the partition.
            pieces = loops[self._loop][index % len(loops[self._loop])]
            number = 0x8000 | index & 0x7FFF
            whole = [_DESCRIPTOR.pack(0x80 if at else 0x90, 0x80, number) + piece for at, piece in enumerate(pieces)]
            self.video.put(index, whole)

    def _report(self, now: float, elapsed: float) -> None:
        # Of the same moment as `elapsed`: read afresh, the clock would also tell how long this process had to wait.
        wall = _CLOCK.wall_at_start + now - _CLOCK.monotonic_at_start
        ntp = int((wall + rtcp.NTP_EPOCH) * (1 << 32))
        self._reports[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._reports) > 8:
            del self._reports[next(iter(self._reports))]
        packet = b"".join(one.report(ntp, elapsed) for one in (self.audio, self.video) if one.packets)
        blocks = [one.block(now) for one in self.heard.values() if one.received]
        if blocks:
            packet += rtcp.receiver_report(self._ssrc, blocks)
        if packet:
            self._send_rtcp(packet + rtcp.source_description(self._ssrc, b"person"))

    def _ask_again(self, stream: Incoming, now: float) -> None:
        ask, given_up = stream.due(now, self.round_trip)
        if ask:
            self._send_rtcp(rtcp.nack(self._ssrc, stream.ssrc, ask))
        if given_up and stream.kind == "video" and now - self._pli_sent > PLI_AGAIN_S:
            self._pli_sent = now
            self._send_rtcp(rtcp.picture_loss(self._ssrc, stream.ssrc))

    def _protect(self, packet: bytes) -> bytes:
        return bytes(self._dtls._tx_srtp.protect(packet))

    def _send(self, packet: bytes) -> None:
        pair = self._ice._connection._nominated.get(1)
        if pair is not None:
            pair.protocol.transport.sendto(packet, pair.remote_addr)

    def _send_rtcp(self, packet: bytes) -> None:
        self._send(self._dtls._tx_srtp.protect_rtcp(packet))

    # In

    def _arrived(self, to_aioice: Receive, data: bytes, address: object) -> None:
        """Every datagram (RFC 7983). An exception here would close the socket under uvloop."""
        try:
            if not 127 < data[0] < 192:
                to_aioice(data, address)
            elif self.connected:
                now = time.monotonic()
                self.last_packet = now
                if 191 < data[1] < 224:
                    self._feedback(self._dtls._rx_srtp.unprotect_rtcp(data), now)
                else:
                    self._media(data, now)
        except _ERRORS:
            self.unreadable += 1

    def _media(self, data: bytes, now: float) -> None:
        _, second, sequence, _, ssrc = _HEADER.unpack_from(data)
        stream = self.heard[ssrc]
        if stream.take(sequence, second > 127, now) and stream.received % LOOKED_INTO == 1:
            packet = self._dtls._rx_srtp.unprotect(data)
            if self._tag is not None and stream.kind == "audio":
                self._voice(packet)

    def _voice(self, packet: bytes) -> None:
        """Whose it is, past the header with its sources and extension (RFC 3550, 5.1 and 5.3.1)."""
        at = 12 + 4 * (packet[0] & 0x0F)
        if packet[0] & 0x10:
            at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4])
        tag = tag_in(packet[at:])
        if tag is not None:
            self.voices.add(tag)

    def _feedback(self, data: bytes, now: float) -> None:
        out = {one.ssrc: one for one in (self.audio, self.video)}
        for item in rtcp.parse(data):
            if isinstance(item, rtcp.SenderReport):
                if item.ssrc in self.heard:
                    self.heard[item.ssrc].sender_report(item.ntp, now)
            elif isinstance(item, rtcp.ReportBlock) and item.ssrc in out:
                out[item.ssrc].lost = item.lost
                if item.last_report in self._reports:
                    self.round_trip = max(0.0, now - self._reports[item.last_report] - item.delay / 65536)
            elif isinstance(item, rtcp.Nack) and item.ssrc in out:
                out[item.ssrc].again(item.sequences)
            elif isinstance(item, rtcp.KeyFrameRequest):
                self._key_wanted = True
