"""Sound and pictures to encoded packets: what every synthetic person sends is encoded once."""

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.voices import RATE

PER_SECOND = 50
FRAME = RATE // PER_SECOND
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


def encode_vp8(images: Sequence[NDArray[np.uint8]], fps: int, bit_rate: int) -> list[bytes]:
    """Pictures (height × width × 3, blue-green-red) to VP8 frames; a key frame each second. Blocks."""
    encoder = av.CodecContext.create("libvpx", "w")
    height, width = images[0].shape[:2]
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.bit_rate, encoder.gop_size = bit_rate, fps
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "16",
        "lag-in-frames": "0",
        "error-resilient": "1",
        "auto-alt-ref": "0",
        "keyint_min": str(fps),
    }
    encoder.thread_count = 1  # several wait for each other by spinning: ten times the CPU
    encoder.open()
    frames: list[bytes] = []
    for index, image in enumerate([*images, None]):
        frame = None
        if image is not None:
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames
