"""VP8 as it comes in RTP (RFC 7741): just enough to put frames together and to know the key frames."""

import struct

_START_CODE = b"\x9d\x01\x2a"


def payload_start(payload: bytes) -> tuple[int, bool]:
    """Where VP8 data begins in an RTP payload, and whether a frame begins there (RFC 7741, 4.2).

    Raises ValueError when the payload ends inside its descriptor.
    """
    try:
        offset = 1
        if payload[0] & 0x80:  # X: an extension follows
            extension = payload[1]
            offset = 2
            if extension & 0x80:  # I: picture id, 7 or 15 bits
                offset += 2 if payload[2] & 0x80 else 1
            if extension & 0x40:  # L: TL0PICIDX
                offset += 1
            if extension & 0x30:  # T or K: layer and key index
                offset += 1
    except IndexError as error:
        raise ValueError("the VP8 payload descriptor is cut short") from error
    if offset >= len(payload):
        raise ValueError("the VP8 payload is empty")
    return offset, (payload[0] & 0x1F) == 0x10  # S set, first partition


def is_key(frame: bytes) -> bool:
    """Whether a whole frame can be decoded without an earlier one (RFC 6386, 9.1)."""
    return len(frame) >= 10 and not frame[0] & 1 and frame[3:6] == _START_CODE


def size(key_frame: bytes) -> tuple[int, int]:
    """Width and height of a key frame, in pixels (RFC 6386, 9.1)."""
    width, height = struct.unpack_from("<HH", key_frame, 6)
    return width & 0x3FFF, height & 0x3FFF
