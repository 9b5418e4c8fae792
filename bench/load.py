"""A lean participant: sends the clip as SRTP on time and counts what comes back by its clear headers, undecrypted."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket, RtcpSenderInfo, RtcpSrPacket
from aiortc.sdp import SessionDescription, candidate_to_sdp

from bench.input import FPS, Clip

AUDIO, VIDEO = 111, 96
KEPT = 1024
"""Packets of a track that can be sent again."""

_HEADER = struct.Struct("!BBHII")
_DESCRIPTOR = struct.Struct("!BBH")
_LEVEL = struct.Struct("!HHBBH")
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
_FEEDBACK = ("nack", "nack pli", "goog-remb")


class Sent:
    """A track on its way out."""

    def __init__(self, payload_type: int, clock_rate: int, per_second: int) -> None:
        self.payload_type, self.clock_rate, self.per_second = payload_type, clock_rate, per_second
        self.ssrc, self.sequence, self.offset = (random.getrandbits(bits) for bits in (31, 14, 31))
        self.count = self.packets = self.octets = self.asked_again = 0
        self.kept: list[bytes] = [b""] * KEPT
        self.level_id: int | None = None
        """Of the header extension with a packet's level, when the other side wants it."""

    def timestamp(self, seconds: float) -> int:
        return (self.offset + round(seconds * self.clock_rate)) & 0xFFFFFFFF

    def packet(self, payload: bytes, marker: bool, level: int = 127) -> bytes:
        second = self.payload_type | (0x80 if marker else 0)
        stamp = self.timestamp(self.count / self.per_second)
        if self.level_id is None:
            packet = _HEADER.pack(0x80, second, self.sequence, stamp, self.ssrc) + payload
        else:
            told = _LEVEL.pack(0xBEDE, 1, self.level_id << 4, level, 0)
            packet = _HEADER.pack(0x90, second, self.sequence, stamp, self.ssrc) + told + payload
        self.kept[self.sequence % KEPT] = packet
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return packet


class Heard:
    """A stream as it arrived."""

    def __init__(self, sequence: int) -> None:
        self.base, self.highest, self.received = sequence, sequence - 1, 0

    def take(self, sequence: int) -> None:
        ahead = (sequence - self.highest + 0x8000 & 0xFFFF) - 0x8000
        self.highest += max(ahead, 0)
        self.received += 1

    @property
    def missing(self) -> int:
        """Packets that should have come by now and have not (RFC 3550, A.3)."""
        return self.highest - self.base + 1 - self.received


class Participant:
    """One of two in a session. `frames` counts ends of pictures that came from the other."""

    def __init__(
        self, clip: Clip, certificate: RTCCertificate, direction: str = "sendrecv", *, prompt: bool = False
    ) -> None:
        """prompt: a request for a key frame is answered with the next picture, as browsers do."""
        self._clip, self._certificate, self._direction, self._prompt = clip, certificate, direction, prompt
        self._ahead = 0
        self.audio, self.video = Sent(AUDIO, 48_000, 50), Sent(VIDEO, 90_000, FPS)
        self.heard: dict[int, Heard] = {}
        self.frames = 0
        self.began = 0.0
        self._reported = 0.0

    async def join(self, answer: Callable[[str], Awaitable[str]]) -> None:
        """Offers, and connects with the answer. Raises ConnectionError."""
        gatherer = RTCIceGatherer(iceServers=[])
        await gatherer.gather()
        self._ice = RTCIceTransport(gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [self._certificate])
        ours, connection = gatherer.getLocalParameters(), self._ice._connection
        session = SessionDescription.parse(await answer(self._offer(gatherer, ours)))
        connection.ice_controlling = True
        self._dtls._set_role("server")
        listen_at(connection, self.received)
        first = session.media[0]
        wanted = {one.uri: one.id for one in first.rtp.headerExtensions}
        self.audio.level_id = wanted.get(AUDIO_LEVEL)
        for candidate in first.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(first.ice)
        await self._dtls.start(first.dtls)
        if self._dtls.state != "connected":
            raise ConnectionError(f"ICE {self._ice.state}, DTLS {self._dtls.state}")
        pair = connection._nominated[1]
        self._send = partial(self._send_to, pair.protocol.transport.sendto, pair.remote_addr)
        self.began = time.monotonic() + random.random() / FPS

    @property
    def alive(self) -> bool:
        """False when ICE has given the server up: a server that is too busy does not answer its checks."""
        return self._dtls.state == "connected" and self._ice.state == "completed"

    async def leave(self) -> None:
        await self._dtls.stop()
        await self._ice.stop()

    async def vanish(self) -> None:
        """Leaves without a word, as a closed laptop does."""
        self._dtls._task.cancel()
        await self._ice.stop()

    def step(self, now: float) -> None:
        """Sends what is due."""
        elapsed, clip = now - self.began, self._clip
        while self.audio.count / 50 <= elapsed:
            index = self.audio.count % len(clip.sounds)
            self._send(self.audio.packet(clip.sounds[index], self.audio.count == 0, clip.levels[index]))
            self.audio.count += 1
        while self.video.count / FPS <= elapsed:
            pieces = clip.frames[(self.video.count + self._ahead) % len(clip.frames)]
            for number, piece in enumerate(pieces):
                # RFC 7741: a 15-bit picture id; the first piece starts the partition.
                first = 0x90 if number == 0 else 0x80
                descriptor = _DESCRIPTOR.pack(first, 0x80, 0x8000 | self.video.count & 0x7FFF)
                self._send(self.video.packet(descriptor + piece, number == len(pieces) - 1))
            self.video.count += 1
        if now - self._reported > 1:
            self._reported = now
            self._report(elapsed)

    def _report(self, elapsed: float) -> None:
        ntp = int((time.time() + 2_208_988_800) * (1 << 32))
        for track in (self.audio, self.video):
            info = RtcpSenderInfo(ntp, track.timestamp(elapsed), track.packets, track.octets)
            self._send(bytes(RtcpSrPacket(track.ssrc, info)), rtcp=True)

    def _send_to(self, sendto: Callable[..., None], address: Any, packet: bytes, rtcp: bool = False) -> None:
        srtp = self._dtls._tx_srtp
        sendto(srtp.protect_rtcp(packet) if rtcp else srtp.protect(packet), address)

    def received(self, to_aioice: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        if not 127 < data[0] < 192:
            to_aioice(data, address)
        elif 191 < data[1] < 224:
            self._feedback(data)
        else:
            _, second, sequence, _, ssrc = _HEADER.unpack_from(data)
            if ssrc not in self.heard:
                self.heard[ssrc] = Heard(sequence)
            self.heard[ssrc].take(sequence)
            self.frames += second == VIDEO | 0x80

    def _feedback(self, data: bytes) -> None:
        """Sends again what the server misses.

        A request for a key frame waits for the clip's next, at most a second, so that all servers get the same packets.
        """
        if self._dtls.state != "connected":
            return
        for packet in RtcpPacket.parse(self._dtls._rx_srtp.unprotect_rtcp(data)):
            if isinstance(packet, RtcpRtpfbPacket):
                track = self.audio if packet.media_ssrc == self.audio.ssrc else self.video
                for sequence in packet.lost:
                    kept = track.kept[sequence % KEPT]
                    track.asked_again += 1
                    if kept[2:4] == struct.pack("!H", sequence & 0xFFFF):
                        self._send(kept)
            elif self._prompt and isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
                self._ahead = -self.video.count % FPS

    def _offer(self, gatherer: RTCIceGatherer, ice: Any) -> str:
        prints = [one for one in self._dtls.getLocalParameters().fingerprints if one.algorithm == "sha-256"]
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "a=msid-semantic:WMS *"]
        for mid, (kind, track, codec) in enumerate(
            (("audio", self.audio, "opus/48000/2"), ("video", self.video, "VP8/90000"))
        ):
            number = track.payload_type
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
            lines += [f"a=ice-ufrag:{ice.usernameFragment}", f"a=ice-pwd:{ice.password}"]
            lines += [f"a=fingerprint:{one.algorithm} {one.value}" for one in prints]
            lines += [
                "a=setup:actpass",
                f"a=mid:{mid}",
                f"a={self._direction}",
                "a=rtcp-mux",
                f"a=rtpmap:{number} {codec}",
            ]
            lines += [f"a=extmap:1 {AUDIO_LEVEL}"] if kind == "audio" else []
            lines += [f"a=rtcp-fb:{number} {one}" for one in (_FEEDBACK if kind == "video" else _FEEDBACK[:1])]
            lines += [f"a=msid:bench bench-{kind}", f"a=ssrc:{track.ssrc} cname:bench"]
            lines += [f"a=candidate:{candidate_to_sdp(one)}" for one in gatherer.getLocalCandidates()]
            lines += ["a=end-of-candidates"]
        return "\r\n".join(lines) + "\r\n"


def listen_at(connection: Any, received: Callable[[Callable[[bytes, Any], None], bytes, Any], None]) -> None:
    """Media goes to `received` and not to aioice."""
    for protocol in connection._protocols:
        protocol.datagram_received = partial(received, protocol.datagram_received)
        if hasattr(protocol.transport, "max_size"):
            protocol.transport.max_size = 2048
        protocol.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)


async def pump(participants: list[Participant]) -> None:
    """Sends for all of them until it is cancelled; `participants` may grow meanwhile."""
    while True:
        began = time.monotonic()
        for participant in participants:
            if participant.alive:
                participant.step(time.monotonic())
            await asyncio.sleep(0)
        await asyncio.sleep(max(0.001, 0.005 - (time.monotonic() - began)))
