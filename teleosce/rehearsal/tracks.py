"""Sound and picture, encoded once, handed to a connection as packets when their time comes."""

import asyncio
import time
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack
from av.packet import Packet
from numpy.typing import NDArray

from teleosce.rehearsal import picture
from teleosce.rehearsal.voices import RATE

FRAME = RATE // 50
"""Samples of one Opus packet: 20 ms."""


def encode_opus(samples: NDArray[np.int16]) -> list[bytes]:
    """Mono samples at 48 kHz to Opus packets of 20 ms, 32 kb/s with in-band FEC. Blocks."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip", "fec": "1", "packet_loss": "10", "frame_duration": "20"}
    encoder.open()
    packets: list[bytes] = []
    for index in range(len(samples) // FRAME):
        piece = samples[index * FRAME : (index + 1) * FRAME].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, index * FRAME, Fraction(1, RATE)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def encode_vp8(images: list[NDArray[np.uint8]], fps: int) -> list[bytes]:
    """Pictures (height × width × 3, blue-green-red) to VP8 frames; a key frame each second. Blocks."""
    encoder = av.CodecContext.create("libvpx", "w")
    height, width = images[0].shape[:2]
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.bit_rate, encoder.gop_size = 500_000, fps
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
    encoder.open()
    frames: list[bytes] = []
    for index, image in enumerate([*images, None]):
        frame = None
        if image is not None:
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


def encode_person(role: str, name: str) -> list[bytes]:
    """The drawn person of a role as VP8. Blocks for about a second."""
    return encode_vp8(picture.frames(role, name), picture.FPS)


class _Packets(MediaStreamTrack):
    """Packet n is due n/`rate` seconds after the first."""

    rate: int
    ticks: int

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._began: float | None = None

    async def recv(self) -> Any:
        """The next packet, when it is due."""
        now = time.monotonic()
        self._began = self._began if self._began is not None else now
        await asyncio.sleep(self._began + self._count / self.rate - now)
        packet = Packet(self.take(self._count))
        packet.pts = packet.dts = self._count * self.ticks
        packet.time_base = Fraction(1, self.rate * self.ticks)
        self._count += 1
        return packet

    def take(self, index: int) -> bytes:
        """The content of packet `index`."""
        raise NotImplementedError


class SpeechTrack(_Packets):
    """Silence until `begin()`, then the speech once, then silence."""

    kind = "audio"
    rate, ticks = 50, FRAME

    def __init__(self, speech: list[bytes]) -> None:
        super().__init__()
        self._speech = speech
        self._quiet = encode_opus(np.zeros(FRAME * 5, np.int16))
        self._from: int | None = None

    def begin(self) -> None:
        """The next packet is the first of the speech."""
        if self._from is None:
            self._from = self._count

    def take(self, index: int) -> bytes:
        """Speech or silence."""
        at = index - self._from if self._from is not None else -1
        return self._speech[at] if 0 <= at < len(self._speech) else self._quiet[index % len(self._quiet)]


class PictureTrack(_Packets):
    """The frames over and over, from a key frame on."""

    kind = "video"
    rate, ticks = picture.FPS, 90_000 // picture.FPS

    def __init__(self, frames: list[bytes]) -> None:
        super().__init__()
        self._frames = frames

    def take(self, index: int) -> bytes:
        """A frame."""
        return self._frames[index % len(self._frames)]
