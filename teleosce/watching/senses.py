"""What a few packets of sound, and one key frame, are like. It decodes, so it belongs on a thread of its own."""

from dataclasses import dataclass

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from teleosce.watching.models import AlarmKind

Blocks = NDArray[np.int16]
"""The mean brightness of each square of 16 × 16 pixels, as the luma of limited range: 16 is black, 235 is white."""

BLOCK = 16
SILENCE_DB = -100.0
"""Digital silence decodes to about -112 dB of full scale; a noise of a single bit, from Opus at 32 kb/s, to -93."""
CLIPPED = 0.95
"""A sample this near to full scale counts as cut off: Opus smears the flat tops."""
DARK = 60
"""Not one block in fifty is as bright: a face lit by nothing but its screen is well above."""
PLAIN_STEP, PLAIN_SPREAD = 8, 12
"""No two neighbours differ by more and their standard deviation is less: no edge of anything."""


@dataclass(frozen=True)
class Sound:
    """level_db: the mean power, in dB of full scale. clipped: the fraction of samples that are cut off."""

    level_db: float
    clipped: float

    @property
    def is_silence(self) -> bool:
        """Whether this is what a dead microphone gives: a living one has at least the noise of its amplifier."""
        return self.level_db < SILENCE_DB


@dataclass(frozen=True)
class Sample:
    """Of one person: consecutive Opus packets, and a whole VP8 key frame."""

    sounds: tuple[bytes, ...]
    frame: bytes | None


NOTHING = Sample((), None)


class Senses:
    """One decoder of each kind for all people: a decoder holds megabytes, and key frames need nothing before them."""

    def __init__(self) -> None:
        self._audio = opus_decoder()
        self._video = _vp8()

    def examine(self, samples: list[Sample]) -> list[tuple[Sound | None, Blocks | None]]:
        """For each sample its sound and its picture; None for what is not there or cannot be decoded."""
        return [(self.hear(one.sounds), self.see(one.frame)) for one in samples]

    def hear(self, sounds: tuple[bytes, ...]) -> Sound | None:
        """The first packet only warms the decoder up: it was made to follow another."""
        if len(sounds) < 2:
            return None
        heard = []
        try:
            self._audio.flush_buffers()
            for number, packet in enumerate(sounds):
                frames = self._audio.decode(av.Packet(packet))
                heard += [frame.to_ndarray().ravel() for frame in frames] if number else []
        except av.FFmpegError:
            self._audio = opus_decoder()
        if not heard:
            return None
        samples = np.concatenate(heard).astype(np.float32) / 32768
        power = float(np.square(samples).mean())
        return Sound(10 * float(np.log10(power + 1e-12)), float((np.abs(samples) >= CLIPPED).mean()))

    def see(self, frame: bytes | None) -> Blocks | None:
        """The blocks of a key frame."""
        if frame is None:
            return None
        try:
            self._video.flush_buffers()
            pictures = self._video.decode(av.Packet(frame))
        except av.FFmpegError:
            self._video = _vp8()
            return None
        return blocks_of(pictures[0]) if pictures else None


def blocks_of(picture: av.VideoFrame) -> Blocks | None:
    """The means of the brightness plane; None for a picture smaller than a block."""
    plane = picture.planes[0]
    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    high, wide = plane.height // BLOCK, plane.width // BLOCK
    if not high or not wide:
        return None
    whole = np.ascontiguousarray(luma[: high * BLOCK, : wide * BLOCK])
    return cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA).astype(np.int16)


def opus_decoder() -> av.AudioCodecContext:
    """Gives 16-bit samples, mono, at 48 kHz."""
    made = av.AudioCodecContext.create("libopus", "r")
    assert isinstance(made, av.AudioCodecContext)
    made.sample_rate, made.layout = 48000, "mono"
    return made


def _vp8() -> av.VideoCodecContext:
    made = av.VideoCodecContext.create("vp8", "r")
    assert isinstance(made, av.VideoCodecContext)
    made.thread_count = 1  # more threads would keep a frame back until the next comes
    return made


def judge_picture(blocks: Blocks) -> AlarmKind | None:
    """What is wrong with a picture, if anything."""
    if np.count_nonzero(blocks >= DARK) * 50 < blocks.size:
        return AlarmKind.dark
    steps = max(int(np.abs(np.diff(blocks, axis=axis)).max(initial=0)) for axis in (0, 1))
    if steps <= PLAIN_STEP and float(blocks.std()) < PLAIN_SPREAD:
        return AlarmKind.covered
    return None
