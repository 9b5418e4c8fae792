"""The sound of a film: all takes mixed, each at its own time, a stretch at a time."""

from collections.abc import Iterator, Sequence

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.keeping.film.plan import Stretch

RATE = 48_000
_SETTLES_MS = 200
"""An Opus decoder needs 80 ms to settle after a seek (RFC 7845, 4.6)."""

Samples = NDArray[np.float32]


def mixed(takes: Sequence[Stretch], duration_ms: int) -> Iterator[Samples]:
    """A second at a time, mono, in -1…1, silence where nobody was heard."""
    voices = [Voice(take) for take in takes]
    total = duration_ms * RATE // 1000
    for begin in range(0, total, RATE):
        length = min(RATE, total - begin)
        piece = np.zeros(length, np.float32)
        for voice in voices:
            voice.add(piece, begin)
        yield np.clip(piece, -1, 1)


class Voice:
    """One take's sound, decoded as it is needed."""

    def __init__(self, take: Stretch) -> None:
        self._decoded = _decoded(take)
        self._held: tuple[int, Samples] | None = None
        self._over = False

    def add(self, piece: Samples, begin: int) -> None:
        """Adds what is to be heard from sample `begin` of the film on; pieces are asked for in order."""
        while not self._over:
            self._held = self._held or next(self._decoded, None)
            if self._held is None:
                self._over = True
                return
            at, samples = self._held
            first, last = max(at, begin), min(at + len(samples), begin + len(piece))
            if first < last:
                piece[first - begin : last - begin] += samples[first - at : last - at]
            if at + len(samples) > begin + len(piece):
                return
            self._held = None


def _decoded(take: Stretch) -> Iterator[tuple[int, Samples]]:
    """(the film's sample at which it begins, samples) of each packet; what was long before the film is passed over."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    with av.open(str(take.file)) as container:
        if not container.streams.audio:
            return
        if take.starts_ms < -_SETTLES_MS:
            container.seek((-take.starts_ms - _SETTLES_MS) * 1000)
        for packet in container.demux(audio=0):
            try:
                decoded = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in decoded:
                at = round((take.starts_ms / 1000 + (frame.time or 0)) * RATE)
                for one in resampler.resample(frame):
                    yield at, one.to_ndarray()[0]
