"""Decodes the sound of a take for Whisper: mono at 16 kHz, with every gap kept as the time it took."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from teleosce.core.errors import Invalid

RATE = 16_000
"""Samples in a second."""

Samples = NDArray[np.int16]

_JITTER_S = Fraction(30, 1000)
"""WebM's times are whole milliseconds: packets late or early by less than this are joined without a seam."""

_LONGEST_S = 4 * 3600
"""Sound past this is not read: a damaged timestamp must not ask for all of the memory."""


class _Run:
    """Frames that follow each other without a gap, resampled as one."""

    def __init__(self, starts_s: Fraction) -> None:
        self.starts_s = starts_s
        self.ends_s = starts_s
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        self._pieces: list[Samples] = []

    def add(self, frame: AudioFrame) -> None:
        self.ends_s += Fraction(frame.samples, frame.sample_rate)
        # The resampler would fill or squeeze by timestamps on its own; here they are ours to judge.
        frame.pts = None
        self._keep(self._resampler.resample(frame))

    def samples(self) -> Samples:
        self._keep(self._resampler.resample(None))
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)

    def _keep(self, frames: list[AudioFrame]) -> None:
        self._pieces += [np.asarray(frame.to_ndarray(), np.int16).reshape(-1) for frame in frames]


def decode(path: Path) -> Samples:
    """The sound of a file from its time 0 on; empty when it has none. Damaged packets become silence. Blocks.

    Raises Invalid when the file cannot be read at all.
    """
    try:
        with av.open(str(path)) as container:
            runs = _runs(container)
    except (av.error.FFmpegError, OSError) as error:
        raise Invalid(
            f"The sound of {path.name} cannot be read ({error.strerror or 'damaged'}). The file is kept.",
            code="unreadable-sound",
        ) from error
    return _laid_out(runs)


def _runs(container: av.container.InputContainer) -> list[_Run]:
    runs: list[_Run] = []
    if not container.streams.audio:
        return runs
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is None or frame.time_base is None:
                continue
            at_s = frame.pts * Fraction(frame.time_base)
            if at_s > _LONGEST_S:
                return runs
            if not runs or abs(at_s - runs[-1].ends_s) > _JITTER_S:
                runs.append(_Run(at_s))
            runs[-1].add(frame)
    return runs


def _laid_out(runs: list[_Run]) -> Samples:
    placed = [(round(run.starts_s * RATE), run.samples()) for run in runs]
    sound = np.zeros(max((at + len(samples) for at, samples in placed), default=0), np.int16)
    for at, samples in placed:
        # Opus may begin with a negative time, its pre-skip.
        sound[max(at, 0) : at + len(samples)] = samples[max(-at, 0) :]
    return sound
