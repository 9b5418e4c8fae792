"""RTCP read and written with `struct` (RFC 3550, section 6; RFC 4585; RFC 5104; draft-alvestrand-rmcat-remb-03)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = struct.Struct("!BBH")
_SENDER_INFO = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_WORDS = struct.Struct("!II")
_PAIR = struct.Struct("!HH")
_REMB = struct.Struct("!4sI")

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION = 200, 201, 202
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""


class SenderReport(NamedTuple):
    """`ntp` is the sender's clock as 32.32 fixed point, `timestamp` the same moment on the RTP clock."""

    ssrc: int
    ntp: int
    timestamp: int


class ReportBlock(NamedTuple):
    """What a receiver says of one stream: `lost` and `highest` since it began, `last_report` and `delay` in 1/65536 s.

    The fraction lost is left out: some browsers send a block with every NACK, on the few packets since the last.
    """

    ssrc: int
    lost: int
    highest: int
    last_report: int
    delay: int


class Nack(NamedTuple):
    """Packets asked for again, by 16-bit sequence number."""

    ssrc: int
    sequences: list[int]


class KeyFrameRequest(NamedTuple):
    """PLI or FIR."""

    ssrc: int


class BitrateLimit(NamedTuple):
    """REMB: the most that a receiver believes it can take, over all its streams."""

    bps: int


Report = SenderReport | ReportBlock | Nack | KeyFrameRequest | BitrateLimit


def parse(data: bytes) -> Iterator[Report]:
    """What we act on in a compound packet; everything else is passed over. Raises ValueError when malformed."""
    position, end = 0, len(data)
    while position < end:
        if end - position < 8:
            raise ValueError("RTCP packet is cut short")
        first, kind, words = _HEADER.unpack_from(data, position)
        following = position + 4 + 4 * words
        if first >> 6 != 2 or following > end:
            raise ValueError("RTCP length or version is wrong")
        count = first & 0x1F
        try:
            if kind == SENDER_REPORT:
                ssrc, ntp, timestamp, _, _ = _SENDER_INFO.unpack_from(data, position + 4)
                yield SenderReport(ssrc, ntp, timestamp)
                yield from _blocks(data, position + 28, count, following)
            elif kind == RECEIVER_REPORT:
                yield from _blocks(data, position + 8, count, following)
            elif kind == TRANSPORT_FEEDBACK and count == 1:
                yield _nack(data, position, following)
            elif kind == PAYLOAD_FEEDBACK:
                yield from _payload_feedback(data, position, following, count)
        except struct.error as error:
            raise ValueError("RTCP packet is cut short") from error
        position = following


def _blocks(data: bytes, position: int, count: int, end: int) -> Iterator[ReportBlock]:
    for start in range(position, min(position + 24 * count, end - 23), 24):
        ssrc, lost, highest, _, last_report, delay = _BLOCK.unpack_from(data, start)
        signed = ((lost & 0xFFFFFF) ^ 0x800000) - 0x800000
        yield ReportBlock(ssrc, signed, highest, last_report, delay)


def _nack(data: bytes, position: int, end: int) -> Nack:
    sequences = []
    for start in range(position + 12, end, 4):
        sequence, following = _PAIR.unpack_from(data, start)
        sequences.append(sequence)
        while following:
            bit = following & -following
            sequences.append((sequence + bit.bit_length()) & 0xFFFF)
            following ^= bit
    return Nack(_WORDS.unpack_from(data, position + 4)[1], sequences)


def _payload_feedback(data: bytes, position: int, end: int, form: int) -> Iterator[Report]:
    if form == 1:
        yield KeyFrameRequest(_WORDS.unpack_from(data, position + 4)[1])
    elif form == 4:
        for start in range(position + 12, end - 7, 8):
            yield KeyFrameRequest(_WORDS.unpack_from(data, start)[0])
    elif form == 15 and end - position >= 20:
        name, rate = _REMB.unpack_from(data, position + 12)
        if name == b"REMB":
            yield BitrateLimit((rate & 0x3FFFF) << (rate >> 18 & 0x3F))


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report without blocks."""
    return _HEADER.pack(0x80, SENDER_REPORT, 6) + _SENDER_INFO.pack(
        ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )


def report_block(  # noqa: PLR0917  the fields of the block in their order
    ssrc: int, fraction: float, lost: int, highest: int, jitter: int, last_report: int, delay: int
) -> bytes:
    """A block of a receiver report; `lost` is held within its 24 bits, `highest` is the extended sequence number."""
    first = min(255, max(0, int(fraction * 256))) << 24 | min(max(lost, 0), 0x7FFFFF)
    return _BLOCK.pack(ssrc, first, highest & 0xFFFFFFFF, jitter & 0xFFFFFFFF, last_report, delay & 0xFFFFFFFF)


def receiver_report(ssrc: int, blocks: list[bytes]) -> bytes:
    """A receiver report of blocks made by `report_block`."""
    return (
        _HEADER.pack(0x80 | len(blocks), RECEIVER_REPORT, 1 + 6 * len(blocks))
        + struct.pack("!I", ssrc)
        + b"".join(blocks)
    )


def source_description(ssrc: int, cname: bytes) -> bytes:
    """A source description with the canonical name only."""
    chunk = struct.pack("!IBB", ssrc, 1, len(cname)) + cname
    chunk += b"\0" * (4 - len(chunk) % 4)
    return _HEADER.pack(0x81, SOURCE_DESCRIPTION, len(chunk) // 4) + chunk


def nack(ssrc: int, media: int, sequences: list[int]) -> bytes:
    """Asks for packets again: `sequences` in ascending order, extended or not."""
    pairs: list[list[int]] = []
    for sequence in sequences:
        ahead = sequence - pairs[-1][0] if pairs else 0
        if 0 < ahead <= 16:
            pairs[-1][1] |= 1 << (ahead - 1)
        else:
            pairs.append([sequence, 0])
    body = b"".join(_PAIR.pack(sequence & 0xFFFF, following) for sequence, following in pairs)
    return _HEADER.pack(0x81, TRANSPORT_FEEDBACK, 2 + len(pairs)) + _WORDS.pack(ssrc, media) + body


def picture_loss(ssrc: int, media: int) -> bytes:
    """Asks for a key frame."""
    return _HEADER.pack(0x81, PAYLOAD_FEEDBACK, 2) + _WORDS.pack(ssrc, media)


def bitrate_limit(ssrc: int, media: int, bps: int) -> bytes:
    """REMB: asks a sender to stay below `bps` over all it sends."""
    exponent = max(0, bps.bit_length() - 18)
    body = struct.pack("!II4sII", ssrc, 0, b"REMB", 1 << 24 | exponent << 18 | bps >> exponent, media)
    return _HEADER.pack(0x8F, PAYLOAD_FEEDBACK, len(body) // 4) + body
