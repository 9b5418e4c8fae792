"""VP8 as it lies in RTP (RFC 7741): enough to know a key frame without decoding."""

_START_CODE = b"\x9d\x01\x2a"


def descriptor_length(payload: bytes) -> int:
    """Bytes of the payload descriptor before the VP8 data (RFC 7741, 4.2). Raises IndexError when cut short."""
    if not payload[0] & 0x80:
        return 1
    extensions = payload[1]
    length = 2
    if extensions & 0x80:
        length += 2 if payload[length] & 0x80 else 1
    if extensions & 0x40:
        length += 1
    if extensions & 0x30:
        length += 1
    return length


def starts_key_frame(payload: bytes) -> bool:
    """Whether a key frame begins here (RFC 6386, 9.1: the lowest bit of the frame tag is clear)."""
    if len(payload) < 11 or payload[0] & 0x17 != 0x10:
        return False
    start = descriptor_length(payload)
    return not payload[start] & 1 and payload[start + 3 : start + 6] == _START_CODE
