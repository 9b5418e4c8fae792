"""One peer's ICE, DTLS and SRTP: aiortc's transports, with a short way for media past its queues and routers.

The short way leans on names that aiortc and aioice do not promise to keep. `self_test` names the one that moved.
"""

import struct
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, cast

import structlog
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, Connection, StunProtocol
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceCandidate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsParameters, State
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from teleosce.core.errors import Unavailable
from teleosce.rtc.handshake import repeated_flights
from teleosce.rtc.ports import Port, Ports, Reader
from teleosce.rtc.srtp import LONGEST, Buffer, Crypt, protector, unprotector
from teleosce.rtc.uptrack import level_of, payload_of

log = structlog.get_logger(__name__)

Handler = Callable[[bytes, int, int, int, int, float, int | None], None]
"""Takes a decrypted RTP packet's payload, the packet's size in bytes, its header's second byte, sequence number and
timestamp, its arrival, and how loud it says its sound is, as `Packet` has it."""

_header_of = struct.Struct("!BBHIIIBB").unpack_from
"""The header and, where there is one, an extension's head and its first element's first two bytes."""

_ONE_WORD = 0xBEDE0001
"""The head of an extension of one word, of elements with heads of one byte (RFC 8285, 4.2)."""


_STUN = b"\x21\x12\xa4\x42"
"""The magic cookie (RFC 8489, 5): without it aioice would keep a stranger's datagram as if it were the peer's."""


class MediaTransport(RTCDtlsTransport):
    """Hands decrypted RTP and RTCP to its owner as bytes, and sends what the owner gives it.

    learn names the handler of an SSRC that is new, by its payload type; on_rtcp gets packets and their arrival,
    `time.monotonic()`. Nothing that a stranger sends to the port ends the transport, and nothing that they raise does.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        ports: Ports,
        learn: Callable[[int, int], Handler | None],
        on_rtcp: Callable[[bytes, float], None],
    ) -> None:
        self.gatherer = RTCIceGatherer(iceServers=[])
        super().__init__(RTCIceTransport(self.gatherer), [certificate])
        self._ports = ports
        self.handlers: dict[int, Handler] = {}
        """Who takes the RTP packets of which SSRC."""
        self.heard_at = time.monotonic()
        """When the last authentic packet came, `time.monotonic()`."""
        self._level_head = -1
        self._learn = learn
        self._on_rtcp = on_rtcp
        self._connection: Connection = self.gatherer._connection
        self._pairs: dict[int, CandidatePair] = self._connection._nominated
        self._pair: CandidatePair | None = None
        self._sendto: Callable[[bytes, Any], int] = _nowhere
        self._address: Any = None
        self._protect: Crypt | None = None
        self._unprotect: Crypt | None = None
        self.refused = 0
        """Packets that were not authentic or could not be read."""
        self.unsent = 0
        self._failures = 0

    def tells_levels(self, identifier: int) -> None:
        """The peer says how loud its sound is, in a header extension of this number (RFC 6464)."""
        self._level_head = identifier << 4

    async def gather(self) -> None:
        """Opens a port at each address of this machine, or at the loopback where it has no other."""
        self._connection.get_component_candidates = self._open_ports  # type: ignore[method-assign]
        await self.gatherer.gather()
        if not self._connection.local_candidates:
            self._connection._local_candidates += await self._open_ports(1, ["127.0.0.1"])

    async def _open_ports(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        """Does what aioice does, with ports of ours. `timeout` is for servers elsewhere, of which none is asked."""
        found = []
        for address in addresses:
            try:
                port = self._ports.open(address)
            except OSError as error:
                log.info("no port for media at an address", address=address, error=str(error))
                continue
            port.protocol = protocol = StunProtocol(self._connection)
            protocol.connection_made(port)
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", port.address[0]),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=port.address[0],
                port=port.address[1],
                type="host",
            )
            found.append(protocol.local_candidate)
            self._connection._protocols.append(protocol)
            self._ports.read(port, self._reader(port, protocol))
        return found

    def candidates(self, addresses: Sequence[str] = ()) -> list[RTCIceCandidate]:
        """Where this transport is reached: its own addresses and, on the same ports, the public ones given."""
        own = self.gatherer.getLocalCandidates()
        public = [
            _moved(candidate, address)
            for address in addresses
            for candidate in own
            if ip_address(candidate.ip).version == ip_address(address).version and candidate.ip != address
        ]
        return public + own

    async def connect(self, ufrag: str, password: str, dtls: RTCDtlsParameters, we_begin: bool) -> bool:
        """ICE, then DTLS; True when media may flow. Cancel it to give up.

        Remote candidates are not used: the browser's checks show where it is (RFC 8445, 7.3.1.3). So no stranger makes
        this server knock on addresses inside its network, and no `.local` name waits for an answer.
        """
        ice = self.transport
        parameters = self.gatherer.getLocalParameters()
        parameters.usernameFragment, parameters.password = ufrag, password
        await ice.start(parameters)
        if ice.state != "completed":
            return False
        self._set_role("client" if we_begin else "server")
        async with repeated_flights(ice):
            await self.start(dtls)
        if self._state is not State.CONNECTED:
            return False
        self._protect = protector(self._tx_srtp, self._ports.sent)
        self._unprotect = unprotector(self._rx_srtp, self._ports.received)
        self.heard_at = time.monotonic()
        return True

    @property
    def has_path(self) -> bool:
        """Whether ICE has a way to the peer, and the peer's consent to use it (RFC 7675)."""
        return bool(self._pairs)

    async def close(self) -> None:
        """Says goodbye, closes the sockets. Never raises."""
        self._pairs = {}
        self._pair, self._sendto = None, _nowhere
        for stop in (self.stop, self.transport.stop):
            try:
                await stop()
            except Exception:
                log.exception("a media transport did not close cleanly")

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Encrypts and sends a packet at once; what cannot be sent is counted and forgotten, as on any line."""
        if self._pairs.get(1) is not self._pair:
            self._retarget()
        try:
            protect, context, memory, length, window = self._protect  # type: ignore[misc]
            begin = len(header)
            length[0] = end = begin + len(payload)
            if end > LONGEST:
                raise ValueError("packet is too long")
            window[0:begin] = header
            window[begin:end] = payload
            if protect(context, memory, length):
                raise ValueError("packet cannot be encrypted")
            self._sendto(window[0 : length[0]], self._address)
        except Exception:  # noqa: BLE001  must not reach the packet's other listeners
            self.unsent += 1

    def send_rtcp(self, packet: bytes) -> None:
        """The same for RTCP."""
        if self._pairs.get(1) is not self._pair:
            self._retarget()
        try:
            self._sendto(self._tx_srtp.protect_rtcp(packet), self._address)
        except Exception:  # noqa: BLE001  as above
            self.unsent += 1

    def _retarget(self) -> None:
        self._pair = self._pairs.get(1)
        if self._pair is not None:
            self._sendto = cast("Port", self._pair.protocol.transport).socket.sendto
            self._address = self._pair.remote_addr

    def _reader(self, port: Port, protocol: StunProtocol) -> Reader:  # noqa: C901  calls cost, for every packet
        """Takes one datagram from a port (RFC 7983)."""
        receive, received = port.socket.recvfrom_into, self._ports.received.bytes
        handler_of = self.handlers.get

        def read(now: float) -> None:  # noqa: C901  as above
            try:
                size, address = receive(received)
                first = received[0]
                if not 127 < first < 192:
                    self._pass_on(protocol, bytes(received[:size]), address)
                elif self._unprotect is None:
                    return
                elif 191 < received[1] < 224:
                    data = self._rx_srtp.unprotect_rtcp(bytes(received[:size]))
                    self.heard_at = now
                    self._on_rtcp(data, now)
                else:
                    unprotect, context, memory, length, window = self._unprotect
                    length[0] = size
                    if unprotect(context, memory, length):
                        self.refused += 1
                        return
                    self.heard_at = now
                    size = length[0]
                    first, second, sequence, timestamp, ssrc, extension, element, level = _header_of(received)
                    handler = handler_of(ssrc) or self._learn(second & 0x7F, ssrc) or _nobody
                    if first == 0x80:
                        handler(window[12:size], size, second, sequence, timestamp, now, None)
                    elif first == 0x90 and extension == _ONE_WORD and element == self._level_head:
                        # Nothing but a level, as browsers send all sound.
                        handler(window[20:size], size, second, sequence, timestamp, now, level & 0x7F)
                    else:
                        whole = window[0:size]
                        told = level_of(whole, self._level_head >> 4)
                        handler(payload_of(whole, first), size, second, sequence, timestamp, now, told)
            except (SrtpError, ValueError):
                self.refused += 1
            except OSError:
                return  # nothing there after all, or the network's word that something sent before did not arrive
            except Exception:
                self._failures += 1
                if self._failures == 1:
                    log.exception("a packet could not be handled; later ones like it are only counted")

        return read

    def _pass_on(self, protocol: StunProtocol, data: bytes, address: Any) -> None:
        """STUN and DTLS. aioice's parser raises whatever it stumbles over in a stranger's packet."""
        if not data or (data[4:8] != _STUN if data[0] < 4 else not self._is_peer(address)):
            self.refused += 1
            return
        try:
            protocol.datagram_received(data, address)
        except Exception:  # noqa: BLE001
            self.refused += 1

    def _is_peer(self, address: Any) -> bool:
        """DTLS is taken from where an authentic ICE check came from, so that nobody else can disturb a handshake.

        That may be another pair than ours: each side nominates what it saw succeed.
        """
        return any((one.host, one.port) == (address[0], address[1]) for one in self._connection.remote_candidates)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        """Nothing: media comes the short way, before aiortc sees it."""

    async def _handle_rtcp_data(self, data: bytes) -> None:
        """Nothing, likewise."""


def _nobody(*_: object) -> None:
    """Takes packets of sources that are not ours to pass on."""


def _nowhere(_packet: bytes, _address: Any) -> int:
    raise OSError("there is no way to the peer")


def _moved(candidate: RTCIceCandidate, address: str) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=candidate.component,
        foundation=candidate.foundation + "p",
        ip=address,
        port=candidate.port,
        priority=candidate.priority,
        protocol=candidate.protocol,
        type=candidate.type,
    )


_CLASS_SEAMS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (RTCDtlsTransport, ("_handle_rtp_data", "_handle_rtcp_data", "_set_role", "start", "stop")),
    (Connection, ("get_component_candidates", "local_candidates", "remote_candidates")),
    (StunProtocol, ("connection_made", "connection_lost", "datagram_received")),
    (CandidatePair, ("remote_addr",)),
    (Session, ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp")),
)


def self_test() -> None:
    """Looks for every name of aiortc, aioice and pylibsrtp that this room leans on. Raises Unavailable, naming it."""
    missing = [
        f"{owner.__name__}.{name}" for owner, names in _CLASS_SEAMS for name in names if not hasattr(owner, name)
    ]
    gatherer = RTCIceGatherer(iceServers=[])
    connection = getattr(gatherer, "_connection", None)
    transport = RTCDtlsTransport(RTCIceTransport(gatherer), [RTCCertificate.generateCertificate()])
    for owner, names in (
        (transport.transport, ("_send", "_recv")),
        (connection, ("_nominated", "_protocols", "_local_candidates")),
        (transport, ("_rx_srtp", "_tx_srtp", "_state", "_set_state", "_task")),
    ):
        missing += [f"{type(owner).__name__}.{name}" for name in names if not hasattr(owner, name)]
    pair = CandidatePair(cast("StunProtocol", None), Candidate("1", 1, "udp", 1, "192.0.2.1", 9, "host"))
    if pair.remote_addr != ("192.0.2.1", 9) or not hasattr(pair, "protocol"):
        missing.append("CandidatePair.remote_addr")
    key = bytes(30)
    policies = [Policy(key=key, ssrc_type=side) for side in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)]
    packet = b"\x80\x60" + bytes(20)
    try:
        buffer = Buffer()
        buffer.window[0 : len(packet)] = packet
        outbound, inbound = Session(policies[0]), Session(policies[1])
        size = len(packet)
        for crypt in (protector(outbound, buffer), unprotector(inbound, buffer)):
            crypt.length[0] = size
            if crypt.function(crypt.context, crypt.memory, crypt.length):
                missing.append("pylibsrtp.Session")
            size = crypt.length[0]
        if buffer.window[0:size] != packet:
            missing.append("pylibsrtp.Session")
    except (AttributeError, TypeError, SrtpError):
        missing.append("pylibsrtp.Session._srtp")
    if missing:
        raise Unavailable(
            "Live media cannot start: this version of aiortc, aioice or pylibsrtp has moved "
            f"{', '.join(missing)}. Install the versions that this release names.",
            code="media-seam",
        )
