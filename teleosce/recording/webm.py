"""A raw take's WebM, written so that a file cut off anywhere plays to its last whole block.

Segment and clusters have no size (RFC 8794, 6.2), as nobody can know when the server dies; sizes, cues and
duration come with sealing. Timestamps are whole milliseconds. Format: RFC 9559 (Matroska).
"""

import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from teleosce.recording import opus

if TYPE_CHECKING:
    from teleosce.rtc.model import Kind, TrackInfo

_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_CLUSTER_MS = 1000
SIZE = (640, 480)
"""Of a picture, in pixels: the true one stands in every key frame; a header that is written at once can only guess."""

SEGMENT = bytes.fromhex("18538067")
BLOCK = 0xA3
BLOCK_HEAD = struct.Struct(">BQBhB")
"""A block's head: identifier, size in eight bytes, track, time in the cluster, flags."""

LENGTH = 1 << 56
"""What a size in eight bytes has beside its number (RFC 8794, 4)."""

CLUSTER_HEAD = bytes.fromhex("1F43B675") + _UNKNOWN_SIZE + b"\xe7"
"""How a cluster of a raw file begins: as long as a block's head; the length of its time follows, and its time."""

_pack_block = BLOCK_HEAD.pack

_FARTHEST_BACK_MS = -30_000
"""A block's time is 16 bits signed, from the start of its cluster."""


class Block(NamedTuple):
    """One frame of video or one packet of audio, at a time in the take, in milliseconds from its first packet."""

    kind: "Kind"
    at_ms: float
    data: bytes
    key: bool


def _size(number: int) -> bytes:
    """A length as a variable-size integer of RFC 8794, 4, in eight bytes."""
    return struct.pack(">Q", number | 1 << 56)


def element(identifier: str, content: bytes) -> bytes:
    """An element with its identifier, given in hex, and its size in eight bytes."""
    return bytes.fromhex(identifier) + _size(len(content)) + content


def _number(identifier: str, value: int) -> bytes:
    return element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(identifier: str, value: str) -> bytes:
    return element(identifier, value.encode())


def _track(number: int, kind: str, size: tuple[int, int]) -> bytes:
    shared = _number("D7", number) + _number("73C5", number) + _number("9C", 0)
    if kind == "audio":
        sound = element("B5", struct.pack(">d", 48000.0)) + _number("9F", 2)
        # A decoder needs 80 ms to settle after a seek (RFC 7845, 4.6).
        rest = _number("83", 2) + _text("86", "A_OPUS") + element("63A2", opus.HEAD)
        return element("AE", shared + rest + _number("56BB", 80_000_000) + element("E1", sound))
    picture = _number("B0", size[0]) + _number("BA", size[1])
    return element("AE", shared + _number("83", 1) + _text("86", "V_VP8") + element("E0", picture))


def ebml_head() -> bytes:
    """What a WebM begins with."""
    kind = _text("4282", "webm") + _number("4287", 4) + _number("4285", 2)
    return element("1A45DFA3", _number("4286", 1) + _number("42F7", 1) + _number("42F2", 4) + _number("42F3", 8) + kind)


def info(duration_ms: float | None = None) -> bytes:
    """Times are whole milliseconds; how long it lasts, where that is known."""
    lasts = b"" if duration_ms is None else element("4489", struct.pack(">d", duration_ms))
    return element(
        "1549A966", _number("2AD7B1", 1_000_000) + lasts + _text("4D80", "teleosce") + _text("5741", "teleosce")
    )


def track_entries(kinds: Iterable[str], size: tuple[int, int] = SIZE) -> bytes:
    """The tracks, numbered from 1. size: of the picture, in pixels."""
    return element("1654AE6B", b"".join(_track(number, kind, size) for number, kind in enumerate(kinds, 1)))


def raw_head(kinds: Iterable[str]) -> bytes:
    """All of a raw file that stands before its first cluster."""
    return ebml_head() + SEGMENT + _UNKNOWN_SIZE + info() + track_entries(kinds)


class RawWebm:
    """Turns blocks into bytes that can be appended to a file."""

    def __init__(self, tracks: Sequence["TrackInfo"]) -> None:
        self._tracks = tracks
        self._numbers = {track.kind: 0x80 | number for number, track in enumerate(tracks, 1)}
        self._cluster_ms: int | None = None

    def header(self) -> bytes:
        """What the file begins with."""
        return raw_head(track.kind for track in self._tracks)

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
