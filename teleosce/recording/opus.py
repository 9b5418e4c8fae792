"""Opus as it comes in RTP (RFC 6716, RFC 7587): how long a packet lasts, and what stands in for one that is missing."""

import struct

SILENCE = b"\xf8\xff\xfe"
"""20 ms of fullband silence."""

SILENCE_MS = 20.0

HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48000, 0, 0)
"""The identification header of RFC 7845, 5.1, without pre-skip: a decoder's first sample is at the packet's time."""

_SILK = (10.0, 20.0, 40.0, 60.0)
_HYBRID = (10.0, 20.0)
_CELT = (2.5, 5.0, 10.0, 20.0)


_FRAMES_MS = tuple(
    _SILK[configuration & 3]
    if configuration < 12
    else (_HYBRID[configuration & 1] if configuration < 16 else _CELT[configuration & 3])
    for configuration in range(32)
)


LONGEST_FRAME = 1275
"""Bytes (RFC 6716, 3.4)."""


_PLAIN = tuple(_FRAMES_MS[first >> 3] == SILENCE_MS and not first & 3 for first in range(256))


def is_plain(packet: bytes) -> bool:
    """Whether it is one frame of 20 ms, as browsers send it: such a packet can be decoded whatever is in it."""
    return _PLAIN[packet[0]] and len(packet) <= 1 + LONGEST_FRAME


def duration_ms(packet: bytes) -> float:
    """The length of the sound in a packet, in milliseconds, by its first byte (RFC 6716, 3.1)."""
    if not packet:
        return 0.0
    first = packet[0]
    frame, code = _FRAMES_MS[first >> 3], first & 3
    if code == 3:
        return frame * (packet[1] & 0x3F) if len(packet) > 1 else 0.0
    return frame if code == 0 else 2 * frame
