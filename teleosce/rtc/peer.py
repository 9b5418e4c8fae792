"""One participant's connection: its transport, the tracks it sends, the slots it receives, its state and health."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence

import structlog
from aiortc import RTCCertificate

from teleosce.core.clock import Clock
from teleosce.core.errors import Conflict, Unavailable
from teleosce.rtc import rtcp, sdp
from teleosce.rtc.bandwidth import Line, Rate
from teleosce.rtc.model import Binding, Kind, PeerHealth, PeerState, TrackHealth, TrackInfo
from teleosce.rtc.ports import Ports
from teleosce.rtc.slots import make_slots
from teleosce.rtc.tickets import Ticket
from teleosce.rtc.timings import AUDIO_BPS, CEILING_BPS, CONNECT_S, DOUBT_S, LOST_S, REPORT_HOLDS_S, TICK_S
from teleosce.rtc.transport import Handler, MediaTransport
from teleosce.rtc.uptrack import UpTrack

log = structlog.get_logger(__name__)

_MOST_SOURCES = 16
_ENDED = frozenset(PeerState) - {PeerState.connecting, PeerState.connected}


class Peer:
    """A participant's end of a room. `on_state` is called at each change, in the room's loop, and at once."""

    def __init__(
        self,
        ticket: Ticket,
        offer: sdp.Offer,
        certificate: RTCCertificate,
        ports: Ports,
        clock: Clock,
        *,
        on_state: Callable[["Peer"], None],
    ) -> None:
        self.participant = ticket.participant
        self.name = ticket.name
        self.state = PeerState.connecting
        self.connected_ms: int | None = None
        self.transport = MediaTransport(certificate, ports, self._learn, self._on_rtcp)
        self.ups: dict[Kind, UpTrack] = {}
        self.slots = make_slots(offer, self.transport, self.picture_bps) if ticket.subscribe else []
        self.announced: tuple[Binding, ...] | None = None
        self.line = Line()
        self.round_trip: float | None = None
        self._uplink = Rate()
        self._offer = offer
        self._certificate = certificate
        self._clock = clock
        self._on_state = on_state
        self._ssrc = random.getrandbits(31) | 1
        self._description = rtcp.source_description(self._ssrc, b"server")
        self._accepted = self._accept(ticket.publish)
        self._downs = {down.ssrc: down for slot in self.slots for down in slot.tracks}
        self._ntp_offset: int | None = None
        self._least_round_trip: float | None = None
        self._reported_at = 0.0
        self._estimate: int | None = None
        self._sent_before = (time.monotonic(), 0, 0)
        self._health: dict[Kind, TrackHealth] = {}
        self._loss = 0.0
        self._sent = (0.0, 0.0)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._in_doubt = False
        self._gathering: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.closing: asyncio.Task[None] | None = None
        """Closes the sockets of a peer that has ended."""

    def _accept(self, publish: bool) -> list[sdp.Accepted]:
        """What we take of each media section: one microphone, one camera, and every slot."""
        downs = {down.mid: down for slot in self.slots for down in slot.tracks}
        accepted = []
        for line in self._offer.lines:
            receives = False
            kind: Kind = "audio" if line.kind == "audio" else "video"
            if publish and line.sends and kind not in self.ups:
                codec, rate = sdp.CODECS[kind]
                self.ups[kind] = UpTrack(
                    TrackInfo(kind, codec, rate),
                    line.payload_type,
                    line.rtx_payload_type,
                    self._ssrc,
                    self.transport.send_rtcp,
                )
                if line.audio_level is not None:
                    self.transport.tells_levels(line.audio_level)
                receives = True
            down = downs.get(line.mid)
            accepted.append(
                sdp.Accepted(line, receives, None if down is None else down.ssrc, "" if down is None else down.stream)
            )
        return accepted

    async def answer(self, addresses: Sequence[str]) -> str:
        """The answer to the offer; then the peer connects by itself. Raises Conflict when replaced, Unavailable."""
        self._gathering = asyncio.create_task(self.transport.gather())
        await asyncio.shield(self._gathering)
        candidates = self.transport.candidates(addresses)
        if self.state is not PeerState.connecting:
            raise Conflict("A newer connection of yours took this seat. Your place is kept there.", code="replaced")
        if not candidates:
            raise Unavailable("The server has no free port for live media. Try again in a moment.", code="no-port")
        for ice in (self.transport, self.transport.transport):
            ice.on("statechange", self._transport_changed)
        self._connecting = asyncio.create_task(self._connect())
        return sdp.write_answer(
            self._accepted,
            self.transport.gatherer.getLocalParameters(),
            self.transport.getLocalParameters().fingerprints,
            candidates,
            self._offer.we_begin,
        )

    async def _connect(self) -> None:
        offer = self._offer
        ufrag, password = offer.ice.usernameFragment or "", offer.ice.password or ""
        try:
            connecting = self.transport.connect(ufrag, password, offer.dtls, offer.we_begin)
            connected = await asyncio.wait_for(connecting, CONNECT_S)
        except TimeoutError:
            connected = False
        except Exception:
            log.exception("a peer could not connect")
            connected = False
        if not connected:
            self.end(PeerState.failed)
        elif self.state is PeerState.connecting:
            self.connected_ms = self._clock.now_ms()
            self.state = PeerState.connected
            self._tick_in(TICK_S)
            self._on_state(self)

    def _transport_changed(self) -> None:
        if self.state is not PeerState.connected:
            return
        if not self.transport.has_path:
            self.end(PeerState.lost)
        elif self.transport.state in {"closed", "failed"}:
            self.end(PeerState.left)

    def end(self, state: PeerState) -> None:
        """The one way out: only the first call counts. The sockets close in the background."""
        if self.state in _ENDED:
            return
        self.state = state
        if self._timer is not None:
            self._timer.cancel()
        for up in self.ups.values():
            up.go_quiet()
        for slot in self.slots:
            slot.free()
        self.closing = asyncio.create_task(self._close())
        self._on_state(self)

    async def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        pending = [task for task in (self._gathering, self._connecting) if task is not None]
        if pending:
            await asyncio.wait(pending)
        await self.transport.close()

    # Packets

    def _learn(self, payload_type: int, ssrc: int) -> Handler | None:
        """Which track a new SSRC belongs to, by its payload type: there is one microphone and one camera."""
        handlers = self.transport.handlers
        if len(handlers) >= _MOST_SOURCES:
            return None
        for up in self.ups.values():
            if payload_type == up.payload_type:
                if up.ssrc is not None:
                    handlers.pop(up.ssrc, None)
                up.ssrc = ssrc
                handlers[ssrc] = up.receive
                return up.receive
            if payload_type == up.rtx_payload_type:
                handlers[ssrc] = up.receive_rtx
                return up.receive_rtx
        return None

    def _on_rtcp(self, data: bytes, now: float) -> None:
        for item in rtcp.parse(data):
            if isinstance(item, rtcp.SenderReport):
                self._on_sender_report(item, now)
            elif isinstance(item, rtcp.BitrateLimit):
                self._estimate = item.bps
            elif (down := self._downs.get(item.ssrc)) is None:
                continue
            elif isinstance(item, rtcp.ReportBlock):
                self._on_round_trip(down.reported(item, now))
            elif isinstance(item, rtcp.Nack):
                down.resend(item.sequences)
            elif down.up is not None and not down.paused:
                down.up.request_key_frame()

    def _on_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        """One offset for both tracks keeps lip sync, and a replacement's clock does not jump for the listeners."""
        for up in self.ups.values():
            if up.ssrc == report.ssrc:
                if self._ntp_offset is None:
                    seconds = self._clock.at_ms(now) / 1000 + rtcp.NTP_EPOCH
                    self._ntp_offset = int(seconds * (1 << 32)) - report.ntp
                server_ntp = (report.ntp + self._ntp_offset) & 0xFFFFFFFFFFFFFFFF
                up.sender_report(report.ntp, server_ntp, report.timestamp, now)

    def _on_round_trip(self, seconds: float | None) -> None:
        if seconds is None:
            return
        self.round_trip = seconds if self.round_trip is None else (3 * self.round_trip + seconds) / 4
        self._least_round_trip = min(seconds, self._least_round_trip or seconds)
        for up in self.ups.values():
            up.round_trip = self.round_trip

    # Once a second

    def _tick_in(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        on_time = now < self._due + DOUBT_S
        if self.ups and now - self.transport.heard_at > LOST_S:
            if self._in_doubt and on_time:
                self.end(PeerState.lost)
                return
            # If it was we who stood still, the packets wait at the port and are read before a second look in time.
            self._in_doubt = True
            self._tick_in(DOUBT_S)
            return
        self._in_doubt = False
        self._tick_in(TICK_S)
        try:
            self._look_at_line(now)
            self._report(now)
        except Exception:
            log.exception("a peer's reports failed", participant=self.participant)

    def _look_at_line(self, now: float) -> None:
        before, packets_before, octets_before = self._sent_before
        packets = sum(down.packets for down in self._downs.values())
        octets = sum(down.octets for down in self._downs.values())
        self._sent_before = (now, packets, octets)
        seconds = now - before
        self._sent = ((packets - packets_before) / seconds, (octets - octets_before) * 8 / seconds)
        queue = (self.round_trip or 0.0) - (self._least_round_trip or 0.0)
        losses = [loss for down in self._downs.values() if (loss := down.loss()) is not None]
        if losses:
            self._loss, self._reported_at = max(losses), now
        elif now - self._reported_at > REPORT_HOLDS_S:
            self._loss = 0.0
        self.line.update(self._loss, queue, self._sent[1], self._estimate)
        self.line.look(now)
        for slot in self.slots:
            if slot.video is not None:
                slot.video.pause(self.line.paused)

    def picture_bps(self) -> float:
        """Bits a second that each picture sent to this participant may take; a line without trouble sets no limit."""
        if self.line.bps >= CEILING_BPS:
            return float(CEILING_BPS)
        pictures = sum(slot.video is not None and slot.video.up is not None for slot in self.slots)
        return max(0.0, self.line.bps - AUDIO_BPS) / max(1, pictures)

    def _report(self, now: float) -> None:
        blocks = []
        for kind, up in self.ups.items():
            if up.ssrc is not None and up.highest >= 0:
                blocks.append(up.block(up.ssrc, now))
            last_ms = None if up.last_packet is None else self._clock.at_ms(up.last_packet)
            self._health[kind] = up.tick(now, last_ms)
        packet = rtcp.receiver_report(self._ssrc, blocks) + self._description
        video = self.ups.get("video")
        if video is not None and video.ssrc is not None:
            packet += rtcp.bitrate_limit(self._ssrc, video.ssrc, int(self._allowed(video)))
        self.transport.send_rtcp(packet)

    def _allowed(self, video: UpTrack) -> float:
        """What the publisher may send: as its own line takes, and the weakest listener that still gets pictures."""
        carried = sum(one.bits_per_second for one in self._health.values())
        audio = self.ups.get("audio")
        self._uplink.yield_to_queue(audio.queue_s if audio is not None else 0.0, carried)
        limits = [down.allowed_bps() + AUDIO_BPS for down in (*video.downs, *video.waiting)]
        return min([float(CEILING_BPS), self._uplink.bps, *limits])

    def health(self) -> PeerHealth:
        """How the connection does, as of the last second."""
        losses = [self._loss, *(one.loss for one in self._health.values())]
        return PeerHealth(
            participant=self.participant,
            name=self.name,
            state=self.state,
            connected_ms=self.connected_ms,
            last_packet_ms=None if self.connected_ms is None else self._clock.at_ms(self.transport.heard_at),
            audio=self._health.get("audio", TrackHealth()) if "audio" in self.ups else None,
            video=self._health.get("video", TrackHealth()) if "video" in self.ups else None,
            round_trip_ms=None if self.round_trip is None else self.round_trip * 1000,
            loss=max(losses),
            sent_packets_per_second=self._sent[0],
            sent_bits_per_second=self._sent[1],
            resent=sum(down.resent for down in self._downs.values()),
            video_paused=self.line.paused,
        )
