"""VP8 as it lies in RTP (RFC 7741): enough to know a key frame and its size without decoding."""

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


def starts_frame(payload: bytes) -> bool:
    """Whether a frame begins here: start of a partition, and that partition the first."""
    return len(payload) > 1 and payload[0] & 0x17 == 0x10


def starts_key_frame(payload: bytes) -> bool:
    """Whether a key frame begins here (RFC 6386, 9.1: the lowest bit of the frame tag is clear)."""
    if len(payload) < 11 or payload[0] & 0x17 != 0x10:
        return False
    start = descriptor_length(payload)
    return not payload[start] & 1 and payload[start + 3 : start + 6] == _START_CODE


def key_frame_size(payload: bytes) -> tuple[int, int] | None:
    """Width and height in pixels where a key frame begins, else None."""
    if not starts_key_frame(payload):
        return None
    start = descriptor_length(payload) + 6
    size = payload[start : start + 4]
    if len(size) < 4:
        return None
    return (size[0] | size[1] << 8) & 0x3FFF, (size[2] | size[3] << 8) & 0x3FFF
