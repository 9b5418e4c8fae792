"""A browser boiled down: it offers a microphone, a camera and receive slots, sends a clip and keeps what it gets."""

import asyncio
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc import sdp as aiortc_sdp
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)

from teleosce.core.clock import Clock
from teleosce.rtc import MediaServer, Publication, Ticket

SECRET = "a secret of the tests that is long enough for HMAC"
AUDIO, VIDEO, RTX = 111, 96, 97
HEADER = struct.Struct("!BBHII")


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Returns when the condition holds; the limit is only there so that a broken test ends."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for is a page's view, which tells nobody
            await asyncio.sleep(0.01)


def ticket(participant: str, room: str = "room", *, publish: bool = True, subscribe: bool = True) -> str:
    expires = Clock().now_ms() + 60_000
    return Ticket(room, participant, participant.title(), publish, subscribe, expires).sign(SECRET)


def packetise(frame: bytes, picture: int) -> list[bytes]:
    """RFC 7741 with a 15-bit picture id."""
    packets = []
    for start in range(0, len(frame), 1000):
        first = 0x90 if start == 0 else 0x80
        packets.append(struct.pack("!BBH", first, 0x80, 0x8000 | picture & 0x7FFF) + frame[start : start + 1000])
    return packets


@dataclass(frozen=True)
class Clip:
    frames: list[bytes]
    sounds: list[bytes]


@dataclass
class Heard:
    """One stream as it arrived: payload by extended sequence number, and the order of arrival."""

    payloads: dict[int, bytes] = field(default_factory=dict)
    timestamps: dict[int, int] = field(default_factory=dict)
    markers: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)
    reports: list[RtcpSrPacket] = field(default_factory=list)
    reported: float = 0.0
    reported_to: int = 0
    claimed: int = 0
    highest: int = -1
    asked: dict[int, float] = field(default_factory=dict)

    def take(self, sequence: int, timestamp: int, marker: bool, payload: bytes) -> None:
        if self.highest < 0:
            extended = self.highest = 0x10000 + sequence
        else:
            extended = self.highest + ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
            self.highest = max(self.highest, extended)
        self.order.append(extended)
        self.payloads[extended] = payload
        self.timestamps[extended] = timestamp
        if marker:
            self.markers.add(extended)

    @property
    def holes(self) -> list[int]:
        if not self.payloads:
            return []
        return [one for one in range(min(self.payloads), self.highest) if one not in self.payloads]


class Transport(RTCDtlsTransport):
    def __init__(self, ice: RTCIceTransport, client: "Client") -> None:
        super().__init__(ice, [RTCCertificate.generateCertificate()])
        self.client = client

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self.client.on_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.client.on_rtcp(data)


class Client:
    """drop_out and drop_in say of a media packet (ssrc, sequence) whether the line loses it."""

    def __init__(self, server: MediaServer, clip: Clip, name: str, *, room: str = "room", slots: int = 2) -> None:
        self.server, self.clip, self.name, self.room, self.slots = server, clip, name, room, slots
        self.audio_ssrc, self.video_ssrc = random.getrandbits(31), random.getrandbits(31)
        self.rtx_ssrc = random.getrandbits(31)
        self.use_rtx = False
        self.answer_nacks = True
        self.send_nacks = True
        self.drop_out: Callable[[int, int], bool] = lambda ssrc, sequence: False
        self.drop_in: Callable[[int, int], bool] = lambda ssrc, sequence: False
        self.by_mid: dict[str, Heard] = {}
        self.mids: dict[int, str] = {}
        self.key_frames_asked = 0
        self.asked_for_key_frame: Callable[[], None] = lambda: None
        self.nacked: list[tuple[int, int]] = []
        self.receiver_reports: list[RtcpReceiverInfo] = []
        self.limits: list[int] = []
        self.sequence = {self.audio_ssrc: 65_500, self.video_ssrc: 65_500, self.rtx_ssrc: 1}
        self.sent: dict[tuple[int, int], bytes] = {}
        self.extra_header = b""
        self.picture = 0
        self.force_key = True
        self.frame = 0
        self.task: asyncio.Task[None] | None = None
        self.ended = False

    async def join(self, *, publish: bool = True, subscribe: bool = True) -> "Client":
        self.gatherer = RTCIceGatherer(iceServers=[])
        await self.gatherer.gather()
        self.ice = RTCIceTransport(self.gatherer)
        self.ice._connection.ice_controlling = True
        self.dtls = Transport(self.ice, self)
        self.dtls._set_role("server")
        text = ticket(self.name, self.room, publish=publish, subscribe=subscribe)
        self.answer = await self.server.answer(text, self.offer())
        session = aiortc_sdp.SessionDescription.parse(self.answer)
        for media in session.media:
            for source in media.ssrc:
                self.mids[source.ssrc] = media.rtp.muxId
                self.by_mid[media.rtp.muxId] = Heard()
            for candidate in media.ice_candidates:
                await self.ice.addRemoteCandidate(candidate)
        await self.ice.addRemoteCandidate(None)
        taken = next(media for media in session.media if media.port)
        await self.ice.start(taken.ice)
        await self.dtls.start(taken.dtls)
        assert self.dtls.state == "connected", self.dtls.state
        connection = self.ice._connection
        connection.data_received = partial(self.lossy, connection.data_received)
        self.task = asyncio.create_task(self.run())
        return self

    def offer(self) -> str:
        ice, dtls = self.gatherer.getLocalParameters(), self.dtls.getLocalParameters()
        sections = [("audio", "sendonly"), ("video", "sendonly")]
        sections += [("audio", "recvonly"), ("video", "recvonly")] * self.slots
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
        lines += ["a=group:BUNDLE " + " ".join(str(number) for number in range(len(sections)))]
        for mid, (kind, direction) in enumerate(sections):
            formats = f"{AUDIO}" if kind == "audio" else f"{VIDEO} {RTX}"
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=ice-ufrag:{ice.usernameFragment}", f"a=ice-pwd:{ice.password}"]
            lines += [f"a=fingerprint:{one.algorithm} {one.value}" for one in dtls.fingerprints]
            lines += ["a=setup:actpass", f"a=mid:{mid}", f"a={direction}", "a=rtcp-mux"]
            lines += ["a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"]
            if kind == "audio":
                lines += ["a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
                lines += [f"a=rtpmap:{AUDIO} opus/48000/2", f"a=rtcp-fb:{AUDIO} nack"]
            else:
                lines += [f"a=rtpmap:{VIDEO} VP8/90000", f"a=rtpmap:{RTX} rtx/90000", f"a=fmtp:{RTX} apt={VIDEO}"]
                lines += [f"a=rtcp-fb:{VIDEO} {one}" for one in ("nack", "nack pli", "goog-remb", "ccm fir")]
        return "\r\n".join(lines) + "\r\n"

    # Sending

    async def run(self) -> None:
        """Real time, a little hurried: 50 sounds and 25 frames a second, sender reports twice a second."""
        started = time.monotonic()
        sounds = reports = 0
        while True:
            elapsed = time.monotonic() - started
            while sounds / 50 <= elapsed:
                self.send(self.audio_ssrc, AUDIO, sounds * 960, False, self.clip.sounds[sounds % len(self.clip.sounds)])
                if sounds % 2 == 0:
                    self.send_frame(sounds * 1800)
                sounds += 1
            if reports / 2 <= elapsed:
                reports += 1
                self.send_reports(sounds)
            self.ask_again()
            await asyncio.sleep(0.005)

    def send_frame(self, timestamp: int) -> None:
        if self.force_key:
            self.force_key = False
            self.frame = 0
        frame = self.clip.frames[self.frame % len(self.clip.frames)]
        self.frame += 1
        self.picture += 1
        packets = packetise(frame, self.picture)
        for number, packet in enumerate(packets):
            self.send(self.video_ssrc, VIDEO, timestamp, number == len(packets) - 1, packet)

    def send(self, ssrc: int, payload_type: int, timestamp: int, marker: bool, payload: bytes) -> None:
        sequence = self.sequence[ssrc]
        self.sequence[ssrc] = (sequence + 1) & 0xFFFF
        first = 0x90 if self.extra_header else 0x80
        header = HEADER.pack(first, marker << 7 | payload_type, sequence, timestamp & 0xFFFFFFFF, ssrc)
        packet = header + self.extra_header + payload
        self.sent[ssrc, sequence] = packet
        if not self.drop_out(ssrc, sequence):
            self.send_raw(packet)

    def send_raw(self, packet: bytes, rtcp: bool = False) -> None:
        if self.ended:
            return
        protect = self.dtls._tx_srtp.protect_rtcp if rtcp else self.dtls._tx_srtp.protect
        self.datagram(protect(packet))

    def datagram(self, data: bytes) -> None:
        pair = self.ice._connection._nominated.get(1)
        if pair is not None:
            pair.protocol.transport.sendto(data, pair.remote_addr)

    def send_reports(self, sounds: int) -> None:
        now = time.time() + 2_208_988_800
        ntp = int(now * (1 << 32))
        for ssrc, timestamp in ((self.audio_ssrc, sounds * 960), (self.video_ssrc, sounds * 1800)):
            info = RtcpSenderInfo(ntp_timestamp=ntp, rtp_timestamp=timestamp, packet_count=1, octet_count=1)
            self.send_raw(bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info)), rtcp=True)
        for ssrc, mid in self.mids.items():
            heard = self.by_mid[mid]
            if heard.reports:
                self.report(ssrc, 0.0)

    def report(self, ssrc: int, loss: float) -> None:
        heard = self.by_mid[self.mids[ssrc]]
        last = heard.reports[-1].sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF if heard.reports else 0
        delay = int((time.monotonic() - heard.reported) * 65536)
        heard.claimed += round(loss * max(0, heard.highest - heard.reported_to))
        heard.reported_to = heard.highest
        block = RtcpReceiverInfo(ssrc, 0, heard.claimed, heard.highest & 0xFFFFFFFF, 0, last, delay)
        self.send_raw(bytes(RtcpRrPacket(ssrc=self.audio_ssrc, reports=[block])), rtcp=True)

    def ask_again(self) -> None:
        now = time.monotonic()
        for ssrc, mid in self.mids.items():
            heard = self.by_mid[mid]
            lost = [one for one in heard.holes[-100:] if now - heard.asked.get(one, 0) > 0.1]
            if lost and self.send_nacks:
                heard.asked |= dict.fromkeys(lost, now)
                numbers = [one & 0xFFFF for one in lost]
                packet = RtcpRtpfbPacket(fmt=1, ssrc=self.audio_ssrc, media_ssrc=ssrc, lost=numbers)
                self.send_raw(bytes(packet), rtcp=True)

    # Receiving

    def lossy(self, on: Callable[[bytes, int], None], data: bytes, component: int) -> None:
        """The line loses a packet before decryption, which takes each sequence number only once."""
        if 127 < data[0] < 192 and not 191 < data[1] < 224:
            _, _, sequence, _, ssrc = HEADER.unpack_from(data)
            if self.drop_in(ssrc, sequence):
                return
        on(data, component)

    def on_rtp(self, data: bytes) -> None:
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        start = 20 if first & 0x10 else 12
        self.by_mid[self.mids[ssrc]].take(sequence, timestamp, bool(second & 0x80), data[start:])

    def on_rtcp(self, data: bytes) -> None:
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpSrPacket):
                heard = self.by_mid[self.mids[packet.ssrc]]
                heard.reports.append(packet)
                heard.reported = time.monotonic()
            elif isinstance(packet, RtcpRrPacket):
                self.receiver_reports += packet.reports
            elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == 1:
                self.on_nack(packet)
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == 1:
                self.key_frames_asked += 1
                self.asked_for_key_frame()
                self.force_key = True
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == 15:
                number, rate = struct.unpack_from("!BxH", packet.fci, 4)
                assert number == 1
                exponent, top = packet.fci[5] >> 2, packet.fci[5] & 3
                self.limits.append((top << 16 | rate) << exponent)

    def on_nack(self, packet: RtcpRtpfbPacket) -> None:
        for sequence in packet.lost:
            self.nacked.append((packet.media_ssrc, sequence))
            kept = self.sent.get((packet.media_ssrc, sequence))
            if kept is None or not self.answer_nacks:
                continue
            if self.use_rtx and packet.media_ssrc == self.video_ssrc:
                _, second, _, timestamp, _ = HEADER.unpack_from(kept)
                number = self.sequence[self.rtx_ssrc]
                self.sequence[self.rtx_ssrc] = (number + 1) & 0xFFFF
                header = HEADER.pack(0x80, second & 0x80 | RTX, number, timestamp, self.rtx_ssrc)
                kept = header + struct.pack("!H", sequence) + kept[12:]
            self.send_raw(kept)

    async def leave(self, *, goodbye: bool = True) -> None:
        self.ended = True
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
        if goodbye:
            await self.dtls.stop()
        else:
            self.dtls._task.cancel()
        await self.ice.stop()


class Ear:
    """A subscriber that remembers."""

    def __init__(self) -> None:
        self.started: list[Publication] = []
        self.ended: list[Publication] = []
        self.kept: dict[tuple[str, str], list[tuple[int, int, bool, bytes]]] = {}
        self.reports: list[tuple[str, int, int]] = []
        self.levels: list[tuple[bytes, int | None]] = []

    def publication_started(self, publication: Publication) -> None:
        self.started.append(publication)

    def packets(self, publication, kind, packets) -> None:
        assert publication in self.started
        assert publication not in self.ended
        self.kept.setdefault((publication.id, kind), []).extend(packet[:4] for packet in packets)
        self.levels += [(packet[3], packet[5]) for packet in packets]

    def sender_report(self, publication, kind, ntp, timestamp, arrival) -> None:
        self.reports.append((kind, ntp, timestamp))

    def publication_ended(self, publication: Publication) -> None:
        self.ended.append(publication)

    def of(self, participant: str, kind: str) -> list[tuple[int, int, bool, bytes]]:
        found = [one.id for one in self.started if one.participant == participant]
        return [packet for one in found for packet in self.kept.get((one, kind), [])]
