"""The offer that a page makes, written by hand: microphone, camera and pairs of receive slots (RFC 8866, RFC 8829)."""

from collections.abc import Sequence

from aiortc import RTCIceCandidate, RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.sdp import SessionDescription, candidate_to_sdp

AUDIO, VIDEO = 111, 96
_CODECS = {
    "audio": (AUDIO, "opus/48000/2", ("nack",)),
    "video": (VIDEO, "VP8/90000", ("nack", "nack pli", "goog-remb")),
}


def write_offer(
    ice: RTCIceParameters,
    fingerprints: Sequence[RTCDtlsFingerprint],
    candidates: Sequence[RTCIceCandidate],
    sources: dict[str, int],
    slots: int,
) -> str:
    """sources: the SSRC of `audio` and of `video`. slots: pairs to receive others by."""
    sections = [("audio", "sendonly"), ("video", "sendonly"), *[("audio", "recvonly"), ("video", "recvonly")] * slots]
    prints = [one for one in fingerprints if one.algorithm == "sha-256"]
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += ["a=group:BUNDLE " + " ".join(str(mid) for mid in range(len(sections))), "a=msid-semantic:WMS *"]
    for mid, (kind, direction) in enumerate(sections):
        number, codec, feedback = _CODECS[kind]
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
        lines += [f"a=ice-ufrag:{ice.usernameFragment}", f"a=ice-pwd:{ice.password}"]
        lines += [f"a=fingerprint:{one.algorithm} {one.value}" for one in prints]
        lines += ["a=setup:actpass", f"a=mid:{mid}", f"a={direction}", "a=rtcp-mux"]
        lines += [f"a=rtpmap:{number} {codec}", *(f"a=rtcp-fb:{number} {one}" for one in feedback)]
        if direction == "sendonly":
            lines += [f"a=msid:person person-{kind}", f"a=ssrc:{sources[kind]} cname:person"]
        if mid == 0:
            lines += [f"a=candidate:{candidate_to_sdp(one)}" for one in candidates] + ["a=end-of-candidates"]
    return "\r\n".join(lines) + "\r\n"


def slots_of(answer: SessionDescription) -> dict[int, tuple[str, str]]:
    """The streams that the server will send: SSRC → (mid, kind)."""
    return {source.ssrc: (media.rtp.muxId, media.kind) for media in answer.media for source in media.ssrc}
