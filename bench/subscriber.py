"""The receiving connection of a participant whose server keeps sending and receiving apart, as Janus does."""

from collections.abc import Callable
from typing import Any

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.sdp import SessionDescription, candidate_to_sdp

from bench.load import Participant, listen_at


class Subscriber:
    """Counts what comes as its participant's."""

    def __init__(self, participant: Participant, certificate: RTCCertificate) -> None:
        self._participant, self._certificate = participant, certificate

    async def answer(self, offer: str) -> str:
        """Our answer to an offer; then `connect`."""
        self._gatherer = RTCIceGatherer(iceServers=[])
        await self._gatherer.gather()
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [self._certificate])
        self._offer = SessionDescription.parse(offer)
        ice = self._gatherer.getLocalParameters()
        prints = [one for one in self._dtls.getLocalParameters().fingerprints if one.algorithm == "sha-256"]
        mids = " ".join(media.rtp.muxId for media in self._offer.media)
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
        for media in self._offer.media:
            codec = media.rtp.codecs[0]
            number = codec.payloadType
            lines += [f"m={media.kind} 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=ice-ufrag:{ice.usernameFragment}", f"a=ice-pwd:{ice.password}"]
            lines += [f"a=fingerprint:{one.algorithm} {one.value}" for one in prints]
            lines += ["a=setup:active", f"a=mid:{media.rtp.muxId}", "a=recvonly", "a=rtcp-mux"]
            lines += [f"a=rtpmap:{number} {codec.name}/{codec.clockRate}{'/2' if media.kind == 'audio' else ''}"]
            lines += [f"a=candidate:{candidate_to_sdp(one)}" for one in self._gatherer.getLocalCandidates()]
            lines += ["a=end-of-candidates"]
        return "\r\n".join(lines) + "\r\n"

    async def connect(self) -> None:
        """Raises ConnectionError."""
        connection: Any = self._ice._connection
        connection.ice_controlling = False
        self._dtls._set_role("client")
        listen_at(connection, self._received)
        first = self._offer.media[0]
        for candidate in first.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(first.ice)
        await self._dtls.start(first.dtls)
        if self._dtls.state != "connected":
            raise ConnectionError(f"ICE {self._ice.state}, DTLS {self._dtls.state}")

    def _received(self, to_aioice: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        if not (127 < data[0] < 192 and 191 < data[1] < 224):  # reports on what is sent to us say nothing here
            self._participant.received(to_aioice, data, address)

    async def leave(self) -> None:
        await self._dtls.stop()
        await self._ice.stop()
