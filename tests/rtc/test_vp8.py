import struct

from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from teleosce.rtc.vp8 import descriptor_length, starts_key_frame

from .clients import Clip, packetise

KEY = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 640 | 1 << 14, 480) + bytes(20)
INTER = b"\x11\x02\x00" + bytes(40)


def descriptor(*, start: int = 1, partition: int = 0, picture: int | None = None, tl0: int | None = None) -> bytes:
    return bytes(VpxPayloadDescriptor(partition_start=start, partition_id=partition, picture_id=picture, tl0picidx=tl0))


def test_key_frames_of_a_real_stream(clip: Clip) -> None:
    starts = [starts_key_frame(packetise(frame, number)[0]) for number, frame in enumerate(clip.frames)]
    assert starts[0]
    assert 3 <= sum(starts) <= 10


def test_only_the_first_packet_of_a_key_frame_starts_it() -> None:
    assert starts_key_frame(descriptor(picture=200) + KEY)
    assert starts_key_frame(descriptor(picture=20, tl0=3) + KEY)
    assert not starts_key_frame(descriptor(picture=200) + INTER)
    assert not starts_key_frame(descriptor(start=0, picture=200) + KEY)
    assert not starts_key_frame(descriptor(partition=1, picture=200) + KEY)


@given(st.booleans(), st.none() | st.integers(0, 0x7FFF), st.none() | st.integers(0, 255))
def test_descriptor_length(start: bool, picture: int | None, tl0: int | None) -> None:
    written = descriptor(start=int(start), picture=picture, tl0=tl0)
    assert descriptor_length(written + b"data") == len(written)


@given(st.binary(max_size=40))
def test_noise_never_raises(payload: bytes) -> None:
    starts_key_frame(payload)
