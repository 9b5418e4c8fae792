"""Offers of real browsers, cut down, and what a stranger may make of them."""

import re

import pytest
from aiortc import RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.core.errors import Invalid
from teleosce.rtc.sdp import Accepted, read_offer, write_answer

FINGERPRINT = ":".join(["AB"] * 32)
TRANSPORT = f"""a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=rtcp-mux
"""
AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 0d5b7c1e-1111-4a6a-9d53-000000000000.local 50000 typ host generation 0 network-cost 999
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
"""
VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104
c=IN IP4 0.0.0.0
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
"""


def offer(*sections: tuple[str, str]) -> str:
    """Media sections with a direction each; mids count from 0."""
    text = "v=0\no=- 4611 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
    text += "a=group:BUNDLE " + " ".join(str(number) for number in range(len(sections))) + "\n"
    text += "a=extmap-allow-mixed\na=msid-semantic: WMS\n"
    for mid, (media, direction) in enumerate(sections):
        text += f"{media}{TRANSPORT}a=mid:{mid}\na={direction}\n"
    return text.replace("\n", "\r\n")


FULL = offer((AUDIO, "sendonly"), (VIDEO, "sendonly"), (AUDIO, "recvonly"), (VIDEO, "recvonly"))


def answer(text: str) -> str:
    read = read_offer(text)
    accepted = [
        Accepted(line, line.sends, 7 + number if line.receives else None, "slot0" if line.receives else "")
        for number, line in enumerate(read.lines)
    ]
    fingerprints = [RTCDtlsFingerprint("sha-256", FINGERPRINT), RTCDtlsFingerprint("sha-512", "AB")]
    return write_answer(accepted, RTCIceParameters("efgh", "p" * 22), fingerprints, [], read.we_begin)


def test_a_browsers_offer_is_read() -> None:
    read = read_offer(FULL)
    assert [(line.kind, line.mid, line.sends, line.receives) for line in read.lines] == [
        ("audio", "0", True, False),
        ("video", "1", True, False),
        ("audio", "2", False, True),
        ("video", "3", False, True),
    ]
    assert [line.payload_type for line in read.lines] == [111, 96, 111, 96]
    assert [line.rtx_payload_type for line in read.lines] == [None, 97, None, 97]
    assert [line.abs_send_time for line in read.lines] == [None, 2, None, 2]
    assert [line.audio_level for line in read.lines] == [1, None, 1, None]
    assert (read.ice.usernameFragment, read.dtls.role, read.we_begin) == ("abcd", "auto", True)


def test_the_answer_takes_what_was_promised() -> None:
    text = answer(FULL)
    audio, video, audio_slot, video_slot = re.split(r"(?=m=)", text)[1:]
    assert "a=recvonly" in audio
    assert "a=rtcp-fb:111 nack\r\n" in audio
    assert "minptime=10;useinbandfec=1;usedtx=0;stereo=0;maxaveragebitrate=32000" in audio
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" in video
    for feedback in ("nack", "nack pli", "ccm fir", "goog-remb"):
        assert f"a=rtcp-fb:96 {feedback}\r\n" in video
        assert f"a=rtcp-fb:96 {feedback}\r\n" in video_slot
    assert "a=sendonly" in audio_slot
    assert "a=ssrc:10 cname:slot0" in video_slot
    assert "rtx" not in video_slot
    assert "extmap" not in video + audio_slot
    assert "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" in audio
    assert "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n" in video_slot
    assert "transport-cc" not in text
    assert text.count("a=end-of-candidates") == 4
    parsed = SessionDescription.parse(text)
    assert parsed.group[0].items == ["0", "1", "2", "3"]
    assert all(media.dtls.role == "client" for media in parsed.media)


def test_what_is_not_taken_is_refused_with_port_0() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=sctp-port:5000\n"
    text = answer(offer((AUDIO, "sendonly"), (data, "sendrecv"), (VIDEO, "inactive")))
    parsed = SessionDescription.parse(text)
    assert [media.port for media in parsed.media] == [9, 0, 0]
    assert parsed.group[0].items == ["0"]


def test_firefoxs_sections_on_anothers_transport_are_taken() -> None:
    """With `max-bundle` Firefox gives all sections but the first port 0 and the word bundle-only (RFC 9143, 6)."""
    first, *others = re.split(r"(?=m=)", FULL)[1:]
    head = FULL[: FULL.index("m=")]
    bundled = [one.replace(" 9 UDP", " 0 UDP") + "a=bundle-only\r\n" for one in others]
    parsed = SessionDescription.parse(answer(head + first + "".join(bundled)))
    assert [media.port for media in parsed.media] == [9, 9, 9, 9]
    assert parsed.group[0].items == ["0", "1", "2", "3"]
    outside = head.replace("0 1 2 3", "0 1") + first + "".join(bundled)
    assert [media.port for media in SessionDescription.parse(answer(outside)).media] == [9, 9, 0, 0]


def test_an_offer_that_begins_the_handshake_is_awaited() -> None:
    text = FULL.replace("setup:actpass", "setup:active")
    assert not read_offer(text).we_begin
    assert "a=setup:passive" in answer(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FULL.replace("VP8", "AV1"), "VP8"),
        (FULL.replace("opus", "L16"), "Opus"),
    ],
)
def test_a_missing_codec_is_named(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        read_offer(text)
    assert refused.value.code == "codec"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "nonsense",
        offer((AUDIO, "inactive")),
        FULL.replace("a=ice-pwd", "a=ice-x"),
        FULL.replace("ice-ufrag:abcd", "ice-ufrag:a b"),
        FULL.replace("a=fingerprint", "a=finger"),
        FULL.replace(FINGERPRINT, "AB:CD"),
        FULL.replace("sha-256", "md5"),
        FULL.replace("a=setup:actpass", "a=setup:sideways"),
        FULL.replace("a=setup:actpass", "a=nothing"),
        FULL.replace("a=mid:1", "a=mid:0"),
        FULL.replace("a=mid:1\r\n", ""),
        FULL.replace("a=mid:1", "a=mid:1 a=x"),
        offer(*[(AUDIO, "sendonly")] * 33),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Invalid, match="your place is kept"):
        read_offer(text)


def test_a_large_offer_is_not_even_read() -> None:
    with pytest.raises(Invalid, match="32 KB"):
        read_offer(FULL + "a=x\r\n" * 10_000)
    with pytest.raises(Invalid, match="32 KB"):
        read_offer("é" * 20_000)


LINES = FULL.split("\r\n")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An offer with lines taken out, doubled, moved, or with a few characters changed."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, lines[draw(st.integers(0, len(lines) - 1))])
            case 2:
                line = lines[place]
                cut = draw(st.integers(0, len(line)))
                lines[place] = line[:cut] + draw(st.text(max_size=5)) + line[cut + draw(st.integers(0, 3)) :]
            case 3:
                lines[place] = re.sub(r"\d+", str(draw(st.integers(-(2**70), 2**70))), lines[place])
            case _:
                start = draw(st.sampled_from(("a=", "m=", "c=", "a=group:", "a=ssrc-group:", "a=rtcp:", "a=fmtp:")))
                lines[place] = start + draw(st.text(max_size=20))
        if not lines:
            break
    return "\r\n".join(lines)


@settings(max_examples=600, deadline=None)
@given(mutated() | st.text(max_size=300))
def test_a_mutated_offer_is_answered_or_refused(text: str) -> None:
    try:
        written = answer(text)
    except Invalid:
        return
    SessionDescription.parse(written)
    assert re.fullmatch(r"[\x20-\x7e\r\n]*", written)
