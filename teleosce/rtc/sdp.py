"""Reads an offer, defensively, and writes the answer to it (RFC 8866, RFC 8829).

An offer is written by a stranger: whatever is wrong with it becomes one `Invalid` with a sentence for a person.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aiortc import RTCIceCandidate, RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.sdp import MediaDescription, SessionDescription, candidate_to_sdp

from teleosce.core.errors import Invalid
from teleosce.rtc.model import Kind

LONGEST = 32 * 1024
"""Bytes of an offer that are read at all."""

MOST_LINES = 32
"""Media sections in an offer: a microphone, a camera and fifteen pairs."""

CODECS: dict[Kind, tuple[Literal["opus", "VP8"], int]] = {"audio": ("opus", 48000), "video": ("VP8", 90000)}
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
OPUS_PARAMETERS = "minptime=10;useinbandfec=1;usedtx=0;stereo=0;maxaveragebitrate=32000"
_FEEDBACK: dict[Kind, tuple[str, ...]] = {"audio": ("nack",), "video": ("nack", "nack pli", "ccm fir", "goog-remb")}
_ICE_TEXT = re.compile(r"[A-Za-z0-9+/]{4,256}")
_MID = re.compile(r"[A-Za-z0-9_.~-]{1,32}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31,63}")
_WORD = re.compile(r"[A-Za-z0-9-]{1,32}")
_UNREADABLE = "This browser's offer for audio and video cannot be read. Reload the page; your place is kept."


@dataclass(frozen=True)
class MediaLine:
    """One media section of an offer. `sends` and `receives` are the browser's; both False where nothing is taken."""

    kind: str
    mid: str
    form: str
    sends: bool = False
    receives: bool = False
    payload_type: int = 0
    rtx_payload_type: int | None = None
    abs_send_time: int | None = None
    audio_level: int | None = None


@dataclass(frozen=True)
class Offer:
    """What a browser offers, as far as it concerns us."""

    lines: tuple[MediaLine, ...]
    ice: RTCIceParameters
    dtls: RTCDtlsParameters

    @property
    def we_begin(self) -> bool:
        """Whether our side starts the DTLS handshake."""
        return self.dtls.role != "client"


def read_offer(text: str) -> Offer:
    """Parses an offer. Raises Invalid: it is over 32 KB, has no codec we speak, or cannot be read."""
    if not isinstance(text, str) or len(text.encode(errors="replace")) > LONGEST:
        raise Invalid("This offer for audio and video is larger than 32 KB. Reload the page.", code="offer-too-large")
    try:
        return _offer(SessionDescription.parse(text), _bundle_only(text))
    except Invalid:
        raise
    except Exception as error:  # the parser fails in five ways on a stranger's text
        raise Invalid(_UNREADABLE, code="offer") from error


def _bundle_only(text: str) -> list[bool]:
    """Which media sections say that they live on another's transport (RFC 9143, 6): Firefox gives these port 0.

    Without the word port 0 means that a section is not wanted; aiortc's parser passes over the word.
    """
    sections = re.split(r"^m=", text, flags=re.MULTILINE)[1:]
    return [re.search(r"^a=bundle-only\s*$", one, re.MULTILINE) is not None for one in sections]


def _offer(session: SessionDescription, bundle_only: Sequence[bool]) -> Offer:
    bundled = {mid for group in session.group if group.semantic == "BUNDLE" for mid in group.items}
    lines = tuple(
        _line(media, wanted=media.port != 0 or (only and media.rtp.muxId in bundled))
        for media, only in zip(session.media, bundle_only, strict=True)
    )
    used = [media for media, line in zip(session.media, lines, strict=True) if line.sends or line.receives]
    if not used or len(lines) > MOST_LINES or len({line.mid for line in lines}) < len(lines):
        raise Invalid(_UNREADABLE, code="offer")
    first = used[0]
    if first.dtls is None or first.ice is None or not _good_ice(first.ice):
        raise Invalid(_UNREADABLE, code="offer")
    fingerprints = [one for one in first.dtls.fingerprints if _good_fingerprint(one)]
    if not fingerprints:
        raise Invalid(_UNREADABLE, code="offer")
    return Offer(lines, first.ice, RTCDtlsParameters(fingerprints, first.dtls.role))


def _good_ice(ice: RTCIceParameters) -> bool:
    return all(text and _ICE_TEXT.fullmatch(text) for text in (ice.usernameFragment, ice.password))


def _good_fingerprint(fingerprint: RTCDtlsFingerprint) -> bool:
    return fingerprint.algorithm.lower() in {"sha-256", "sha-384", "sha-512"} and bool(
        _FINGERPRINT.fullmatch(fingerprint.value)
    )


def _line(media: MediaDescription, *, wanted: bool) -> MediaLine:
    mid = media.rtp.muxId
    if not mid or not _MID.fullmatch(mid) or not _WORD.fullmatch(media.kind):
        raise Invalid(_UNREADABLE, code="offer")
    form = str(media.fmt[0])
    refused = MediaLine(media.kind, mid, form if _WORD.fullmatch(form) else "0")
    if media.kind not in CODECS or not wanted or media.direction == "inactive":
        return refused
    kind: Kind = "audio" if media.kind == "audio" else "video"
    name, rate = CODECS[kind]
    chosen: int | None = None
    for codec in media.rtp.codecs:
        if codec.name.lower() == name.lower() and codec.clockRate == rate and codec.payloadType in media.fmt:
            chosen = codec.payloadType
            break
    if chosen is None:
        raise Invalid(
            f"This browser does not offer {name.upper() if kind == 'video' else 'Opus'} for {kind}, the only {kind} "
            "format used here. Use a current Chrome, Edge, Firefox or Safari.",
            code="codec",
        )
    rtx = (codec for codec in media.rtp.codecs if codec.name.lower() == "rtx" and codec.payloadType in media.fmt)
    ids = {one.uri: one.id for one in reversed(media.rtp.headerExtensions) if 0 < one.id < 15}
    return MediaLine(
        kind=kind,
        mid=mid,
        form=str(chosen),
        sends=media.direction in {"sendonly", "sendrecv", None},
        receives=media.direction in {"recvonly", "sendrecv", None},
        payload_type=chosen,
        rtx_payload_type=next((one.payloadType for one in rtx if one.parameters.get("apt") == chosen), None),
        abs_send_time=ids.get(ABS_SEND_TIME) if kind == "video" else None,
        audio_level=ids.get(AUDIO_LEVEL) if kind == "audio" else None,
    )


@dataclass(frozen=True)
class Accepted:
    """What we take of one media section: `receives` is ours. `ssrc` and `stream` are those of what we send."""

    line: MediaLine
    receives: bool = False
    ssrc: int | None = None
    stream: str = ""


def write_answer(
    accepted: Sequence[Accepted],
    ice: RTCIceParameters,
    fingerprints: Sequence[RTCDtlsFingerprint],
    candidates: Sequence[RTCIceCandidate],
    we_begin: bool,
) -> str:
    """The answer: one transport for all (BUNDLE, RFC 9143); what is not taken is refused with port 0.

    Every section names the transport, as not every peer looks for it in the first alone.
    """
    taken = [one for one in accepted if one.receives or one.ssrc is not None]
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(one.line.mid for one in taken),
        "a=msid-semantic:WMS *",
    ]
    transport = [f"a=ice-ufrag:{ice.usernameFragment}", f"a=ice-pwd:{ice.password}"]
    transport += [f"a=fingerprint:{one.algorithm} {one.value}" for one in fingerprints if one.algorithm == "sha-256"]
    transport += ["a=setup:active" if we_begin else "a=setup:passive"]
    transport += ["a=candidate:" + candidate_to_sdp(one) for one in candidates] + ["a=end-of-candidates"]
    for one in accepted:
        if one in taken:
            lines += _taken(one) + transport
        else:
            port_zero = f"m={one.line.kind} 0 UDP/TLS/RTP/SAVPF {one.line.form}"
            lines += [port_zero, "c=IN IP4 0.0.0.0", f"a=mid:{one.line.mid}", "a=inactive"]
    return "\r\n".join(lines) + "\r\n"


def _taken(one: Accepted) -> list[str]:
    line = one.line
    kind: Kind = "audio" if line.kind == "audio" else "video"
    name, rate = CODECS[kind]
    number = line.payload_type
    rtx = line.rtx_payload_type if one.receives else None
    lines = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}" + (f" {rtx}" if rtx is not None else ""),
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=mid:{line.mid}",
        "a=" + ("sendrecv" if one.receives and one.ssrc is not None else "recvonly" if one.receives else "sendonly"),
        "a=rtcp-mux",
        f"a=rtpmap:{number} {name}/{rate}" + ("/2" if kind == "audio" else ""),
        *(f"a=rtcp-fb:{number} {feedback}" for feedback in _FEEDBACK[kind]),
    ]
    if kind == "audio":
        lines.append(f"a=fmtp:{number} {OPUS_PARAMETERS}")
    if rtx is not None:
        lines += [f"a=rtpmap:{rtx} rtx/{rate}", f"a=fmtp:{rtx} apt={number}"]
    if one.receives and line.audio_level is not None:
        lines.append(f"a=extmap:{line.audio_level} {AUDIO_LEVEL}")
    if one.ssrc is not None:
        if line.abs_send_time is not None:
            lines.append(f"a=extmap:{line.abs_send_time} {ABS_SEND_TIME}")
        lines += [f"a=msid:{one.stream} {one.stream}-{kind}", f"a=ssrc:{one.ssrc} cname:{one.stream}"]
    return lines
