"""A person's mark in their own sound, so that whoever hears it knows whose it is, whatever the server says.

It stands in the padding of an Opus packet (RFC 6716, 3.2.5), which decoders pass over.
"""

from hashlib import blake2b

LENGTH = 6
_COUNT_OF_FRAMES = 0x03
_ONE_PADDED = 0x41


def tag_of(seat: str) -> bytes:
    """That of a seat."""
    return blake2b(seat.encode(), digest_size=LENGTH).digest()


def tagged(packet: bytes, tag: bytes) -> bytes:
    """The packet with the tag. Only one frame can be in it, as ours have."""
    return bytes((packet[0] | _COUNT_OF_FRAMES, _ONE_PADDED, LENGTH)) + packet[1:] + tag


def tag_in(packet: bytes) -> bytes | None:
    """The tag of a packet; None when it has none."""
    if len(packet) < 3 + LENGTH or packet[0] & 3 != _COUNT_OF_FRAMES or packet[1:3] != bytes((_ONE_PADDED, LENGTH)):
        return None
    return packet[-LENGTH:]
