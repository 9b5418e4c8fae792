"""Offers of real browsers, and what strangers make of them."""

import random
import re
from collections.abc import Callable

FINGERPRINT = ":".join(["5A"] * 32)
_CHROMIUM_AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Qx7s
a=ice-pwd:Zk1wq0pYyBq0n3jVfW0rYb3p
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:{mid}
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a={direction}
a=msid:- 3b0ab1ba-5f4b-4c1f-8a0a-6b8c1a0a0a0a
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1001 cname:f0zPQyXh0n0wq0Lk
"""
_CHROMIUM_VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 45 46 98 99
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999
a=ice-ufrag:Qx7s
a=ice-pwd:Zk1wq0pYyBq0n3jVfW0rYb3p
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:{mid}
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a={direction}
a=rtcp-mux
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
a=rtpmap:45 AV1/90000
a=rtpmap:98 VP9/90000
a=ssrc-group:FID 2002 2003
a=ssrc:2002 cname:f0zPQyXh0n0wq0Lk
"""
_FIREFOX_AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a={direction}
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:2f0c1f6a7d1f0b0e9d9a7a6b5c4d3e2f
a=ice-ufrag:0a1b2c3d
a=mid:{mid}
a=msid:{{0c0c0c0c-1111-4222-8333-444444444444}} {{5d5d5d5d-6666-4777-8888-999999999999}}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=setup:actpass
a=ssrc:3266666666 cname:{{77777777-8888-4999-8aaa-bbbbbbbbbbbb}}
"""
_FIREFOX_VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127
c=IN IP4 0.0.0.0
a={direction}
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120
a=fmtp:127 apt=126
a=ice-pwd:2f0c1f6a7d1f0b0e9d9a7a6b5c4d3e2f
a=ice-ufrag:0a1b2c3d
a=mid:{mid}
a=rtcp-fb:120 nack
a=rtcp-fb:120 nack pli
a=rtcp-fb:120 ccm fir
a=rtcp-fb:120 goog-remb
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:120 VP8/90000
a=rtpmap:124 rtx/90000
a=rtpmap:126 H264/90000
a=rtpmap:127 rtx/90000
a=setup:actpass
"""
_SAFARI_AUDIO = _CHROMIUM_AUDIO.replace("111 63 9 0 8 13 110 126", "111 9 0 8").replace("a=ice-options:trickle\n", "")
_SAFARI_VIDEO = _CHROMIUM_VIDEO.replace("96 97 103 104 45 46 98 99", "103 104 96 97").replace(
    "goog-remb", "transport-cc"
)


def _offer(session: str, audio: str, video: str) -> str:
    sections = [(audio, "sendonly"), (video, "sendonly"), *[(audio, "recvonly"), (video, "recvonly")] * 2]
    mids = " ".join(str(number) for number in range(len(sections)))
    text = session.format(fingerprint=FINGERPRINT) + f"a=group:BUNDLE {mids}\n"
    for mid, (media, direction) in enumerate(sections):
        text += media.format(mid=mid, direction=direction, fingerprint=FINGERPRINT)
    return text.replace("\n", "\r\n")


CHROMIUM = _offer("v=0\no=- 4611731400430051336 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n", _CHROMIUM_AUDIO, _CHROMIUM_VIDEO)
FIREFOX = _offer(
    "v=0\no=mozilla...THIS_IS_SDPARTA-99.0 5321 0 IN IP4 0.0.0.0\ns=-\nt=0 0\na=fingerprint:sha-256 {fingerprint}\n"
    "a=ice-options:trickle\na=msid-semantic:WMS *\n",
    _FIREFOX_AUDIO,
    _FIREFOX_VIDEO,
)
SAFARI = _offer("v=0\no=- 77 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=extmap-allow-mixed\n", _SAFARI_AUDIO, _SAFARI_VIDEO)
BROWSERS = (CHROMIUM, FIREFOX, SAFARI)

_HUGE = ("0", "-1", "65536", "4294967296", "9" * 40, "9" * 5000, "1e9", "٣", "0x7f", "")
_ODD = ("\x00", "\u202e", "\U0001f600", "é" * 500, "\u2028", "\x85", "\x1c", " " * 300, "\ufeff", "\t")
Mutation = Callable[[list[str], random.Random], list[str]]


def _out(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 8)):
        del lines[chance.randrange(len(lines))]
    return lines


def _double(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 8)):
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return lines


def _swap(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 8)):
        a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    return lines


def _numbers(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 4)):
        place = chance.choice([n for n, line in enumerate(lines) if re.search(r"\d", line)])
        value = chance.choice(_HUGE)
        lines[place] = re.sub(r"\d+", value, lines[place], count=chance.randint(0, 2))
    return lines


def _characters(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        cut = chance.randint(0, len(lines[place]))
        lines[place] = lines[place][:cut] + chance.choice(_ODD) + lines[place][cut:]
    return lines


def _fingerprints(lines: list[str], chance: random.Random) -> list[str]:
    wrong = chance.choice(
        ("sha-256 AA:BB", "sha-1 " + ":".join(["AA"] * 20), "md2 00", "sha-256 " + ":".join(["ZZ"] * 32), "")
    )
    return [f"a=fingerprint:{wrong}" if line.startswith("a=fingerprint") else line for line in lines]


def _candidates(lines: list[str], chance: random.Random) -> list[str]:
    kinds = (
        "a=candidate:1 1 udp 2113937151 {n}.local 50000 typ host",
        "a=candidate:1 1 udp 1 10.0.0.{n} 65536 typ host",
        "a=candidate:1 1 tcp 1 169.254.169.254 80 typ host tcptype active",
        "a=candidate:{n}",
        "a=candidate:1 1 udp 1 ::1 22 typ relay raddr x rport y",
    )
    kind = chance.choice(kinds)
    place = chance.randrange(len(lines))
    return lines[:place] + [kind.format(n=n) for n in range(chance.choice((10, 200, 3000)))] + lines[place:]


def _sections(lines: list[str], chance: random.Random) -> list[str]:
    other = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    section = chance.choice((["m=audio 9 UDP/TLS/RTP/SAVPF 0"], [other], ["m="], lines[-30:]))
    return lines + section * chance.choice((1, 26, 40, 2000))


def _codecs(lines: list[str], chance: random.Random) -> list[str]:
    gone = chance.choice(("a=rtpmap", "a=fmtp", "a=rtcp-fb", "opus", "VP8"))
    return [line for line in lines if gone not in line]


def _directions(lines: list[str], chance: random.Random) -> list[str]:
    names = ("sendonly", "recvonly", "sendrecv", "inactive")
    wrong = (*names, "sideways", "")
    return [f"a={chance.choice(wrong)}" if line[2:] in names else line for line in lines]


def _extensions(lines: list[str], chance: random.Random) -> list[str]:
    numbers, ways = (0, 1, 15, 256, -3, "x"), ("", "/sendrecv", "/?")
    made = [f"a=extmap:{chance.choice(numbers)}{chance.choice(ways)} urn:x:{n}" for n in range(40)]
    place = chance.randrange(len(lines))
    return lines[:place] + made + lines[place:]


def _truncated(lines: list[str], chance: random.Random) -> list[str]:
    text = "\r\n".join(lines)
    return text[: chance.randrange(len(text))].split("\r\n")


MUTATIONS: tuple[Mutation, ...] = (
    _out,
    _double,
    _swap,
    _numbers,
    _characters,
    _fingerprints,
    _candidates,
    _sections,
    _codecs,
    _directions,
    _extensions,
    _truncated,
)


def mutate(text: str, chance: random.Random) -> str:
    """One to three mutations of an offer."""
    lines = text.split("\r\n")
    for mutation in chance.choices(MUTATIONS, k=chance.randint(1, 3)):
        lines = mutation(lines, chance) or [""]
        if len(lines) < 2:
            break
    return chance.choice(("\r\n", "\r\n", "\r\n", "\n", "\r")).join(lines)
