"""One peer's ICE, DTLS and SRTP: aiortc's transports, with a short way for media past its queues and routers.

The short way leans on names that aiortc and aioice do not promise to keep. `self_test` names the one that moved.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, cast

import structlog
from aioice.candidate import Candidate
from aioice.ice import CandidatePair, Connection, StunProtocol
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceCandidate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsParameters, State
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from teleosce.core.errors import Unavailable
from teleosce.rtc.srtp import Crypt, protector, unprotector

log = structlog.get_logger(__name__)

_DATAGRAM = 2048
"""asyncio otherwise sets 256 KiB aside for every datagram it reads."""


class MediaTransport(RTCDtlsTransport):
    """Hands decrypted RTP and RTCP to its owner as bytes, and sends what the owner gives it.

    on_rtp and on_rtcp get the packet and its arrival, `time.monotonic()`. Nothing that a stranger sends to the port
    ends the transport, and nothing that they raise does.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        on_rtp: Callable[[bytes, float], None],
        on_rtcp: Callable[[bytes, float], None],
    ) -> None:
        self.gatherer = RTCIceGatherer(iceServers=[])
        super().__init__(RTCIceTransport(self.gatherer), [certificate])
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._connection: Connection = self.gatherer._connection
        self._pairs: dict[int, CandidatePair] = self._connection._nominated
        self._pair: CandidatePair | None = None
        self._sendto: Callable[[bytes, Any], None] | None = None
        self._address: Any = None
        self._protect: Crypt | None = None
        self._unprotect: Crypt | None = None
        self.refused = 0
        """Packets that were not authentic or could not be read."""
        self.unsent = 0
        self._failures = 0

    async def gather(self) -> None:
        """Opens a socket for each address of this machine, or for the loopback where it has no other."""
        await self.gatherer.gather()
        if not self._connection.local_candidates:
            found = await self._connection.get_component_candidates(component=1, addresses=["127.0.0.1"])
            self._connection._local_candidates += found
        for protocol in self._connection._protocols:
            transport = protocol.transport
            if hasattr(transport, "max_size"):
                transport.max_size = _DATAGRAM
            short_way = partial(self._received, protocol.datagram_received)
            protocol.datagram_received = short_way  # type: ignore[method-assign]

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
        await self.start(dtls)
        if self._state is not State.CONNECTED:
            return False
        self._protect, self._unprotect = protector(self._tx_srtp), unprotector(self._rx_srtp)
        return True

    @property
    def has_path(self) -> bool:
        """Whether ICE has a way to the peer, and the peer's consent to use it (RFC 7675)."""
        return bool(self._pairs)

    async def close(self) -> None:
        """Says goodbye, closes the sockets. Never raises."""
        self._pairs = {}
        self._pair = self._sendto = None
        for stop in (self.stop, self.transport.stop):
            try:
                await stop()
            except Exception:
                log.exception("a media transport did not close cleanly")

    def send_rtp(self, packet: bytes) -> None:
        """Encrypts and sends a packet at once; what cannot be sent is counted and forgotten, as on any line."""
        if self._pairs.get(1) is not self._pair:
            self._retarget()
        try:
            self._sendto(self._protect(packet), self._address)  # type: ignore[misc]
        except Exception:  # noqa: BLE001  must not reach the packet's other listeners
            self.unsent += 1

    def send_rtcp(self, packet: bytes) -> None:
        """The same for RTCP."""
        if self._pairs.get(1) is not self._pair:
            self._retarget()
        try:
            self._sendto(self._tx_srtp.protect_rtcp(packet), self._address)  # type: ignore[misc]
        except Exception:  # noqa: BLE001  as above
            self.unsent += 1

    def _retarget(self) -> None:
        self._pair = self._pairs.get(1)
        if self._pair is not None:
            self._sendto = self._pair.protocol.transport.sendto
            self._address = self._pair.remote_addr

    def _received(self, to_aioice: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        """Every datagram comes here first (RFC 7983). An exception would close the socket under uvloop."""
        try:
            first = data[0]
            if 127 < first < 192:
                if self._unprotect is None:
                    return
                if 191 < data[1] < 224:
                    self._on_rtcp(self._rx_srtp.unprotect_rtcp(data), time.monotonic())
                else:
                    self._on_rtp(self._unprotect(data), time.monotonic())
            elif first < 4 or self._is_peer(address):
                self._pass_on(to_aioice, data, address)
            else:
                self.refused += 1
        except (SrtpError, ValueError, IndexError):
            self.refused += 1
        except Exception:
            self._failures += 1
            if self._failures == 1:
                log.exception("a packet could not be handled; later ones like it are only counted")

    def _pass_on(self, to_aioice: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        """STUN and DTLS. aioice's parser raises whatever it stumbles over in a stranger's packet."""
        try:
            to_aioice(data, address)
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
    (StunProtocol, ("datagram_received",)),
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
        if unprotector(Session(policies[1]))(protector(Session(policies[0]))(packet)) != packet:
            missing.append("pylibsrtp.Session")
    except (AttributeError, TypeError, SrtpError):
        missing.append("pylibsrtp.Session._srtp")
    if missing:
        raise Unavailable(
            "Live media cannot start: this version of aiortc, aioice or pylibsrtp has moved "
            f"{', '.join(missing)}. Install the versions that this release names.",
            code="media-seam",
        )
