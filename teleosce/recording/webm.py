"""A raw take's WebM, written so that a file cut off anywhere plays to its last whole block.

Segment and clusters have no size (RFC 8794, 6.2), as nobody can know when the server dies; sizes, cues and
duration come with sealing. Timestamps are whole milliseconds. Format: RFC 9559 (Matroska).
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from teleosce.recording import opus
from teleosce.rtc.model import Kind, TrackInfo

_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_CLUSTER_MS = 1000
_pack_block = struct.Struct(">BQBhB").pack
"""A block's head: identifier, size in eight bytes, track, time in the cluster, flags."""

_FARTHEST_BACK_MS = -30_000
"""A block's time is 16 bits signed, from the start of its cluster."""


class Block(NamedTuple):
    """One frame of video or one packet of audio, at a time in the take, in milliseconds from its first packet."""

    kind: Kind
    at_ms: float
    data: bytes
    key: bool


def _size(number: int) -> bytes:
    """A length as a variable-size integer of RFC 8794, 4, in eight bytes."""
    return struct.pack(">Q", number | 1 << 56)


def _element(identifier: str, content: bytes) -> bytes:
    return bytes.fromhex(identifier) + _size(len(content)) + content


def _number(identifier: str, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(identifier: str, value: str) -> bytes:
    return _element(identifier, value.encode())


def _track(number: int, track: TrackInfo) -> bytes:
    shared = _number("D7", number) + _number("73C5", number) + _number("9C", 0)
    if track.kind == "audio":
        sound = _element("B5", struct.pack(">d", 48000.0)) + _number("9F", 2)
        # A decoder needs 80 ms to settle after a seek (RFC 7845, 4.6).
        rest = _number("83", 2) + _text("86", "A_OPUS") + _element("63A2", opus.HEAD)
        return _element("AE", shared + rest + _number("56BB", 80_000_000) + _element("E1", sound))
    # The true size stands in every key frame; a header that is written at once can only guess.
    picture = _number("B0", 640) + _number("BA", 480)
    return _element("AE", shared + _number("83", 1) + _text("86", "V_VP8") + _element("E0", picture))


class RawWebm:
    """Turns blocks into bytes that can be appended to a file."""

    def __init__(self, tracks: Sequence[TrackInfo]) -> None:
        self._tracks = tracks
        self._numbers = {track.kind: 0x80 | number for number, track in enumerate(tracks, 1)}
        self._cluster_ms: int | None = None

    def header(self) -> bytes:
        """All that stands before the first cluster."""
        kind = _text("4282", "webm") + _number("4287", 4) + _number("4285", 2)
        ebml = _element(
            "1A45DFA3",
            _number("4286", 1) + _number("42F7", 1) + _number("42F2", 4) + _number("42F3", 8) + kind,
        )
        info = _element(
            "1549A966", _number("2AD7B1", 1_000_000) + _text("4D80", "teleosce") + _text("5741", "teleosce")
        )
        tracks = _element("1654AE6B", b"".join(_track(n, track) for n, track in enumerate(self._tracks, 1)))
        return ebml + bytes.fromhex("18538067") + _UNKNOWN_SIZE + info + tracks

    def encode(self, blocks: Iterable[Block]) -> tuple[bytes, int | None]:
        """The bytes of these blocks, and the state to give to `keep` once they are on disk."""
        cluster, numbers, parts = self._cluster_ms, self._numbers, list[bytes]()
        for kind, exact_ms, data, key in blocks:
            at_ms = round(exact_ms)
            if cluster is None or not _FARTHEST_BACK_MS < at_ms - cluster < _CLUSTER_MS:
                cluster = at_ms
                parts.append(bytes.fromhex("1F43B675") + _UNKNOWN_SIZE + _number("E7", at_ms))
            size = len(data) + 4 | 1 << 56
            parts += (_pack_block(0xA3, size, numbers[kind], at_ms - cluster, 0x80 if key else 0), data)
        return b"".join(parts), cluster

    def keep(self, cluster_ms: int | None) -> None:
        """The blocks encoded last are written: the next ones go on in their cluster."""
        self._cluster_ms = cluster_ms
